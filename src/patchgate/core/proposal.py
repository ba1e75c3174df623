"""What travels between the rooms: the brief, the proposal and the evidence. Data, never trusted."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from patchgate.core.ids import Digest
from patchgate.core.plan import Plan, Record, Review, Triage, WorkItem


class Task(StrEnum):
    """The model tasks of the main flow; each is a prompt file of that name."""

    TRIAGE = "triage"
    PLAN = "plan"
    IMPLEMENT = "implement"
    REVIEW = "review"
    """Reads a patch before a person is asked to approve it."""
    ANSWER = "answer"
    """Answers a person's `/ask`; the answer is the proposal's `summary`."""


class Limits(Record):
    """Where one model task stops: steps, output tokens per query, micro-dollars, seconds."""

    steps: int = Field(ge=1)
    max_tokens: int = Field(ge=256)
    micro_dollars: int = Field(ge=0)
    seconds: int = Field(ge=1)


class ModelChoice(Record):
    """Which model answers."""

    provider: Literal["anthropic", "openai"]
    model: str = Field(min_length=1)


class Said(Record):
    """One comment by a person, as the model may read it."""

    author: str
    at: str
    text: str


class Feedback(Record):
    """Why this is not the first attempt."""

    kind: Literal["changes", "ci", "check", "policy", "failure", "review"]
    text: str


class Brief(Record):
    """Everything that the model may know, assembled by `tick`; its digest is the context digest."""

    v: Literal[1] = 1
    task: Task
    stream: str
    key: str
    attempt: int = Field(ge=1)
    ordinal: int = Field(default=0, ge=0, description="runs of this task on this stream before it")
    repo: str
    base: str = Field(description="full commit id of the default branch that the patch applies to")
    start: str = Field(description="commit to work from: `base`, or the head of our branch")
    summary: str
    description: str
    comments: tuple[Said, ...] = ()
    plan: Plan | None = None
    item: WorkItem | None = None
    previous_plan: Plan | None = None
    feedback: tuple[Feedback, ...] = ()
    previous_patch: Digest | None = Field(
        default=None,
        description="patch lying beside the brief: the attempt before, or the one to review",
    )
    question: str = Field(default="", description="what a person asked, for task `answer`")
    model: ModelChoice
    limits: Limits


class Usage(Record):
    """Tokens of one or more queries; `input` excludes what was read from or written to a cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: Usage) -> Usage:
        """The sum, field by field."""
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
        )

    @property
    def total(self) -> int:
        """All tokens, cached or not."""
        return self.input + self.output + self.cache_read + self.cache_write


class Outcome(StrEnum):
    """How one model task ended; only `answered` carries an answer."""

    ANSWERED = "answered"
    QUESTION = "question"
    NO_CHANGE = "no-change"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    INVALID = "invalid"
    LIMIT_STEPS = "limit-steps"
    LIMIT_TOKENS = "limit-tokens"
    LIMIT_MONEY = "limit-money"
    LIMIT_TIME = "limit-time"
    FAILED = "failed"


class RunRecord(Record):
    """One model run for the proof ledger; `micro_dollars` None means that the price is unknown."""

    role: str
    provider: str
    model: str
    prompt_digest: Digest
    context_digest: Digest
    usage: Usage = Field(default_factory=Usage)
    micro_dollars: int | None = None
    duration_ms: int = 0
    steps: int = 0
    tools: tuple[str, ...] = ()
    outcome: Outcome
    detail: str = Field(default="", max_length=2000, description="why, when not answered")


class Proposal(Record):
    """The model's typed answer; the patch itself lies beside it and is named by its digest."""

    v: Literal[1] = 1
    brief: Digest
    task: Task
    run: RunRecord
    plan: Plan | None = None
    triage: Triage | None = None
    review: Review | None = None
    patch: Digest | None = None
    summary: str = Field(default="", max_length=4000)
    rationale: str = Field(default="", max_length=8000)
    criteria: tuple[str, ...] = Field(default=(), description="acceptance ids claimed to be met")
    questions: tuple[str, ...] = ()


class CheckOrder(Record):
    """What the `check` room is to run: commands as lists of words, seconds for all together."""

    commands: tuple[tuple[str, ...], ...] = ()
    timeout: int = Field(default=900, ge=1)
    public: tuple[str, ...] = Field(
        default=(), description="target repositories that a job without a secret can check out"
    )


class CheckLevel(StrEnum):
    """What the checks say; advice only (the patch can bend it)."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class CommandResult(Record):
    """One command of the `check` room: argv, exit status and the end of what it printed."""

    argv: tuple[str, ...]
    status: int
    tail: str
    duration_ms: int


class Evidence(Record):
    """What the checks printed and returned for one patch."""

    v: Literal[1] = 1
    patch: Digest
    level: CheckLevel
    reason: str
    commands: tuple[CommandResult, ...] = ()
