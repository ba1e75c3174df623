"""A stream that was folded before is folded on from there, and gives the same as from nothing."""

from __future__ import annotations

from tests.core.stories import at_blocked, at_merge

from patchgate.app.folding import Folds
from patchgate.core import chain
from patchgate.core.events import Event
from patchgate.core.fold import fold
from patchgate.core.ids import StreamId
from patchgate.ports import Stream

NAME = StreamId("MWC-1-10001")


def stream(events: list[Event]) -> Stream:
    heads = chain.prefix_heads(NAME, chain.link(events, chain.origin(NAME)))
    return Stream(NAME, tuple(events), heads[-1], None, False, heads)


def test_every_later_reading_of_a_stream_gives_what_all_its_events_give() -> None:
    events = at_merge().events
    folds = Folds()
    for count in (0, 3, 3, 9, len(events)):
        assert folds.of(stream(events[:count])) == fold(events[:count])


def test_an_earlier_and_another_stream_of_that_name_are_folded_from_nothing() -> None:
    events, others = at_merge().events, at_blocked().events
    folds = Folds()
    folds.of(stream(events))
    assert folds.of(stream(events[:4])) == fold(events[:4])
    assert folds.of(stream(others)) == fold(others)


def test_what_a_copy_learns_stays_with_the_copy() -> None:
    events = at_merge().events
    folds = Folds()
    folds.of(stream(events[:4]))
    twin = Folds(folds)
    assert twin.of(stream(events)) == fold(events)
    assert folds.of(stream(events[:5])) == fold(events[:5])
