"""Copies of the ledger from which it can be restored: clones, and exports of single streams.

Whatever a copy holds is proven here (chain, tip, artifacts) before anybody is offered it.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from patchgate.adapters.ledger import archive, live
from patchgate.adapters.ledger.names import Address, Branches, blob_name, parse_stream
from patchgate.adapters.ledger.objects import FILE, Entry, Objects, Tree
from patchgate.adapters.ledger.store import ObjectStore
from patchgate.adapters.ledger.verify import (
    artifacts_of,
    branch_in,
    homes_in,
    judged,
    lives_in,
)
from patchgate.core.chain import Finding, Link, check_tip, origin, parse_file, sound, tail
from patchgate.core.ids import Sha, digest_bytes
from patchgate.errors import LedgerError, MalformedError, NotFoundError

LARGEST_MEMBER = 100_000_000
"""Bytes; far above the largest patch."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One stream, whole and proven, as a copy has it; its artifacts are in the store by now."""

    home: Address
    links: tuple[Link, ...]
    blobs: Tree
    gathered: bool
    """Whether the copy has it on the ledger branch."""
    where: str
    """The copy's own name, for people."""


def read_copy(
    store: ObjectStore, place: Path, *, names: Branches, known: Tree
) -> Iterator[Copy | Finding]:
    """The streams of a clone (a folder) or of an export (a file), and those that are damaged there.

    `known` are the files of the ledger branch that is to be restored: streams that lie there byte
    for byte are passed over. NotFoundError when the place holds neither.
    """
    if place.is_file():
        yield _read_export(store, place)
    elif place.is_dir():
        yield from _read_clone(store, place, names=names, known=known)
    else:
        raise NotFoundError(f"{place} is not there", "Name a clone's folder or an export.")


def holds_ledger(place: Path, names: Branches) -> bool:
    """Whether it is a clone that has the ledger branch."""
    return place.is_dir() and branch_in(Objects(_git_dir(place)), names.ledger) is not None


def _git_dir(place: Path) -> Path:
    return place / ".git" if (place / ".git").is_dir() else place


# ── an export ────────────────────────────────────────────────────────────────────────────


def _read_export(store: Objects, place: Path) -> Copy:
    """MalformedError when it is no export, LedgerError when it is not sound."""
    files = _members(place)
    streams = {name.partition("/")[0] for name in files}
    home = parse_stream(streams.pop()) if len(streams) == 1 else None
    if home is None:
        raise MalformedError(f"{place} is no export of one stream")
    data = files.pop(f"{home.stream}/events.jsonl", b"")
    tip = files.pop(f"{home.stream}/tip.json", b"")
    links = parse_file(home.stream, data, origin(home.stream))
    if not isinstance(links, Finding):
        links = check_tip(home.stream, tip, tail(links, origin(home.stream))) or links
    prefix = f"{home.stream}/blobs/"
    for name, content in files.items():
        if name != prefix + blob_name(digest_bytes(content)):
            raise LedgerError(f"{place}: {name} is not what its name says")
    oids = store.write_blobs(list(files.values()))
    held = zip(files, oids, strict=True)
    blobs = {name.removeprefix(prefix): Entry(FILE, oid) for name, oid in held}
    return Copy(home, sound(links), blobs, gathered=False, where=str(place))


def _members(place: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(place, "r:") as tar:
            for member in tar:
                held = tar.extractfile(member) if member.isfile() else None
                if held is None or member.size > LARGEST_MEMBER or member.name in files:
                    raise MalformedError(f"{place} is no export: it holds {member.name!r}")
                files[member.name] = held.read()
    except (tarfile.TarError, EOFError) as error:
        raise MalformedError(f"{place} is no export: it is no whole tar file") from error
    return files


# ── a clone ──────────────────────────────────────────────────────────────────────────────


def _read_clone(
    store: ObjectStore, place: Path, *, names: Branches, known: Tree
) -> Iterator[Copy | Finding]:
    folder = _git_dir(place)
    there = Objects(folder)
    ledger, lives = branch_in(there, names.ledger), lives_in(there, names)
    if ledger is None and not lives:
        raise NotFoundError(
            f"{place} holds no branch of ours", f"Name a clone that fetched {names.ledger}."
        )
    store.adopt(folder, [*lives.values(), *([ledger] if ledger else [])])
    if ledger is not None:
        yield from _gathered(store, ledger, place, known=known, beside=lives)
    for name, commit in sorted(lives.items()):
        if (home := parse_stream(name)) is not None:
            yield _open(store, home, place, tip=commit, ledger=ledger)


def _gathered(
    store: Objects, ledger: Sha, place: Path, *, known: Tree, beside: dict[str, Sha]
) -> Iterator[Copy | Finding]:
    """The streams of its ledger branch that have no live branch there."""
    files = store.walk(ledger)
    homes = [home for home in homes_in(files) if home.stream not in beside]
    artifacts = artifacts_of(files, homes)

    def same(home: Address) -> bool:
        paths = [home.events_path, home.index_path]
        paths += [f"{home.blobs_path}/{name}" for name in artifacts.get(home, {})]
        return all(known.get(path) == files.get(path) for path in paths)

    different = [home for home in homes if not same(home)]
    for home, found in judged(store, files, different):
        if isinstance(found, Finding):
            yield found
        else:
            yield Copy(home, found, artifacts.get(home, {}), gathered=True, where=str(place))


def _open(
    store: Objects, home: Address, place: Path, *, tip: Sha, ledger: Sha | None
) -> Copy | Finding:
    """A stream with a live branch, continued from its ledger branch where need be."""
    try:
        held = archive.read(store, ledger, home) if ledger else None
        blobs = archive.blobs_of(store, ledger, home) if ledger else {}
        tree = sound(live.load(store, home.stream, tip))
        links = sound(live.join(home.stream, tree, held.links if held else ()))
        blobs = archive.checked_blobs(store, home, blobs | tree.blobs)
    except LedgerError as error:
        return Finding(home.stream, 0, error.message)
    return Copy(home, links, blobs, gathered=False, where=str(place))
