"""What kind of thing a path becomes: link, submodule, executable, binary; and unsafe names."""

from __future__ import annotations

from collections.abc import Iterator

from patchgate.core.patch import ABSENT, EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, FileChange
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Rule
from patchgate.core.policy.paths import unportable_name, unsafe_path

_KNOWN_MODES = frozenset({ABSENT, REGULAR, EXECUTABLE, SYMLINK, SUBMODULE})


def symlinks(rule: Rule, case: Case) -> Iterator[Found]:
    """Links that are made or replaced; deleting one is fine."""
    for change in case.changes(rule):
        if change.new_mode == SYMLINK:
            yield change.path, "is a symbolic link"
        elif change.old_mode == SYMLINK and change.new_mode != ABSENT:
            yield change.path, "was a symbolic link"


def submodules(rule: Rule, case: Case) -> Iterator[Found]:
    """Submodules, on either side."""
    for change in case.changes(rule):
        if SUBMODULE in (change.old_mode, change.new_mode):
            yield change.path, "is a submodule"


def modes(rule: Rule, case: Case) -> Iterator[Found]:
    """Files that become executable or stop being it, and modes that git does not make."""
    for change in case.changes(rule):
        strange = {change.old_mode, change.new_mode} - _KNOWN_MODES
        if strange:
            yield change.path, f"has the unusual mode {min(strange)}"
        elif change.new_mode == EXECUTABLE != change.old_mode:
            yield change.path, "becomes executable"
        elif change.old_mode == EXECUTABLE and change.new_mode == REGULAR:
            yield change.path, "is no longer executable"


def binaries(rule: Rule, case: Case) -> Iterator[Found]:
    """New content that nobody can read."""
    for change in case.changes(rule):
        if is_unreadable(change):
            yield change.path, f"is binary ({change.size:,} bytes)"


def is_unreadable(change: FileChange) -> bool:
    """Whether nobody can read what is new in it (a deleted file brings nothing new)."""
    return change.new_mode not in (ABSENT, SUBMODULE) and change.added is None


def collisions(rule: Rule, case: Case) -> Iterator[Found]:
    """New names that some file systems take for one that is there."""
    for path, other in case.patch.collisions:
        yield path, f"is the same as {other} where case, accents or endings do not count"


def unportable_names(rule: Rule, case: Case) -> Iterator[Found]:
    """New names that Windows has no place for; what already bears one is left alone."""
    for change in case.changes(rule):
        why = unportable_name(change.path) if change.old_mode == ABSENT else ""
        if why:
            yield change.path, why


def unsafe_paths(rule: Rule, case: Case) -> Iterator[Found]:
    """Names that lead astray."""
    for path in case.patch.paths:
        why = unsafe_path(path)
        if why:
            yield path, why
