"""Tests that go, tests that prove less than they did, and tests that are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from patchgate.core.globs import compile_globs
from patchgate.core.patch import ABSENT, EXECUTABLE, REGULAR
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.difflines import DiffFile
from patchgate.core.policy.model import Rule
from patchgate.core.policy.patterns import by_lines, lines_with

_FILES = (REGULAR, EXECUTABLE)
_SKIPS = by_lines(
    r"@(?:pytest\.mark|unittest|mark)\.(?:skip|xfail|expectedFailure)|\bpytest\.(?:skip|xfail|importorskip)\("
    r"|\bself\.skipTest\(|\bSkipTest\b|@(?:Ignore|Disabled|Pending)\b|#\[ignore|\bt\.Skip(?:f|Now)?\("
    r"|\b(?:it|test|describe|context|suite)\.(?:skip|todo|fixme)\b"
    r"|\bx(?:it|test|describe|context)[ \t]*\("
    r"|\bthis\.skip\(|\b(?:markTestSkipped|markTestIncomplete)\(|\bSkip[ \t]*=[ \t]*\"|\[Ignore\b"
)  # fmt: skip
"""How the usual frameworks leave a test out."""
_CLAIMS = re.compile(
    r"\bassert\w*\b|\bexpect\s*\(|\bexpect\.|\bshould\b|\brequire\.\w+\(|\bt\.(?:Error|Fatal|Fail)\w*\("
    r"|\bpytest\.raises\b|\bself\.fail\(|\bExpect\(|\bverify\s*\(|\bEXPECT_\w+|\bASSERT_\w+"
)  # fmt: skip
_TESTS = re.compile(
    r"^\s*(?:(?:async\s+)?def\s+(test\w*)|func\s+(?:\([^)]*\)\s*)?(Test\w+)"
    r"|(?:it|test|specify)\s*\(\s*(['\"`].+?['\"`])|(?:it|specify|test)\s+(['\"].+?['\"])\s+do\b"
    r"|(?:public\s+)?(?:void|function)\s+(test\w*))",
    re.IGNORECASE,
)
_NEAR = by_lines(
    r"(?i:test|\bit\b|specify|assert|expect|should|require\.|\bt\.(?:error|fatal|fail)"
    r"|raises|self\.fail|verify)",
    whole=True,
)
"""Lines on which the two patterns above are worth a try."""


def lost(rule: Rule, case: Case) -> Iterator[Found]:
    """Test files that go or are emptied; one that turns up elsewhere unchanged has only moved."""
    tests = list(case.changes(rule))
    moved = {change.new_blob for change in tests if change.status == "A"}
    for change in tests:
        if change.status == "D" and change.old_blob not in moved:
            yield change.path, "is deleted"
        elif change.status in ("M", "T") and change.size == 0:
            yield change.path, "is emptied"
        elif change.status == "T":
            yield change.path, "becomes another kind of file"


def weakened(rule: Rule, case: Case) -> Iterator[Found]:
    """Test files that are left with new skips, fewer tests or fewer claims.

    A line that another test file gains has only moved.
    """
    deleted = {change.path for change in case.patch.changes if change.new_mode == ABSENT}
    tests = [file for file in case.lines(rule) if file.path not in deleted]
    proof = [_proving(file.removed) for file in tests]
    elsewhere = _gained(tests, {line.strip() for lines in proof for line in lines})
    for file, lines in zip(tests, proof, strict=True):
        gone = [line for line in lines if line.strip() not in elsewhere]
        words = [word for word in (_skips(file), *_less(file, gone)) if word]
        if words:
            yield file.path, "; ".join(words)


def _proving(lines: list[str]) -> list[str]:
    """Those of the lines that define a test or claim something."""
    if not lines:
        return []
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    near = [found.group().decode("utf-8", "surrogatepass") for found in _NEAR.finditer(raw)]
    return [line for line in near if _CLAIMS.search(line) or _TESTS.match(line)]


def _gained(tests: list[DiffFile], wanted: set[str]) -> set[str]:
    """Those of the lines that some test file adds."""
    if not wanted:
        return set()
    return {line.strip() for file in tests for line in file.added} & wanted


def _skips(file: DiffFile) -> str:
    new = lines_with(_SKIPS, file.raw)
    if new and file.removed:
        new -= lines_with(_SKIPS, "\n".join(file.removed).encode("utf-8", "surrogatepass"))
    return f"leaves {_number(new, 'more test')} out" if new > 0 else ""


def _less(file: DiffFile, gone: list[str]) -> Iterator[str]:
    """What was there before, is not there any more, and moved nowhere."""
    if not gone:
        return
    kept = _proving(file.added)
    removed, added = set(_names(gone)), set(_names(kept))
    if len(removed) > len(added):
        names = ", ".join(sorted(removed - added)[:3])
        yield f"loses {_number(len(removed) - len(added), 'test')} ({names})"
    claims = _count(_CLAIMS, gone) - _count(_CLAIMS, kept)
    if claims > 0:
        yield f"claims less: {_number(claims, 'assertion')} fewer"


def _names(lines: list[str]) -> Iterator[str]:
    for line in lines:
        found = _TESTS.match(line)
        if found:
            yield next(group for group in found.groups() if group)


def _count(pattern: re.Pattern[str], lines: list[str]) -> int:
    return sum(1 for line in lines if pattern.search(line))


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def missing(rule: Rule, case: Case) -> Iterator[Found]:
    """Code that grows or changes under the globs while no path of `needs` does."""
    needs = compile_globs(rule.needs)
    tested = any(
        needs.matches(change.path) and change.new_mode in _FILES and change.added
        for change in case.patch.changes
    )
    if tested:
        return
    for change in case.changes(rule):
        if change.new_mode in _FILES and change.added and not needs.matches(change.path):
            yield change.path, "changes, and no test does"
