"""Facts from outside: what people, Jira and GitHub did. Each carries the platform's identity."""

from __future__ import annotations

from typing import Literal

from patchgate.core.events.base import Evidence, Fact, Mode, Observed, Verb
from patchgate.core.ids import Digest


class WorkflowOpened(Fact):
    """A stream began: for a ticket, or for a planned sub-task of a parent."""

    kind: Literal["workflow-opened"] = "workflow-opened"
    key: str
    issue_id: str
    generation: int = 1
    repo: str
    base_branch: str
    mode: Mode
    plan: Literal["required", "none"]
    triage: bool = False
    requester: str = ""
    trigger: str = ""
    """Platform time of the assignment that opened it: what happened before is no input."""
    parent: str = ""
    ordinal: int = 0
    parent_plan: Digest | None = None
    continues: Digest | None = None


class TicketRevised(Observed):
    """Summary, description or key of the ticket; `request` is what mode `request` approves."""

    kind: Literal["ticket-revised"] = "ticket-revised"
    key: str
    request: Digest
    revised: str = ""
    """Platform time of the last change of what is approved (else of creation)."""


class TicketUnseen(Fact):
    """Jira did not show the ticket to us (deleted, moved out of sight), or shows it again."""

    kind: Literal["ticket-unseen"] = "ticket-unseen"
    seen_again: bool = False


class RunnerAssigned(Observed):
    """A person assigned the ticket to the runner."""

    kind: Literal["runner-assigned"] = "runner-assigned"
    evidence: Evidence


class StatusMoved(Observed):
    """A person (or another automation) moved the ticket; statuses in Jira's own names."""

    kind: Literal["status-moved"] = "status-moved"
    evidence: Evidence
    before: str
    after: str


class CommandGiven(Observed):
    """A comment, review or dispatch that is a command."""

    kind: Literal["command-given"] = "command-given"
    evidence: Evidence
    verb: Verb
    argument: str = ""
    edited: bool = False


class NearMiss(Observed):
    """A comment that looks like a command and is none."""

    kind: Literal["near-miss"] = "near-miss"
    evidence: Evidence
    word: str
    nearest: Verb


class ReviewGiven(Observed):
    """A pull-request review that asks for changes or approves."""

    kind: Literal["review-given"] = "review-given"
    evidence: Evidence
    state: str


class PullSeen(Observed):
    """The state of our pull request changed outside."""

    kind: Literal["pull-seen"] = "pull-seen"
    repo: str
    number: int
    state: Literal["open", "closed", "merged"]
    head: str
    by: str = ""
    merge_sha: str = ""
    when: str = ""


class ChecksSeen(Observed):
    """The required checks of a head, aggregated."""

    kind: Literal["checks-seen"] = "checks-seen"
    repo: str
    head: str
    level: Literal["green", "red", "pending", "not-required", "unknown"]
    names: tuple[str, ...] = ()
    detail: str = ""


class HeadMoved(Observed):
    """Somebody else pushed to our branch."""

    kind: Literal["head-moved"] = "head-moved"
    repo: str
    head: str
