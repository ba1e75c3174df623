"""What ends, parks or holds up the work wherever it stands."""

from __future__ import annotations

from datetime import timedelta

from patchgate.core import events as e
from patchgate.core.approval import moment
from patchgate.core.commands import Waiting
from patchgate.core.gates import checks_green
from patchgate.core.limits import lost_run, park
from patchgate.core.rules import Rules, World
from patchgate.core.state import PARKED, TERMINAL, WITH_PULL, Pull, State, Workflow

TROUBLES = 5
"""How often one effect may fail before a person is asked."""
UNSEEN_FOR_GOOD = timedelta(days=7)
"""After that long a ticket that Jira does not show counts as deleted."""
_FAILED_PARENT = (State.REJECTED, State.CANCELLED, State.FAILED)
_MERGED_AMISS = ("merged-red", "no-checks")


def stand(w: Workflow, world: World, rules: Rules) -> tuple[e.Event, ...]:
    """The events that follow in every state: lost runs, ends from outside, troubles."""
    if world.run_ended and w.reservation is not None:
        return lost_run(w, world, "the run that held it is over and left no proposal")
    if w.state in TERMINAL:
        return ()
    return _ended_outside(w, world) or _pull_is_over(w, world, rules) or _stuck(w, world)


def held_up(w: Workflow, world: World) -> Waiting | None:
    """What must be waited for before this state's own step, if anything."""
    if w.is_over:
        return None
    if world.gone:
        return Waiting(f"the ticket to be seen again: {world.gone}", "an operator of Jira")
    if world.parent_state is State.STOPPED:
        return Waiting(f"the parent {w.parent}, which is stopped", "a person")
    if w.is_merged and w.pull and w.state not in WITH_PULL | PARKED:
        number = w.pull.number
        return Waiting(f"required checks of #{number}, which is merged", "CI, or `/approve`")
    return None


def _ended_outside(w: Workflow, world: World) -> tuple[e.Event, ...]:
    if world.gone:
        return _unseen(w, world)
    if w.unseen_since:
        return (e.TicketUnseen(at=world.now, seen_again=True),)
    if world.parent_state in _FAILED_PARENT:
        reason = f"the parent ended as {world.parent_state}"
        return (e.Ended(at=world.now, state="CANCELLED", by=w.parent, reason=reason),)
    return ()


def _unseen(w: Workflow, world: World) -> tuple[e.Event, ...]:
    """A ticket that Jira does not show may be deleted, or a permission is amiss: time tells."""
    if not w.unseen_since:
        return (e.TicketUnseen(at=world.now),)
    if moment(world.now) - moment(w.unseen_since) < UNSEEN_FOR_GOOD:
        return ()
    reason = f"{world.gone}, since {w.unseen_since}"
    return (e.Ended(at=world.now, state="FAILED", by="Jira", reason=reason),)


def _pull_is_over(w: Workflow, world: World, rules: Rules) -> tuple[e.Event, ...]:
    # A person who stopped the work decides when it goes on: nothing from outside does.
    if w.pull is None or w.state is State.STOPPED:
        return ()
    if w.pull.state == "merged":
        return _merged(w, w.pull, world, rules)
    known = w.parked is not None and w.parked.code == "closed"
    if w.pull.state == "closed" and w.place in WITH_PULL and not known:
        reason = f"pull request #{w.pull.number} was closed by {w.pull.by or 'somebody'} unmerged"
        advice = "`/changes …` makes a new attempt, `/reject` ends the ticket"
        return (park(world, "closed", reason, advice),)
    return ()


def _merged(w: Workflow, pull: Pull, world: World, rules: Rules) -> tuple[e.Event, ...]:
    checks = w.checks
    if checks is None or checks.head != pull.head:
        return ()
    allowed = rules.allow_not_required
    if checks_green(checks, head=pull.head, allow_not_required=allowed).passed:
        reason = f"#{pull.number} merged; required checks: {checks.level}"
        return (e.Ended(at=world.now, state="DONE", by=pull.by or "somebody", reason=reason),)
    if w.parked is not None and w.parked.code in _MERGED_AMISS:
        return ()
    advice = "repair it, then an approver or reviewer moves the ticket to Done"
    if checks.level == "red":
        reason = f"#{pull.number} was merged while required checks were red: {checks.detail}"
        return (park(world, "merged-red", reason, advice),)
    if checks.level == "not-required":
        reason = f"#{pull.number} was merged; no checks are required and settings do not allow that"
        return (park(world, "no-checks", reason, advice),)
    return ()


def _stuck(w: Workflow, world: World) -> tuple[e.Event, ...]:
    if w.state in PARKED:
        return ()
    if w.unreachable:
        name, available = w.unreachable[-1]
        offers = ", ".join(available) or "nothing"
        known = w.trouble.reason if w.trouble and w.trouble.code == "status" else ""
        why = known.removeprefix(f"no way to {name}")
        reason = f"Jira offers no way to {name!r}{why}; it offers: {offers}"
        advice = "add the transition or map the status in settings, then `/resume`"
        if why:
            advice = "set `jira.transition_fields` or `jira.transitions`, then `/resume`"
        return (park(world, "status", reason, advice),)
    for trouble in w.troubles:
        hopeless = trouble.is_final or trouble.times >= TROUBLES
        if hopeless and trouble.eid not in w.done:
            last = trouble.last
            advice = last.advice or "mend the cause, then `/resume`"
            return (park(world, last.code, f"{last.effect} failed: {last.reason}", advice),)
    return ()
