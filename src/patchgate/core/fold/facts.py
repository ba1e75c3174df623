"""Facts from outside: the opening, people's input for the inbox, pull request, checks, head."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.ids import StreamId
from patchgate.core.replacing import replace
from patchgate.core.state import WITH_PULL, State, Workflow


def fold_fact(w: Workflow, event: Event) -> Workflow | None:
    """The workflow with that fact; None when the event is none."""
    match event:
        case e.WorkflowOpened():
            return _opened(w, event)
        case e.TicketRevised():
            return _revised(w, event)
        case e.RunnerAssigned() | e.StatusMoved() | e.CommandGiven() | e.NearMiss():
            return replace(w, inbox=(*w.inbox, event))
        case e.ReviewGiven():
            return replace(w, inbox=(*w.inbox, event))
        case e.PullSeen():
            return _pull_seen(w, event)
        case e.ChecksSeen():
            return _checks_seen(w, event)
        case e.TicketUnseen():
            return replace(w, unseen_since="" if event.seen_again else event.at)
        case e.HeadMoved():
            return _head_moved(w, event)
        case _:
            return None


def _opened(w: Workflow, x: e.WorkflowOpened) -> Workflow:
    if w.key:
        # A stream is opened once: a second opening cannot change its mode, place or requester.
        return w
    return replace(
        w,
        stream=StreamId(f"{x.key}-{x.issue_id}"),
        key=x.key,
        issue_id=x.issue_id,
        generation=x.generation,
        repo=x.repo,
        base_branch=x.base_branch,
        mode=x.mode,
        plan_required=x.plan == "required",
        triage=x.triage,
        requester=x.requester,
        trigger=x.trigger,
        parent=x.parent,
        ordinal=x.ordinal,
        parent_plan=x.parent_plan,
        state=State.INGESTED,
        since=x.at,
    )


def _revised(w: Workflow, x: e.TicketRevised) -> Workflow:
    grants = tuple(g for g in w.grants if g.what != "request" or g.subject == x.request)
    return replace(
        w,
        key=x.key,
        request=x.request,
        revised=x.revised,
        revisions=w.revisions + 1,
        grants=grants,
    )


def _pull_seen(w: Workflow, x: e.PullSeen) -> Workflow:
    if not w.pull or w.pull.number != x.number:
        return w
    pull = replace(
        w.pull, state=x.state, by=x.by, merge_sha=x.merge_sha, seen=w.pull.seen + 1, head=x.head
    )
    return replace(w, pull=pull)


def _checks_seen(w: Workflow, x: e.ChecksSeen) -> Workflow:
    w = replace(w, checks=x, check_rounds=w.check_rounds + 1)
    if w.state not in WITH_PULL or w.pull is None or w.pull.head != x.head:
        return w
    passed = x.level in ("green", "not-required")
    return replace(w, state=State.READY_TO_MERGE if passed else State.VERIFYING_CI)


def _head_moved(w: Workflow, x: e.HeadMoved) -> Workflow:
    pull = replace(w.pull, head=x.head) if w.pull else None
    state = State.VERIFYING_CI if w.state in WITH_PULL else w.state
    return replace(w, pull=pull, checks=None, state=state)
