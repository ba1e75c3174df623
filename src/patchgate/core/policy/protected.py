"""Paths that a patch may not touch unasked, and paths outside the plan."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.globs import compile_globs
from patchgate.core.patch import ABSENT
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule

DONE = {"A": "is added", "M": "is changed", "D": "is deleted", "T": "becomes another kind of file"}


def touched(rule: Rule, case: Case) -> Iterator[Found]:
    """Paths under the globs, and what would stand in the place of a folder that they name."""
    globs = compile_globs(rule.globs, folded=True)
    exempt = compile_globs(rule.exempt)
    for change in case.patch.changes:
        if exempt.matches(change.path):
            continue
        if globs.matches(change.path):
            yield change.path, DONE[change.status]
        elif change.new_mode != ABSENT and globs.shadowed_by(change.path):
            yield change.path, "would take the place of a protected folder"


def strays(rule: Rule, case: Case) -> Iterator[Found]:
    """Paths that the plan does not name."""
    if case.scope is not None:
        yield from ((path, "is not in the plan") for path in case.scope.outside(case.patch))
