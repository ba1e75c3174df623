"""What models answer with, by the names that prompt files use; always validated again."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from patchgate.core.plan import Plan, Record, Review, Triage


class Implementation(Record):
    """The answer of an implementer; the patch is not in it, but in the worktree."""

    summary: str = Field(max_length=4000, description="what changed, for the pull request")
    rationale: str = Field(max_length=8000, description="why this way; risks")
    criteria: tuple[str, ...] = Field(
        default=(), max_length=50, description="ids of the acceptance criteria now met"
    )
    questions: tuple[str, ...] = Field(
        default=(), max_length=10, description="only if you cannot go on without an answer"
    )


class Reply(Record):
    """An answer in words to a person's question."""

    summary: str = Field(min_length=1, max_length=4000, description="Markdown")


ANSWERS: Mapping[str, type[Record]] = {
    "triage": Triage,
    "plan": Plan,
    "implementation": Implementation,
    "reply": Reply,
    "review": Review,
}
"""What a prompt's `output` may name."""
