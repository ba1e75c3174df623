"""A live branch: the open stream of one ticket.

`events/000001.json` … one line each, `blobs/<sha256>` artifacts, `tip.json` the number of events
and the head. A reopened ticket's branch begins at the event after those that were gathered.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patchgate.adapters.ledger.names import blob_name, event_name
from patchgate.adapters.ledger.objects import FILE, TREE, Entry, Objects, Tree
from patchgate.adapters.ledger.trees import graft
from patchgate.core.chain import (
    Finding,
    Link,
    check_tip,
    origin,
    parse_file,
    tail,
    tip_bytes,
)
from patchgate.core.ids import Digest, Sha, StreamId, digest_bytes

SMALL = "blob:limit=16k"
"""What a first fetch brings: events, but not long patches."""
TIP = "tip.json"
PARTS = {"events": TREE, "blobs": TREE, TIP: FILE}


@dataclass(frozen=True, slots=True)
class LiveTree:
    """What a live branch holds, not yet judged as a chain."""

    commit: Sha
    first: int
    """Number of its first event; above 1 it continues a gathered stream."""
    data: bytes
    """Its events as JSON lines."""
    tip: bytes
    blobs: Tree


def load(objects: Objects, stream: StreamId, commit: Sha) -> LiveTree | Finding:
    """The files of a live branch at a commit, or what is wrong with their names."""
    objects.bring_commit(commit, filtered=SMALL)
    root = objects.tree(commit)
    wrong = [name for name, entry in root.items() if PARTS.get(name) != entry.mode]
    if wrong or "events" not in root or TIP not in root:
        return Finding(stream, 0, f"its live branch holds {sorted(root)}: not what we write")
    blobs = root.get("blobs")
    objects.bring([entry.oid for name, entry in root.items() if name != TIP])
    events = objects.tree(root["events"].oid)
    first = _first_of(events)
    for seq, name in enumerate(events, start=first):
        if name != event_name(seq):
            return Finding(stream, seq, f"missing: {name!r} stands in its place")
    oids = [root[TIP].oid, *(entry.oid for entry in events.values())]
    objects.bring(oids)
    tip, *lines = objects.blobs(oids)
    for seq, line in enumerate(lines, start=first):
        if not line.endswith(b"\n") or line.count(b"\n") != 1:
            return Finding(stream, seq, "its file is not one line")
    held = objects.tree(blobs.oid) if blobs else {}
    return LiveTree(commit, first, b"".join(lines), tip, held)


def _first_of(events: Tree) -> int:
    name = next(iter(events), "").removesuffix(".json")
    return max(int(name), 1) if name.isascii() and name.isdigit() else 1


def join(stream: StreamId, live: LiveTree, held: Sequence[Link]) -> tuple[Link, ...] | Finding:
    """The whole stream: what the ledger branch holds of it, continued by the live branch.

    Where both hold the same events (a gathering was interrupted) they must agree.
    """
    before = tuple(held[: live.first - 1])
    if len(before) < live.first - 1:
        problem = f"continues event {live.first - 1}, which the ledger branch does not hold"
        return Finding(stream, live.first, problem)
    after = tail(before, origin(stream))
    links = parse_file(stream, live.data, after)
    if isinstance(links, Finding):
        return links
    whole = before + links
    for ours, theirs in zip(whole, held, strict=False):
        if ours.digest != theirs.digest:
            return Finding(stream, ours.seq, "the live branch and the ledger branch differ")
    if len(held) > len(whole):
        return Finding(stream, len(whole) + 1, "the ledger branch holds it, the live branch not")
    return check_tip(stream, live.tip, tail(whole, after)) or whole


def bad_blobs(objects: Objects, streams: Sequence[tuple[StreamId, Tree]]) -> list[Finding]:
    """For each stream the first artifact whose content is not what its name says."""
    files = [entry for _, blobs in streams for entry in blobs.values() if entry.mode == FILE]
    oids = list(dict.fromkeys(entry.oid for entry in files))
    contents = dict(zip(oids, objects.blobs(oids), strict=True))
    found = (_bad_blob(stream, blobs, contents) for stream, blobs in streams)
    return [finding for finding in found if finding is not None]


def _bad_blob(stream: StreamId, blobs: Tree, contents: Mapping[Sha, bytes]) -> Finding | None:
    for name, entry in blobs.items():
        if entry.mode != FILE:
            return Finding(stream, 0, f"the artifact {name} is no file")
        if blob_name(digest_bytes(contents[entry.oid])) != name:
            return Finding(stream, 0, f"the artifact {name} has another content")
    return None


def write(
    objects: Objects, stream: StreamId, parent: Sha | None, *, links: Sequence[Link], blobs: Blobs
) -> Sha:
    """A commit that adds links and artifacts to a live branch (None: begins one).

    Its message carries a random word: two writers of the same events never make one commit, and
    so never both believe that they were first.
    """
    end = tail(links, origin(stream))
    names = [f"events/{event_name(one.seq)}" for one in links]
    names += [TIP, *(f"blobs/{blob_name(digest)}" for digest in blobs)]
    contents = [one.line + b"\n" for one in links]
    contents += [tip_bytes(stream, end), *blobs.values()]
    oids = objects.write_blobs(contents)
    changes = {name: Entry(FILE, oid) for name, oid in zip(names, oids, strict=True)}
    if parent is not None:
        objects.bring_commit(parent, filtered=SMALL)
    tree = graft(objects, parent, changes)
    kinds = ", ".join(dict.fromkeys(one.event.kind for one in links))
    title = f"{stream}: {kinds}"[:100]
    message = f"{title}\n\nLedger-Head: {end.head}\nWriter: {secrets.token_hex(8)}\n"
    return objects.write_commit(tree, message, parent=parent)


def rewrite(
    objects: Objects, stream: StreamId, parent: Sha | None, *, links: Sequence[Link], blobs: Tree
) -> Sha:
    """A commit on top of `parent` in which a live branch holds exactly this stream, from its start.

    For restoring: whatever the branch held stays in its history.
    """
    end = tail(links, origin(stream))
    names = [f"events/{event_name(one.seq)}" for one in links]
    oids = objects.write_blobs([*(one.line + b"\n" for one in links), tip_bytes(stream, end)])
    files = {name: Entry(FILE, oid) for name, oid in zip([*names, TIP], oids, strict=True)}
    files |= {f"blobs/{name}": entry for name, entry in blobs.items()}
    message = f"{stream}: restored\n\nLedger-Head: {end.head}\nWriter: {secrets.token_hex(8)}\n"
    return objects.write_commit(graft(objects, None, files), message, parent=parent)


Blobs = Mapping[Digest, bytes]
