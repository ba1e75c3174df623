"""The plan, the triage decision and the review, as models answer them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patchgate.core.ids import Digest, digest_json


class Record(BaseModel):
    """Base of everything that arrives as bytes: strict, frozen, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def digest(self) -> Digest:
        """The digest of the canonical JSON form."""
        return digest_json(self.model_dump(mode="json"))


class Criterion(Record):
    """One acceptance criterion; its id is what tests and reviews refer to."""

    id: str = Field(pattern=r"^AC[0-9]{1,3}$", description="AC1, AC2, …")
    text: str = Field(min_length=1, max_length=2000)


class PlannedFile(Record):
    """A file that the work is expected to touch."""

    path: str = Field(min_length=1, max_length=400, description="repository path; may be a glob")
    action: Literal["create", "modify", "delete"]
    reason: str = Field(default="", max_length=1000)


class WorkItem(Record):
    """One sub-task: a discrete, reviewable piece of the plan with one branch and one PR."""

    title: str = Field(min_length=1, max_length=200)
    description: str = Field(min_length=1, max_length=8000)
    files: tuple[str, ...] = Field(default=(), description="expected repository paths or globs")
    acceptance: tuple[str, ...] = Field(default=(), description="ids of acceptance criteria")


class Plan(Record):
    """What the planner proposes; empty `items` means: the ticket itself is the one work item."""

    approach: str = Field(min_length=1, max_length=20000)
    files: tuple[PlannedFile, ...] = ()
    risks: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    non_goals: tuple[str, ...] = ()
    acceptance: tuple[Criterion, ...] = Field(min_length=1, max_length=50)
    items: tuple[WorkItem, ...] = Field(default=(), max_length=25)


class TriageChoice(StrEnum):
    """Exactly one of three."""

    GO = "GO"
    NO_GO = "NO_GO"
    DEFER = "DEFER"


class Triage(Record):
    """Whether the ticket should be worked on now, and if not, why and until what."""

    decision: TriageChoice
    reason: str = Field(min_length=1, max_length=4000)
    question: str = Field(default="", max_length=2000)
    wake_on: str = Field(
        default="", max_length=200, description="for DEFER: a date, a ticket key or a PR URL"
    )


class Finding(Record):
    """One thing that a reviewing model holds against a patch."""

    severity: Literal["blocking", "warning", "note"]
    path: str = Field(default="", max_length=400, description="file; empty: the patch as a whole")
    line: int | None = Field(default=None, ge=1, description="line after the patch; null: none")
    message: str = Field(min_length=1, max_length=600, description="one sentence")


class Review(Record):
    """What a reviewing model says of a patch; advice, whatever it says."""

    verdict: Literal["pass", "block"]
    findings: tuple[Finding, ...] = Field(default=(), max_length=30)

    @model_validator(mode="after")
    def _verdict_follows(self) -> Self:
        blocks = any(finding.severity == "blocking" for finding in self.findings)
        if blocks != (self.verdict == "block"):
            raise ValueError("the verdict is `block` exactly when a finding is `blocking`")
        return self
