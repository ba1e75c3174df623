"""Paths that a patch may not touch unasked, and paths outside the plan."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.globs import compile_glob, first_match
from patchgate.core.patch import ABSENT
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule

DONE = {"A": "is added", "M": "is changed", "D": "is deleted", "T": "becomes another kind of file"}


def touched(rule: Rule, case: Case) -> Iterator[Found]:
    """Paths under the globs, and what would stand in the place of a folder that they name."""
    globs = [compile_glob(glob, folded=True) for glob in rule.globs]
    exempt = [compile_glob(glob) for glob in rule.exempt]
    for change in case.patch.changes:
        if exempt and first_match(exempt, change.path):
            continue
        if first_match(globs, change.path):
            yield change.path, DONE[change.status]
        elif change.new_mode != ABSENT and any(g.shadowed_by(change.path) for g in globs):
            yield change.path, "would take the place of a protected folder"


def strays(rule: Rule, case: Case) -> Iterator[Found]:
    """Paths that the plan does not name."""
    if case.scope is not None:
        yield from ((path, "is not in the plan") for path in case.scope.outside(case.patch))
