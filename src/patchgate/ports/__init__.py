"""The roles that the outside world plays for us, as protocols with typed messages.

Tracker (Jira) · ForgeReader, ForgeWriter (GitHub) · Ledger · Model · Clock · Doorbell, Job
(Actions). Adapters play them;
only the write gate is ever handed a ForgeWriter. Every method raises only `patchgate.errors`.
"""

from __future__ import annotations

from patchgate.ports.clock import Clock
from patchgate.ports.doorbell import Doorbell
from patchgate.ports.forge import (
    Checks,
    CommitFacts,
    CommitOrder,
    ForgeReader,
    ForgeWriter,
    Pull,
    PullOrder,
    Review,
    StartedRun,
)
from patchgate.ports.history import LocalHistory, Proposed
from patchgate.ports.job import Job
from patchgate.ports.ledger import Ledger, Stream, Wanted
from patchgate.ports.model import Model, Query, Stop, ToolCall, ToolResult, ToolSpec, Turn
from patchgate.ports.tracker import Change, Comment, Created, Look, Posted, Ticket, Touched, Tracker

__all__ = [
    "Change",
    "Checks",
    "Clock",
    "Comment",
    "CommitFacts",
    "CommitOrder",
    "Created",
    "Doorbell",
    "ForgeReader",
    "ForgeWriter",
    "Job",
    "Ledger",
    "LocalHistory",
    "Look",
    "Model",
    "Posted",
    "Proposed",
    "Pull",
    "PullOrder",
    "Query",
    "Review",
    "StartedRun",
    "Stop",
    "Stream",
    "Ticket",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "Touched",
    "Tracker",
    "Turn",
    "Wanted",
]
