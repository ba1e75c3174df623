"""The ledger branch: streams that ended, one JSON-lines file each, found by issue id.

`<PROJECT>/<hundred>/<KEY>-<id>.jsonl` the events, the folder of that name its artifacts,
`index/<lowest byte>/<id>.json` its tip. A read costs the trees on the way and two files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from patchgate.adapters.ledger.live import bad_blobs
from patchgate.adapters.ledger.names import Address, parse_stream
from patchgate.adapters.ledger.objects import FILE, TREE, Entry, Objects, Tree
from patchgate.adapters.ledger.trees import find, graft
from patchgate.core.chain import (
    Finding,
    Link,
    Tail,
    Tip,
    check_tip,
    join_lines,
    origin,
    parse_file,
    prefix_heads,
    sound,
    tail,
    tip_bytes,
)
from patchgate.core.ids import Digest, Sha
from patchgate.errors import LedgerError

TREES = "tree:2"
"""What a first fetch brings: the commit, its root, and the trees of projects and index."""


@dataclass(frozen=True, slots=True)
class Held:
    """A stream as the ledger branch holds it."""

    address: Address
    links: tuple[Link, ...]

    @property
    def heads(self) -> tuple[Digest, ...]:
        """The head of every prefix."""
        return prefix_heads(self.address.stream, self.links)


@dataclass(frozen=True, slots=True)
class Whole:
    """A stream as the ledger branch is to hold it."""

    home: Address
    links: tuple[Link, ...]
    blobs: Tree
    """Artifacts to be added to those that are there."""


def read(objects: Objects, commit: Sha, ticket: Address) -> Held | None:
    """The gathered stream of a ticket, by its issue id whatever its key is now; None: not here.

    LedgerError when index, events and tip do not fit together.
    """
    found = read_all(objects, commit, [ticket])[ticket]
    if isinstance(found, LedgerError):
        raise found
    return found


def read_all(
    objects: Objects, commit: Sha, tickets: Sequence[Address]
) -> dict[Address, Held | LedgerError | None]:
    """As `read` for many tickets, in few exchanges; the error of one stands in its place."""
    objects.bring_commit(commit, filtered=TREES)
    paths = [path for ticket in tickets for path in (ticket.index_path, ticket.events_path)]
    found = find(objects, commit, paths)
    objects.bring([entry.oid for entry in found.values() if entry is not None])
    answers: dict[Address, Held | LedgerError | None] = {}
    for ticket in tickets:
        try:
            answers[ticket] = _read(objects, commit, ticket, found=found)
        except LedgerError as error:
            answers[ticket] = error
    return answers


def _read(
    objects: Objects, commit: Sha, ticket: Address, *, found: Mapping[str, Entry | None]
) -> Held | None:
    index, events = found[ticket.index_path], found[ticket.events_path]
    if index is None:
        if events is not None:
            sound(Finding(ticket.stream, 0, "it has a file on the ledger branch but no index"))
        return None
    (tip,) = objects.blobs([index.oid])
    home = _home(ticket, tip)
    if home != ticket or events is None:
        events = find(objects, commit, [home.events_path])[home.events_path]
        if events is None:
            return sound(Finding(home.stream, 0, "its file is missing from the ledger branch"))
        objects.bring([events.oid])
    (data,) = objects.blobs([events.oid])
    return Held(home, sound(judge(home, data, tip)))


def judge(home: Address, data: bytes, tip: bytes) -> tuple[Link, ...] | Finding:
    """The links of a gathered file that agrees with its tip."""
    links = parse_file(home.stream, data, origin(home.stream))
    if isinstance(links, Finding):
        return links
    return check_tip(home.stream, tip, tail(links, origin(home.stream))) or links


def _home(ticket: Address, tip: bytes) -> Address:
    """The address at opening that the index names for this issue id."""
    try:
        named = parse_stream(Tip.model_validate_json(tip, strict=True).stream)
    except ValidationError:
        named = None
    if named is None or named.issue_id != ticket.issue_id:
        return sound(Finding(ticket.stream, 0, "its index entry on the ledger branch is damaged"))
    return named


def blobs_of(objects: Objects, commit: Sha, home: Address) -> Tree:
    """The artifacts of a gathered stream, by file name."""
    objects.bring_commit(commit, filtered=TREES)
    folder = find(objects, commit, [home.blobs_path])[home.blobs_path]
    if folder is None or folder.mode != TREE:
        return {}
    objects.bring([folder.oid])
    return objects.tree(folder.oid)


def write(objects: Objects, base: Sha, wholes: Sequence[Whole]) -> Sha:
    """A commit on top of `base` in which the ledger branch holds these streams whole."""
    objects.bring_commit(base, filtered=TREES)
    ends = [tail(one.links, origin(one.home.stream)) for one in wholes]
    contents: list[bytes] = []
    for one, end in zip(wholes, ends, strict=True):
        contents += [join_lines(one.links), tip_bytes(one.home.stream, end)]
    oids = iter(objects.write_blobs(contents))
    changes: dict[str, Entry] = {}
    for one, events, index in zip(wholes, oids, oids, strict=False):
        home = one.home
        changes |= {f"{home.blobs_path}/{name}": entry for name, entry in one.blobs.items()}
        changes[home.events_path] = Entry(FILE, events)
        changes[home.index_path] = Entry(FILE, index)
    return objects.write_commit(graft(objects, base, changes), _message(wholes, ends), parent=base)


def _message(wholes: Sequence[Whole], ends: Sequence[Tail]) -> str:
    if len(wholes) == 1:
        stream, end = wholes[0].home.stream, ends[0]
        return f"Gather {stream}: {end.count} events\n\nLedger-Head: {end.head}\n"
    heads = [
        f"Ledger-Head: {end.head} {one.home.stream}" for one, end in zip(wholes, ends, strict=True)
    ]
    return "\n".join([f"Gather {len(wholes)} streams\n", *heads, ""])


def checked_blobs(objects: Objects, home: Address, blobs: Tree) -> Tree:
    """The artifacts, all brought here and re-hashed."""
    objects.bring([entry.oid for entry in blobs.values()])
    for bad in bad_blobs(objects, [(home.stream, blobs)]):
        sound(bad)
    return blobs
