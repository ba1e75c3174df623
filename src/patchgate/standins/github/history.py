"""Comparing and merging commits of a bare repository."""

from __future__ import annotations

from dataclasses import dataclass

from patchgate.standins.github.bare import BareRepository, Commit, GitError

STATUSES = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs between two commits; `patch` is None for binary files."""

    path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `head` has that `base` has not."""

    merge_base: str
    ahead: list[Commit]
    """Commits of head alone, oldest first."""
    behind: int
    files: list[FileChange]


def compare(bare: BareRepository, base: str, head: str) -> Comparison | None:
    """Head against base as GitHub compares, from their merge base; None without one."""
    ancestor = bare.merge_base(base, head)
    if ancestor is None:
        return None
    ahead = bare.commits("--reverse", "--topo-order", f"{base}..{head}")
    behind = int(bare.settled("rev-list", "--count", f"{head}..{base}"))
    return Comparison(ancestor, ahead, behind, changes(bare, ancestor, head))


def changes(bare: BareRepository, before: str | None, after: str) -> list[FileChange]:
    """The files that differ (everything, for a commit without parent)."""
    between = [before, after] if before else ["--root", after]
    common = ["diff-tree", "-r", "--no-renames", "--no-commit-id"]
    raw = _fields(bare.settled(*common, "--raw", "--numstat", "-z", "--full-index", *between))
    states: dict[str, tuple[str, str]] = {}
    found: list[FileChange] = []
    patches = _patches(bare.settled(*common, "-p", *between).decode("utf-8", "replace"))
    while raw:
        field = raw.pop(0)
        if field.startswith(":"):
            _, _, old, new, letter = field.split(" ")
            states[raw.pop(0)] = (letter, old if letter == "D" else new)
            continue
        added, removed, path = field.split("\t", 2)
        letter, sha = states[path]
        patch = patches[len(found)] if added != "-" else None
        counts = (0, 0) if added == "-" else (int(added), int(removed))
        found.append(FileChange(path, STATUSES[letter], sha, *counts, patch))
    return found


def merges(bare: BareRepository, base: str, head: str) -> bool:
    """Whether it merges cleanly."""
    try:
        return bool(bare.settled("merge-tree", "--write-tree", base, head))
    except GitError:
        return False


def merged_tree(bare: BareRepository, base: str, head: str) -> str | None:
    """The tree of a clean merge, or None where it conflicts or has no common ancestor."""
    try:
        return bare.run("merge-tree", "--write-tree", base, head).splitlines()[0]
    except GitError:
        return None


def _fields(raw: bytes) -> list[str]:
    return [f for f in raw.decode("utf-8", "surrogateescape").split("\0") if f]


def _patches(text: str) -> list[str | None]:
    """The hunks of each file in the order of the diff, without the header lines."""
    found: list[str | None] = []
    for block in ("\n" + text).split("\ndiff --git ")[1:]:
        _, mark, hunks = block.partition("\n@@")
        found.append(("@@" + hunks).rstrip("\n") if mark else None)
    return found
