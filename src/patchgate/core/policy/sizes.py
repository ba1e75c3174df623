"""How large a patch is: files, lines, bytes."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.content import is_unreadable
from patchgate.core.policy.model import Rule


def files(rule: Rule, case: Case) -> Iterator[Found]:
    """More files than the limit."""
    yield from _above(rule, len(case.patch.changes), "files")


def lines(rule: Rule, case: Case) -> Iterator[Found]:
    """More changed lines than the limit."""
    yield from _above(rule, case.patch.lines, "changed lines")


def size(rule: Rule, case: Case) -> Iterator[Found]:
    """The patch as proposed, or what it unpacks to where a small patch can hold a large file."""
    patch = case.patch
    unpacked = sum(c.size for c in patch.changes if c.status == "A" or is_unreadable(c))
    yield from _above(rule, max(patch.patch_size, unpacked), "bytes")


def _above(rule: Rule, count: int, unit: str) -> Iterator[Found]:
    if rule.limit is not None and count > rule.limit:
        yield "", f"{count:,} {unit}, {rule.limit:,} are allowed"
