"""State → what to do next. Pure and total: every state answers, and waiting says for what.

One call gives one step: events to record first, else the commands that are due, in order.
`foresee` plays the optimistic course of a tick, so that all its intents go out in one push.
"""

from __future__ import annotations

from collections.abc import Callable

from patchgate.core import events as e
from patchgate.core.branch import branch_of
from patchgate.core.commands import (
    AttachPatch,
    Command,
    Decision,
    JudgePatch,
    LookAtChecks,
    PostComment,
    Propose,
    PublishPatch,
    PutPull,
    ShowTicket,
    Topic,
    Waiting,
    WriteCommand,
)
from patchgate.core.expect import expected
from patchgate.core.fold import fold
from patchgate.core.ids import Digest, Eid, FactId, effect_id, short
from patchgate.core.inputs import take
from patchgate.core.parents import decide_parent
from patchgate.core.projection import differs, view_of
from patchgate.core.proposal import Task
from patchgate.core.rules import Rules, World
from patchgate.core.state import PARKED, TERMINAL, WITH_PULL, State, Workflow

STEPS_AHEAD = 80
"""More effects than one tick may ever foresee; a plan has at most 25 sub-tasks."""
TROUBLES = 5
"""How often one effect may fail before a person is asked."""


def decide(w: Workflow, world: World, rules: Rules) -> Decision:
    """The next step of this workflow in this world."""
    if w.inbox:
        return Decision(events=take(w, w.inbox[0], world, rules))
    if world.stopped:
        return Decision(waiting=Waiting(f"STOP: {world.stopped}", "an approver's `/resume`"))
    outside = _outside(w, world)
    if outside:
        return Decision(events=outside)
    stuck = _stuck(w, world)
    if stuck:
        return Decision(events=stuck)
    if world.parent_state is State.STOPPED and not w.is_over:
        return Decision(waiting=Waiting(f"the parent {w.parent}, which is stopped", "a person"))
    step = _STATES[w.state](w, world, rules)
    if step.events:
        return step
    due = tuple(c for c in (*_replies(w), *step.commands) if _is_due(w, c))
    show = _show(w, world, rules)
    asking = [c for c in due if c.mark == "propose"]
    writes = [c for c in due if c.mark != "propose"]
    commands = (*writes, *show, *asking, *_answers(w, rules, asking=bool(asking)))
    return Decision(commands=commands, waiting=None if commands else step.waiting)


def foresee(w: Workflow, world: World, rules: Rules) -> tuple[WriteCommand, ...]:
    """The writes that follow one another if each of them succeeds, up to what cannot be known."""
    course: list[WriteCommand] = []
    for _ in range(STEPS_AHEAD):
        step = decide(w, world, rules)
        if step.events:
            w = fold(step.events, w)
            continue
        first = step.commands[0] if step.commands else None
        if first is None or isinstance(first, JudgePatch | LookAtChecks | Propose):
            break
        course.append(first)
        w = fold((expected(first, w, world),), w)
    return tuple(course)


# ── what holds in every state ────────────────────────────────────────────────────────────


def _outside(w: Workflow, world: World) -> tuple[e.Event, ...]:
    """Facts that end or park the work wherever it stands: merged, closed, parent over."""
    if w.state in TERMINAL:
        return ()
    if world.gone:
        return (e.Ended(at=world.now, state="FAILED", by="Jira", reason=world.gone),)
    if world.parent_state in (State.REJECTED, State.CANCELLED, State.FAILED):
        reason = f"the parent ended as {world.parent_state}"
        return (e.Ended(at=world.now, state="CANCELLED", by=w.parent, reason=reason),)
    pull = w.pull
    held = w.parked is not None and w.parked.code in ("hold", "stop", "closed", "merged-red")
    if pull is None or w.state not in WITH_PULL | PARKED or held:
        return ()
    if pull.state == "closed":
        reason = f"pull request #{pull.number} was closed by {pull.by or 'somebody'} unmerged"
        advice = "`/changes …` makes a new attempt, `/reject` ends the ticket"
        return (_park(world, "closed", reason, advice),)
    if pull.state == "merged":
        return _merged(w, world)
    return ()


def _merged(w: Workflow, world: World) -> tuple[e.Event, ...]:
    if w.checks is None or not w.pull:
        return ()
    if w.checks.level in ("green", "not-required"):
        reason = f"#{w.pull.number} merged; required checks: {w.checks.level}"
        return (e.Ended(at=world.now, state="DONE", by=w.pull.by, reason=reason),)
    if w.checks.level == "red":
        reason = f"#{w.pull.number} was merged while required checks were red: {w.checks.detail}"
        return (_park(world, "merged-red", reason, "repair it, then move the ticket to Done"),)
    return ()


def _stuck(w: Workflow, world: World) -> tuple[e.Event, ...]:
    if w.state in PARKED | TERMINAL:
        return ()
    for eid, count in w.troubles:
        if count >= TROUBLES and eid not in w.done and w.trouble:
            reason = f"{w.trouble.effect} failed: {w.trouble.reason}"
            advice = w.trouble.advice or "mend the cause, then `/resume`"
            return (_park(world, w.trouble.code, reason, advice),)
    if w.unreachable:
        name, available = w.unreachable[-1]
        offers = ", ".join(available) or "nothing"
        reason = f"Jira offers no way to {name!r}; it offers: {offers}"
        advice = "add the transition or map the status in settings, then `/resume`"
        return (_park(world, "status", reason, advice),)
    return ()


def _park(world: World, code: str, reason: str, advice: str) -> e.Parked:
    return e.Parked(at=world.now, state="NEEDS_HUMAN", code=code, reason=reason, advice=advice)


def eid_for(w: Workflow, kind: str, target: str, ordinal: int = 0) -> Eid:
    """The identity of an effect of this workflow's present attempt."""
    return effect_id(
        w.stream, w.generation, attempt=w.attempt, kind=kind, target=target, ordinal=ordinal
    )


def comment(
    w: Workflow,
    topic: Topic,
    *,
    subject: Digest | None = None,
    about: FactId | None = None,
    ordinal: int = 0,
) -> PostComment:
    """A comment on the ticket; one for each topic, subject and ordinal."""
    eid = effect_id(
        w.stream,
        w.generation,
        attempt=0,
        kind=f"comment:{topic}",
        target=str(about or subject or w.stream),
        ordinal=ordinal,
    )
    return PostComment(eid, topic, w.key, subject, about)


def _is_due(w: Workflow, command: Command) -> bool:
    eid = getattr(command, "eid", None)
    return eid is None or (eid not in w.done and w.times_failed(eid) < TROUBLES)


def _replies(w: Workflow) -> tuple[Command, ...]:
    return tuple(comment(w, "reply", about=r.fact) for r in w.replies)


def _answers(w: Workflow, rules: Rules, *, asking: bool) -> tuple[Command, ...]:
    posts = tuple(comment(w, "answer", about=a.question) for a in w.answers)
    due: tuple[Command, ...] = tuple(c for c in posts if _is_due(w, c))
    open_questions = [q for q in w.questions if not q.answered]
    if open_questions and not asking and w.reservation is None and not w.is_over:
        first = open_questions[0]
        eid = eid_for(w, "propose:answer", first.fact)
        cost = rules.reserve.get(Task.ANSWER, 0)
        if w.money.spent + cost <= rules.ticket_cap:
            due = (*due, Propose(eid, Task.ANSWER, w.attempt, cost, first.fact))
    return due


def _show(w: Workflow, world: World, rules: Rules) -> tuple[Command, ...]:
    """Re-assert the state in Jira; a difference made by somebody else once, then left alone."""
    if not w.key or world.ticket is None:
        return ()
    view = view_of(w, rules)
    drift = None
    if w.shown and w.shown.same_as(view):
        move = world.ticket.last_move
        settled = w.drift_reasserted or move is None or move == w.drift_seen
        if settled or w.is_over or not differs(view, world.ticket, rules):
            return ()
        drift = move
    eid = effect_id(
        w.stream, w.generation, attempt=0, kind="show", target=w.stream, ordinal=w.shows
    )
    if w.times_failed(eid) >= TROUBLES:
        return ()
    show = ShowTicket(eid, w.key, w.state, view.status, view.assignee, view.labels, drift)
    said = comment(w, "drift", about=drift) if drift else None
    return (show, said) if said and _is_due(w, said) else (show,)


# ── state by state ───────────────────────────────────────────────────────────────────────


def _ingested(w: Workflow, world: World, rules: Rules) -> Decision:
    if w.parent and not w.started:
        return Decision(events=(e.WorkStarted(at=world.now, next="execute"),))
    if not w.started:
        return Decision(waiting=Waiting("an assignment to the runner", "a person"))
    if w.triaged is None:
        return _ask_model(w, world, rules, Task.TRIAGE)
    if w.triaged.decision == "GO":
        step = "plan" if w.plan_required else "execute"
        return Decision(events=(e.WorkStarted.model_validate({"at": world.now, "next": step}),))
    reason = f"{w.triaged.decision}: {w.triaged.reason} {w.triaged.question}".strip()
    code = "defer" if w.triaged.decision == "DEFER" else "no-go"
    advice = {
        "defer": "`/approve` agrees to wait, `/resume` goes ahead anyway, `/reject` ends it",
        "no-go": "answer in a comment and `/resume`, or `/reject`",
    }[code]
    return Decision(events=(_park(world, code, reason, advice),))


def _planning(w: Workflow, world: World, rules: Rules) -> Decision:
    return _ask_model(w, world, rules, Task.PLAN)


def _plan_review(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.plan is not None  # noqa: S101 - the fold enters this state only with a plan
    post = comment(w, "plan", subject=w.plan.plan, ordinal=w.plans)
    waiting = Waiting(f"approval of plan {short(w.plan.plan)}", "an approver")
    return Decision(commands=(post,), waiting=waiting)


def _executing(w: Workflow, world: World, rules: Rules) -> Decision:
    if w.is_parent:
        return decide_parent(w, world)
    if w.mode == "request" and w.covering_grant() is None:
        reason = "this ticket's text is not approved (mode `request`)"
        advice = "an approver comments `/approve`, or assigns it to the runner"
        return Decision(events=(_park(world, "approval", reason, advice),))
    return _ask_model(w, world, rules, Task.IMPLEMENT)


def _ask_model(w: Workflow, world: World, rules: Rules, task: Task) -> Decision:
    if w.reservation is not None:
        if not world.run_ended:
            return Decision(waiting=Waiting(f"the {w.reservation.task} run", w.reservation.run))
        lost = e.RunLost(
            at=world.now,
            eid=w.reservation.eid,
            task=w.reservation.task,
            attempt=w.reservation.attempt,
            charged=w.reservation.micro_dollars,
            why="the run that held it is over and left no proposal",
        )
        return Decision(events=(lost,))
    stop = _limits(w, world, rules, task)
    if stop:
        return Decision(events=(stop,))
    eid = eid_for(w, f"propose:{task}", w.stream, w.money.runs)
    cost = rules.reserve.get(task, 0)
    return Decision(commands=(Propose(eid, task, w.attempt, cost),))


def _limits(w: Workflow, world: World, rules: Rules, task: Task) -> e.Parked | None:
    if w.asked:
        asked = " · ".join(w.asked)
        return _park(world, "question", asked, "answer in a comment, then `/resume`")
    if len(w.signatures) >= 2 and w.signatures[-1] == w.signatures[-2]:
        reason = f"the same failure twice in a row: {w.signatures[-1]}"
        return _park(world, "repeated", reason, "`/changes …` says what to do differently")
    if w.failures >= rules.max_attempts:
        last = w.signatures[-1] if w.signatures else "the runs were lost"
        reason = f"{w.failures} attempts failed; the last: {last}"
        return _park(world, "attempts", reason, "`/retry` tries again, `/changes …` with advice")
    if w.money.spent + rules.reserve.get(task, 0) > rules.ticket_cap:
        reason = f"the next run could exceed the cap of {rules.ticket_cap} micro-dollars"
        advice = "raise `limits.ticket_micro_dollars`, then `/resume`"
        return _park(world, "money", reason, advice)
    if world.failures_in_row >= rules.max_consecutive_failures:
        reason = f"{world.failures_in_row} items in a row failed in this project"
        return _park(world, "breaker", reason, "look at the cause, then `/resume`")
    return None


def _proposed(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.patch is not None  # noqa: S101 - the fold enters this state only with a patch
    if w.judged is None or w.judged.policy != rules.policy:
        return Decision(commands=(JudgePatch(w.patch.patch),))
    if w.judged.level == "ACCEPT":
        grant = w.covering_grant()
        under = grant.subject if grant else w.patch.patch
        cleared = e.PatchCleared(at=world.now, patch=w.patch.patch, under=under)
        return Decision(events=(cleared,))
    found = [v for v in w.judged.violations if v.severity != "WARN"]
    rules_hit = ", ".join(dict.fromkeys(v.rule for v in found)) or "policy"
    if w.judged.level == "REFUSE":
        again = e.ChangesRequested(
            at=world.now, source="policy", by="policy", detail=rules_hit, counts=True
        )
        failures = w.failures + 1
        if failures >= rules.max_attempts:
            reason = f"the policy refuses every attempt ({rules_hit})"
            return Decision(events=(_park(world, "refused", reason, "`/changes …` or `/reject`"),))
        return Decision(events=(again,))
    parked = e.Parked(
        at=world.now,
        state="BLOCKED_POLICY",
        code="policy",
        reason=f"blocked by {rules_hit}",
        advice=f"`/override {found[0].rule if found else 'RULE'} <reason>`, `/changes …`, "
        "`/reject`",
    )
    return Decision(events=(parked,))


def _waiting(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.patch is not None  # noqa: S101 - the fold enters this state only with a patch
    waiting = Waiting(f"approval of patch {short(w.patch.patch)}", "an approver")
    return Decision(commands=_show_patch(w, world, rules, "patch"), waiting=waiting)


def _show_patch(w: Workflow, world: World, rules: Rules, topic: Topic) -> tuple[Command, ...]:
    assert w.patch is not None  # noqa: S101 - callers have one
    post = comment(w, topic, subject=w.patch.patch, ordinal=len(w.overrides))
    if world.patch_length <= rules.attach_over:
        return (post,)
    eid = eid_for(w, "attach", w.patch.patch)
    return (AttachPatch(eid, w.key, w.patch.patch), post)


def _applying(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.patch is not None  # noqa: S101 - the fold enters this state only with a patch
    if w.refused is not None:
        reason = f"the write gate refused ({w.refused.code}): {w.refused.reason}"
        advice = "`/retry` makes a new patch from the present state, `/reject` ends it"
        void = e.ApprovalVoided(at=world.now, subject=w.patch.patch, reason=w.refused.reason)
        return Decision(events=(void, _park(world, "gate", reason, advice)))
    branch = f"{w.patch.repo}:{branch_of(w)}"
    publish = PublishPatch(eid_for(w, "commit", branch), branch, w.patch.patch)
    put = PutPull(eid_for(w, "pull", branch), branch, w.patch.patch)
    return Decision(commands=(publish, put))


def _pull_open(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.pull is not None  # noqa: S101 - the fold enters this state only with a pull request
    if w.checks is None or w.checks.head != w.pull.head:
        look: tuple[Command, ...] = (LookAtChecks(w.pull.head),)
        return Decision(commands=look)
    if w.checks.level == "red":
        red = e.ChangesRequested(
            at=world.now, source="ci", by="CI", detail=w.checks.detail, counts=True
        )
        return Decision(events=(red,))
    posts: tuple[Command, ...] = ()
    testing = rules.in_testing_when == "pr_opened" or w.state is State.READY_TO_MERGE
    if testing:
        posts = (comment(w, "pull", subject=w.published, ordinal=w.pull.number),)
    what = "the merge" if w.state is State.READY_TO_MERGE else "required checks"
    if w.checks.level == "not-required" and not rules.allow_not_required:
        reason = "the repository requires no checks and settings do not allow that"
        advice = "require checks on the branch, or set `allow_no_required_checks: true`"
        return Decision(events=(_park(world, "no-checks", reason, advice),))
    whom = "the reviewer" if w.state is State.READY_TO_MERGE else "CI"
    return Decision(commands=posts, waiting=Waiting(f"{what} of #{w.pull.number}", whom))


def _parked_state(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.parked is not None  # noqa: S101 - the fold enters these states only with a reason
    if w.state is State.DEFERRED and world.wake:
        return Decision(events=(e.Resumed(at=world.now, by="patchgate", why=w.parked.until),))
    topic: Topic = "deferred" if w.state is State.DEFERRED else "parked"
    posts: tuple[Command, ...]
    if w.state is State.BLOCKED_POLICY:
        posts = _show_patch(w, world, rules, "blocked")
    else:
        posts = (comment(w, topic, ordinal=w.parkings),)
    return Decision(commands=posts, waiting=Waiting(w.parked.reason, "a person"))


def _over(w: Workflow, world: World, rules: Rules) -> Decision:
    done = w.state is State.DONE
    topic: Topic = "summary" if done and w.is_parent else "done" if done else "ended"
    post = comment(w, topic, ordinal=w.generation)
    return Decision(commands=(post,), waiting=Waiting("nothing: it has ended", "nobody"))


_STATES: dict[State, Callable[[Workflow, World, Rules], Decision]] = {
    State.INGESTED: _ingested,
    State.PLANNING: _planning,
    State.PLAN_REVIEW: _plan_review,
    State.EXECUTING: _executing,
    State.PATCHES_PROPOSED: _proposed,
    State.WAITING_USER_APPROVAL: _waiting,
    State.APPLYING_PATCHES: _applying,
    State.PR_OPEN: _pull_open,
    State.VERIFYING_CI: _pull_open,
    State.READY_TO_MERGE: _pull_open,
    State.NEEDS_HUMAN: _parked_state,
    State.BLOCKED_POLICY: _parked_state,
    State.DEFERRED: _parked_state,
    State.STOPPED: _parked_state,
    State.DONE: _over,
    State.REJECTED: _over,
    State.CANCELLED: _over,
    State.FAILED: _over,
}
