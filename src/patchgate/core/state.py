"""What one workflow is at a moment: the value that `fold` makes of its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from patchgate.core.events import (
    AnswerGiven,
    Approved,
    AttemptReserved,
    ChangesRequested,
    ChecksSeen,
    CommandGiven,
    EffectFailed,
    Ended,
    EvidenceReceived,
    HeadMoved,
    Mode,
    NearMiss,
    OverrideGiven,
    Parked,
    PatchJudged,
    PatchProposed,
    PatchReviewed,
    PlanProposed,
    Platform,
    PullSeen,
    ReviewGiven,
    RunnerAssigned,
    StatusMoved,
    TicketRevised,
    Triaged,
    ViolationFound,
    WriteRefused,
)
from patchgate.core.ids import Digest, Eid, FactId, StreamId

Input = RunnerAssigned | StatusMoved | CommandGiven | NearMiss | ReviewGiven
"""A person's move or word that `decide` has to take up, refuse or set aside."""
OutsideFact = Input | TicketRevised | PullSeen | ChecksSeen | HeadMoved


class State(StrEnum):
    """Where a workflow stands (DESIGN.md §5)."""

    INGESTED = "INGESTED"
    PLANNING = "PLANNING"
    PLAN_REVIEW = "PLAN_REVIEW"
    EXECUTING = "EXECUTING"
    PATCHES_PROPOSED = "PATCHES_PROPOSED"
    WAITING_USER_APPROVAL = "WAITING_USER_APPROVAL"
    APPLYING_PATCHES = "APPLYING_PATCHES"
    PR_OPEN = "PR_OPEN"
    VERIFYING_CI = "VERIFYING_CI"
    READY_TO_MERGE = "READY_TO_MERGE"
    NEEDS_HUMAN = "NEEDS_HUMAN"
    BLOCKED_POLICY = "BLOCKED_POLICY"
    DEFERRED = "DEFERRED"
    STOPPED = "STOPPED"
    DONE = "DONE"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


PARKED = frozenset({State.NEEDS_HUMAN, State.BLOCKED_POLICY, State.DEFERRED, State.STOPPED})
TERMINAL = frozenset({State.DONE, State.REJECTED, State.CANCELLED, State.FAILED})
WITH_PULL = frozenset({State.PR_OPEN, State.VERIFYING_CI, State.READY_TO_MERGE})


NO_STREAM = StreamId("")


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a proposal was shown to people, and when by that platform's clock."""

    platform: Platform
    comment: str
    at: str
    subject: Digest


@dataclass(frozen=True, slots=True)
class Pull:
    """Our pull request as the ledger knows it."""

    repo: str
    number: int
    url: str
    head: str
    state: str = "open"
    by: str = ""
    merge_sha: str = ""
    seen: int = 0
    """How often its state was seen to change."""


@dataclass(frozen=True, slots=True)
class Child:
    """One planned sub-task on the parent's stream."""

    ordinal: int
    title: str
    key: str = ""
    issue_id: str = ""
    ended: str = ""
    cost: int = 0
    runs: int = 0
    pull: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """How the state is to show in Jira: roles, not names; empty means: leave alone."""

    state: str
    status: str
    assignee: str
    labels: tuple[str, ...] = ()

    def same_as(self, other: View) -> bool:
        """Whether Jira looks the same under both (the state itself is not shown)."""
        mine = (self.status, self.assignee, self.labels)
        return mine == (other.status, other.assignee, other.labels)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked with `/ask`; closed once it is answered, or given up with a word why."""

    fact: FactId
    text: str
    answered: bool = False
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's input that is answered on the ticket, with what was said about it."""

    fact: FactId
    said: str
    """What the person wrote or did, short."""
    reason: str
    near: NearMiss | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """An effect that failed: how often, how it failed last, and whether to try again is vain."""

    eid: Eid
    times: int
    last: EffectFailed

    @property
    def is_final(self) -> bool:
        """Whether only a person can help."""
        return self.last.final


@dataclass(frozen=True, slots=True)
class Money:
    """Micro-dollars: charged so far, and whether some of it is a reserve for an unknown price."""

    spent: int = 0
    uncertain: bool = False
    tokens: int = 0
    runs: int = 0


@dataclass(frozen=True)
class Workflow:
    """One ticket's stream, folded. Empty (`key == ""`) until `WorkflowOpened`.

    Without slots, so that `core.replacing` makes the next one at little cost.
    """

    stream: StreamId = NO_STREAM
    key: str = ""
    issue_id: str = ""
    generation: int = 1
    repo: str = ""
    base_branch: str = ""
    mode: Mode = "patchset"
    plan_required: bool = True
    triage: bool = False
    requester: str = ""
    trigger: str = ""
    parent: str = ""
    ordinal: int = 0
    parent_plan: Digest | None = None

    state: State = State.INGESTED
    started: bool = False
    since: str = ""
    seq: int = 0
    resume_to: State | None = None
    parked: Parked | None = None
    parkings: int = 0
    unseen_since: str = ""
    """Since when Jira does not show the ticket; empty when it does."""
    past_breaker: bool = False
    """A person let this ticket go on in spite of the project's row of failures."""
    ended: Ended | None = None

    request: Digest | None = None
    revised: str = ""
    revisions: int = 0
    inbox: tuple[Input, ...] = ()
    replies: tuple[Reply, ...] = ()
    seen: frozenset[FactId] = frozenset()
    questions: tuple[Question, ...] = ()
    answers: tuple[AnswerGiven, ...] = ()

    attempt: int = 1
    failures: int = 0
    signatures: tuple[str, ...] = ()
    feedback: tuple[ChangesRequested, ...] = ()
    reservation: AttemptReserved | None = None
    comments_through: str = ""
    money: Money = field(default_factory=Money)
    asked: tuple[str, ...] = ()
    """Questions that the last run asked instead of answering."""
    run_attempt: int | None = None
    """The attempt that the last finished run was made for."""

    triaged: Triaged | None = None
    plan: PlanProposed | None = None
    plans: int = 0
    patch: PatchProposed | None = None
    judged: PatchJudged | None = None
    review: PatchReviewed | None = None
    review_failures: tuple[str, ...] = ()
    """How runs that were to review the present patch failed."""
    evidence: EvidenceReceived | None = None
    publications: tuple[Publication, ...] = ()
    grants: tuple[Approved, ...] = ()
    overrides: tuple[OverrideGiven, ...] = ()
    cleared: bool = False
    refused: WriteRefused | None = None
    published: Digest | None = None
    """The patch that is on our branch now."""
    commit: str = ""
    unrecorded: tuple[PatchProposed, ...] = ()
    """Patches whose commit was announced and not recorded: a run may have died after its push."""
    pull: Pull | None = None
    checks: ChecksSeen | None = None
    check_rounds: int = 0

    children: tuple[Child, ...] = ()
    active: int = 0
    """Ordinal of the one active child; 0: none."""

    intended: frozenset[Eid] = frozenset()
    claims: tuple[tuple[Eid, str], ...] = ()
    """Effects without a result yet, and the run that announced each last."""
    done: frozenset[Eid] = frozenset()
    troubles: tuple[Trouble, ...] = ()
    trouble: EffectFailed | None = None
    """The last effect that failed."""
    unreachable: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shown: View | None = None
    shows: int = 0
    drift_seen: FactId | None = None
    drift_reasserted: bool = False

    @property
    def is_parent(self) -> bool:
        """Whether the work is done in children."""
        return bool(self.children)

    @property
    def is_parked(self) -> bool:
        """Whether a person (or a date) has to let it go on."""
        return self.state in PARKED

    @property
    def is_over(self) -> bool:
        """Whether the generation has ended."""
        return self.state in TERMINAL

    @property
    def subject(self) -> Digest | None:
        """The digest that waits for a person's approval now, if any."""
        if self.state is State.PLAN_REVIEW and self.plan:
            return self.plan.plan
        if self.state in (State.WAITING_USER_APPROVAL, State.BLOCKED_POLICY) and self.patch:
            return self.patch.patch
        if self.state is State.NEEDS_HUMAN and self.parked and self.parked.code == "approval":
            return self.request
        return None

    def grant_for(self, subject: Digest | None) -> Approved | None:
        """The standing approval of exactly that digest."""
        return next((g for g in self.grants if subject and g.subject == subject), None)

    def covering_grant(self) -> Approved | None:
        """In modes `plan` and `request`: the approval that patches may rest on."""
        if self.mode == "plan":
            return self.grant_for(self.plan.plan if self.plan else self.parent_plan)
        if self.mode == "request":
            return self.grant_for(self.request)
        return None

    def published_on(self, platform: Platform, subject: Digest) -> Publication | None:
        """The last publication of that digest on that platform."""
        shown = [p for p in self.publications if (p.platform, p.subject) == (platform, subject)]
        return shown[-1] if shown else None

    def publishing_grant(self) -> Approved | None:
        """What the write of the present patch may rest on: its own approval, or what covers it."""
        own = self.grant_for(self.patch.patch if self.patch else None)
        return own or (self.covering_grant() if self.cleared else None)

    @property
    def stops(self) -> tuple[ViolationFound, ...]:
        """What the policy found against the present patch and nobody has lifted."""
        lifted = {override.rule for override in self.overrides}
        found = self.judged.violations if self.judged else ()
        return tuple(
            v
            for v in found
            if v.severity == "REFUSE" or (v.severity == "BLOCK" and v.rule not in lifted)
        )

    def trouble_with(self, eid: Eid) -> Trouble | None:
        """How that effect failed so far, if it did."""
        return next((t for t in self.troubles if t.eid == eid), None)

    @property
    def place(self) -> State:
        """Where the work stands; for a parked one, where it goes on."""
        return self.resume_to if self.is_parked and self.resume_to else self.state

    @property
    def is_merged(self) -> bool:
        """Whether our pull request was seen to be merged."""
        return self.pull is not None and self.pull.state == "merged"
