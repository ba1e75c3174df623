"""What happened in the rooms: attempts, runs, and the proposals that they brought."""

from __future__ import annotations

from typing import Literal

from patchgate.core.events.base import Fact
from patchgate.core.ids import Digest, Eid, FactId
from patchgate.core.plan import Record, TriageChoice
from patchgate.core.proposal import CheckLevel, RunRecord, Task


class AttemptReserved(Fact):
    """An attempt and its money were set aside before a model was asked."""

    kind: Literal["attempt-reserved"] = "attempt-reserved"
    eid: Eid
    task: Task
    attempt: int
    brief: Digest
    base: str
    start: str
    micro_dollars: int
    run: str
    """Which run holds it: `actions:<repository>/<run id>` or `local:<host>/<pid>/<start>`."""
    comments_through: str = ""
    """Id of the last comment that the brief has read."""


class RunFinished(Fact):
    """A model run ended and was charged; `signature` names the failure, empty when it answered."""

    kind: Literal["run-finished"] = "run-finished"
    eid: Eid
    task: Task
    attempt: int
    record: RunRecord
    charged: int
    signature: str = ""
    questions: tuple[str, ...] = ()


class RunLost(Fact):
    """A reserved run ended without settling: charged in full, the attempt counts."""

    kind: Literal["run-lost"] = "run-lost"
    eid: Eid
    task: Task
    attempt: int
    charged: int
    why: str


class Triaged(Fact):
    """The triager's answer."""

    kind: Literal["triaged"] = "triaged"
    eid: Eid
    decision: TriageChoice
    reason: str
    question: str = ""
    wake_on: str = ""


class PlanProposed(Fact):
    """A plan lies on the stream as an artifact."""

    kind: Literal["plan-proposed"] = "plan-proposed"
    eid: Eid
    plan: Digest
    items: tuple[str, ...]
    files: tuple[str, ...]
    supersedes: Digest | None = None


class AnswerGiven(Fact):
    """A question of a person was answered; the answer lies on the stream as an artifact."""

    kind: Literal["answer-given"] = "answer-given"
    eid: Eid
    question: FactId
    answer: Digest


class PatchProposed(Fact):
    """A patch lies on the stream as an artifact; for one repository at one start commit."""

    kind: Literal["patch-proposed"] = "patch-proposed"
    eid: Eid
    repo: str
    base: str
    start: str
    patch: Digest
    tree: str
    paths: tuple[str, ...]
    summary: str
    added: int
    removed: int
    attempt: int
    supersedes: Digest | None = None


UNCHECKED = "could not be checked"
"""How the finding begins of a rule that failed to run."""


class ViolationFound(Record):
    """One finding of the policy."""

    rule: str
    severity: Literal["WARN", "BLOCK", "REFUSE"]
    path: str = ""
    message: str


class PatchJudged(Fact):
    """What policy and gates said of a patch."""

    kind: Literal["patch-judged"] = "patch-judged"
    patch: Digest
    policy: Digest
    level: Literal["ACCEPT", "ESCALATE", "REFUSE"]
    wider: bool = False
    """Touches paths outside the approved plan (matters in modes `plan` and `request`)."""
    violations: tuple[ViolationFound, ...] = ()
    to_review: bool = False
    """A second model reads it before anybody is asked to approve it."""


class PatchReviewed(Fact):
    """What a second model said of a patch, if anything (`none`): advice that approves nothing."""

    kind: Literal["patch-reviewed"] = "patch-reviewed"
    patch: Digest
    verdict: Literal["pass", "block", "none"]
    reviewer: str = ""
    """Provider and model."""
    own: bool = False
    """The very model that wrote the patch."""
    review: Digest | None = None
    """The findings, an artifact on the stream."""
    blocking: int = 0
    warnings: int = 0
    notes: int = 0
    first: str = ""
    """The first blocking finding, or why it was not reviewed."""


class EvidenceReceived(Fact):
    """What the `check` room said about a patch: advice."""

    kind: Literal["evidence-received"] = "evidence-received"
    patch: Digest
    evidence: Digest
    level: CheckLevel
    reason: str
