"""What `decide` concluded: inputs handled, approvals, rounds, parking, ends, children."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.fold.moving import another_round, enter, park, unpark, untroubled
from patchgate.core.replacing import replace
from patchgate.core.state import Child, Input, Question, Reply, State, Workflow


def fold_decision(w: Workflow, event: Event) -> Workflow | None:
    """The workflow with that decision; None when the event is none."""
    match event:
        case e.InputHandled():
            return _handled(w, event)
        case e.ChangesRequested():
            return another_round(w, event)
        case e.Parked():
            return park(w, event)
        case e.Resumed():
            return unpark(w)
        case e.ChildActivated():
            return replace(w, active=event.ordinal)
        case e.ChildEnded():
            return _child_ended(w, event)
        case e.WorkStarted() | e.Ended() | e.Reopened():
            return _life(w, event)
        case _:
            return _permission(w, event)


def _life(w: Workflow, event: e.WorkStarted | e.Ended | e.Reopened) -> Workflow:
    match event:
        case e.WorkStarted():
            # Triage happens in INGESTED: the decision, not a state, is what the design names GO.
            targets = {"plan": State.PLANNING, "execute": State.EXECUTING}
            return enter(replace(w, started=True), targets.get(event.next, State.INGESTED))
        case e.Ended():
            return replace(w, state=State(event.state), ended=event, parked=None, resume_to=None)
        case e.Reopened():
            return _reopened(w, event)


def _permission(w: Workflow, event: Event) -> Workflow | None:
    match event:
        case e.Approved():
            return _approved(w, event)
        case e.PatchCleared():
            if w.state is not State.PATCHES_PROPOSED:
                return w
            return replace(w, cleared=True, state=State.APPLYING_PATCHES)
        case e.ApprovalVoided():
            return replace(w, grants=tuple(g for g in w.grants if g.subject != event.subject))
        case e.OverrideGiven():
            return _overridden(w, event)
        case _:
            return None


# ── inputs ───────────────────────────────────────────────────────────────────────────────


def _handled(w: Workflow, x: e.InputHandled) -> Workflow:
    given = next((i for i in w.inbox if i.fact == x.fact), None)
    if given is None:
        return w
    w = replace(w, inbox=tuple(i for i in w.inbox if i.fact != x.fact))
    if isinstance(given, e.CommandGiven) and given.verb == "ask" and x.outcome == "accepted":
        w = replace(w, questions=(*w.questions, Question(given.fact, given.argument)))
    if not x.say:
        return w
    near = given if isinstance(given, e.NearMiss) else None
    return replace(w, replies=(*w.replies, Reply(x.fact, _said(given), x.reason, near)))


def _said(given: Input) -> str:
    match given:
        case e.CommandGiven():
            return f"/{given.verb} {given.argument[:100]}".strip()
        case e.StatusMoved():
            return f"{given.before} → {given.after}"
        case e.NearMiss():
            return given.word
        case _:
            return given.evidence.kind


# ── approvals and overrides ──────────────────────────────────────────────────────────────


def _approved(w: Workflow, x: e.Approved) -> Workflow:
    w = replace(w, grants=(*w.grants, x))
    if x.what == "plan" and w.state is State.PLAN_REVIEW and w.plan:
        children = tuple(Child(n, title) for n, title in enumerate(w.plan.items, 1))
        return replace(w, children=children, state=State.EXECUTING, attempt=1, failures=0)
    if x.what == "patch" and w.state is State.WAITING_USER_APPROVAL:
        return replace(w, state=State.APPLYING_PATCHES)
    if x.what == "request" and w.state is State.NEEDS_HUMAN:
        return unpark(w)
    return w


def _overridden(w: Workflow, x: e.OverrideGiven) -> Workflow:
    if w.state is not State.BLOCKED_POLICY:
        return w
    lifted = replace(untroubled(w), overrides=(*w.overrides, x), judged=None)
    return replace(lifted, state=State.PATCHES_PROPOSED)


# ── generations and children ─────────────────────────────────────────────────────────────


def _reopened(w: Workflow, x: e.Reopened) -> Workflow:
    kept = {name: getattr(w, name) for name in _KEPT_OVER_GENERATIONS}
    return Workflow(**kept, generation=x.generation, requester=x.by, since=x.at)


_KEPT_OVER_GENERATIONS = (
    "stream", "key", "issue_id", "repo", "base_branch", "mode", "plan_required", "triage",
    "trigger", "parent", "ordinal", "parent_plan", "request", "revised", "revisions", "inbox",
    "seen", "comments_through", "money", "seq", "shows", "shown", "drift_seen",
    # What people were told stays told, and what they were promised is still owed.
    "done", "replies", "questions", "answers",
)  # fmt: skip


def _child_ended(w: Workflow, x: e.ChildEnded) -> Workflow:
    def finish(c: Child) -> Child:
        if c.ordinal != x.ordinal:
            return c
        return replace(c, ended=x.state, cost=x.cost, runs=x.runs, pull=x.pull, summary=x.summary)

    return replace(w, children=tuple(finish(c) for c in w.children), active=0)
