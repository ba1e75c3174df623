"""The action's installation, cold and warm, against `pip install` of the same lock.

`python -m benchmarks.install` needs a package index. Each cold round starts from nothing: no
environment, no cache of a package manager.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from pathlib import Path

from benchmarks.__main__ import put

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("tick", "propose", "check")
KEPT = ("PATH", "HOME", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


def main() -> None:
    """Measure and print; `--write FILE` puts the table into a document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.install", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help="a document with the two `measured` marks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="patchgate-bench-") as place:
        rows = [_row(Path(place), room, given.rounds) for room in ROOMS]
    head = ("room", "pip install", "action, uv fetched", "ratio", "action, uv there", "again")
    lines = [head, ("---",) * len(head), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
    sys.stdout.write(table)
    if given.write:
        put(given.write, table)


def _row(root: Path, room: str, rounds: int) -> tuple[str, ...]:
    """Medians; the ways are measured in turn, so that all meet the same machine and network."""
    found: dict[str, list[float]] = {"pip": [], "fetched": [], "there": [], "again": []}
    for number in range(rounds):
        place = root / f"{room}-{number}"
        found["pip"].append(_pip(place / "pip", room))
        plain, with_uv = _env(place / "plain", room, uv=False), _env(place / "uv", room, uv=True)
        found["fetched"].append(_action(plain))
        found["there"].append(_action(with_uv))
        found["again"].append(_action(with_uv))
    medians = {name: statistics.median(times) for name, times in found.items()}
    ratio = f"{medians['fetched'] / medians['pip']:.2f}"
    shown = {name: f"{seconds:.1f} s" for name, seconds in medians.items()}
    return room, shown["pip"], shown["fetched"], ratio, shown["there"], shown["again"]


def _env(place: Path, room: str, *, uv: bool) -> dict[str, str]:
    """A runner's variables; with or without uv on PATH."""
    for name in ("temp", "tools", "workspace"):
        (place / name).mkdir(parents=True)
    base = f"{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin"
    path = f"{Path(sys.executable).parent}:{base}" if uv else base
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "PATH": path,
        "PATCHGATE_ROOM": room,
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_TEMP": str(place / "temp"),
        "RUNNER_TOOL_CACHE": str(place / "tools"),
        "GITHUB_WORKSPACE": str(place / "workspace"),
    }


def _action(env: Mapping[str, str]) -> float:
    return _timed([str(ROOT / "step" / "install")], env)


def _pip(place: Path, room: str) -> float:
    """A fresh environment and `pip install` of the room's profile into it."""
    began = time.perf_counter()
    venv.EnvBuilder(symlinks=True, with_pip=True).create(place)
    lock = ROOT / "requirements" / f"{room}.txt"
    command = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    _timed([*command, "--require-hashes", "-r", str(lock)], os.environ)
    return time.perf_counter() - began


def _timed(command: list[str], env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=dict(env), check=True, capture_output=True, timeout=600)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
