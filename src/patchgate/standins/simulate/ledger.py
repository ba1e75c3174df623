"""A ledger in memory: live streams and the gathered ones, chained for real, by compare-and-swap.

What git does is left out (objects, trees, branches); what the ledger promises is not: an append
names the head that it read, or it loses; gathering appends, verifies and deletes, each step on
its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from patchgate.core import chain
from patchgate.core.events import Event
from patchgate.core.ids import Digest, Sha, StreamId, TicketKey, digest_bytes, short
from patchgate.errors import LedgerError, LostRaceError, PatchgateError
from patchgate.ports import Ledger, Stream, Wanted
from patchgate.standins.simulate.wire import Line, Request

AT_ONCE = 100
"""How many streams are gathered with two pushes."""


@dataclass(slots=True)
class LedgerStore:
    """What the repository of the ledger holds."""

    live: dict[StreamId, Stream] = field(default_factory=dict)
    gathered: dict[StreamId, Stream] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    named: dict[str, StreamId] = field(default_factory=dict)
    """Issue id (for a project: its key) → the stream."""
    shown: dict[str, Digest] = field(default_factory=dict)
    """Short name of an artifact, as people are shown it → its digest."""
    size: int = 0
    """Bytes of all lines and artifacts ever appended."""

    def copy(self) -> LedgerStore:
        """The same ledger, to go another way from here."""
        return LedgerStore(
            dict(self.live),
            dict(self.gathered),
            dict(self.blobs),
            dict(self.named),
            dict(self.shown),
            self.size,
        )

    def keep(self, blobs: Mapping[Digest, bytes]) -> None:
        """Store artifacts."""
        self.blobs.update(blobs)
        self.shown.update((short(digest), digest) for digest in blobs)

    def stream(self, name: StreamId) -> Stream | None:
        """A stream as it is now."""
        return self.live.get(name) or self.gathered.get(name)

    def streams(self) -> dict[StreamId, Stream]:
        """All of them; a live one in place of what was gathered of it before."""
        return {**self.gathered, **self.live}


def _named(key: TicketKey, issue_id: str) -> str:
    return issue_id if issue_id != "0" else key


def _commit(head: Digest) -> Sha:
    return Sha(head.removeprefix("sha256:")[:40])


class MemoryLedger(Ledger):
    """The port, as a run sees it through its line."""

    def __init__(self, store: LedgerStore, line: Line) -> None:
        self._store = store
        self._line = line

    def read(self, key: TicketKey, issue_id: str) -> Stream | None:
        """The ticket's stream, live or gathered; None when there is none."""

        def act() -> Stream | None:
            name = self._store.named.get(_named(key, issue_id))
            return self._store.stream(name) if name else None

        return self._line.send(Request("ledger", "GET", "stream", key), act)

    def read_together(self, tickets: Sequence[tuple[TicketKey, str]]) -> list[Stream | None]:
        """As `read` for each, from one look."""

        def act() -> list[Stream | None]:
            named = (self._store.named.get(_named(*ticket)) for ticket in tickets)
            return [self._store.stream(name) if name else None for name in named]

        asked = Request("ledger", "GET", "stream", " ".join(key for key, _ in tickets))
        return self._line.send(asked, act)

    def read_open(self, wanted: Wanted) -> dict[StreamId, Stream | LedgerError]:
        """The open streams that are wanted, from one look."""

        def act() -> dict[StreamId, Stream | LedgerError]:
            return {
                name: self._store.live[name] for name in filter(wanted, sorted(self._store.live))
            }

        return self._line.send(Request("ledger", "GET", "branches", "ledger"), act)

    def open(self, key: TicketKey, issue_id: str) -> Stream:
        """An empty stream, not yet pushed."""
        name = StreamId(f"{key}-{issue_id}" if issue_id != "0" else key)
        head = chain.origin(name).head
        return Stream(name, (), head, commit=None, closed=False, heads=(head,))

    def append(
        self, stream: Stream, events: Sequence[Event], blobs: Mapping[Digest, bytes]
    ) -> Stream:
        """Append and push in one commit; LostRaceError when somebody was first."""
        if not events:
            return stream
        links = chain.link(events, chain.Tail(len(stream.events), stream.head))
        after = Stream(
            stream.id,
            (*stream.events, *events),
            links[-1].digest,
            commit=_commit(links[-1].digest),
            closed=False,
            heads=(*stream.heads, *(one.digest for one in links)),
        )
        size = sum(len(one.line) for one in links) + sum(map(len, blobs.values()))

        def act() -> None:
            self._swap(stream, after)
            self._store.keep(blobs)
            self._store.size += size

        self._line.send(Request("ledger", "PUSH", "append", stream.id, links[-1].digest), act)
        return after

    def _swap(self, before: Stream, after: Stream) -> None:
        store = self._store
        held = store.live.get(before.id)
        there = held.commit if held else None
        if there != before.commit:
            raise LostRaceError(f"{before.id} moved")
        if held is None:
            closed = store.gathered.get(before.id)
            if (closed.head if closed else chain.origin(before.id).head) != before.head:
                raise LostRaceError(f"{before.id} was begun by somebody else at the same time")
        name, _, issue_id = before.id.rpartition("-")
        rival = store.named.setdefault(issue_id if issue_id.isdigit() else before.id, before.id)
        if rival != before.id:
            raise LostRaceError(f"{name} has a stream already: {rival}")
        store.live[before.id] = after

    def blob(self, stream: Stream, digest: Digest) -> bytes:
        """An artifact by digest, re-hashed; LedgerError when absent or different."""

        def act() -> bytes:
            content = self._store.blobs.get(digest)
            if content is None or digest_bytes(content) != digest:
                raise LedgerError(f"{stream.id} has no artifact {digest}")
            return content

        return self._line.send(Request("ledger", "GET", "artifact", stream.id, digest), act)

    def open_streams(self) -> list[StreamId]:
        """Streams that have a live branch."""
        return self._line.send(
            Request("ledger", "GET", "branches", "ledger"), lambda: sorted(self._store.live)
        )

    def gather(self, stream: Stream) -> None:
        """Move an ended stream into the ledger branch: append, verify, delete the live branch."""
        for error in self.gather_all([stream]).values():
            raise error

    def gather_all(self, streams: Sequence[Stream]) -> dict[StreamId, PatchgateError]:
        """The same for many, with two pushes for every few; those not gathered, with the reason."""
        refused: dict[StreamId, PatchgateError] = {}
        due = [stream for stream in streams if stream.commit is not None]
        for start in range(0, len(due), AT_ONCE):
            few = due[start : start + AT_ONCE]
            names = " ".join(stream.id for stream in few)
            for what, step in (("gather", self._archive), ("delete", self._delete)):
                request = Request("ledger", "PUSH", what, "ledger", names)
                refused |= self._line.send(request, lambda few=few, step=step: step(few))  # type: ignore[misc]  # bound now
        return refused

    def _archive(self, few: Sequence[Stream]) -> dict[StreamId, PatchgateError]:
        refused: dict[StreamId, PatchgateError] = {}
        for stream in few:
            held = self._store.live.get(stream.id)
            if held is not None and held.commit != stream.commit:
                refused[stream.id] = _went_on(stream)
            elif held is not None:
                self._store.gathered[stream.id] = _closed(held)
        return refused

    def _delete(self, few: Sequence[Stream]) -> dict[StreamId, PatchgateError]:
        """Each live branch at exactly the commit that was gathered."""
        store, refused = self._store, dict[StreamId, PatchgateError]()
        for stream in few:
            held, there = store.live.get(stream.id), store.gathered.get(stream.id)
            if held is None:
                continue
            if held.commit != stream.commit:
                refused[stream.id] = _went_on(stream)
            elif there is None or there.head != stream.head:
                why = f"{stream.id} is not on the ledger branch after it was gathered"
                refused[stream.id] = LedgerError(why)
            else:
                del store.live[stream.id]
        return refused


def _went_on(stream: Stream) -> LostRaceError:
    return LostRaceError(f"{stream.id} went on while it was gathered")


def _closed(stream: Stream) -> Stream:
    return Stream(stream.id, stream.events, stream.head, None, True, stream.heads)
