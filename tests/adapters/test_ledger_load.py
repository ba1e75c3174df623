"""The ledger under load: many tickets at once, one ticket by many, a thousand ends in one sweep."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from patchgate.adapters.ledger import GitLedger, Remote, verify_repository
from patchgate.adapters.ledger.names import address
from patchgate.adapters.ledger.objects import Objects
from patchgate.adapters.ledger.store import Move, ObjectStore
from patchgate.core.ids import Sha, StreamId
from patchgate.errors import LedgerError, LostRaceError
from patchgate.ports import Stream
from tests.adapters.ledger_load import (
    Place,
    Times,
    event,
    id_of,
    key_of,
    many_tickets,
    numbers,
    one_ticket,
    served,
)
from tests.adapters.ledger_remote import LEDGER_REF, LONG, LONG_DIGEST, LedgerRemote, said

LATENCY = 0.05


# ── writers ──────────────────────────────────────────────────────────────────────────────


def all_there(place: Place, tickets: int, events: int) -> None:
    ledger = place.ledger()
    streams = ledger.read_open(bool)
    assert len(streams) == tickets
    for stream in streams.values():
        assert isinstance(stream, Stream)
        assert numbers(stream) == list(range(events))
    assert verify_repository(place.git_dir) == []


def told(times: Times) -> str:
    """The figures, for whoever runs the long suite."""
    parts = [("append", times.appends), ("bare push", times.bare)]
    said = [
        f"{name}: median {times.part(0.5, taken):.2f} s, p95 {times.part(0.95, taken):.2f} s"
        for name, taken in parts
        if taken
    ]
    return "; ".join(said)


@pytest.mark.parametrize(
    ("tickets", "events"), [(4, 3), pytest.param(32, 50, marks=pytest.mark.soak)]
)
def test_tickets_written_at_once_lose_nothing_and_never_meet(
    tmp_path: Path, tickets: int, events: int
) -> None:
    with served(tmp_path, latency=LATENCY) as place:
        before = place.pushes()
        times = many_tickets(place, tickets, events)
        assert times.wrong == []
        pushed = place.pushes() - before - len(times.bare) * 1
        all_there(place, tickets, events)
    assert pushed == tickets * events  # one push each: nobody had to try again
    print(told(times))  # noqa: T201  # the long suite's summary


@pytest.mark.parametrize(
    ("writers", "events"), [(3, 2), pytest.param(8, 10, marks=pytest.mark.soak)]
)
def test_runs_on_one_ticket_all_get_their_turn(tmp_path: Path, writers: int, events: int) -> None:
    with served(tmp_path, latency=LATENCY) as place:
        times = one_ticket(place, writers, events)
        assert times.wrong == []
        stream = place.ledger().read(key_of(1), id_of(1))
        assert stream is not None
        assert verify_repository(place.git_dir) == []
    wanted = {w * 1_000 + n for w in range(1, writers + 1) for n in range(events)}
    assert sorted(numbers(stream)) == sorted({0} | wanted)
    for writer in range(1, writers + 1):
        own = [n for n in numbers(stream) if n // 1_000 == writer]
        assert own == sorted(own)
    order = [n // 1_000 for n in numbers(stream)[1:]]
    half = order[: len(order) // 2 + writers]
    assert set(half) == set(range(1, writers + 1)), f"somebody waited for all others: {order}"


# ── gathering many ───────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process ends here."""


class CountingStore(ObjectStore):
    """Counts pushes, and ends the process before or after the one of that number."""

    def __init__(self, cache: Path, remote: Remote, *, at: int = 0, after: bool = False) -> None:
        super().__init__(cache, remote)
        self.at, self.after, self.pushes = at, after, 0

    def push(self, ref: str, new: Sha | None, *, expected: Sha | None) -> None:
        self._before()
        super().push(ref, new, expected=expected)
        self._behind()

    def push_all(self, moves: Sequence[Move]) -> set[str]:
        if len(moves) < 2:
            return super().push_all(moves)
        self._before()
        failed = super().push_all(moves)
        self._behind()
        return failed

    def _before(self) -> None:
        self.pushes += 1
        if self.pushes == self.at and not self.after:
            raise Killed

    def _behind(self) -> None:
        if self.pushes == self.at:
            raise Killed


@pytest.fixture
def world(tmp_path: Path) -> LedgerRemote:
    world = LedgerRemote(tmp_path)
    world.create()
    return world


def opened(world: LedgerRemote, count: int, events: int = 2) -> list[Stream]:
    """So many live streams, made as one process would."""
    ledger = world.ledger(may_initialise=True)
    ledger.initialise()
    streams = []
    for ticket in range(1, count + 1):
        links = [event(number) for number in range(events)]
        blobs = {LONG_DIGEST: LONG} if ticket % 5 == 0 else {}
        streams.append(ledger.append(ledger.open(key_of(ticket), id_of(ticket)), links, blobs))
    return streams


def counting(world: LedgerRemote, **kill: int) -> tuple[GitLedger, CountingStore]:
    ledger = world.ledger()
    store = CountingStore(world.cache(), world.remote, at=kill.get("at", 0),
                          after=bool(kill.get("after")))  # fmt: skip
    ledger.store = store
    return ledger, store


def gathered(world: LedgerRemote, count: int, events: int = 2) -> None:
    """All of them are on the ledger branch, once and whole, and nowhere else."""
    assert list(world.refs()) == [LEDGER_REF]
    ledger = world.ledger()
    for ticket in range(1, count + 1, max(1, count // 10)):
        stream = ledger.read(key_of(ticket), id_of(ticket))
        assert stream is not None
        assert (stream.closed, numbers(stream)) == (True, list(range(events)))
    files = Objects(world.git_dir).walk(world.refs()[LEDGER_REF])
    assert sum(path.endswith(".jsonl") for path in files) == count
    assert verify_repository(world.git_dir) == []


def test_many_streams_are_gathered_in_two_pushes(world: LedgerRemote) -> None:
    streams = opened(world, 7)
    ledger, store = counting(world)

    assert ledger.gather_all(streams) == {}
    assert store.pushes == 2
    gathered(world, 7)
    before = world.refs()
    assert ledger.gather_all(streams) == {}
    assert world.refs() == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_gathering_of_many_killed_at_a_push_loses_and_doubles_nothing(
    world: LedgerRemote, at: int, after: bool
) -> None:
    streams = opened(world, 5)
    ledger, _ = counting(world, at=at, after=after)
    with pytest.raises(Killed):
        ledger.gather_all(streams)

    again = world.ledger()
    found = again.read_open(bool)
    assert again.gather_all([s for s in found.values() if isinstance(s, Stream)]) == {}
    gathered(world, 5)


def test_what_cannot_be_gathered_stops_nothing_else(world: LedgerRemote) -> None:
    streams = opened(world, 5)
    went_on = world.ledger().append(streams[0], said(9), {})
    world.put("refs/heads/patchgate/live/MWC-2-10002", "events/000001.json", b"{}\n")
    damaged = world.ledger().read_open(lambda stream: stream == "MWC-2-10002")
    broken = Sha(world.refs()["refs/heads/patchgate/live/MWC-2-10002"])
    as_read = Stream(streams[1].id, streams[1].events, streams[1].head, broken, closed=False)

    refused = world.ledger().gather_all([streams[0], as_read, *streams[2:]])

    assert isinstance(damaged[StreamId("MWC-2-10002")], LedgerError)
    assert {name: type(error) for name, error in refused.items()} == {
        "MWC-1-10001": LostRaceError,
        "MWC-2-10002": LedgerError,
    }
    assert len(world.refs()) == 3
    assert numbers(went_on) == [0, 1, 9]


@pytest.mark.soak
def test_a_thousand_ended_streams_gathered_with_kills_at_seeded_points_are_all_there_once(
    tmp_path: Path,
) -> None:
    world = LedgerRemote(tmp_path)
    world.create()
    count = 1_000
    opened(world, count)
    chance = random.Random(5)  # noqa: S311  # the same again is the point
    kills = 0
    for _ in range(100):
        ledger, _store = counting(world, at=chance.randrange(1, 6), after=chance.randrange(2))
        due = [s for s in ledger.read_open(bool).values() if isinstance(s, Stream)]
        if not due:
            break
        try:
            assert ledger.gather_all(due) == {}
        except Killed:
            kills += 1
    assert kills >= 3
    gathered(world, count)
    assert address(key_of(count), id_of(count)).folder == "MWC/0010"
    print(f"{count} streams gathered, {kills} kills")  # noqa: T201  # the long suite's summary
