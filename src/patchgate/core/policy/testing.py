"""Tests that go, tests that prove less than they did, and tests that are missing."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from patchgate.core.globs import Globs, compile_globs
from patchgate.core.patch import ABSENT, EXECUTABLE, REGULAR
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.difflines import DiffFile
from patchgate.core.policy.model import Rule
from patchgate.core.policy.patterns import by_lines, lines_with

_FILES = (REGULAR, EXECUTABLE)
_SKIPS = by_lines(
    r"@(?:unittest|mark)\.(?:skip|xfail|expectedFailure)|@(?:skip|expectedFailure)"
    r"|\bpytest\.(?:mark\.skip|mark\.xfail|skip\(|xfail\(|importorskip\()"
    r"|\bself\.skipTest\(|\bSkipTest\b|\b__test__[ \t]*=[ \t]*False|\bcollect_ignore(?:_glob)?\b"
    r"|\bdef pytest_(?:collection|ignore_collect|collect_|pycollect|pyfunc_call|runtest)"
    r"|@(?:Ignore|Disabled|Pending)\b|\[(?:Ignore|Explicit)\b|\bSkip[ \t]*=[ \t]*\""
    r"|#\[ignore|#\[cfg_attr\([^\n]*\bignore\b|#\[cfg\(any\(\)\)"
    r"|\bt\.Skip(?:f|Now)?\(|//[ \t]*(?:go:build|\+build)[ \t]+ignore\b"
    r"|\bGTEST_SKIP\(|\bDISABLED_\w"
    r"|\b(?:it|test|describe|context|suite)\.(?:skip\w*|todo|fixme|only|fails|failing)\b"
    r"|\bx(?:it|test|describe|context)[ \t]*\("
    r"|(?:^|[^.\w])f(?:it|describe|context)[ \t]*\([ \t]*['\"`]"
    r"|\bthis\.skip\(|\b(?:markTestSkipped|markTestIncomplete)\("
    r"|(?m:^[ \t]*(?:skip|pending)[ \t]+['\"])"
)  # fmt: skip
"""How the usual frameworks leave a test out, by itself or by running another one alone."""
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


class _Kinds:
    """Which test files may stand for each other: `test_a.py` for `test_b.py`, `a.txt` for neither.

    A kind is an ending, and whether the name itself, not a folder, makes it a test: that is what
    runners look for.
    """

    def __init__(self, rule: Rule) -> None:
        named = tuple(glob for glob in rule.globs if not glob.endswith(("/", "**")))
        self._named: Globs = compile_globs(named)

    def of(self, path: str) -> tuple[str, bool]:
        return posixpath.splitext(path)[1], self._named.matches(path)

    def plays(self, path: str) -> tuple[tuple[str, bool], ...]:
        """Its own kind, and the lesser one."""
        ending, is_named = self.of(path)
        return ((ending, True), (ending, False)) if is_named else ((ending, False),)


def lost(rule: Rule, case: Case) -> Iterator[Found]:
    """Test files that go or are emptied; one that turns up unchanged as another has only moved."""
    tests = list(case.changes(rule))
    kind = _Kinds(rule)
    moved = {(c.new_blob, one) for c in tests if c.status == "A" for one in kind.plays(c.path)}
    for change in tests:
        if change.status == "D" and (change.old_blob, kind.of(change.path)) not in moved:
            yield change.path, "is deleted"
        elif change.status in ("M", "T") and change.size == 0:
            yield change.path, "is emptied"
        elif change.status == "T":
            yield change.path, "becomes another kind of file"


def weakened(rule: Rule, case: Case) -> Iterator[Found]:
    """Test files that are left with new skips, fewer tests or fewer claims.

    A line that another test file of that kind gains has only moved.
    """
    deleted = {change.path for change in case.patch.changes if change.new_mode == ABSENT}
    tests = [file for file in case.lines(rule) if file.path not in deleted]
    proof = [_proving(file.removed) for file in tests]
    kind = _Kinds(rule)
    elsewhere = _gained(tests, {line.strip() for lines in proof for line in lines}, kind)
    for file, lines in zip(tests, proof, strict=True):
        gone = [line for line in lines if (line.strip(), kind.of(file.path)) not in elsewhere]
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


def _gained(
    tests: list[DiffFile], wanted: set[str], kind: _Kinds
) -> set[tuple[str, tuple[str, bool]]]:
    """Those of the lines that some test file adds, each with the kinds that it plays."""
    if not wanted:
        return set()
    return {
        (line, one)
        for file in tests
        for line in wanted.intersection(map(str.strip, file.added))
        for one in kind.plays(file.path)
    }


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
