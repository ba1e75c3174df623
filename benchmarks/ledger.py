"""Cold read and append of one stream, whatever else lies on the ledger."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.table import Table, middle
from patchgate.adapters.ledger import GitLedger, Remote
from patchgate.adapters.ledger.names import Address, address
from patchgate.core import events as e
from patchgate.core.chain import join_lines, link, origin, tail, tip_bytes
from patchgate.core.ids import TicketKey

PER_STREAM = 20
SIZES = (1_000, 100_000)
TIMES = 7
LIVE = (TicketKey("NEW-1"), "900001")
AT = "2026-01-01T00:00:00Z"


def measure() -> Table:
    """Medians over fresh caches; the ratio says whether the size of the ledger matters."""
    rows, base = [], (0.0, 0.0)
    with tempfile.TemporaryDirectory() as place:
        for size in SIZES:
            remote = _ledger(Path(place) / f"{size}.git", size)
            live = _median(lambda cache, to=remote: _live(to, cache))  # type: ignore[misc]
            closed = _median(lambda cache, to=remote: _closed(to, cache))  # type: ignore[misc]
            base = base if base[0] else (live, closed)
            rows.append(
                (
                    f"{size:,}",
                    f"{live * 1000:.0f} ms",
                    f"{live / base[0]:.2f}",
                    f"{closed * 1000:.0f} ms",
                    f"{closed / base[1]:.2f}",
                )
            )
    return Table(
        "Ledger: cold read of one stream (aim: flat)",
        ("events on the ledger", "open: read + append", "ratio", "gathered: read", "ratio"),
        rows,
    )


def _median(act: Callable[[Path], float]) -> float:
    seconds = []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as cache:
            seconds.append(act(Path(cache)))
    return middle(seconds)


def _live(remote: Path, cache: Path) -> float:
    began = time.perf_counter()
    ledger = GitLedger(Remote(str(remote)), cache)
    stream = ledger.read(*LIVE)
    if stream is None:
        raise SystemExit("the open stream is not there")
    ledger.append(stream, [e.SweepDone(at=AT, tickets=1)], {})
    return time.perf_counter() - began


def _closed(remote: Path, cache: Path) -> float:
    began = time.perf_counter()
    if GitLedger(Remote(str(remote)), cache).read(TicketKey("OLD-7"), "10007") is None:
        raise SystemExit("the gathered stream is not there")
    return time.perf_counter() - began


def _ledger(git_dir: Path, size: int) -> Path:
    """A bare repository whose ledger branch holds `size` events, and one open stream."""
    subprocess.run(["git", "init", "-q", "--bare", str(git_dir)], check=True)
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "-C", str(git_dir), "config", name, "true"], check=True)
    orders = b"".join(_orders(size // PER_STREAM))
    subprocess.run(["git", "-C", str(git_dir), "fast-import", "--quiet"], input=orders, check=True)
    with tempfile.TemporaryDirectory() as cache:
        ledger = GitLedger(Remote(str(git_dir)), Path(cache))
        ledger.append(ledger.open(*LIVE), [e.SweepDone(at=AT, tickets=0)] * PER_STREAM, {})
    return git_dir


def _orders(streams: int) -> Iterator[bytes]:
    yield b"commit refs/heads/patchgate/ledger\ncommitter b <b@b> 0 +0000\ndata 0\n"
    for number in range(1, streams + 1):
        home = address(TicketKey(f"OLD-{number}"), str(10_000 + number))
        yield from _files(home)


def _files(home: Address) -> Iterator[bytes]:
    events = [e.SweepDone(at=AT, tickets=n) for n in range(PER_STREAM)]
    links = link(events, origin(home.stream))
    tip = tip_bytes(home.stream, tail(links, origin(home.stream)))
    for path, content in ((home.events_path, join_lines(links)), (home.index_path, tip)):
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
