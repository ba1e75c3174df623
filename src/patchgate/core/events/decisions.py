"""What `decide` concluded: approvals, refusals, parking, ends; and the project's own events."""

from __future__ import annotations

from typing import Literal

from patchgate.core.events.base import Evidence, Fact
from patchgate.core.ids import Digest, FactId


class InputHandled(Fact):
    """A person's input was taken up, refused or set aside, with the reason."""

    kind: Literal["input-handled"] = "input-handled"
    fact: FactId
    outcome: Literal["accepted", "refused", "ignored"]
    reason: str
    say: bool = False
    """Whether the reason is to be answered on the ticket."""


class WorkStarted(Fact):
    """The ticket was taken up."""

    kind: Literal["work-started"] = "work-started"
    next: Literal["triage", "plan", "execute"]


class Approved(Fact):
    """A person approved exactly this digest."""

    kind: Literal["approved"] = "approved"
    subject: Digest
    what: Literal["plan", "patch", "request"]
    approver: str
    evidence: Evidence
    policy: Digest
    base: str


class PatchCleared(Fact):
    """In modes `plan` and `request`: the patch stays inside what was approved."""

    kind: Literal["patch-cleared"] = "patch-cleared"
    patch: Digest
    under: Digest


class ApprovalVoided(Fact):
    """An approval no longer holds."""

    kind: Literal["approval-voided"] = "approval-voided"
    subject: Digest
    reason: str


class ChangesRequested(Fact):
    """A person, a review, red checks, the policy or the reviewing model ask for another round."""

    kind: Literal["changes-requested"] = "changes-requested"
    source: Literal["person", "review", "ci", "policy", "reviewer"]
    by: str
    detail: str = ""
    """The words of `/changes`, the id of a review, what CI or the policy said."""
    since: str | None = None
    """The last comment that a model had read then (empty: none): what came after it is meant too.

    A run that is lost after that has read on, but nobody has its answer.
    """
    counts: bool = False
    """Only automated failures count as attempts."""


class Parked(Fact):
    """Work stopped with a reason and a way on."""

    kind: Literal["parked"] = "parked"
    state: Literal["NEEDS_HUMAN", "BLOCKED_POLICY", "DEFERRED", "STOPPED"]
    code: str
    """A short word for the kind of stop: `question`, `attempts`, `money`, `hold`, …"""
    reason: str
    advice: str
    until: str = ""


class Resumed(Fact):
    """A person (or a wake-up time) let the work go on; the count of failures starts again."""

    kind: Literal["resumed"] = "resumed"
    by: str
    why: str = ""


class OverrideGiven(Fact):
    """A named rule was overridden for one patch, with a reason."""

    kind: Literal["override-given"] = "override-given"
    rule: str
    reason: str
    approver: str
    subject: Digest
    evidence: Evidence


class Ended(Fact):
    """The workflow reached a terminal state."""

    kind: Literal["ended"] = "ended"
    state: Literal["DONE", "REJECTED", "CANCELLED", "FAILED"]
    by: str
    reason: str


class Reopened(Fact):
    """A ticket was taken up again after its end: the next generation begins."""

    kind: Literal["reopened"] = "reopened"
    generation: int
    by: str


class ChildActivated(Fact):
    """The parent's stream names its one active child."""

    kind: Literal["child-activated"] = "child-activated"
    ordinal: int


class ChildEnded(Fact):
    """A child reached a terminal state."""

    kind: Literal["child-ended"] = "child-ended"
    ordinal: int
    state: Literal["DONE", "REJECTED", "CANCELLED", "FAILED"]
    cost: int = 0
    runs: int = 0
    pull: str = ""
    summary: str = ""


class ProjectStopped(Fact):
    """STOP: nothing outside is written until somebody resumes."""

    kind: Literal["project-stopped"] = "project-stopped"
    by: str
    reason: str


class ProjectResumed(Fact):
    """Work may go on."""

    kind: Literal["project-resumed"] = "project-resumed"
    by: str


class ItemFailed(Fact):
    """An item ran out of attempts; three in a row stop the project."""

    kind: Literal["item-failed"] = "item-failed"
    key: str
    signature: str


class ItemSucceeded(Fact):
    """An item was finished: the row of failures is broken."""

    kind: Literal["item-succeeded"] = "item-succeeded"
    key: str


class SweepDone(Fact):
    """The heartbeat; `through`: the last ticket that had its turn, where others were put off."""

    kind: Literal["sweep-done"] = "sweep-done"
    tickets: int
    through: str = ""
