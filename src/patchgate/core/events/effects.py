"""Intents and results of outside effects."""

from __future__ import annotations

from typing import Literal

from patchgate.core.events.base import Fact, Platform
from patchgate.core.ids import Digest, Eid, FactId
from patchgate.core.plan import Record


class Intent(Record):
    """One outside effect that is about to be done."""

    eid: Eid
    effect: str
    target: str


class Intended(Fact):
    """These effects are about to be done; having pushed this is the right to do them."""

    kind: Literal["intended"] = "intended"
    effects: tuple[Intent, ...]
    run: str


class EffectFailed(Fact):
    """An effect could not be done."""

    kind: Literal["effect-failed"] = "effect-failed"
    eid: Eid
    effect: str
    code: str
    reason: str
    advice: str = ""
    final: bool = False
    """Whether trying again is pointless until a person acts."""


class CommentPosted(Fact):
    """A comment exists; `subject` is the digest that it publishes, if any."""

    kind: Literal["comment-posted"] = "comment-posted"
    eid: Eid
    topic: str
    platform: Platform = "jira"
    comment: str
    posted: str
    subject: Digest | None = None


class TicketShown(Fact):
    """Jira shows what the ledger says; empty strings mean: left alone."""

    kind: Literal["ticket-shown"] = "ticket-shown"
    eid: Eid
    view: str
    """The state that is shown."""
    status: str
    assignee: str
    labels: tuple[str, ...] = ()
    drift: FactId | None = None


class StatusUnreachable(Fact):
    """Jira offers no transition to the status."""

    kind: Literal["status-unreachable"] = "status-unreachable"
    eid: Eid
    status: str
    available: tuple[str, ...]
    why: str = ""


class SubtaskCreated(Fact):
    """A sub-task of the plan exists in Jira."""

    kind: Literal["subtask-created"] = "subtask-created"
    eid: Eid
    ordinal: int
    key: str
    issue_id: str


class PatchAttached(Fact):
    """The whole patch hangs on the ticket as a file named by its digest."""

    kind: Literal["patch-attached"] = "patch-attached"
    eid: Eid
    patch: Digest
    url: str


class PatchPublished(Fact):
    """The approved patch is a commit on our branch."""

    kind: Literal["patch-published"] = "patch-published"
    eid: Eid
    repo: str
    branch: str
    commit: str
    patch: Digest


class ChecksStarted(Fact):
    """A named workflow was started on the head of our branch."""

    kind: Literal["checks-started"] = "checks-started"
    eid: Eid
    repo: str
    workflow: str
    head: str
    run: str = ""
    """Id of the run, where GitHub tells it."""


class WriteRefused(Fact):
    """The write gate said no, by itself."""

    kind: Literal["write-refused"] = "write-refused"
    eid: Eid
    subject: Digest
    code: str
    reason: str


class PullPut(Fact):
    """The pull request exists and shows the current patch."""

    kind: Literal["pull-put"] = "pull-put"
    eid: Eid
    repo: str
    number: int
    url: str
    head: str
    updated: bool = False
    """It was there before and was brought up to date."""
