"""What added lines may not say, and what a risky change has to say."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.patch import ABSENT
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule
from patchgate.core.policy.patterns import compile_pattern, first_found

_SHOWN = 60


def forbidden(rule: Rule, case: Case) -> Iterator[Found]:
    """Each file under the globs that adds what a pattern finds."""
    patterns = [compile_pattern(pattern) for pattern in rule.patterns]
    for file in case.lines(rule):
        found = first_found(patterns, file.raw)
        if found is not None:
            yield file.path, f"adds {found[:_SHOWN]!r}"


def unsafe_operation(rule: Rule, case: Case) -> Iterator[Found]:
    """Risky files, unless the proposal's words or the file itself say what a pattern asks for."""
    patterns = [compile_pattern(pattern) for pattern in rule.patterns]
    if first_found(patterns, case.words.encode("utf-8", "surrogatepass")) is not None:
        return
    said = {f.path for f in case.lines(rule) if first_found(patterns, f.raw) is not None}
    for change in case.changes(rule):
        if change.path not in said:
            what = "is risky to delete" if change.new_mode == ABSENT else "is risky to change"
            yield change.path, f"{what}, and nothing says how to undo it or switch it off"
