"""Gathering ended streams: killed, raced, repeated and reopened, nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.adapters.ledger import Remote
from patchgate.adapters.ledger.objects import Objects
from patchgate.adapters.ledger.store import ObjectStore
from patchgate.core.ids import Sha, TicketKey
from patchgate.errors import (
    LostRaceError,
)
from patchgate.ports import Stream
from tests.adapters.ledger_remote import (
    LEDGER_REF,
    LONG,
    LONG_DIGEST,
    LedgerRemote,
    numbers_of,
    said,
)


@pytest.fixture
def world(tmp_path: Path) -> LedgerRemote:
    world = LedgerRemote(tmp_path)
    world.create()
    return world


def test_a_gathered_stream_is_the_same_stream_on_the_ledger_branch(world: LedgerRemote) -> None:
    live = world.begun(1, 2, blobs={LONG_DIGEST: LONG})
    world.ledger().gather(live)

    gathered = world.read()

    assert (gathered.events, gathered.head) == (live.events, live.head)
    assert (gathered.closed, gathered.commit) == (True, None)
    assert list(world.refs()) == [LEDGER_REF]


def test_gathering_twice_changes_nothing(world: LedgerRemote) -> None:
    live = world.begun(1, 2)
    world.ledger().gather(live)
    before = world.refs()

    world.ledger().gather(live)
    world.ledger().gather(world.read())

    assert world.refs() == before


def test_a_stream_that_went_on_is_not_gathered(world: LedgerRemote) -> None:
    live = world.begun(1)
    ended = world.ledger().append(live, said(2), {})

    with pytest.raises(LostRaceError):
        world.ledger().gather(live)
    assert world.read() == ended


class Killed(BaseException):
    """The process ends here."""


class MortalStore(ObjectStore):
    """Ends the process before or after its n-th push."""

    def __init__(self, cache: Path, remote: Remote, *, at: int, after: bool) -> None:
        super().__init__(cache, remote)
        self.at, self.after, self.pushes = at, after, 0

    def push(self, ref: str, new: Sha | None, *, expected: Sha | None) -> None:
        self.pushes += 1
        if self.pushes == self.at and not self.after:
            raise Killed
        super().push(ref, new, expected=expected)
        if self.pushes == self.at:
            raise Killed


def gather_killed(world: LedgerRemote, stream: Stream, at: int, after: bool) -> None:
    ledger = world.ledger()
    ledger.store = MortalStore(world.cache(), world.remote, at=at, after=after)
    with pytest.raises(Killed):
        ledger.gather(stream)


CRASHES = pytest.mark.parametrize(
    ("at", "after"),
    [(1, False), (1, True), (2, False), (2, True)],
    ids=["before-append", "after-append", "before-delete", "after-delete"],
)


@CRASHES
def test_a_gathering_killed_anywhere_loses_and_doubles_nothing(
    world: LedgerRemote, at: int, after: bool
) -> None:
    live = world.begun(1, 2, blobs={LONG_DIGEST: LONG})
    gather_killed(world, live, at, after)

    between = world.read()
    world.ledger().gather(between)

    assert (between.events, between.head) == (live.events, live.head)
    assert numbers_of(world.read()) == [1, 2]
    assert world.ledger().blob(world.read(), LONG_DIGEST) == LONG
    assert list(world.refs()) == [LEDGER_REF]
    assert world.ledger().verify() == []


@CRASHES
def test_a_stream_reopened_after_a_killed_gathering_keeps_every_event(
    world: LedgerRemote, at: int, after: bool
) -> None:
    gather_killed(world, world.begun(1, 2), at, after)

    reopened = world.ledger().append(world.read(), said(3), {})
    world.ledger().gather(reopened)

    assert numbers_of(world.read()) == [1, 2, 3]
    assert world.ledger().verify() == []


class RivalStore(ObjectStore):
    """Lets somebody else push to the ledger branch just before our first push."""

    def __init__(self, cache: Path, remote: Remote, rival: Callable[[], None]) -> None:
        super().__init__(cache, remote)
        self.rival: Callable[[], None] | None = rival

    def push(self, ref: str, new: Sha | None, *, expected: Sha | None) -> None:
        if self.rival is not None:
            rival, self.rival = self.rival, None
            rival()
        super().push(ref, new, expected=expected)


def test_two_gatherings_at_once_both_end_on_the_ledger_branch(world: LedgerRemote) -> None:
    one = world.begun(1)
    ledger = world.ledger()
    other = ledger.append(ledger.open(TicketKey("MWC-2"), "10002"), said(7), {})
    ledger.store = RivalStore(world.cache(), world.remote, lambda: world.ledger().gather(other))

    ledger.gather(one)

    assert list(world.refs()) == [LEDGER_REF]
    assert numbers_of(world.read()) == [1]
    second = world.ledger().read(TicketKey("MWC-2"), "10002")
    assert second is not None
    assert numbers_of(second) == [7]


def test_an_append_between_the_steps_of_a_gathering_is_kept(world: LedgerRemote) -> None:
    live = world.begun(1)
    ledger = world.ledger()

    def go_on() -> None:
        world.ledger().append(live, said(2), {})

    ledger.store = RivalStore(world.cache(), world.remote, go_on)

    with pytest.raises(LostRaceError):
        ledger.gather(live)

    assert numbers_of(world.read()) == [1, 2]
    world.ledger().gather(world.read())
    assert numbers_of(world.read()) == [1, 2]


def test_a_reopened_stream_continues_the_gathered_head_and_is_gathered_again(
    world: LedgerRemote,
) -> None:
    closed = world.gathered(1, 2, blobs={LONG_DIGEST: LONG})

    reopened = world.ledger().append(closed, said(3), {})
    names = list(Objects(world.git_dir).walk(reopened.commit or Sha("")))

    assert names == ["events/000003.json", "tip.json"]
    assert world.read() == reopened
    assert not reopened.closed
    assert world.ledger().blob(reopened, LONG_DIGEST) == LONG
    world.ledger().gather(reopened)
    again = world.read()
    assert (numbers_of(again), again.head, again.closed) == ([1, 2, 3], reopened.head, True)
