"""Project-wide facts on their own stream: STOP, the row of failures, the heartbeat."""

from __future__ import annotations

from dataclasses import dataclass

from patchgate.app.desk import Desk
from patchgate.app.session import Session
from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.ids import TicketKey
from patchgate.errors import LostRaceError, UsageError
from patchgate.ports import Stream

TRIES = 5
ITEM_FAILURES = frozenset({"attempts", "repeated", "refused"})
"""Codes of parking that count as a failed item."""


@dataclass(frozen=True, slots=True)
class ProjectState:
    """Why the project is stopped (empty: it is not), its row of failures, its last sweep."""

    stopped: str = ""
    failures: int = 0
    swept: str = ""
    through: str = ""
    """The last ticket that sweeps woke in this round; empty: the next one begins a round."""
    since: str = ""
    """When the last round began in which each waiting ticket had its turn."""


def fold_project(events: tuple[Event, ...]) -> ProjectState:
    """The project's state from its stream."""
    stopped, counted = "", set[str]()
    swept, through, since, began = "", "", "", ""
    for event in events:
        match event:
            case e.ProjectStopped():
                stopped = f"{event.reason} (by {event.by})"
            case e.ProjectResumed():
                stopped, counted = "", set()
            case e.ItemFailed():
                counted.add(event.key)
            case e.ItemSucceeded():
                counted = set()
            case e.SweepDone():
                swept, through, began = event.at, event.through, began or event.at
                if not through:
                    since, began = began, ""
    return ProjectState(stopped, len(counted), swept, through, since or began)


def stopped_by(variable: str, known: ProjectState) -> str:
    """Why nothing may be written, and how that is lifted; empty when it may."""
    if variable:
        return f"{variable}; unset PATCHGATE_STOP to go on"
    return f"{known.stopped}; `patchgate stop PROJECT --resume` lifts it" if known.stopped else ""


def read_project(desk: Desk, project: str) -> ProjectState:
    """The project's state as the ledger has it now."""
    return state_of(desk.ledger.read(*stream_of(project)))


def stream_of(project: str) -> tuple[TicketKey, str]:
    """Under which key and issue id a project's own stream is kept."""
    return TicketKey(f"{project}-project"), "0"


def state_of(stream: Stream | None) -> ProjectState:
    """The project's state from its stream as read; a project without one has nothing to tell."""
    return fold_project(stream.events) if stream else ProjectState()


def append_project(desk: Desk, project: str, *events: Event) -> None:
    """Append to the project's stream, reading again whenever somebody was first."""
    own = stream_of(project)
    for attempt in range(TRIES):
        stream = desk.ledger.read(*own) or desk.ledger.open(*own)
        try:
            desk.ledger.append(stream, events, {})
        except LostRaceError:
            if attempt == TRIES - 1:
                raise
        else:
            return


def set_stopped(desk: Desk, project: str, *, by: str, reason: str) -> None:
    """STOP the project for a reason, or let it go on (an empty reason)."""
    served = desk.settings.jira.projects
    if project not in served:
        raise UsageError(f"project {project!r} is not served; these are: {', '.join(served)}")
    event: Event = (
        e.ProjectStopped(at=desk.now(), by=by, reason=reason)
        if reason
        else e.ProjectResumed(at=desk.now(), by=by)
    )
    append_project(desk, project, event)


def note_outcome(desk: Desk, project: str, known: ProjectState, session: Session) -> None:
    """Keep the row of failures: only what this wake-up itself saw fail or end counts."""
    w = session.w
    stops = [x for x in session.recorded if isinstance(x, e.Parked) and x.code in ITEM_FAILURES]
    ends = [x for x in session.recorded if isinstance(x, e.Ended) and x.state == "DONE"]
    if stops and w.parked == stops[-1]:
        signature = w.signatures[-1] if w.signatures else stops[-1].code
        append_project(desk, project, e.ItemFailed(at=desk.now(), key=w.key, signature=signature))
    elif ends and known.failures:
        append_project(desk, project, e.ItemSucceeded(at=desk.now(), key=w.key))
