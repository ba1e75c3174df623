"""What a policy file may say: rules, each a sentence with a kind, a severity and its data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from patchgate.core.globs import compile_glob
from patchgate.core.plan import Record


class Severity(StrEnum):
    """WARN shows, BLOCK parks until a person overrides it, REFUSE is final for that patch."""

    WARN = "WARN"
    BLOCK = "BLOCK"
    REFUSE = "REFUSE"


class Kind(StrEnum):
    """What a rule looks at; each is one function of `patchgate.core.policy.finding`."""

    MAX_FILES = "max_files"
    MAX_LINES = "max_lines"
    MAX_BYTES = "max_bytes"
    FROZEN_PATHS = "frozen_paths"
    GIT_FILES = "git_files"
    DEPENDENCY_MANIFESTS = "dependency_manifests"
    DELETED_TESTS = "deleted_tests"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    MODE_CHANGE = "mode_change"
    BINARY = "binary"
    BIDI_CHARACTERS = "bidi_characters"
    INVISIBLE_CHARACTERS = "invisible_characters"
    SCOPE = "scope"
    PATH_SAFETY = "path_safety"


LIMITED = frozenset({Kind.MAX_FILES, Kind.MAX_LINES, Kind.MAX_BYTES})
GLOBBED = frozenset(
    {Kind.FROZEN_PATHS, Kind.GIT_FILES, Kind.DEPENDENCY_MANIFESTS, Kind.DELETED_TESTS}
)

Pattern = Annotated[str, Field(min_length=1, max_length=400)]


class Rule(Record):
    """One rule; `/override <id> <reason>` names it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")
    sentence: str = Field(
        min_length=1, max_length=200, description="finishes “blocked when …”, for people"
    )
    kind: Kind
    severity: Severity
    message: str = Field(
        min_length=1, max_length=500, description="why, and what a person can do about it"
    )
    globs: tuple[Pattern, ...] = Field(default=(), max_length=500)
    limit: int | None = Field(default=None, ge=0, strict=True)

    @field_validator("globs")
    @classmethod
    def _globs_can_be_read(cls, globs: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in globs:
            compile_glob(pattern)
        return globs

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Rule:
        for present, kinds, key in (
            (bool(self.globs), GLOBBED, "globs"),
            (self.limit is not None, LIMITED, "limit"),
        ):
            if present and self.kind not in kinds:
                raise ValueError(f"kind {self.kind} takes no `{key}`")
            if not present and self.kind in kinds:
                raise ValueError(f"kind {self.kind} needs `{key}`")
        if self.kind is Kind.PATH_SAFETY and self.severity is not Severity.REFUSE:
            raise ValueError("kind path_safety is always REFUSE: nobody can review such a path")
        return self


class Policy(Record):
    """All rules under one name; its digest is part of every approval."""

    version: Literal[1]
    name: str = Field(min_length=1, max_length=60)
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _can_be_relied_on(self) -> Policy:
        ids = [rule.id for rule in self.rules]
        twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
        if twice:
            raise ValueError(f"the rule id {twice!r} stands there twice")
        if not any(rule.kind is Kind.PATH_SAFETY for rule in self.rules):
            raise ValueError("a rule of kind path_safety is needed: no policy goes without it")
        return self

    def advice(self) -> dict[str, str]:
        """What each rule tells a person, by rule id."""
        return {rule.id: rule.message for rule in self.rules}


def limited(policy: Policy, *, files: int, lines: int, size: int) -> Policy:
    """The policy with these limits in its size rules (and so with another digest)."""
    limits = {Kind.MAX_FILES: files, Kind.MAX_LINES: lines, Kind.MAX_BYTES: size}
    rules = (
        rule.model_copy(update={"limit": limits[rule.kind]}) if rule.kind in limits else rule
        for rule in policy.rules
    )
    return policy.model_copy(update={"rules": tuple(rules)})
