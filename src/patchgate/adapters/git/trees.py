"""How two trees differ, in git's own words, and the diff that people are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from patchgate.adapters.git.cache import GitCache
from patchgate.adapters.git.scratch import Scratch
from patchgate.core.globs import collisions
from patchgate.core.ids import Sha
from patchgate.core.patch import ABSENT, SUBMODULE, FileChange
from patchgate.errors import MalformedError

LARGEST_CHANGE = 64 * 1024 * 1024
"""Bytes that all changed files may have, before and after: a small patch can unpack to much."""
PLAIN = ("--no-renames", "--no-ext-diff", "--no-textconv")
PATCH_FORMAT = (
    *("-p", "--binary", "--full-index", *PLAIN),
    *("--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--unified=3"),
)
"""How every patch of ours is written: so that it applies as it stands, on its tree alone."""
NOTHING = "/dev/null"
MOST_CLASHES = 20
"""Names that are listed; more of them say nothing new."""
Status = Literal["A", "M", "D", "T"]
STATUSES: Mapping[str, Status] = {"A": "A", "M": "M", "D": "D", "T": "T"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, link or submodule of a commit."""

    path: str
    mode: str
    oid: Sha

    @property
    def is_blob(self) -> bool:
        """Whether its content lies in this repository."""
        return self.mode != SUBMODULE


def entries(cache: GitCache, commit: str) -> Iterator[Entry]:
    """Everything that a commit holds; its trees are here."""
    listing = cache.local(["ls-tree", "-r", "-z", "--full-tree", commit])
    for record in listing.split(b"\0")[:-1]:
        meta, _, path = record.partition(b"\t")
        mode, _, oid = meta.decode().split(" ")
        yield Entry(path.decode(errors="surrogateescape"), mode, Sha(oid))


def touched(cache: GitCache, old: str, new: str) -> list[str]:
    """The paths that differ between two trees or commits that are here."""
    return [path for path, *_ in _raw(cache.local(["diff-tree", "-r", "-z", *PLAIN, old, new]))]


def changes(place: Scratch, old: str, new: str) -> tuple[FileChange, ...]:
    """Every path that differs, with modes, blobs, sizes and counts; MalformedError if too much."""
    raw = list(_raw(place.local(["diff-tree", "-r", "-z", *PLAIN, old, new])))
    sizes = _sizes(place, raw)
    if sum(sizes.get(oid, 0) for *_, old_oid, new_oid in raw for oid in (old_oid, new_oid)) > (
        LARGEST_CHANGE
    ):
        limit = LARGEST_CHANGE // 1024**2
        raise MalformedError(f"the files that the patch changes have more than {limit} MiB")
    counts = _counts(place.online(["diff-tree", "-r", "--numstat", "-z", *PLAIN, old, new]))
    return tuple(_change(fields, counts, sizes) for fields in raw)


def rendered(place: Scratch, old: str, new: str) -> bytes:
    """Git's own diff of two trees; names are quoted only where they must be."""
    args = ["-c", "core.quotePath=false", "diff-tree", "-r", *PATCH_FORMAT, old, new]
    return place.online(args)


def clashes(
    place: Scratch, tree: str, found: tuple[FileChange, ...]
) -> tuple[tuple[str, str], ...]:
    """New paths that a forgiving file system takes for another one of the whole new tree."""
    added = [change.path for change in found if change.old_mode == ABSENT]
    if not added:
        return ()
    listing = place.local(["ls-tree", "-r", "-t", "-z", "--name-only", "--full-tree", tree])
    names = listing.decode(errors="surrogateescape").split("\0")[:-1]
    return tuple(collisions(added, names)[:MOST_CLASHES])


def cross_check(diff: bytes, found: tuple[FileChange, ...]) -> None:
    """MalformedError unless a second reader finds the paths and line counts of the tree."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        read = PatchSet(diff.decode(errors="surrogateescape"), metadata_only=True)
    except (UnidiffParseError, ValueError) as exc:
        raise MalformedError(f"the patch cannot be shown safely: {exc}"[:300]) from exc
    counted: dict[str, tuple[int, int]] = {}
    for file in read:
        for name in {n[2:] for n in (file.source_file, file.target_file) if n != NOTHING}:
            added, removed = counted.get(name, (0, 0))
            counted[name] = (added + file.added, removed + file.removed)
    told = {c.path: (c.added or 0, c.removed or 0) for c in found}
    if counted != told:
        differing = [p for p in sorted({*counted, *told}) if counted.get(p) != told.get(p)]
        names = ", ".join(ascii(path) for path in differing[:MOST_CLASHES])
        raise MalformedError(f"what is shown and what is written differ: {names}")


Raw = tuple[str, Status, str, str, Sha, Sha]


def _raw(listing: bytes) -> Iterator[Raw]:
    """(path, status, old mode, new mode, old blob, new blob) of each record."""
    fields = listing.split(b"\0")[:-1]
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_blob, new_blob, status = meta.decode().lstrip(":").split(" ")
        if status not in STATUSES:
            raise MalformedError(f"git compares the trees with an unknown status {status}")
        name = path.decode(errors="surrogateescape")
        yield name, STATUSES[status], old_mode, new_mode, Sha(old_blob), Sha(new_blob)


def _sizes(place: Scratch, raw: list[Raw]) -> dict[str, int]:
    oids: dict[str, None] = {}
    for _, _, old_mode, new_mode, old_blob, new_blob in raw:
        for mode, oid in ((old_mode, old_blob), (new_mode, new_blob)):
            if mode not in (ABSENT, SUBMODULE):
                oids[oid] = None
    stdin = "".join(f"{oid}\n" for oid in oids).encode()
    out = place.online(["cat-file", "--batch-check=%(objectsize)"], stdin)
    return {oid: int(size) for oid, size in zip(oids, out.split(), strict=True)}


def _counts(listing: bytes) -> dict[str, tuple[int | None, int | None]]:
    counts: dict[str, tuple[int | None, int | None]] = {}
    for record in listing.split(b"\0")[:-1]:
        added, removed, path = record.split(b"\t", 2)
        pair = (None, None) if added == b"-" else (int(added), int(removed))
        counts[path.decode(errors="surrogateescape")] = pair
    return counts


def _change(
    fields: Raw, counts: Mapping[str, tuple[int | None, int | None]], sizes: Mapping[str, int]
) -> FileChange:
    path, status, old_mode, new_mode, old_blob, new_blob = fields
    added, removed = counts[path]
    return FileChange(
        path=path,
        status=status,
        old_mode=old_mode,
        new_mode=new_mode,
        old_blob=old_blob,
        new_blob=new_blob,
        added=added,
        removed=removed,
        size=sizes.get(new_blob, 0) if new_mode not in (ABSENT, SUBMODULE) else 0,
    )


def said_first(said: str) -> str:
    """The first line of what git said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[0] if lines else "it gives no reason")[:300]
