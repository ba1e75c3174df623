"""Which tickets are ours: opening streams, finding the parent, refusing to guess."""

from __future__ import annotations

from dataclasses import dataclass

from patchgate.app.desk import Desk
from patchgate.app.doorstep import HOPELESS, base_branch, turn_away
from patchgate.app.session import Session
from patchgate.app.settings import Route, route
from patchgate.core import events as e
from patchgate.core.ids import TicketKey
from patchgate.core.plan import Plan, WorkItem
from patchgate.core.state import Child, Workflow
from patchgate.errors import LedgerError
from patchgate.ports import Look, Stream


@dataclass(slots=True)
class Opened:
    """A ticket with its stream, as one wake-up works on it."""

    session: Session
    look: Look | None
    """None: the ticket can no longer be seen."""
    parent: Session | None = None
    """The parent's stream, for a planned sub-task."""


def check_anchor(stream: Stream | None, look: Look) -> None:
    """LedgerError when the head kept on the ticket is not in its stream: cut, rewritten or gone."""
    if look.anchor and stream is None:
        raise LedgerError(
            f"{look.ticket.key} names ledger head {look.anchor}, but no stream of it can be found"
        )
    if look.anchor and stream is not None and look.anchor not in stream.heads:
        raise LedgerError(
            f"{look.ticket.key} names ledger head {look.anchor}, which its stream does not hold: "
            "the ledger was cut or rewritten"
        )


def open_ticket(desk: Desk, look: Look, stream: Stream | None) -> Opened | None:
    """The ticket with its stream as read, begun now if it is the runner's; None: not ours."""
    ticket = look.ticket
    check_anchor(stream, look)
    if stream is not None:
        return Opened(Session(desk, stream), look)
    try:
        to = route_if_wanted(desk, look)
        branch = base_branch(desk, ticket.key, to) if to else ""
    except HOPELESS as error:
        turn_away(desk, look, error, trigger=_trigger(desk, look))
        raise
    if to is None:
        return None
    session = Session(desk, desk.ledger.open(ticket.key, ticket.issue_id))
    session.record(
        e.WorkflowOpened(
            at=desk.now(),
            key=ticket.key,
            issue_id=ticket.issue_id,
            repo=to.repository,
            base_branch=branch,
            mode=to.approval,
            plan="required" if to.needs_plan else "none",
            triage=desk.settings.triage,
            requester=_requester(desk, look),
            trigger=_trigger(desk, look),
        )
    )
    return Opened(session, look)


def route_if_wanted(desk: Desk, look: Look) -> Route | None:
    """The route of a ticket that asks for work now; None when it does not (with a word why)."""
    ticket, names = look.ticket, desk.rules.statuses
    if ticket.assignee != desk.rules.runner["jira"]:
        desk.journal.note(ticket.key, "wait", "not assigned to the runner: nothing to do")
        return None
    to = route(desk.settings, ticket)
    status = ticket.status.casefold()
    backlog = status == names.backlog.casefold()
    startable = backlog or status == names.in_progress.casefold()
    if not (backlog if to.needs_plan else startable):
        wanted = names.backlog if to.needs_plan else f"{names.backlog} or {names.in_progress}"
        desk.journal.note(
            ticket.key, "wait", f"assigned, but in {ticket.status}; work starts in {wanted}"
        )
        return None
    return to


def _assignments(desk: Desk, look: Look) -> list[tuple[str, str]]:
    runner = desk.rules.runner["jira"]
    return [
        (change.at, change.author)
        for change in look.changes
        if change.field == "assignee" and change.after == runner and change.author != runner
    ]


def _trigger(desk: Desk, look: Look) -> str:
    given = _assignments(desk, look)
    return given[-1][0] if given else look.ticket.created


def _requester(desk: Desk, look: Look) -> str:
    given = _assignments(desk, look)
    return given[-1][1] if given else (look.ticket.reporter or "")


def open_child(desk: Desk, parent: Session, child: Child, look: Look) -> Opened:
    """The stream of the parent's active child; it starts with the parent's approval in it."""
    stream = desk.ledger.read(TicketKey(child.key), child.issue_id)
    check_anchor(stream, look)
    if stream is not None:
        return Opened(Session(desk, stream), look, parent)
    session = Session(desk, desk.ledger.open(TicketKey(child.key), child.issue_id))
    w = parent.w
    session.record(
        e.WorkflowOpened(
            at=desk.now(),
            key=child.key,
            issue_id=child.issue_id,
            repo=w.repo,
            base_branch=w.base_branch,
            mode=w.mode,
            plan="none",
            requester=w.requester,
            parent=w.key,
            ordinal=child.ordinal,
            parent_plan=w.plan.plan if w.plan else None,
        )
    )
    session.record(*_inherited(parent.w))
    return Opened(session, look, parent)


def _inherited(w: Workflow) -> list[e.Event]:
    """The plan's approval and publication, so that the child's gate can re-read them."""
    if w.plan is None:
        return []
    grant = w.grant_for(w.plan.plan)
    events: list[e.Event] = [grant] if grant else []
    for place in w.publications:
        if place.subject == w.plan.plan:
            events.append(
                e.CommentPosted.model_validate(
                    {
                        "at": place.at,
                        "eid": "0" * 16,
                        "topic": "plan",
                        "platform": place.platform,
                        "comment": place.comment,
                        "posted": place.at,
                        "subject": place.subject,
                    }
                )
            )
    return events


def plan_of(opened: Opened) -> Plan | None:
    """The plan that this workflow works under: its own, or its parent's."""
    own = opened.session.w
    if opened.parent is not None and own.parent_plan is not None:
        # Exactly the plan under which the sub-task was opened, whatever the parent holds now.
        return Plan.model_validate_json(opened.parent.blob(own.parent_plan))
    if own.plan is None:
        return None
    return Plan.model_validate_json(opened.session.blob(own.plan.plan))


def item_of(opened: Opened, plan: Plan | None) -> WorkItem | None:
    """The plan's work item that this workflow is; None for a ticket with no sub-tasks."""
    ordinal = opened.session.w.ordinal
    if plan is None or not 1 <= ordinal <= len(plan.items):
        return None
    return plan.items[ordinal - 1]
