"""What `decide` asks for: imperatives, each marked read, propose or write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from patchgate.core.events import Event, Platform
from patchgate.core.ids import Digest, Eid, FactId
from patchgate.core.proposal import Task
from patchgate.core.state import State

Mark = Literal["read", "propose", "write"]
Topic = Literal[
    "plan",
    "patch",
    "blocked",
    "pull",
    "parked",
    "reply",
    "answer",
    "drift",
    "done",
    "summary",
    "ended",
    "deferred",
]


PUBLISHING: frozenset[Topic] = frozenset({"plan", "patch", "blocked"})
"""Topics whose comment shows people the very content that they may approve."""


@dataclass(frozen=True, slots=True)
class JudgePatch:
    """Judge the proposed patch on its tree, under the policy of this moment."""

    mark: ClassVar[Mark] = "read"
    patch: Digest


@dataclass(frozen=True, slots=True)
class LookAtChecks:
    """Read the required checks of the pull request's head."""

    mark: ClassVar[Mark] = "read"
    head: str


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask a model: reserve the attempt and its money, write the brief."""

    mark: ClassVar[Mark] = "propose"
    eid: Eid
    task: Task
    attempt: int
    micro_dollars: int
    question: FactId | None = None


@dataclass(frozen=True, slots=True)
class PostComment:
    """Say something on the ticket or the pull request; rendered from the state when it is done."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "comment"
    eid: Eid
    topic: Topic
    target: str
    """Ticket key; on GitHub `owner/name#number`."""
    subject: Digest | None = None
    """The digest that the comment publishes."""
    about: FactId | None = None
    """The input that it answers."""
    platform: Platform = "jira"


@dataclass(frozen=True, slots=True)
class AttachPatch:
    """Hang the whole patch on the ticket, named by its digest."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "attachment"
    eid: Eid
    target: str
    patch: Digest


@dataclass(frozen=True, slots=True)
class ShowTicket:
    """Let Jira show the state: status, assignee, labels (roles; the executor knows the names)."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "show"
    eid: Eid
    target: str
    state: State
    status: str
    assignee: str
    labels: tuple[str, ...]
    drift: FactId | None = None


@dataclass(frozen=True, slots=True)
class CreateSubtask:
    """Create one sub-task of the approved plan."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "subtask"
    eid: Eid
    target: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class PublishPatch:
    """Through the write gate: the approved patch becomes a commit on our branch."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "commit"
    eid: Eid
    target: str
    """`owner/name:branch`."""
    patch: Digest


@dataclass(frozen=True, slots=True)
class PutPull:
    """Through the write gate: the branch's one pull request exists and is up to date."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "pull-request"
    eid: Eid
    target: str
    patch: Digest


@dataclass(frozen=True, slots=True)
class StartChecks:
    """Through the write gate: a named workflow runs on the head of our branch."""

    mark: ClassVar[Mark] = "write"
    effect: ClassVar[str] = "ci-start"
    eid: Eid
    target: str
    """`owner/name:branch`."""
    workflow: str
    head: str


ReadCommand = JudgePatch | LookAtChecks
WriteCommand = (
    PostComment | AttachPatch | ShowTicket | CreateSubtask | PublishPatch | PutPull | StartChecks
)
Command = ReadCommand | Propose | WriteCommand


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing to do: for what, and for whom (a role, a person's name, a service; empty: nobody)."""

    what: str
    whom: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Events to record, then commands in order; neither: `waiting` says for what."""

    events: tuple[Event, ...] = ()
    commands: tuple[Command, ...] = ()
    waiting: Waiting | None = None
