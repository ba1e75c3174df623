"""The sweep as a step of a scheduled run: it wakes tickets, each in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patchgate.app.desk import Desk
from patchgate.app.project import read_project
from patchgate.app.sweep import HEARTBEAT_EVERY, gather, heartbeat, wanted
from patchgate.core.approval import moment
from patchgate.errors import PatchgateError

UPDATED_MINUTES = 90
"""Tickets that changed in Jira since then are woken: more than a period, for Jira's search lags."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    rung: tuple[str, ...]
    gathered: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: PatchgateError | None
    """The first ticket's that could not be woken, else of a search that failed; the others were."""


def sweep(desk: Desk, *, period: int = HEARTBEAT_EVERY) -> Swept:
    """Ring for every ticket that wants a wake-up; `period` is the schedule's, in minutes."""
    since = _since_last(desk)
    warnings = tuple(_late(since, max(period, HEARTBEAT_EVERY)))
    rung, failure = [], None
    late: list[PatchgateError] = []
    for key in wanted(desk, _window(since, period), late):
        try:
            if desk.bell is not None:
                desk.bell.ring(key)
            rung.append(str(key))
        except PatchgateError as error:
            failure = failure or error
            desk.journal.note(key, "stop", f"not woken: {error.message}")
    gathered = tuple(gather(desk))
    heartbeat(desk, len(rung))
    return Swept(tuple(rung), gathered, warnings, failure or next(iter(late), None))


def _since_last(desk: Desk) -> dict[str, float]:
    """Minutes since the last sweep of each project that was ever swept."""
    now = desk.clock.now()
    swept = {p: read_project(desk, p).swept for p in desk.settings.jira.projects}
    return {p: (now - moment(at)).total_seconds() / 60 for p, at in swept.items() if at}


def _window(since: Mapping[str, float], period: int) -> int:
    """Minutes of Jira's changes to look through: all since the last sweep, and some more."""
    return max(UPDATED_MINUTES, 2 * period, *(int(m) + UPDATED_MINUTES for m in since.values()))


def _late(since: Mapping[str, float], period: int) -> list[str]:
    """One warning for each project whose last heartbeat is older than two periods."""
    return [
        f"the schedule had stopped: the last sweep of {project} was {minutes / 60:.1f} hours ago. "
        "GitHub drops schedules under load and switches them off after 60 days without activity: "
        "look at the workflow's page."
        for project, minutes in since.items()
        if minutes > 2 * period
    ]
