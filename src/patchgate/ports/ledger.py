"""The streams of events and their artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from patchgate.core.events import Event
from patchgate.core.ids import Digest, Sha, StreamId, TicketKey
from patchgate.errors import LedgerError, LostRaceError, PatchgateError

Wanted = Callable[[StreamId], bool]
"""Which streams are to be read, by their names."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One ticket's events as read, with everything that an append must match."""

    id: StreamId
    events: tuple[Event, ...]
    head: Digest
    """Hash of the last event (of nothing: the digest of the stream id)."""
    commit: Sha | None
    """What the live branch pointed to; None: no live branch yet."""
    closed: bool
    """Whether it was read from the ledger branch (gathered) and not from a live branch."""
    heads: tuple[Digest, ...] = ()
    """The head of every prefix, as the lines have it (`heads[n]` after n events): what anchors
    outside are held against."""


class Ledger(Protocol):
    """The ledger branch and the live branches, by compare-and-swap."""

    def read(self, key: TicketKey, issue_id: str) -> Stream | None:
        """The ticket's stream: live, then ledger, then live again; None when there is none."""
        ...

    def read_together(self, tickets: Sequence[tuple[TicketKey, str]]) -> list[Stream | None]:
        """As `read` for each, from one look at the branches where that can do."""
        return [self.read(key, issue_id) for key, issue_id in tickets]

    def open(self, key: TicketKey, issue_id: str) -> Stream:
        """An empty stream, not yet pushed."""
        ...

    def append(
        self, stream: Stream, events: Sequence[Event], blobs: Mapping[Digest, bytes]
    ) -> Stream:
        """Append and push in one commit; LostRaceError when somebody was first."""
        ...

    def blob(self, stream: Stream, digest: Digest) -> bytes:
        """An artifact by digest, re-hashed; LedgerError when absent or different."""
        ...

    def open_streams(self) -> list[StreamId]:
        """Streams that have a live branch."""
        ...

    def gather(self, stream: Stream) -> None:
        """Move an ended stream into the ledger branch (idempotent)."""
        ...

    def read_open(self, wanted: Wanted) -> dict[StreamId, Stream | LedgerError]:
        """The open streams that are wanted; one that is damaged stands as its error."""
        found: dict[StreamId, Stream | LedgerError] = {}
        for name in filter(wanted, self.open_streams()):
            key, _, issue_id = name.rpartition("-")
            try:
                stream = self.read(TicketKey(key), issue_id)
            except LedgerError as error:
                found[name] = error
            else:
                if stream is not None:
                    found[name] = stream
        return found

    def gather_all(self, streams: Sequence[Stream]) -> dict[StreamId, PatchgateError]:
        """Gather many; those that were not gathered, each with the reason."""
        refused: dict[StreamId, PatchgateError] = {}
        for stream in streams:
            try:
                self.gather(stream)
            except (LedgerError, LostRaceError) as error:
                refused[stream.id] = error
        return refused
