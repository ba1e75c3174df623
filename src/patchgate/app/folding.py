"""Workflows as they were folded last: a stream that is read again is folded on from there."""

from __future__ import annotations

from patchgate.core.fold import fold
from patchgate.core.ids import Digest, StreamId
from patchgate.core.state import Workflow
from patchgate.ports import Stream


class Folds:
    """The last fold of each stream, and the head after it, which names all events before it."""

    def __init__(self, known: Folds | None = None) -> None:
        self._last: dict[StreamId, tuple[Digest, Workflow]] = dict(known._last) if known else {}

    def of(self, stream: Stream) -> Workflow:
        """What the events of the stream make."""
        head, w = self._last.get(stream.id, ("", Workflow()))
        if head == stream.head:
            return w
        goes_on = w.seq < len(stream.heads) and stream.heads[w.seq] == head
        w = fold(stream.events[w.seq :], w) if goes_on else fold(stream.events)
        self.keep(stream, w)
        return w

    def keep(self, stream: Stream, w: Workflow) -> None:
        """Remember it; `w` is the fold of exactly that stream."""
        self._last[stream.id] = (stream.head, w)
