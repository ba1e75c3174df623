"""A patch as the tree that it gives: what was changed, read from git's raw tree comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patchgate.core.ids import Digest, Sha

ABSENT = "000000"
"""The mode that git gives to the side where a path does not exist."""
REGULAR = "100644"
EXECUTABLE = "100755"
SYMLINK = "120000"
SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path that differs between two trees; modes as git writes them, `000000` for absent."""

    path: str
    """The real path, undecorated; bytes that are not UTF-8 are surrogate-escaped."""
    status: Literal["A", "M", "D", "T"]
    old_mode: str
    new_mode: str
    old_blob: Sha
    new_blob: Sha
    added: int | None
    """Lines added; None for a binary file."""
    removed: int | None
    size: int
    """Bytes of the new blob; 0 when deleted."""


@dataclass(frozen=True, slots=True)
class AppliedPatch:
    """A patch after git took it: start commit, the tree it gives, and how they differ."""

    start: Sha
    tree: Sha
    patch: Digest
    patch_size: int
    """Bytes of the patch as proposed."""
    changes: tuple[FileChange, ...]
    rendered: str
    """Git's own diff of the two trees: what the approver is shown."""
    collisions: tuple[tuple[str, str], ...] = ()
    """New paths, each with one that the whole tree has and some file systems take for it."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the patch touches, in git's order."""
        return tuple(change.path for change in self.changes)

    @property
    def lines(self) -> int:
        """Lines added and removed together (binary files count none)."""
        return sum((c.added or 0) + (c.removed or 0) for c in self.changes)
