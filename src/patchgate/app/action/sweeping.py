"""The sweep as a step of a scheduled run: it wakes tickets, each in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patchgate.app.desk import Desk
from patchgate.app.project import read_project
from patchgate.app.sweep import HEARTBEAT_EVERY, gather, heartbeat, in_turn, wanted
from patchgate.core.approval import moment
from patchgate.core.ids import TicketKey
from patchgate.core.words.shape import count
from patchgate.errors import PatchgateError

NAMED = 50
"""How many of the tickets that are put off are named."""
UPDATED_MINUTES = 90
"""Tickets that changed in Jira since then are woken: more than a period, for Jira's search lags."""


MINUTES = 8
"""How long one sweep rings; what waits then is left to the next, which looks anew."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    rung: tuple[str, ...]
    put_off: tuple[str, ...]
    """Those whose turn comes in the next sweep, which was rung for."""
    gathered: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: PatchgateError | None
    """The first ticket's that could not be woken, else of a search that failed; the others were."""

    @property
    def said(self) -> str:
        """What was done, in words."""
        words = f"{count(len(self.rung), 'ticket')} woken ({', '.join(self.rung) or 'none'}), "
        words += f"{count(len(self.gathered), 'ended stream')} gathered."
        if self.put_off:
            words += f" {len(self.put_off)} put off to the next sweep, which follows at once: "
            words += f"{', '.join(self.put_off[:NAMED])}"
            words += f" and {len(self.put_off) - NAMED} more." if self.put_off[NAMED:] else "."
        return words


def sweep(desk: Desk, *, period: int = HEARTBEAT_EVERY) -> Swept:
    """Ring for every ticket that wants a wake-up; `period` is the schedule's, in minutes.

    So many a minute as the settings say, for a while: another sweep goes on from there.
    """
    known = {p: read_project(desk, p) for p in desk.settings.jira.projects}
    swept = _minutes_since(desk, {p: state.swept for p, state in known.items()})
    since = _minutes_since(desk, {p: state.since for p, state in known.items()})
    late: list[PatchgateError] = []
    keys = wanted(desk, _window(since, period), late)
    waiting = in_turn(keys, known[desk.settings.jira.projects[0]].through)
    most = MINUTES * desk.settings.limits.wake_ups_per_minute
    now, put_off = waiting[:most], tuple(str(key) for key in waiting[most:])
    rung, failure = _ring(desk, now)
    gathered = tuple(gather(desk))
    heartbeat(desk, len(rung), now[-1] if put_off else "")
    if put_off and desk.bell is not None:
        try:
            desk.bell.ring_sweep()
        except PatchgateError as error:
            failure = failure or error
            desk.journal.note("sweep", "stop", f"the next one was not rung for: {error.message}")
    warnings = tuple(_late(swept, max(period, HEARTBEAT_EVERY)))
    return Swept(rung, put_off, gathered, warnings, failure or next(iter(late), None))


def _ring(desk: Desk, keys: Sequence[TicketKey]) -> tuple[tuple[str, ...], PatchgateError | None]:
    """Who was woken, and the first failure."""
    rung, failure = [], None
    for number, key in enumerate(keys):
        if number and number % desk.settings.limits.wake_ups_per_minute == 0:
            desk.pause(60)
        try:
            if desk.bell is not None:
                desk.bell.ring(key)
            rung.append(str(key))
        except PatchgateError as error:
            failure = failure or error
            desk.journal.note(key, "stop", f"not woken: {error.message}")
    return tuple(rung), failure


def _minutes_since(desk: Desk, times: Mapping[str, str]) -> dict[str, float]:
    """Minutes since each of these moments, where there was one."""
    now = desk.clock.now()
    return {p: (now - moment(at)).total_seconds() / 60 for p, at in times.items() if at}


def _window(since: Mapping[str, float], period: int) -> int:
    """Minutes of Jira's changes to look through: all since each had its turn, and some more."""
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
