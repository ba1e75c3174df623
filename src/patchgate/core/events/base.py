"""What every event is made of: the base records and the evidence of a person's word."""

from __future__ import annotations

from typing import Literal

from patchgate.core.ids import FactId
from patchgate.core.plan import Record

Platform = Literal["jira", "github", "actions"]
Mode = Literal["patchset", "plan", "request"]
Verb = Literal["approve", "changes", "reject", "ask", "retry", "stop", "resume", "override"]


class Fact(Record):
    """Base of every event."""

    v: Literal[1] = 1
    at: str


class Observed(Fact):
    """Base of facts from outside: `fact` is the identity that the platform gave."""

    fact: FactId


class Evidence(Record):
    """Where a person's word can be read again: platform, object id, author, platform time."""

    platform: Platform
    kind: Literal["comment", "transition", "assignment", "review", "dispatch"]
    id: str
    target: str
    """Ticket key, or `owner/name#number`."""
    author: str
    at: str
