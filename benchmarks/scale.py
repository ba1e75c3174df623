"""`python -m benchmarks.scale`: the ledger at the size of a company, as a table and a plot.

Reading and appending as the ledger grows, beside `git clone --depth=1`; many writers at once over
HTTP with latency, beside a bare `git push`; verification beside a bare `json.loads`. The sizes can
be set, so that a busy or small machine measures less instead of something else.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.adapters.ledger_load import Times, many_tickets, one_ticket, served

from benchmarks.__main__ import machine, put
from benchmarks.ledger import EACH, fill, one_round
from benchmarks.plot import Line, plot
from patchgate.adapters.git.process import credential_env, run_git
from patchgate.adapters.ledger import Remote, verify_repository
from patchgate.adapters.ledger.objects import Objects
from patchgate.standins.github import GitHub
from patchgate.standins.http import Server

LATENCY = 0.05
"""Seconds that the server adds to each exchange of the load."""
Row = tuple[str, ...]


@dataclass(frozen=True)
class Point:
    """Medians in seconds, and bytes on disk, for a ledger of that many events."""

    events: int
    read: float
    append: float
    live: float
    read_bytes: int
    clone: float
    clone_bytes: int
    look: float
    """One bare `git ls-remote`, which is less than any fetch takes: a read makes five exchanges."""


def grown(root: Path, sizes: Iterable[int], rounds: int) -> list[Point]:
    """Cold reads and appends at each size, and a clone of the ledger branch of that size."""
    hub = GitHub(root / "hub")
    hub.add_user("acme")
    hub.add_user("runner")
    points = []
    with Server(hub) as server:
        env = credential_env(server.url, hub.issue_token("runner"))
        for size in sizes:
            hub.create_repository("acme", f"ledger-{size}", {"README.md": "ledger\n"})
            fill(hub.bare(f"acme/ledger-{size}").path, size // EACH)
            remote = Remote(f"{server.url}/acme/ledger-{size}.git", env, timeout=600)
            points.append(_point(remote, root, size, rounds))
            _say(f"{size:,} events: {points[-1]}")
    return points


def _point(remote: Remote, root: Path, size: int, rounds: int) -> Point:
    taken = [one_round(remote, root, size, number=number) for number in range(rounds)]
    middle = {name: statistics.median(one[name] for one in taken) for name in taken[0]}
    clones = [_clone(remote, root / f"clone-{size}-{number}") for number in range(min(rounds, 3))]
    return Point(
        size,
        read=middle["read"],
        append=middle["append"],
        live=middle["live"],
        read_bytes=_size(root / f"cache-{size}-0-a" / "objects"),
        clone=statistics.median(seconds for seconds, _ in clones),
        clone_bytes=clones[0][1],
        look=statistics.median(_look(remote) for _ in range(rounds)),
    )


def _look(remote: Remote) -> float:
    began = time.perf_counter()
    args = ["ls-remote", "--heads", remote.url, "refs/heads/patchgate/ledger"]
    run_git(args, env=remote.env, timeout=600)
    return time.perf_counter() - began


def _clone(remote: Remote, place: Path) -> tuple[float, int]:
    began = time.perf_counter()
    args = ["clone", "--quiet", "--bare", "--depth=1", "--branch", "patchgate/ledger"]
    run_git([*args, remote.url, str(place)], env=remote.env, timeout=600)
    return time.perf_counter() - began, _size(place / "objects")


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


@dataclass(frozen=True)
class Checked:
    """Processor seconds for the same events."""

    events: int
    verify: float
    """All of `ledger verify`: git's objects, chains, tips, index, schemas."""
    chains: float
    """Reading the lines and judging them, without git."""
    loads: float
    """`json.loads` of every line."""


def checked(root: Path, events: int, rounds: int) -> Checked:
    """Verification of a ledger of ordinary events, beside parsing the same lines."""
    run_git(["init", "--quiet", "--bare", str(root)])
    fill(root, events // EACH)
    objects = Objects(root)
    files = objects.walk(objects.local_refs("refs/heads/")["refs/heads/patchgate/ledger"])
    oids = [entry.oid for path, entry in files.items() if path.endswith(".jsonl")]
    lines = [line for data in objects.blobs(oids) for line in data.splitlines()]
    whole = _median(lambda: _must_be_sound(verify_repository(root)), rounds)
    bare = _median(lambda: [json.loads(line) for line in lines], rounds)
    return Checked(len(lines), whole, _median(lambda: _judge(objects, oids, files), rounds), bare)


def _judge(objects: Objects, oids: list[str], files: object) -> None:
    from patchgate.adapters.ledger.verify import homes_in, judged

    for _, found in judged(objects, files, homes_in(files)):  # type: ignore[arg-type]
        if not isinstance(found, tuple):
            raise RuntimeError(found)


def _must_be_sound(findings: list[object]) -> None:
    if findings:
        raise RuntimeError(findings[0])


def _median(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds, git's included: a busy machine does not change them much."""
    taken = []
    for _ in range(rounds):
        began = sum(os.times()[:4])
        work()
        taken.append(sum(os.times()[:4]) - began)
    return statistics.median(taken)


# ── the table ────────────────────────────────────────────────────────────────────────────


def growth_rows(points: list[Point]) -> list[Row]:
    """One line for each size."""
    rows: list[Row] = [
        ("events", "one `ls-remote`", "cold read", "append", "open stream", "clone", "time",
         "read bytes", "clone bytes", "bytes"),
        ("---",) * 10,
    ]  # fmt: skip
    for one in points:
        rows.append(
            (
                f"{one.events:,}",
                _ms(one.look),
                _ms(one.read),
                _ms(one.append),
                _ms(one.live),
                _ms(one.clone),
                f"1/{one.clone / one.read:.1f}",
                f"{one.read_bytes:,}",
                f"{one.clone_bytes:,}",
                f"1/{one.clone_bytes / one.read_bytes:.0f}",
            )
        )
    return rows


def load_rows(tickets: Times, name: str, one: Times, runs: str) -> list[Row]:
    """What appends took under load, beside bare pushes of the same run."""
    rows: list[Row] = [("load", "median", "p95", "against", "ratio"), ("---",) * 5]
    bare = [tickets.part(part, tickets.bare) for part in (0.5, 0.95)]
    mine = [tickets.part(part, tickets.appends) for part in (0.5, 0.95)]
    against = f"bare `git push`: {_ms(bare[0])}, p95 {_ms(bare[1])}"
    rows.append((name, _ms(mine[0]), _ms(mine[1]), against, f"{mine[0] / bare[0]:.2f}"))
    theirs = [one.part(part, one.appends) for part in (0.5, 0.95)]
    lost = f"races lost by each: {', '.join(map(str, sorted(one.lost)))}"
    ends = f"the first run ended after {min(one.ends):.0f} s, the last after {max(one.ends):.0f} s"
    rows.append((runs, _ms(theirs[0]), _ms(theirs[1]), f"{lost}; {ends}", ""))
    return rows


def check_rows(found: Checked) -> list[Row]:
    """Verification beside parsing."""
    what = f"of {found.events:,} events"
    return [
        ("verification, processor time", "measured", "`json.loads`", "ratio"),
        ("---",) * 4,
        (f"chains {what}, git's objects included", _ms(found.chains), _ms(found.loads),
         f"{found.chains / found.loads:.2f}"),
        (f"`ledger verify` {what}", _ms(found.verify), _ms(found.loads),
         f"{found.verify / found.loads:.2f}"),
    ]  # fmt: skip


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _table(rows: list[Row]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in rows)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def curve(points: list[Point]) -> str:
    """The plot: seconds over events, both on logarithmic axes."""
    lines = [
        Line("git clone --depth=1", [(p.events, p.clone) for p in points]),
        Line("ended stream, read cold", [(p.events, p.read) for p in points]),
        Line("one event appended to it", [(p.events, p.append) for p in points]),
        Line("open stream, read cold", [(p.events, p.live) for p in points]),
    ]
    return plot(lines, title="The ledger as it grows", x="events on the ledger", y="seconds")


def main() -> None:
    """Measure, print, and write where told to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000", help="events, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tickets", type=int, default=32)
    parser.add_argument("--events", type=int, default=50, help="of each ticket under load")
    parser.add_argument("--write", type=Path, help="a document with the two `measured` marks")
    parser.add_argument("--plot", type=Path, help="an SVG file")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="patchgate-scale-") as place:
        root = Path(place)
        points = grown(root / "grown", sizes, given.rounds)
        found = checked(root / "checked", sizes[-1], given.rounds)
        with served(root / "many", latency=LATENCY) as many:
            tickets = many_tickets(many, given.tickets, given.events)
        with served(root / "one", latency=LATENCY) as place_of_one:
            turns = min(given.events, 10)
            one = one_ticket(place_of_one, 8, turns)
        for times in (tickets, one):
            if times.wrong:
                raise times.wrong[0]
    name = f"append to one of {given.tickets} tickets at once, {given.events} events each"
    tables = [
        growth_rows(points),
        load_rows(tickets, name, one, f"append to one ticket by 8 runs, {turns} events each"),
        check_rows(found),
    ]
    text = "\n\n".join(map(_table, tables)) + f"\n\n{machine()}\n"
    sys.stdout.write(text)
    if given.plot:
        given.plot.write_text(curve(points), "utf-8")
    if given.write:
        put(given.write, text)


if __name__ == "__main__":
    main()
