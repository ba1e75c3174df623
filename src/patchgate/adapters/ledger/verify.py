"""Verification without a network: every stream of a clone or cache, and what is wrong with it."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from patchgate.adapters.ledger import archive, live
from patchgate.adapters.ledger.names import Address, Branches, parse_stream
from patchgate.adapters.ledger.objects import FILE, Objects, Tree
from patchgate.core.chain import Finding, Link
from patchgate.core.ids import Sha, StreamId
from patchgate.errors import LedgerError

PLACES = ("refs/heads/", "refs/remotes/origin/")
"""Where a bare mirror and a clone keep the remote's branches."""
BATCH = 500
"""How many gathered streams are read at once."""

FEW = 50
"""Of how many the artifacts are in memory at once: these may be large."""

T = TypeVar("T")


@dataclass(slots=True)
class Seen:
    """What a look at the ledger branch found."""

    findings: list[Finding]
    continued: dict[StreamId, tuple[Link, ...]] = field(default_factory=dict)
    """The sound streams that a live branch goes on from."""
    streams: int = 0


def verify_repository(
    git_dir: Path, *, branches: Branches | None = None, only: StreamId | None = None
) -> list[Finding]:
    """Check the chains, tips, index and artifacts of all streams (or of one) in a repository.

    An empty list means that everything there fits together; truncation and rewriting of events
    with their tip show only against anchors. LedgerError when there is no ledger branch.
    """
    with _uncollected():
        return _verify(Objects(git_dir), branches or Branches(), only)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles: there are none among events, which are dropped as read.

    It would walk all that is held of a large ledger again and again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _verify(objects: Objects, names: Branches, only: StreamId | None) -> list[Finding]:
    ledger = branch_in(objects, names.ledger)
    if ledger is None:
        raise LedgerError(
            f"{objects.git_dir} has no ledger branch {names.ledger}",
            "Fetch it, or name another clone.",
        )
    lives = lives_in(objects, names)
    seen = _verify_ledger(objects, ledger, only, continued=lives.keys())
    findings = seen.findings
    for name, commit in sorted(lives.items()):
        if only in (None, name):
            held = seen.continued.get(StreamId(name), ())
            findings += _verify_live(objects, name, commit, held=held)
    if only is not None and not (seen.streams or findings or only in lives):
        findings.append(Finding(only, 0, "there is no such stream"))
    return findings


def branch_in(objects: Objects, name: str) -> Sha | None:
    """Where a mirror or a clone has a branch of the remote."""
    for place in PLACES:
        if commit := objects.local_refs(f"{place}{name}").get(f"{place}{name}"):
            return commit
    return None


def lives_in(objects: Objects, names: Branches) -> dict[str, Sha]:
    """The live branches of a mirror or a clone, by their streams' names."""
    for place in PLACES:
        prefix = f"{place}{names.live}/"
        if refs := objects.local_refs(prefix):
            return {ref.removeprefix(prefix): commit for ref, commit in refs.items()}
    return {}


def _verify_live(
    objects: Objects, name: str, commit: Sha, *, held: tuple[Link, ...]
) -> list[Finding]:
    stream = StreamId(name)
    if parse_stream(name) is None:
        return [Finding(stream, 0, "the live branch has no stream's name")]
    tree = live.load(objects, stream, commit)
    if isinstance(tree, Finding):
        return [tree]
    whole = live.join(stream, tree, held)
    findings = [whole] if isinstance(whole, Finding) else []
    return findings + live.bad_blobs(objects, [(stream, tree.blobs)])


def _verify_ledger(
    objects: Objects, commit: Sha, only: StreamId | None, *, continued: Collection[str]
) -> Seen:
    """Judge every gathered stream; only those that a live branch continues are kept in memory."""
    files = objects.walk(commit)
    homes, findings = _homes(files)
    seen = Seen([one for one in findings if only in (None, one.stream)])
    wanted = [home for home in homes if only in (None, home.stream)]
    seen.streams = len(wanted)
    for home, found in judged(objects, files, wanted):
        if isinstance(found, Finding):
            seen.findings.append(found)
        elif home.stream in continued:
            seen.continued[home.stream] = found
    return seen


def judged(
    objects: Objects, files: Tree, homes: Sequence[Address]
) -> Iterator[tuple[Address, tuple[Link, ...] | Finding]]:
    """Each of these gathered streams with its links, or with the first thing wrong with it."""
    artifacts = artifacts_of(files, homes)
    for part in batched(homes, BATCH):
        oids = [files[path].oid for home in part for path in (home.events_path, home.index_path)]
        contents = iter(objects.blobs(oids))
        for few in batched(part, FEW):
            held = [(home.stream, artifacts.get(home, {})) for home in few]
            bad = {found.stream: found for found in live.bad_blobs(objects, held)}
            for home, data, tip in zip(few, contents, contents, strict=False):
                links = archive.judge(home, data, tip)
                yield home, links if isinstance(links, Finding) else bad.get(home.stream, links)


def artifacts_of(files: Tree, homes: Iterable[Address]) -> dict[Address, Tree]:
    """The artifacts of these streams, by stream."""
    folders = {home.blobs_path: home for home in homes}
    found: dict[Address, Tree] = {}
    for path, entry in files.items():
        folder, _, name = path.rpartition("/")
        if (home := folders.get(folder)) is not None:
            found.setdefault(home, {})[name] = entry
    return found


def homes_in(files: Tree) -> list[Address]:
    """The streams that have both their file and their entry in the index."""
    return _homes(files)[0]


def strangers_in(files: Tree) -> list[str]:
    """Paths that belong to no stream."""
    return [str(found.stream) for found in _homes(files)[1] if found.stream in files]


def _homes(files: Tree) -> tuple[list[Address], list[Finding]]:
    """Streams that have both file and index, and everything that is not in its place."""
    homes = {
        path: home
        for path in files
        if path.endswith(".jsonl")
        and (home := parse_stream(path.rpartition("/")[2].removesuffix(".jsonl"))) is not None
        and home.events_path == path
    }
    indexed = {home: home.index_path for home in homes.values()}
    placed = {*homes, *indexed.values()}
    folders = {path.removesuffix(".jsonl") for path in homes}
    findings = [
        Finding(home.stream, 0, "it has a file on the ledger branch but no index")
        for home, index in indexed.items()
        if index not in files
    ]
    findings += [
        Finding(StreamId(path), 0, "this file of the ledger branch belongs to no stream")
        for path, entry in files.items()
        if (path not in placed and path.rpartition("/")[0] not in folders) or entry.mode != FILE
    ]
    return [home for home, index in indexed.items() if index in files], findings


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in parts of that size (the last one may be smaller)."""
    return (items[start : start + size] for start in range(0, len(items), size))
