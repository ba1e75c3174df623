"""The plan and the triage decision, as models answer them and people approve them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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
