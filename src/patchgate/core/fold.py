"""Events → state: one pure function for each kind of event, total over every state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.ids import StreamId
from patchgate.core.proposal import Outcome, Task
from patchgate.core.state import (
    PARKED,
    TERMINAL,
    WITH_PULL,
    Child,
    Input,
    Money,
    Publication,
    Pull,
    Question,
    Reply,
    State,
    View,
    Workflow,
)

Step = Callable[[Workflow, Any], Workflow]
_STEPS: dict[type, Step] = {}


def _on(kind: type) -> Callable[[Step], Step]:
    def register(step: Step) -> Step:
        _STEPS[kind] = step
        return step

    return register


def fold(events: Iterable[Event], start: Workflow | None = None) -> Workflow:
    """The workflow that these events make (prefix by prefix: `fold(a + b) == fold(b, fold(a))`)."""
    workflow = start or Workflow()
    for event in events:
        workflow = evolve(workflow, event)
    return workflow


def evolve(w: Workflow, event: Event) -> Workflow:
    """One event further. A fact that was seen before adds nothing."""
    if isinstance(event, e.Observed):
        if event.fact in w.seen:
            return replace(w, seq=w.seq + 1)
        w = replace(w, seen=w.seen | {event.fact})
    eid = getattr(event, "eid", None)
    if eid is not None and isinstance(event, _RESULTS):
        w = replace(w, done=w.done | {eid})
    step = _STEPS.get(type(event))
    after = step(w, event) if step else w
    if after.state is not w.state:
        after = replace(after, since=event.at)
        if after.state not in TERMINAL:
            after = replace(after, drift_reasserted=False)
    return replace(after, seq=w.seq + 1)


_RESULTS = (
    e.CommentPosted,
    e.TicketShown,
    e.SubtaskCreated,
    e.PatchAttached,
    e.PatchPublished,
    e.PullPut,
)


@_on(e.WorkflowOpened)
def _opened(w: Workflow, x: e.WorkflowOpened) -> Workflow:
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


@_on(e.TicketRevised)
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


def _into_inbox(w: Workflow, x: Any) -> Workflow:
    return replace(w, inbox=(*w.inbox, x))


for _kind in (e.RunnerAssigned, e.StatusMoved, e.CommandGiven, e.NearMiss, e.ReviewGiven):
    _STEPS[_kind] = _into_inbox


@_on(e.InputHandled)
def _handled(w: Workflow, x: e.InputHandled) -> Workflow:
    given = next((i for i in w.inbox if i.fact == x.fact), None)
    if given is None:
        return w
    inbox = tuple(i for i in w.inbox if i.fact != x.fact)
    w = replace(w, inbox=inbox)
    if isinstance(given, e.CommandGiven) and given.verb == "ask" and x.outcome == "accepted":
        w = replace(w, questions=(*w.questions, Question(given.fact, given.argument)))
    if not x.say:
        return w
    near = given if isinstance(given, e.NearMiss) else None
    reply = Reply(x.fact, _said(given), x.reason, near)
    return replace(w, replies=(*w.replies, reply))


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


@_on(e.WorkStarted)
def _started(w: Workflow, x: e.WorkStarted) -> Workflow:
    # Triage happens in INGESTED: the decision, not a state, is what the design names GO.
    target = {"triage": State.INGESTED, "plan": State.PLANNING, "execute": State.EXECUTING}[x.next]
    return replace(w, state=target, started=True)


@_on(e.PullSeen)
def _pull_seen(w: Workflow, x: e.PullSeen) -> Workflow:
    if not w.pull or w.pull.number != x.number:
        return w
    pull = replace(
        w.pull, state=x.state, by=x.by, merge_sha=x.merge_sha, seen=w.pull.seen + 1, head=x.head
    )
    return replace(w, pull=pull)


@_on(e.ChecksSeen)
def _checks_seen(w: Workflow, x: e.ChecksSeen) -> Workflow:
    w = replace(w, checks=x, check_rounds=w.check_rounds + 1)
    if w.state not in WITH_PULL:
        return w
    passed = x.level in ("green", "not-required")
    return replace(w, state=State.READY_TO_MERGE if passed else State.VERIFYING_CI)


@_on(e.HeadMoved)
def _head_moved(w: Workflow, x: e.HeadMoved) -> Workflow:
    pull = replace(w.pull, head=x.head) if w.pull else None
    state = State.VERIFYING_CI if w.state in WITH_PULL else w.state
    return replace(w, pull=pull, checks=None, state=state)


# ── rooms ────────────────────────────────────────────────────────────────────────────────


@_on(e.AttemptReserved)
def _reserved(w: Workflow, x: e.AttemptReserved) -> Workflow:
    through = x.comments_through or w.comments_through
    return replace(w, reservation=x, comments_through=through, asked=())


@_on(e.RunFinished)
def _run_finished(w: Workflow, x: e.RunFinished) -> Workflow:
    money = Money(
        spent=w.money.spent + x.charged,
        uncertain=w.money.uncertain or x.record.micro_dollars is None,
        tokens=w.money.tokens + x.record.usage.total,
        runs=w.money.runs + 1,
    )
    w = replace(w, money=money, reservation=None, asked=x.questions)
    if x.task is Task.ANSWER or x.record.outcome in (Outcome.ANSWERED, Outcome.QUESTION):
        return w
    return _failed_once(w, x.signature)


@_on(e.RunLost)
def _run_lost(w: Workflow, x: e.RunLost) -> Workflow:
    money = replace(w.money, spent=w.money.spent + x.charged, uncertain=True)
    w = replace(w, money=money, reservation=None)
    return w if x.task is Task.ANSWER else _failed_once(w, "")


def _failed_once(w: Workflow, signature: str) -> Workflow:
    signatures = (*w.signatures, signature) if signature else w.signatures
    return replace(w, failures=w.failures + 1, attempt=w.attempt + 1, signatures=signatures)


@_on(e.Triaged)
def _triaged(w: Workflow, x: e.Triaged) -> Workflow:
    return replace(w, triaged=x)


@_on(e.AnswerGiven)
def _answered(w: Workflow, x: e.AnswerGiven) -> Workflow:
    asked = tuple(replace(q, answered=True) if q.fact == x.question else q for q in w.questions)
    return replace(w, questions=asked, answers=(*w.answers, x))


@_on(e.PlanProposed)
def _plan_proposed(w: Workflow, x: e.PlanProposed) -> Workflow:
    grants = tuple(g for g in w.grants if g.what != "plan")
    return replace(
        w, plan=x, plans=w.plans + 1, grants=grants, feedback=(), state=State.PLAN_REVIEW
    )


@_on(e.PatchProposed)
def _patch_proposed(w: Workflow, x: e.PatchProposed) -> Workflow:
    return replace(
        w,
        patch=x,
        judged=None,
        evidence=None,
        cleared=False,
        refused=None,
        overrides=(),
        grants=tuple(g for g in w.grants if g.what != "patch"),
        feedback=(),
        state=State.PATCHES_PROPOSED,
    )


@_on(e.PatchJudged)
def _judged(w: Workflow, x: e.PatchJudged) -> Workflow:
    if not w.patch or w.patch.patch != x.patch:
        return w
    w = replace(w, judged=x)
    if x.level != "ACCEPT" or w.state is not State.PATCHES_PROPOSED:
        return w
    covered = w.covering_grant() is not None and not x.wider
    return w if covered else replace(w, state=State.WAITING_USER_APPROVAL)


@_on(e.EvidenceReceived)
def _evidence(w: Workflow, x: e.EvidenceReceived) -> Workflow:
    return replace(w, evidence=x)


# ── decisions ────────────────────────────────────────────────────────────────────────────


@_on(e.Approved)
def _approved(w: Workflow, x: e.Approved) -> Workflow:
    w = replace(w, grants=(*w.grants, x))
    if x.what == "plan" and w.state is State.PLAN_REVIEW and w.plan:
        children = tuple(Child(n, title) for n, title in enumerate(w.plan.items, 1))
        return replace(w, children=children, state=State.EXECUTING, attempt=1, failures=0)
    if x.what == "patch" and w.state is State.WAITING_USER_APPROVAL:
        return replace(w, state=State.APPLYING_PATCHES)
    if x.what == "request" and w.state is State.NEEDS_HUMAN:
        return _unpark(w)
    return w


@_on(e.PatchCleared)
def _cleared(w: Workflow, x: e.PatchCleared) -> Workflow:
    if w.state is not State.PATCHES_PROPOSED:
        return w
    return replace(w, cleared=True, state=State.APPLYING_PATCHES)


@_on(e.ApprovalVoided)
def _voided(w: Workflow, x: e.ApprovalVoided) -> Workflow:
    return replace(w, grants=tuple(g for g in w.grants if g.subject != x.subject))


_BACK_TO_PLANNING = frozenset({State.PLAN_REVIEW, State.PLANNING, State.INGESTED})


@_on(e.ChangesRequested)
def _changes(w: Workflow, x: e.ChangesRequested) -> Workflow:
    w = replace(w, feedback=(*w.feedback, x), attempt=w.attempt + 1)
    failures = w.failures + 1 if x.counts else 0
    at = w.resume_to if w.state in PARKED and w.resume_to else w.state
    target = State.PLANNING if at in _BACK_TO_PLANNING else State.EXECUTING
    signatures = w.signatures if x.counts else ()
    return replace(
        w,
        state=target,
        failures=failures,
        signatures=signatures,
        parked=None,
        resume_to=None,
        checks=None,
        grants=tuple(g for g in w.grants if g.what != "patch"),
        asked=(),
    )


@_on(e.Parked)
def _parked(w: Workflow, x: e.Parked) -> Workflow:
    back = w.resume_to if w.state in PARKED else w.state
    return replace(w, state=State(x.state), parked=x, resume_to=back, parkings=w.parkings + 1)


@_on(e.Resumed)
def _resumed(w: Workflow, x: e.Resumed) -> Workflow:
    return _unpark(w) if w.state in PARKED else w


def _unpark(w: Workflow) -> Workflow:
    target = w.resume_to or State.INGESTED
    if target is State.APPLYING_PATCHES and w.refused:
        target = State.EXECUTING
    if target is State.INGESTED and w.triaged:
        target = State.PLANNING if w.plan_required else State.EXECUTING
    return replace(
        w,
        state=target,
        resume_to=None,
        parked=None,
        failures=0,
        signatures=(),
        troubles=(),
        unreachable=(),
        refused=None,
        asked=(),
        attempt=w.attempt + 1,
    )


@_on(e.OverrideGiven)
def _override(w: Workflow, x: e.OverrideGiven) -> Workflow:
    w = replace(w, overrides=(*w.overrides, x), judged=None)
    if w.state is State.BLOCKED_POLICY:
        return replace(w, state=State.PATCHES_PROPOSED, parked=None, resume_to=None)
    return w


@_on(e.Ended)
def _ended(w: Workflow, x: e.Ended) -> Workflow:
    return replace(w, state=State(x.state), ended=x, parked=None, resume_to=None)


@_on(e.Reopened)
def _reopened(w: Workflow, x: e.Reopened) -> Workflow:
    fresh = Workflow(
        **{name: getattr(w, name) for name in _KEPT_OVER_GENERATIONS},
        generation=x.generation,
        requester=x.by,
        since=x.at,
    )
    return replace(fresh, shows=w.shows, shown=w.shown)


_KEPT_OVER_GENERATIONS = (
    "stream", "key", "issue_id", "repo", "base_branch", "mode", "plan_required", "triage",
    "trigger", "parent", "ordinal", "parent_plan", "request", "revised", "revisions", "inbox",
    "seen",
    "comments_through", "money", "seq",
)  # fmt: skip


@_on(e.ChildActivated)
def _activated(w: Workflow, x: e.ChildActivated) -> Workflow:
    return replace(w, active=x.ordinal)


@_on(e.ChildEnded)
def _child_ended(w: Workflow, x: e.ChildEnded) -> Workflow:
    def finish(c: Child) -> Child:
        if c.ordinal != x.ordinal:
            return c
        return replace(c, ended=x.state, cost=x.cost, runs=x.runs, pull=x.pull, summary=x.summary)

    return replace(w, children=tuple(finish(c) for c in w.children), active=0)


# ── effects ──────────────────────────────────────────────────────────────────────────────


@_on(e.Intended)
def _intended(w: Workflow, x: e.Intended) -> Workflow:
    return replace(w, intended=w.intended | {i.eid for i in x.effects})


@_on(e.EffectFailed)
def _effect_failed(w: Workflow, x: e.EffectFailed) -> Workflow:
    counts = dict(w.troubles)
    counts[x.eid] = counts.get(x.eid, 0) + (99 if x.final else 1)
    return replace(w, troubles=tuple(counts.items()), trouble=x)


@_on(e.CommentPosted)
def _commented(w: Workflow, x: e.CommentPosted) -> Workflow:
    if not x.subject:
        return w
    shown = Publication(x.platform, x.comment, x.posted, x.subject)
    return replace(w, publications=(*w.publications, shown))


@_on(e.TicketShown)
def _shown(w: Workflow, x: e.TicketShown) -> Workflow:
    view = View(x.view, x.status, x.assignee, x.labels)
    return replace(
        w,
        shown=view,
        shows=w.shows + 1,
        drift_seen=x.drift or w.drift_seen,
        drift_reasserted=w.drift_reasserted or x.drift is not None,
    )


@_on(e.StatusUnreachable)
def _unreachable(w: Workflow, x: e.StatusUnreachable) -> Workflow:
    return replace(w, unreachable=(*w.unreachable, (x.status, x.available)))


@_on(e.SubtaskCreated)
def _subtask(w: Workflow, x: e.SubtaskCreated) -> Workflow:
    children = tuple(
        replace(c, key=x.key, issue_id=x.issue_id) if c.ordinal == x.ordinal else c
        for c in w.children
    )
    return replace(w, children=children)


@_on(e.PatchPublished)
def _published(w: Workflow, x: e.PatchPublished) -> Workflow:
    pull = replace(w.pull, head=x.commit) if w.pull and w.pull.state == "open" else w.pull
    return replace(w, published=x.patch, commit=x.commit, pull=pull, checks=None)


@_on(e.WriteRefused)
def _write_refused(w: Workflow, x: e.WriteRefused) -> Workflow:
    return replace(w, refused=x)


@_on(e.PullPut)
def _pull_put(w: Workflow, x: e.PullPut) -> Workflow:
    same = w.pull is not None and w.pull.number == x.number
    seen = w.pull.seen if same and w.pull else 0
    state = State.PR_OPEN if w.state is State.APPLYING_PATCHES else w.state
    return replace(
        w, pull=Pull(x.repo, x.number, x.url, x.head, seen=seen), state=state, checks=None
    )
