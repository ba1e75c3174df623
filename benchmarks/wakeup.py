"""A wake-up that finds nothing to do, against importing the two client libraries."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.answers import answer, item, plan
from tests.e2e.lives import NO_CHECKS, Life, living

from patchgate.app.environment import Room

SDKS = ("anthropic", "openai", "github", "jira")
LOADED = (
    "import json, sys\n"
    "from patchgate.cli import cli\n"
    "cli.main(args=sys.argv[1:], prog_name='patchgate', standalone_mode=False)\n"
    f"print(json.dumps([name for name in {SDKS!r} if name in sys.modules]))\n"
)
PLANNED = answer("plan", {"final": plan(item("Greet politely", "greet.py"), files=["greet.py"])})


@dataclass(frozen=True)
class Wakeups:
    """Medians in seconds, and what a wake-up loaded and sent."""

    imports: float
    bare: float
    """The interpreter alone."""
    warm: float
    cold: float
    """With an empty cache, as a fresh runner has it."""
    loaded: tuple[str, ...]
    requests: dict[str, int]
    pushes: int


def measure(root: Path, rounds: int) -> Wakeups:
    """A ticket in Plan Review; every kind of process in turn, so that all meet the same noise."""
    with living(root, PLANNED, settings=NO_CHECKS) as life:
        key = life.ticket("Politeness", kind="Story")
        life.settle()
        env = life.env.for_room(Room.TICK)
        argv = _argv(life, key, "warm")
        _timed([*_patchgate(), *argv], env)
        before = life.counts()
        _timed([*_patchgate(), *argv], env)
        sent = {name: count - before[name] for name, count in life.counts().items()}
        kinds: dict[str, list[float]] = {"imports": [], "bare": [], "warm": [], "cold": []}
        for number in range(rounds):
            python = [sys.executable, "-I", "-c"]
            kinds["bare"].append(_timed([*python, "pass"], env))
            kinds["imports"].append(_timed([*python, "import github, jira"], env))
            kinds["warm"].append(_timed([*_patchgate(), *argv], env))
            cold = _argv(life, key, f"cold-{number}")
            kinds["cold"].append(_timed([*_patchgate(), *cold], env))
        medians = {name: statistics.median(times) for name, times in kinds.items()}
        loaded = tuple(_loaded(argv, env))
        pushes = sent.pop("pushes")
        return Wakeups(**medians, loaded=loaded, requests=sent, pushes=pushes)


def _patchgate() -> list[str]:
    return [sys.executable, "-I", "-m", "patchgate"]


def _argv(life: Life, key: str, cache: str) -> list[str]:
    place = life.folder / "bench"
    return ["tick", key, "--folder", str(place / "files"), "--cache", str(place / cache)]


def _timed(command: Sequence[str], env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    _run(command, env)
    return time.perf_counter() - began


def _loaded(argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    out = _run([sys.executable, "-I", "-c", LOADED, *argv], env)
    found: list[str] = json.loads(out.splitlines()[-1])
    return found


def _run(command: Sequence[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(
        list(command),
        env=dict(env),
        cwd=os.path.sep,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout
