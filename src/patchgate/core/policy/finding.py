"""What each kind of rule finds in an applied patch: (path, words) pairs, in git's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from patchgate.core.globs import Glob, compile_glob, first_match
from patchgate.core.patch import (
    ABSENT,
    EXECUTABLE,
    REGULAR,
    SUBMODULE,
    SYMLINK,
    AppliedPatch,
    FileChange,
)
from patchgate.core.policy.hidden import bidi_in, invisible_in
from patchgate.core.policy.model import Kind, Rule
from patchgate.core.policy.paths import unsafe_path

Found = tuple[str, str]
"""A path (empty: the whole patch) and what is the matter with it."""
_KNOWN_MODES = frozenset({ABSENT, REGULAR, EXECUTABLE, SYMLINK, SUBMODULE})


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a patch is expected to stay: the globs of the plan or of the plan's item."""

    globs: tuple[str, ...]

    def outside(self, patch: AppliedPatch) -> tuple[str, ...]:
        """The paths of the patch that no glob names."""
        globs = [compile_glob(glob) for glob in self.globs if glob.strip(" ./")]
        return tuple(path for path in patch.paths if not first_match(globs, path))


def find(rule: Rule, patch: AppliedPatch, scope: Scope | None) -> list[Found]:
    """Everything that the rule has against the patch."""
    if rule.kind is Kind.SCOPE:
        return [(path, "is not in the plan") for path in scope.outside(patch)] if scope else []
    return list(_FINDERS[rule.kind](rule, patch))


def _too_many_files(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    yield from _above(rule, len(patch.changes), "files")


def _too_many_lines(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    yield from _above(rule, patch.lines, "changed lines")


def _too_many_bytes(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    """The patch as proposed, or what it unpacks to where a small patch can hold a large file."""
    unpacked = sum(c.size for c in patch.changes if c.status == "A" or _is_unreadable(c))
    yield from _above(rule, max(patch.patch_size, unpacked), "bytes")


def _above(rule: Rule, count: int, unit: str) -> Iterator[Found]:
    if rule.limit is not None and count > rule.limit:
        yield "", f"{count:,} {unit}, {rule.limit:,} are allowed"


def _touched(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    """Paths under the globs, and what would stand in the place of a folder that they name."""
    globs = [compile_glob(glob, folded=True) for glob in rule.globs]
    for change in patch.changes:
        if first_match(globs, change.path):
            yield change.path, _DONE[change.status]
        elif change.new_mode != ABSENT and _shadowed(globs, change.path):
            yield change.path, "would take the place of a protected folder"


_DONE = {"A": "is added", "M": "is changed", "D": "is deleted", "T": "becomes another kind of file"}


def _shadowed(globs: list[Glob], path: str) -> bool:
    return any(glob.shadowed_by(path) for glob in globs)


def _lost_tests(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    """Test files that go or are emptied; one that turns up elsewhere unchanged has only moved."""
    globs = [compile_glob(glob) for glob in rule.globs]
    tests = [change for change in patch.changes if first_match(globs, change.path)]
    moved = {change.new_blob for change in tests if change.status == "A"}
    for change in tests:
        if change.status == "D" and change.old_blob not in moved:
            yield change.path, "is deleted"
        elif change.status in ("M", "T") and change.size == 0:
            yield change.path, "is emptied"
        elif change.status == "T":
            yield change.path, "becomes another kind of file"


def _symlinks(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    for change in patch.changes:
        if change.new_mode == SYMLINK:
            yield change.path, "is a symbolic link"
        elif change.old_mode == SYMLINK and change.new_mode != ABSENT:
            yield change.path, "was a symbolic link"


def _submodules(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    for change in patch.changes:
        if SUBMODULE in (change.old_mode, change.new_mode):
            yield change.path, "is a submodule"


def _modes(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    for change in patch.changes:
        strange = {change.old_mode, change.new_mode} - _KNOWN_MODES
        if strange:
            yield change.path, f"has the unusual mode {min(strange)}"
        elif change.new_mode == EXECUTABLE != change.old_mode:
            yield change.path, "becomes executable"
        elif change.old_mode == EXECUTABLE and change.new_mode == REGULAR:
            yield change.path, "is no longer executable"


def _binaries(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    for change in patch.changes:
        if _is_unreadable(change):
            yield change.path, f"is binary ({change.size:,} bytes)"


def _is_unreadable(change: FileChange) -> bool:
    """Whether nobody can read what is new in it (a deleted file brings nothing new)."""
    return change.new_mode not in (ABSENT, SUBMODULE) and change.added is None


def _unsafe_paths(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    for path in patch.paths:
        why = unsafe_path(path)
        if why:
            yield path, why


def _bidi(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    yield from bidi_in(patch.rendered)


def _invisible(rule: Rule, patch: AppliedPatch) -> Iterator[Found]:
    yield from invisible_in(patch.rendered)


_FINDERS: Mapping[Kind, Callable[[Rule, AppliedPatch], Iterator[Found]]] = MappingProxyType(
    {
        Kind.MAX_FILES: _too_many_files,
        Kind.MAX_LINES: _too_many_lines,
        Kind.MAX_BYTES: _too_many_bytes,
        Kind.FROZEN_PATHS: _touched,
        Kind.GIT_FILES: _touched,
        Kind.DEPENDENCY_MANIFESTS: _touched,
        Kind.DELETED_TESTS: _lost_tests,
        Kind.SYMLINK: _symlinks,
        Kind.SUBMODULE: _submodules,
        Kind.MODE_CHANGE: _modes,
        Kind.BINARY: _binaries,
        Kind.BIDI_CHARACTERS: _bidi,
        Kind.INVISIBLE_CHARACTERS: _invisible,
        Kind.PATH_SAFETY: _unsafe_paths,
    }
)
