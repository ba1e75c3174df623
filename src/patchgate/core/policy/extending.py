"""A consumer's policy on top of a shipped one: rules of its own, and what it changes by id.

version: 1
name: ours
extends: standard
adjust:
  max-lines: {limit: 3000}
  symlinks: {disabled: true, reason: our fixtures are links}
rules: []
"""

from __future__ import annotations

import difflib
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from patchgate.core.plan import Record
from patchgate.core.policy.model import Pattern, Policy, Rule, RuleId, Severity

_DATA = ("globs", "exempt", "needs", "imports", "patterns", "limit")
_RANK = tuple(Severity)


class Adjustment(Record):
    """What one rule of the extended policy is changed to; a weaker one needs a reason."""

    severity: Severity | None = None
    message: str | None = Field(default=None, min_length=1, max_length=500)
    globs: tuple[Pattern, ...] | None = Field(default=None, description="in place of its globs")
    add_globs: tuple[Pattern, ...] = Field(default=(), description="besides its globs")
    exempt: tuple[Pattern, ...] | None = None
    needs: tuple[Pattern, ...] | None = None
    imports: tuple[Pattern, ...] | None = None
    patterns: tuple[Pattern, ...] | None = None
    limit: int | None = Field(default=None, ge=0, strict=True)
    disabled: bool = False
    reason: str = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _says_why(self) -> Adjustment:
        if self.disabled and not self.reason.strip():
            raise ValueError("say why: `disabled` needs a `reason`")
        return self


class Extension(Record):
    """A policy file that begins with another policy."""

    version: Literal[1]
    name: str = Field(min_length=1, max_length=60)
    extends: str = Field(min_length=1, max_length=400, description="a pack, or a path")
    adjust: dict[RuleId, Adjustment] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(default=(), max_length=200)


class NotExtensible(ValueError):
    """An adjustment that cannot be made, with the keys at which it stands."""

    def __init__(self, keys: tuple[str, ...], said: str) -> None:
        super().__init__(said)
        self.keys = keys


def extended(extension: Extension, base: Policy) -> Policy:
    """Both together under the extension's name; NotExtensible where they do not fit."""
    known = {rule.id for rule in base.rules}
    for id_ in extension.adjust:
        if id_ not in known:
            near = difflib.get_close_matches(id_, sorted(known), n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            said = f"{base.name} has no rule {id_!r}{hint}"
            raise NotExtensible(("adjust", id_), said)
    changed = (_adjusted(rule, extension.adjust.get(rule.id)) for rule in base.rules)
    rules = (*(rule for rule in changed if rule), *extension.rules)
    try:
        return Policy(version=1, name=extension.name, rules=rules)
    except ValidationError as error:
        raise NotExtensible(("rules",), _said(error)) from error


def _adjusted(rule: Rule, by: Adjustment | None) -> Rule | None:
    if by is None:
        return rule
    at = ("adjust", rule.id)
    _may_weaken(rule, by)
    if by.disabled:
        return None
    update: dict[str, object] = {
        key: value for key in _DATA if (value := getattr(by, key)) is not None
    }
    if by.add_globs:
        update["globs"] = (*(by.globs if by.globs is not None else rule.globs), *by.add_globs)
    if by.severity is not None:
        update["severity"] = by.severity
    if by.message is not None:
        update["message"] = by.message
    try:
        return Rule.model_validate({**rule.model_dump(), **update})
    except ValidationError as error:
        raise NotExtensible(at, _said(error)) from error


def _may_weaken(rule: Rule, by: Adjustment) -> None:
    """REFUSE stays REFUSE; any other rule may become weaker, with a reason."""
    lower = by.severity is not None and _RANK.index(by.severity) < _RANK.index(rule.severity)
    if rule.severity is Severity.REFUSE and (lower or by.disabled or by.exempt):
        raise NotExtensible(
            ("adjust", rule.id), f"{rule.id} refuses what nobody may let pass: it stays as it is"
        )
    if lower and not by.reason.strip():
        raise NotExtensible(("adjust", rule.id), f"say why: a milder {rule.id} needs a `reason`")


def _said(error: ValidationError) -> str:
    return error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
