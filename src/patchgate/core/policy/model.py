"""What a policy may say: rules, each a sentence with a kind, a severity and its data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from patchgate.core.globs import compile_glob
from patchgate.core.ids import Digest, digest_json
from patchgate.core.plan import Record
from patchgate.core.policy.patterns import compile_pattern
from patchgate.core.policy.spotting import SecretFinder


class Severity(StrEnum):
    """WARN shows, BLOCK parks until a person overrides it, REFUSE is final for that patch."""

    WARN = "WARN"
    BLOCK = "BLOCK"
    REFUSE = "REFUSE"


class Kind(StrEnum):
    """What a rule looks at; `patchgate.core.policy.finding` has one function for each."""

    MAX_FILES = "max_files"
    MAX_LINES = "max_lines"
    MAX_BYTES = "max_bytes"
    FROZEN_PATHS = "frozen_paths"
    GIT_FILES = "git_files"
    DEPENDENCY_MANIFESTS = "dependency_manifests"
    DELETED_TESTS = "deleted_tests"
    WEAKENED_TESTS = "weakened_tests"
    TESTS_REQUIRED = "tests_required"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    MODE_CHANGE = "mode_change"
    BINARY = "binary"
    CASE_COLLISION = "case_collision"
    UNPORTABLE_NAME = "unportable_name"
    BIDI_CHARACTERS = "bidi_characters"
    INVISIBLE_CHARACTERS = "invisible_characters"
    LOOKALIKES = "lookalikes"
    SECRETS = "secrets"
    FORBIDDEN_TEXT = "forbidden_text"
    BOUNDARIES = "boundaries"
    SAFE_OPERATION = "safe_operation"
    SCOPE = "scope"
    PATH_SAFETY = "path_safety"


_SIZES = frozenset({Kind.MAX_FILES, Kind.MAX_LINES, Kind.MAX_BYTES})
_PATHS = frozenset({Kind.FROZEN_PATHS, Kind.GIT_FILES, Kind.DEPENDENCY_MANIFESTS})
_TESTS = frozenset({Kind.DELETED_TESTS, Kind.WEAKENED_TESTS, Kind.TESTS_REQUIRED})
_TEXT = frozenset({Kind.FORBIDDEN_TEXT, Kind.SAFE_OPERATION})
NEEDED: dict[str, frozenset[Kind]] = {
    "globs": _PATHS | _TESTS | _TEXT | {Kind.BOUNDARIES},
    "limit": _SIZES,
    "patterns": _TEXT,
    "needs": frozenset({Kind.TESTS_REQUIRED}),
    "imports": frozenset({Kind.BOUNDARIES}),
}
"""The keys that carry a rule's data: each needed by these kinds and taken by no other."""
EXEMPTABLE = NEEDED["globs"] | {Kind.SYMLINK, Kind.MODE_CHANGE, Kind.BINARY, Kind.SECRETS} | {
    Kind.INVISIBLE_CHARACTERS, Kind.LOOKALIKES, Kind.UNPORTABLE_NAME
}  # fmt: skip
"""Kinds from which single paths may be exempt."""

Pattern = Annotated[str, Field(min_length=1, max_length=400)]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")]


class Rule(Record):
    """One rule; `/override <id> <reason>` names it."""

    id: RuleId
    sentence: str = Field(
        min_length=1, max_length=200, description="finishes “blocked when …”, for people"
    )
    kind: Kind
    severity: Severity
    message: str = Field(
        min_length=1, max_length=500, description="why, and what a person can do about it"
    )
    globs: tuple[Pattern, ...] = Field(default=(), max_length=500, description="paths it is about")
    exempt: tuple[Pattern, ...] = Field(
        default=(), max_length=500, description="paths that it leaves alone"
    )
    needs: tuple[Pattern, ...] = Field(
        default=(), max_length=500, description="paths of which one has to change as well"
    )
    imports: tuple[Pattern, ...] = Field(
        default=(), max_length=500, description="modules, as paths, that may not be imported"
    )
    patterns: tuple[Pattern, ...] = Field(
        default=(), max_length=100, description="regular expressions, read by RE2"
    )
    limit: int | None = Field(default=None, ge=0, strict=True)

    @field_validator("globs", "exempt", "needs", "imports")
    @classmethod
    def _globs_can_be_read(cls, globs: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in globs:
            compile_glob(pattern)
        return globs

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Rule:
        for pattern in self.patterns:
            try:
                compile_pattern(pattern)
            except ValueError as error:
                raise ValueError(f"rule {self.id}: {error}") from error
        for key, kinds in NEEDED.items():
            present = getattr(self, key) not in ((), None)
            if present and self.kind not in kinds:
                raise ValueError(f"rule {self.id}: kind {self.kind} takes no `{key}`")
            if not present and self.kind in kinds:
                raise ValueError(f"rule {self.id}: kind {self.kind} needs `{key}`")
        if self.exempt and self.kind not in EXEMPTABLE:
            raise ValueError(f"rule {self.id}: kind {self.kind} takes no `exempt`")
        if self.kind is Kind.PATH_SAFETY and self.severity is not Severity.REFUSE:
            raise ValueError("kind path_safety is always REFUSE: nobody can review such a path")
        return self


class Policy(Record):
    """All rules under one name; its digest is part of every approval."""

    version: Literal[1]
    name: str = Field(min_length=1, max_length=60)
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=200)
    _secrets: SecretFinder | None = PrivateAttr(default=None)
    _digested: tuple[object, SecretFinder | None, Digest] | None = PrivateAttr(default=None)
    """What was digested last, since every judgement asks: rules, finder, digest."""

    @model_validator(mode="after")
    def _can_be_relied_on(self) -> Policy:
        ids = [rule.id for rule in self.rules]
        twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
        if twice:
            raise ValueError(f"the rule id {twice!r} stands there twice")
        if not any(rule.kind is Kind.PATH_SAFETY for rule in self.rules):
            raise ValueError("a rule of kind path_safety is needed: no policy goes without it")
        return self

    @property
    def secrets(self) -> SecretFinder | None:
        """What finds credentials for rules of kind `secrets`."""
        return self._secrets

    def with_secrets(self, finder: SecretFinder) -> Policy:
        """The same policy with these rules for credentials (and so with another digest)."""
        policy = self.model_copy()
        policy._secrets = finder
        return policy

    def digest(self) -> Digest:
        """The digest of all rules, those for credentials included."""
        held = self._digested
        if held is None or held[0] is not self.rules or held[1] is not self._secrets:
            own = super().digest()
            whole = own if self._secrets is None else digest_json([own, self._secrets.digest()])
            self._digested = held = (self.rules, self._secrets, whole)
        return held[2]

    def advice(self) -> dict[str, str]:
        """What each rule tells a person, by rule id."""
        return {rule.id: rule.message for rule in self.rules}

    def rule(self, id_: str) -> Rule | None:
        """The rule of that id."""
        return next((rule for rule in self.rules if rule.id == id_), None)


def limited(policy: Policy, *, files: int | None, lines: int | None, size: int | None) -> Policy:
    """The policy with these limits in its size rules (None: the rule's own stays)."""
    limits = {Kind.MAX_FILES: files, Kind.MAX_LINES: lines, Kind.MAX_BYTES: size}
    rules = (
        rule.model_copy(update={"limit": limit})
        if (limit := limits.get(rule.kind)) is not None
        else rule
        for rule in policy.rules
    )
    return policy.model_copy(update={"rules": tuple(rules)})
