"""The result that a write command gives when all goes well: what `foresee` folds ahead."""

from __future__ import annotations

from dataclasses import replace

from patchgate.core import events as e
from patchgate.core.commands import (
    PUBLISHING,
    AttachPatch,
    CreateSubtask,
    PostComment,
    PublishPatch,
    PutPull,
    ShowTicket,
    StartChecks,
    WriteCommand,
)
from patchgate.core.events import Event
from patchgate.core.projection import OWN_LABELS, account, status_name
from patchgate.core.rules import Rules, TicketNow, World
from patchgate.core.state import Workflow


def expected(command: WriteCommand, w: Workflow, world: World) -> Event:
    """The optimistic result event; its outside ids are placeholders and never recorded."""
    at = world.now
    match command:
        case PostComment(eid, topic, _, subject):
            return e.CommentPosted(
                at=at,
                eid=eid,
                topic=topic,
                platform=command.platform,
                comment="",
                posted=at,
                subject=subject if topic in PUBLISHING else None,
            )
        case AttachPatch(eid, _, patch):
            return e.PatchAttached(at=at, eid=eid, patch=patch, url="")
        case ShowTicket():
            return e.TicketShown(
                at=at,
                eid=command.eid,
                view=command.state,
                status=command.status,
                assignee=command.assignee,
                labels=command.labels,
                drift=command.drift,
            )
        case StartChecks(eid, _, workflow, head):
            return e.ChecksStarted(at=at, eid=eid, repo=w.repo, workflow=workflow, head=head)
        case CreateSubtask(eid, _, ordinal):
            return e.SubtaskCreated(at=at, eid=eid, ordinal=ordinal, key="?", issue_id="?")
        case PublishPatch(eid, target, patch):
            repo, _, branch = target.partition(":")
            return e.PatchPublished(
                at=at, eid=eid, repo=repo, branch=branch, commit="?", patch=patch
            )
        case PutPull(eid, target, _):
            number = w.pull.number if w.pull and w.pull.state == "open" else 0
            return e.PullPut(
                at=at, eid=eid, repo=target.partition(":")[0], number=number, url="", head="?"
            )


def after_showing(world: World, event: Event, rules: Rules) -> World:
    """The world as it must look after our own write to the ticket."""
    if not isinstance(event, e.TicketShown) or world.ticket is None:
        return world
    now = world.ticket
    status = status_name(event.status, rules) if event.status else now.status
    assignee = account(event.assignee, rules) if event.assignee else now.assignee
    labels = (now.labels - OWN_LABELS) | frozenset(event.labels)
    return replace(world, ticket=TicketNow(status, assignee, labels, now.last_move))
