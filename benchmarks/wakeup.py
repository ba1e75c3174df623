"""A wake-up that finds nothing to do, beside the import of the two client libraries alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.stage import Stage, stage
from benchmarks.table import Table, middle

PAIRS = 9
FLOOR = "import github, jira"
VENDORS = ("jira", "github", "anthropic", "openai")


def measure() -> Table:
    """Medians over interleaved pairs; aim: at most 1.0 times the floor."""
    with tempfile.TemporaryDirectory() as place, stage(Path(place), plan="required") as at:
        at.assign()
        at.run()
        loaded = _loaded(at)
        tick = ["-I", "-m", "patchgate", *_arguments(at)]
        ours, floor = [], []
        for _ in range(PAIRS):
            ours.append(_timed(tick, at.tick_room))
            floor.append(_timed(["-I", "-c", FLOOR], at.tick_room))
    ratio = middle(ours) / middle(floor)
    return Table(
        "A wake-up with nothing to do (ticket in Plan Review)",
        ("what", "median", "ratio"),
        [
            (f"python -c {FLOOR!r}", f"{middle(floor) * 1000:.0f} ms", "1.00"),
            ("patchgate tick KEY", f"{middle(ours) * 1000:.0f} ms", f"{ratio:.2f}"),
        ],
        f"loaded by the tick: {', '.join(loaded) or 'no vendor library'}",
    )


def _arguments(at: Stage) -> list[str]:
    return ["tick", at.key, "--folder", str(at.root / "idle"), "--cache", str(at.root / "cache")]


def _timed(arguments: list[str], variables: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], env=variables, check=True, capture_output=True, timeout=120
    )
    return time.perf_counter() - began


def _loaded(at: Stage) -> list[str]:
    code = (
        "import sys\nfrom patchgate.cli import cli\n"
        f"cli.main({_arguments(at)!r}, standalone_mode=False)\n"
        f"sys.stderr.write(' '.join(m for m in {VENDORS!r} if m in sys.modules))"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env=at.tick_room,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=120,
    )
    if told.returncode:
        raise SystemExit(told.stderr)
    return told.stderr.split()
