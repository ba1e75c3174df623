"""The sweep: which open tickets want a wake-up, ended streams gathered, the heartbeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from patchgate.app.desk import Desk
from patchgate.app.news import News
from patchgate.app.project import append_project, read_project
from patchgate.core import events as e
from patchgate.core.approval import moment
from patchgate.core.decide import decide
from patchgate.core.ids import StreamId, TicketKey
from patchgate.core.projection import view_of
from patchgate.core.rules import World
from patchgate.core.state import State, Workflow
from patchgate.errors import LedgerError, PatchgateError, ServiceError
from patchgate.ports import Stream

Damaged = list[tuple[StreamId, LedgerError]]
"""Streams that cannot be read, with the reason."""
HEARTBEAT_EVERY = 60
"""Minutes between heartbeats on the ledger: often enough to miss, rare enough to read past."""


def ticket_of(stream: StreamId) -> tuple[TicketKey, str]:
    """The key at opening and the issue id that a ticket's stream is named by."""
    key, _, issue_id = stream.rpartition("-")
    return TicketKey(key), issue_id


def is_ticket(stream: StreamId) -> bool:
    """Whether it is a ticket's stream, not a project's."""
    return ticket_of(stream)[1].isdigit()


def open_workflows(desk: Desk, damaged: Damaged) -> list[Workflow]:
    """Every ticket's stream that has a live branch, folded; one that is damaged stops no other."""
    found = []
    for stream_id, stream in desk.ledger.read_open(is_ticket).items():
        if isinstance(stream, LedgerError):
            damaged.append((stream_id, stream))
        else:
            found.append(desk.folds.of(stream))
    return found


Wants = Callable[[], bool]
"""Whether a ticket wants a wake-up; asked, it may look at GitHub."""


def wanted(
    desk: Desk, updated_minutes: int, late: list[PatchgateError] | None = None
) -> list[TicketKey]:
    """Keys to wake: open workflows with news (a child wakes its parent), fresh tickets in Jira."""
    return [key for key, wants in candidates(desk, updated_minutes, late).items() if wants()]


def candidates(
    desk: Desk, updated_minutes: int, late: list[PatchgateError] | None = None
) -> dict[TicketKey, Wants]:
    """All open tickets and those that are fresh in Jira, each with what tells if it is to be woken.

    A ticket whose stream is damaged is woken too: its own wake-up says so and fails. Where Jira
    cannot be searched now, open tickets are woken all the same: the error goes into `late`, for
    the caller to raise when they were (without such a list it is raised at once).
    """
    damaged: Damaged = []
    flows = {w.key: w for w in open_workflows(desk, damaged)}
    open_now = {key: w for key, w in flows.items() if not _is_over(desk, w)}
    news = News(desk, open_now)
    rung: dict[TicketKey, list[Workflow]] = {}
    for w in open_now.values():
        rung.setdefault(_rung_by(w, flows), []).append(w)
    found: dict[TicketKey, Wants] = {key: _any_has(news, ws) for key, ws in rung.items()}
    found |= dict.fromkeys((ticket_of(stream_id)[0] for stream_id, _ in damaged), _surely)
    try:
        if news.trouble is not None:
            raise news.trouble
        fresh = desk.tracker.search(desk.settings.jira.projects, updated_minutes)
        found |= dict.fromkeys((key for key in fresh if key not in open_now), _surely)
    except ServiceError as error:
        if late is None:
            raise
        late.append(error)
    return found


def _any_has(news: News, flows: Sequence[Workflow]) -> Wants:
    return lambda: any(map(news.wakes, flows))


def _surely() -> bool:
    return True


def gather(desk: Desk) -> list[str]:
    """Move every ended stream into the ledger branch; returns their names."""
    ended: list[Stream] = []
    refused: dict[StreamId, PatchgateError] = {}
    for stream_id, stream in desk.ledger.read_open(is_ticket).items():
        if isinstance(stream, LedgerError):
            refused[stream_id] = stream
        elif not stream.closed and _is_over(desk, desk.folds.of(stream)):
            ended.append(stream)
    refused |= desk.ledger.gather_all(ended)
    for stream in ended:
        if stream.id not in refused:
            key, _ = ticket_of(stream.id)
            desk.journal.note(key, "ledger", "stream gathered into the ledger branch")
    for stream_id, error in refused.items():
        key, _ = ticket_of(stream_id)
        desk.journal.note(key, "ledger", f"not gathered: {error.message}")
    return [str(stream.id) for stream in ended if stream.id not in refused]


def _is_over(desk: Desk, w: Workflow) -> bool:
    return w.is_over and _is_quiet(desk, w)


def _is_quiet(desk: Desk, w: Workflow) -> bool:
    """Whether the last word was said: an ended stream with effects still due stays open.

    A ticket that can no longer be seen ends as FAILED, and nothing can be shown on it.
    """
    last = decide(w, World(now=desk.now()), desk.rules)
    shown = w.shown is not None and w.shown.same_as(view_of(w, desk.rules))
    return (shown or w.state is State.FAILED) and not last.commands and not last.events


def _rung_by(w: Workflow, flows: Mapping[str, Workflow]) -> TicketKey:
    """A planned sub-task is worked with its parent; one that it no longer plans, by itself."""
    parent = flows.get(w.parent)
    planned = parent is None or any(c.issue_id == w.issue_id for c in parent.children)
    return TicketKey(w.parent if w.parent and planned and not w.is_over else w.key)


def heartbeat(desk: Desk, tickets: int, through: str = "") -> None:
    """Say on each project's stream that a sweep went through.

    Where it ended before all had their turn, the first project's says with whom, at once.
    """
    first = desk.settings.jira.projects[0]
    for project in desk.settings.jira.projects:
        before, to = read_project(desk, project), through if project == first else ""
        late = not before.swept or _minutes_since(desk, before.swept) >= HEARTBEAT_EVERY
        if late or to != before.through:
            done = e.SweepDone(at=desk.now(), tickets=tickets, through=to)
            append_project(desk, project, done)


def in_turn(keys: Iterable[TicketKey], through: str) -> list[TicketKey]:
    """Those whose turn comes after that ticket's, the oldest of each project first; else all.

    A round goes through all who wait, so that nobody starves however many they are, and however
    often the same ones want to be woken.
    """
    ordered = sorted(keys, key=_place)
    return [key for key in ordered if not through or _place(key) > _place(through)] or ordered


def _place(key: str) -> tuple[str, int]:
    project, _, number = key.rpartition("-")
    return project, int(number)


def _minutes_since(desk: Desk, at: str) -> float:
    return (desk.clock.now() - moment(at)).total_seconds() / 60
