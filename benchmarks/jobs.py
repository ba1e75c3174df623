"""Time and requests of each kind of run in Actions: real workflows under act, on loopback."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.actions.site import Site, act_program, site
from tests.e2e.answers import POLITE
from tests.e2e.lives import NO_CHECKS

from patchgate.standins.world import CONTROL, LEIGH, REQUIRED_CHECK


@dataclass(frozen=True)
class Spent:
    """What one run took: seconds from event to end, and what it sent."""

    jobs: int
    seconds: float
    jira: int
    github: int
    git: int


def measure(root: Path) -> dict[str, Spent]:
    """By kind of run; empty where act is not installed."""
    if not act_program():
        return {}
    python = Path(sys.executable)
    with site(root, POLITE, settings=NO_CHECKS, interpreter=python) as here:
        hub, key = here.world.github, here.life.ticket()

        def report() -> None:
            head = hub.refs(CONTROL)[f"refs/heads/ai/{key}"]
            hub.report_checks(CONTROL, head, {REQUIRED_CHECK: "success"})

        events: dict[str, Callable[[], object]] = {
            "asks a model": lambda: None,
            "sweep": lambda: here.workflows.schedule(CONTROL),
            "nothing to do": lambda: here.ring({"v": 1, "issue": key}),
            "approval": lambda: here.world.at_jira(LEIGH).comment(
                key, f"/approve {here.life.digest(key)}"
            ),
            "checks": report,
            "merge": lambda: hub.as_user(LEIGH.github).merge(CONTROL, 1),
        }
        found = {}
        for name, happen in events.items():
            happen()
            found[name] = _one(here)
        if here.life.shows(key)[0] != "Done":
            raise RuntimeError("the life that was measured did not end in Done")
        return found


def _one(here: Site) -> Spent:
    """Play the one run that waits."""
    (started,) = here.waiting()
    before, began = here.life.counts(), time.monotonic()
    ran = here.play(started)
    seconds = time.monotonic() - began
    if ran.played.status:
        raise RuntimeError(f"the run failed:\n{ran.played.log()}")
    after = here.life.counts()
    sent = {name: after[name] - before[name] for name in ("jira", "github", "git")}
    return Spent(len(ran.jobs), seconds, **sent)
