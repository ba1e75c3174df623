"""Assignments, moves of the ticket and pull-request reviews."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.approval import Word, refusal
from patchgate.core.events import Evidence
from patchgate.core.fold import fold
from patchgate.core.gates import checks_green, planning_complete
from patchgate.core.inputs.outcomes import (
    REVIEWABLE,
    Events,
    accept,
    another_life,
    approval,
    approve,
    cannot_rework,
    ignore,
    refuse,
    why_no_approval,
)
from patchgate.core.limits import lost_run
from patchgate.core.rules import Rules, World
from patchgate.core.state import PARKED, TERMINAL, Input, Publication, State, Workflow
from patchgate.core.verdict import Level

# ── assigned to the runner ───────────────────────────────────────────────────────────────


def assigned(w: Workflow, given: e.RunnerAssigned, world: World, rules: Rules) -> Events:
    """A start, another round, one half of a resume, or nothing."""
    if w.state in TERMINAL:
        return _reopen(w, given, world, rules)
    if w.state is State.INGESTED and not w.started:
        start = _start(w, given.evidence, world, rules)
        return accept(given, "assigned to the runner", world, *start)
    if w.state is State.NEEDS_HUMAN and w.subject is not None:
        return approve(w, given, subject=w.subject, ctx=(world, rules))
    if w.state in PARKED:
        return _let_go_on(w, given, world, rules)
    if w.state not in REVIEWABLE:
        return ignore(given, f"already at work ({w.state})", world)
    impossible = cannot_rework(w)
    if impossible:
        return ignore(given, impossible, world)
    if _approving_move(w, rules):
        return ignore(given, "the plan is approved by the move beside it", world)
    who = given.evidence.author
    changes = e.ChangesRequested(at=world.now, source="person", by=who, since=w.comments_through)
    return accept(given, "reassigned to the runner for another round", world, changes)


def _start(w: Workflow, evidence: Evidence, world: World, rules: Rules) -> Events:
    step = "triage" if w.triage else "execute" if planning_complete(w).passed else "plan"
    started = e.WorkStarted.model_validate({"at": world.now, "next": step})
    # Only the assignment itself says yes to the text; a move that takes it up again does not.
    if w.mode != "request" or w.request is None or evidence.kind != "assignment":
        return (started,)
    shown = Publication("jira", "", w.revised, w.request)
    word, requester = Word(evidence), evidence.author
    if refusal(word, subject=w.request, shown=shown, rules=rules, requester=requester):
        return (started,)
    return (started, approval(w.request, "request", evidence, w=w, ctx=(world, rules)))


def _reopen(
    w: Workflow, given: e.RunnerAssigned | e.StatusMoved, world: World, rules: Rules
) -> Events:
    """Out of Done *and* assigned to the runner, in either order, begins the next generation."""
    now, who = world.ticket, given.evidence.author
    if now is None or now.assignee != rules.runner["jira"]:
        return ignore(given, "the work has ended", world)
    if w.parent and isinstance(given, e.StatusMoved):
        return ignore(given, "the work has ended", world)
    if w.parent:
        return refuse(given, f"the work has ended ({w.state}); {another_life(w)}", world)
    if now.status.casefold() == rules.statuses.done.casefold():
        return refuse(given, f"it is {now.status}: move it out of that to take it up again", world)
    lost = lost_run(w, world, "the ticket was taken up again while the run was on")
    again = e.Reopened(at=world.now, generation=w.generation + 1, by=who)
    # Nothing of the last generation lets this one begin further on: its plan is not approved.
    start = _start(fold((again,), w), given.evidence, world, rules)
    return accept(given, "taken up again after its end", world, *lost, again, *start)


def _approving_move(w: Workflow, rules: Rules) -> bool:
    """Whether the same wake-up brought the move that approves the plan under review."""
    if w.state is not State.PLAN_REVIEW or w.plan is None:
        return False
    subject = w.plan.plan
    return any(
        isinstance(i, e.StatusMoved)
        and _approves_plan(i, rules)
        and not why_no_approval(w, i, subject=subject, rules=rules)
        for i in w.inbox
    )


def _approves_plan(move: e.StatusMoved, rules: Rules) -> bool:
    names = rules.statuses
    wanted = (names.plan_review.casefold(), names.in_progress.casefold())
    return (move.before.casefold(), move.after.casefold()) == wanted


# ── resumed ──────────────────────────────────────────────────────────────────────────────


def _let_go_on(
    w: Workflow, given: e.RunnerAssigned | e.StatusMoved, world: World, rules: Rules
) -> Events:
    """Out of Blocked *and* back to the runner, in either order, means resume."""
    now = world.ticket
    blocked = rules.statuses.blocked.casefold()
    if now is None or now.status.casefold() == blocked or now.assignee != rules.runner["jira"]:
        missing = "move it out of Blocked and assign it to the runner, or comment `/resume`"
        return ignore(given, missing, world)
    who = given.evidence.author
    if w.parked and w.parked.code in _BY_COMMAND and not rules.may_command("jira", who):
        return refuse(given, f"account {who} is neither approver nor reviewer", world)
    onward: e.Event = e.Resumed(at=world.now, by=who)
    reason = "resumed"
    if w.state is State.BLOCKED_POLICY:
        onward = e.ChangesRequested(at=world.now, source="person", by=who, since=w.comments_through)
        reason = "another attempt"
    handled = accept(given, reason, world)
    for half in w.inbox:
        if half.fact != given.fact and _is_half(half, blocked):
            handled += ignore(half, "the other half of the same resume", world)
    return (*handled, onward)


_BY_COMMAND = frozenset({"stop", "money", "attempts", "repeated", "breaker", "gate", "refused"})
"""Stops that not everybody who may move a ticket can lift."""


def _is_half(given: Input, blocked: str) -> bool:
    if isinstance(given, e.StatusMoved):
        return given.before.casefold() == blocked
    return isinstance(given, e.RunnerAssigned)


# ── moved ────────────────────────────────────────────────────────────────────────────────


def moved(w: Workflow, given: e.StatusMoved, world: World, rules: Rules) -> Events:
    """An approval, a hold, an end, one half of a resume or of a reopening, or nothing."""
    names = rules.statuses
    before, after = given.before.casefold(), given.after.casefold()
    if w.state in TERMINAL:
        if before == names.done.casefold():
            return _reopen(w, given, world, rules)
        return ignore(given, "the work has ended", world)
    if after == names.done.casefold():
        return _moved_to_done(w, given, world, rules)
    if after == names.blocked.casefold():
        return _held(w, given, world)
    if w.state in PARKED:
        return _let_go_on(w, given, world, rules)
    if w.state is State.PLAN_REVIEW and w.plan and _approves_plan(given, rules):
        return approve(w, given, subject=w.plan.plan, ctx=(world, rules))
    return ignore(given, f"a move to {given.after} means nothing in {w.state}", world)


def _moved_to_done(w: Workflow, given: e.StatusMoved, world: World, rules: Rules) -> Events:
    who = given.evidence.author
    if not w.is_merged or w.pull is None:
        reason = "moved to Done before a merge"
        ended = e.Ended(at=world.now, state="CANCELLED", by=who, reason=reason)
        return accept(given, "closed by a person", world, ended)
    allowed = rules.allow_not_required
    gate = checks_green(w.checks, head=w.pull.head, allow_not_required=allowed)
    if gate.level is Level.UNKNOWN:
        waits = "agreed; it is done when the required checks have passed, or with `/approve`"
        return accept(given, waits, world)
    level = w.checks.level if w.checks else "unknown"
    if not gate.passed and not rules.may_command("jira", who):
        return refuse(given, f"required checks: {level}; {who} may not decide that", world)
    reason = f"#{w.pull.number} merged; required checks: {level}; moved to Done by a person"
    done = e.Ended(at=world.now, state="DONE", by=who, reason=reason)
    return accept(given, "agreed: the pull request is merged", world, done)


def _held(w: Workflow, given: e.StatusMoved, world: World) -> Events:
    if w.state in PARKED:
        return ignore(given, "already parked", world)
    parked = e.Parked(
        at=world.now,
        state="STOPPED",
        code="hold",
        reason=f"moved to {given.after} by a person",
        advice="comment `/resume`, or move it out of Blocked and assign it to the runner",
    )
    return accept(given, "held", world, parked)


# ── reviewed ─────────────────────────────────────────────────────────────────────────────


def reviewed(w: Workflow, given: e.ReviewGiven, world: World, rules: Rules) -> Events:
    """Changes requested on the pull request are another round; the rest is kept as a fact."""
    who = given.evidence.author
    if given.state != "changes_requested":
        return ignore(given, f"review: {given.state}", world)
    if w.pull is None or w.state not in REVIEWABLE | {State.NEEDS_HUMAN, State.EXECUTING}:
        return ignore(given, f"changes requested while it is {w.state}", world)
    if not rules.may_command("github", who):
        return ignore(given, f"{who} is neither approver nor reviewer", world)
    impossible = cannot_rework(w)
    if impossible:
        return ignore(given, impossible, world)
    changes = e.ChangesRequested(
        at=world.now, source="review", by=who, detail=f"review {given.evidence.id}"
    )
    return accept(given, "changes requested in review", world, changes)
