"""The sweep as a step of a scheduled run: it wakes tickets, each in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from patchgate.app.desk import Desk
from patchgate.app.project import read_project
from patchgate.app.sweep import HEARTBEAT_EVERY, Wants, candidates, gather, heartbeat, in_turn
from patchgate.core.approval import moment
from patchgate.core.ids import TicketKey
from patchgate.core.words.shape import count
from patchgate.errors import PatchgateError

NAMED = 50
"""How many of the tickets that are put off are named."""
UPDATED_MINUTES = 90
"""Tickets that changed in Jira since then are woken: more than a period, for Jira's search lags."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    rung: tuple[str, ...]
    put_off: tuple[str, ...]
    """Those whose turn comes in the next sweep; not looked at yet."""
    gathered: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: PatchgateError | None
    """The first ticket's that could not be woken, else of a search that failed; the others were."""
    follows: bool = True
    """Whether the next sweep was rung for; else those who were put off wait for the schedule."""

    @property
    def said(self) -> str:
        """What was done, in words."""
        words = f"{count(len(self.rung), 'ticket')} woken ({', '.join(self.rung) or 'none'}), "
        words += f"{count(len(self.gathered), 'ended stream')} gathered."
        if self.put_off:
            when = "which follows at once" if self.follows else "which the schedule brings"
            words += f" Not looked at: {count(len(self.put_off), 'ticket')}, put off to the next "
            words += f"sweep, {when}: {', '.join(self.put_off[:NAMED])}"
            words += f" and {len(self.put_off) - NAMED} more." if self.put_off[NAMED:] else "."
        return words


@dataclass(slots=True)
class _Bells:
    """The bells of one sweep; one that fails is told, and stops no other."""

    desk: Desk
    rung: list[str] = field(default_factory=list)
    failure: PatchgateError | None = None
    """The first one."""

    def ring_in_turn(self, turns: Sequence[TicketKey], waiting: Mapping[TicketKey, Wants]) -> int:
        """Wake as many as the settings say; how many had their turn."""
        left = self.desk.settings.limits.wake_ups_per_sweep
        for had, key in enumerate(turns):
            if not left:
                return had
            if waiting[key]():
                left -= 1
                self._ring(key)
        return len(turns)

    def _ring(self, key: TicketKey) -> None:
        try:
            if self.desk.bell is not None:
                self.desk.bell.ring(key)
            self.rung.append(str(key))
        except PatchgateError as error:
            self._failed(key, f"not woken: {error.message}", error)

    def ring_sweep(self) -> bool:
        """Have another sweep go on; whether it will."""
        try:
            if self.desk.bell is not None:
                self.desk.bell.ring_sweep()
        except PatchgateError as error:
            self._failed("sweep", f"the next one was not rung for: {error.message}", error)
            return False
        return self.desk.bell is not None

    def _failed(self, key: str, text: str, error: PatchgateError) -> None:
        self.failure = self.failure or error
        self.desk.journal.note(key, "stop", text)


def sweep(desk: Desk, *, period: int = HEARTBEAT_EVERY) -> Swept:
    """Ring for tickets that want a wake-up; `period` is the schedule's, in minutes.

    For so many as the settings say: another sweep, which is rung for, goes on from there.
    """
    known = {p: read_project(desk, p) for p in desk.settings.jira.projects}
    swept = _minutes_since(desk, {p: state.swept for p, state in known.items()})
    since = _minutes_since(desk, {p: state.since for p, state in known.items()})
    late: list[PatchgateError] = []
    waiting = candidates(desk, _window(since, period), late)
    turns = in_turn(waiting, known[desk.settings.jira.projects[0]].through)
    bells = _Bells(desk)
    had = bells.ring_in_turn(turns, waiting)
    put_off = tuple(map(str, turns[had:]))
    gathered = tuple(gather(desk))
    heartbeat(desk, len(bells.rung), turns[had - 1] if put_off else "")
    follows = bells.ring_sweep() if put_off else False
    warnings = tuple(_late(swept, max(period, HEARTBEAT_EVERY)))
    failure = bells.failure or next(iter(late), None)
    return Swept(tuple(bells.rung), put_off, gathered, warnings, failure, follows)


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
