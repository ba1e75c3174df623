"""Load on the ledger: many writers at once over git's HTTP with latency, beside a bare push."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.adapters.git.process import credential_env, run_git
from patchgate.adapters.ledger import GitLedger, Remote
from patchgate.adapters.ledger.objects import FILE, Entry
from patchgate.adapters.ledger.store import ObjectStore
from patchgate.core.events import Event, SweepDone
from patchgate.core.ids import Sha, TicketKey
from patchgate.errors import LostRaceError
from patchgate.ports import Stream
from patchgate.standins.github import GitHub
from patchgate.standins.http import Fault, FaultKind, Server

REPO = "acme/control"
FIRST_ID = 10_000


def event(number: int) -> Event:
    return SweepDone(at="2026-11-21T10:00:00.000Z", tickets=number)


def key_of(ticket: int) -> TicketKey:
    return TicketKey(f"MWC-{ticket}")


def id_of(ticket: int) -> str:
    return str(FIRST_ID + ticket)


def numbers(stream: Stream) -> list[int]:
    return [one.tickets for one in stream.events if isinstance(one, SweepDone)]


@dataclass
class Place:
    """A ledger's repository behind HTTP."""

    hub: GitHub
    url: str
    folder: Path
    _caches: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    @property
    def remote(self) -> Remote:
        env = credential_env(self.url, self.hub.issue_token("runner"))
        return Remote(f"{self.url}/{REPO}.git", env)

    @property
    def git_dir(self) -> Path:
        return self.hub.bare(REPO).path

    def cache(self) -> Path:
        return self.folder / f"cache-{next(self._caches)}"

    def ledger(self) -> GitLedger:
        return GitLedger(self.remote, self.cache(), may_initialise=True)

    def pushes(self) -> int:
        return sum(one.path.endswith("git-receive-pack") for one in self.hub.exchanges)


@contextmanager
def served(folder: Path, *, latency: float) -> Iterator[Place]:
    """A fresh repository whose server adds that many seconds to each exchange."""
    hub = GitHub(folder / "hub")
    hub.add_user("acme")
    hub.add_user("runner")
    hub.create_repository("acme", "control", {"README.md": "control\n"})
    if latency:
        hub.plan_fault(Fault(FaultKind.DELAY, seconds=latency, times=10**9))
    with Server(hub) as server:
        place = Place(hub, server.url, folder)
        place.ledger().initialise()
        yield place


@dataclass
class Times:
    """Seconds that things took, and how often a race was lost."""

    appends: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    """Pushes of one commit with one file to a branch of its own, by git alone."""
    lost: list[int] = field(default_factory=list)
    """By writer."""
    ends: list[float] = field(default_factory=list)
    """When each writer was done, from the start."""
    wrong: list[BaseException] = field(default_factory=list)

    def part(self, part: float, taken: list[float]) -> float:
        """The value below which that part of them lies."""
        return sorted(taken)[min(len(taken) - 1, math.floor(part * len(taken)))]


def at_once(count: int, work: Callable[[int], None], times: Times) -> None:
    """The same work by many threads that start together."""
    gate = threading.Barrier(count)
    began = [0.0]

    def one(number: int) -> None:
        try:
            gate.wait()
            began[0] = began[0] or time.perf_counter()
            work(number)
            times.ends.append(time.perf_counter() - began[0])
        except BaseException as error:
            times.wrong.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, count + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def many_tickets(place: Place, tickets: int, events: int, *, bare_every: int = 5) -> Times:
    """So many tickets at once, each appending so many events one by one."""
    times = Times()

    def work(ticket: int) -> None:
        ledger, store = place.ledger(), ObjectStore(place.cache(), place.remote)
        stream = ledger.open(key_of(ticket), id_of(ticket))
        tip: Sha | None = None
        for number in range(events):
            began = time.perf_counter()
            stream = ledger.append(stream, [event(number)], {})
            times.appends.append(time.perf_counter() - began)
            if number % bare_every == 0:
                tip, taken = bare_push(store, f"refs/heads/bare/{ticket}", tip, number)
                times.bare.append(taken)

    at_once(tickets, work, times)
    return times


def bare_push(store: ObjectStore, ref: str, tip: Sha | None, number: int) -> tuple[Sha, float]:
    """One commit pushed by git itself; the new tip, and the seconds of the push alone."""
    (oid,) = store.write_blobs([f"{number}\n".encode()])
    tree = store.write_tree({"file.txt": Entry(FILE, oid)})
    commit = store.write_commit(tree, f"{number}\n", parent=tip)
    began = time.perf_counter()
    run_git(
        ["push", "--quiet", store.remote.url, f"{commit}:{ref}"],
        git_dir=store.git_dir,
        env=store.remote.env,
    )
    return commit, time.perf_counter() - began


def one_ticket(place: Place, writers: int, events: int) -> Times:
    """So many runs on one ticket, each appending so many events; who loses reads again.

    Between two appends a run has something else to do, as between its intents and its results.
    """
    times = Times()
    key, issue_id = key_of(1), id_of(1)
    first = place.ledger()
    first.append(first.open(key, issue_id), [event(0)], {})

    def work(writer: int) -> None:
        ledger, lost = place.ledger(), 0
        chance = random.Random(writer)  # noqa: S311  # the same again is the point
        for number in range(events):
            began = time.perf_counter()
            while True:
                stream = ledger.read(key, issue_id)
                assert stream is not None
                try:
                    ledger.append(stream, [event(writer * 1_000 + number)], {})
                    break
                except LostRaceError:
                    lost += 1
            times.appends.append(time.perf_counter() - began)
            time.sleep(chance.uniform(0.3, 0.9))
        times.lost.append(lost)

    at_once(writers, work, times)
    return times
