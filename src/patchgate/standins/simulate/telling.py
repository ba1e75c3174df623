"""`patchgate simulate`: plays what is asked for and tells a person how it went."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from patchgate.standins.simulate.fleet import Fleet, Plans, Result
from patchgate.standins.simulate.time import DAY

BROKEN = 1
"""The exit code when a promise was broken: something that should not happen."""


def simulate(plans: Plans, say: Callable[[str], None]) -> int:
    """Play and tell; 0 when every promise was kept."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="patchgate-simulated-") as folder:
        result = Fleet(plans, Path(folder)).play()
        smaller = _alone(result, Path(folder)) if result.broken and not plans.only else None
    seconds = time.monotonic() - began
    for line in told(result, seconds):
        say(line)
    if result.broken:
        for line in broken(smaller or result):
            say(line)
        return BROKEN
    return 0


def _alone(result: Result, folder: Path) -> Result | None:
    """The same failure with that ticket alone, if it shows there too: a smaller history."""
    _, _, number = result.about.rpartition("-")
    if not number.isdigit():
        return None
    again = Fleet(replace(result.plans, only=int(number) // 10), folder).play()
    return again if again.broken else None


def told(result: Result, seconds: float) -> Iterator[str]:
    """What was played, how it ended, what it cost."""
    plans = result.plans
    yield (
        f"{plans.tickets:,} tickets ({result.tickets:,} with sub-tasks) over {plans.days} days on "
        f"{plans.runners} runners, seed {plans.seed}, {_queue(plans)}"
    )
    rate = result.tickets / max(seconds, 0.001) * 60
    yield (
        f"{result.events:,} events, {result.runs:,} runs, {result.at_step:,} steps in "
        f"{seconds:.1f} s: {rate:,.0f} histories a minute; all at rest on day "
        f"{result.ended_ms / DAY:.1f}"
    )
    yield f"ended: {_counted(result.states)}"
    yield f"faults: {_counted(result.faults) or 'none'}"
    actions = result.actions
    if actions is not None:
        yield (
            f"wake-ups: {actions.lost:,} lost, {actions.doubled:,} doubled, "
            f"{actions.replaced:,} replaced while pending; {actions.queued_most:,} waited for a "
            "runner at once"
        )
    cut = sum(result.cut.values())
    why = f": {_counted(result.cut)}" if cut else ""
    yield f"sweeps: {result.bill.sweeps:,}, of which {cut or 'none'} cut short{why}"
    yield f"people: {_counted(result.acts)}"
    yield from result.bill.lines(result.tickets)
    if not result.broken:
        yield "every promise was kept at every step"


def _queue(plans: Plans) -> str:
    return "a queue in each group" if plans.queue else "one pending run in each group"


def _counted(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{n:,} {what}" for what, n in ranked)


def broken(result: Result) -> Iterator[str]:
    """What broke, the history that led there, and how to see it again."""
    plans = result.plans
    yield ""
    yield f"BROKEN after {result.at_step:,} steps: {result.broken}"
    yield f"the history of {result.about or 'the whole'}, up to there:"
    yield from (f"  {line}" for line in result.history)
    words = ["patchgate simulate", f"--seed {plans.seed}", f"--tickets {plans.tickets}"]
    words += [f"--runners {plans.runners}", f"--days {plans.days}", f"--weather {plans.weather}"]
    words += [f"--sweep {plans.sweep_minutes}", f"--wake-ups {plans.wake_ups}"]
    words += ["--queue"] if plans.queue else []
    words += [f"--only {plans.only}"] if plans.only else []
    yield "see it again, step for step: " + " ".join(words)
