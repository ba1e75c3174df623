"""Hidden characters in the lines that a patch adds, read from git's own diff of the two trees."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.characters import BIDI, hidden_at, name
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule


def bidi(rule: Rule, case: Case) -> Iterator[Found]:
    """Each added line with a bidirectional control."""
    if case.is_plain:
        return
    for path, line in _suspect(rule, case):
        if not BIDI.isdisjoint(line):
            found = next(char for char in line if char in BIDI)
            yield path, f"adds {name(found)}, which reorders what a reader sees"


def invisible(rule: Rule, case: Case) -> Iterator[Found]:
    """Each added line with another hidden character (a final CR is none)."""
    if case.is_plain:
        return
    for path, line in _suspect(rule, case):
        text = line.removesuffix("\r")
        found = next((text[at] for at in hidden_at(text) if text[at] not in BIDI), None)
        if found:
            yield path, f"adds {name(found)}, which a reader does not see"


def _suspect(rule: Rule, case: Case) -> Iterator[tuple[str, str]]:
    """Path and text of each added line that is more than printable ASCII."""
    for file in case.lines(rule):
        yield from ((file.path, line) for line in file.odd)
