"""One stream among many: read with an empty cache, and appended to, as the ledger grows."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from patchgate.adapters.git.process import credential_env, run_git
from patchgate.adapters.ledger import GitLedger, Remote
from patchgate.adapters.ledger.names import Branches, address
from patchgate.adapters.ledger.objects import FILE, Entry, Objects
from patchgate.adapters.ledger.trees import graft
from patchgate.core.chain import Tail, join_lines, link, origin, tail, tip_bytes
from patchgate.core.events import Event, SweepDone
from patchgate.core.ids import TicketKey
from patchgate.standins.github import GitHub
from patchgate.standins.http import Server

EACH = 10
"""Events in one stream."""
AT_ONCE = 10_000
"""Streams written in one commit."""


@dataclass(frozen=True)
class Grown:
    """Medians in seconds for a ledger of that many events."""

    events: int
    read: float
    """A stream that was gathered, with an empty cache."""
    append: float
    """One more event to it, which begins a live branch again."""
    live: float
    """A stream that is open, with an empty cache."""
    requests: int
    """Over HTTP, for all three."""


def measure(root: Path, sizes: tuple[int, ...], rounds: int) -> list[Grown]:
    """Every size over git's HTTP on loopback, sizes in turn within each round."""
    hub = GitHub(root / "hub")
    hub.add_user("acme")
    hub.add_user("runner")
    for size in sizes:
        hub.create_repository("acme", f"ledger-{size}", {"README.md": "ledger\n"})
        fill(hub.bare(f"acme/ledger-{size}").path, size // EACH)
    times: dict[tuple[int, str], list[float]] = {}
    requests: dict[int, int] = {}
    with Server(hub) as server:
        env = credential_env(server.url, hub.issue_token("runner"))
        for number in range(rounds):
            for size in sizes:
                remote = Remote(f"{server.url}/acme/ledger-{size}.git", env)
                before = hub.requests_seen()
                taken_by = one_round(remote, root, size, number=number)
                requests[size] = hub.requests_seen() - before
                for name, taken in taken_by.items():
                    times.setdefault((size, name), []).append(taken)
    medians = {key: statistics.median(taken) for key, taken in times.items()}
    return [
        Grown(
            size,
            read=medians[size, "read"],
            append=medians[size, "append"],
            live=medians[size, "live"],
            requests=requests[size],
        )
        for size in sizes
    ]


def one_round(remote: Remote, root: Path, size: int, *, number: int) -> dict[str, float]:
    """Seconds of a cold read, an append and a read of the open stream; another stream each time."""
    streams = size // EACH
    n = 1 + (number * 7919) % streams
    key, issue_id = TicketKey(f"MWC-{n}"), str(10_000 + n)
    began = time.perf_counter()
    ledger = GitLedger(remote, root / f"cache-{size}-{number}-a")
    stream = ledger.read(key, issue_id)
    read = time.perf_counter() - began
    if stream is None or len(stream.events) != EACH:
        raise RuntimeError(f"{key} was not read whole")
    began = time.perf_counter()
    ledger.append(stream, [_event(EACH)], {})
    append = time.perf_counter() - began
    began = time.perf_counter()
    again = GitLedger(remote, root / f"cache-{size}-{number}-b").read(key, issue_id)
    live = time.perf_counter() - began
    if again is None or len(again.events) != EACH + 1:
        raise RuntimeError(f"{key} does not hold what was appended")
    return {"read": read, "append": append, "live": live}


def _event(number: int) -> Event:
    return SweepDone(at="2026-11-21T10:00:00.000Z", tickets=number)


def fill(repository: Path, streams: int) -> None:
    """A ledger branch as sweeps would have made it, in a few commits."""
    objects, tip = Objects(repository), None
    for start in range(1, streams + 1, AT_ONCE):
        contents: list[bytes] = []
        paths: list[str] = []
        for n in range(start, min(start + AT_ONCE, streams + 1)):
            home = address(f"MWC-{n}", str(10_000 + n))
            first = origin(home.stream)
            links = link([_event(number) for number in range(EACH)], Tail(0, first.head))
            contents += [join_lines(links), tip_bytes(home.stream, tail(links, first))]
            paths += [home.events_path, home.index_path]
        oids = objects.write_blobs(contents)
        changes = {path: Entry(FILE, oid) for path, oid in zip(paths, oids, strict=True)}
        tip = objects.write_commit(graft(objects, tip, changes), "Grow\n", parent=tip)
    run_git(["update-ref", Branches().ledger_ref, str(tip)], git_dir=repository)
    run_git(["repack", "-a", "-d", "--quiet"], git_dir=repository, timeout=600)
