"""Asking a model, and the limits that stop it: questions, failures, money, the breaker."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.commands import Decision, Waiting
from patchgate.core.failures import in_words
from patchgate.core.identity import propose
from patchgate.core.proposal import Task
from patchgate.core.rules import Rules, World
from patchgate.core.state import Workflow


def park(world: World, code: str, reason: str, advice: str) -> e.Parked:
    """The work stops and waits for a person, with the reason and the way on."""
    return e.Parked(at=world.now, state="NEEDS_HUMAN", code=code, reason=reason, advice=advice)


def ask_model(w: Workflow, world: World, rules: Rules, task: Task) -> Decision:
    """One run of that task, unless one is under way or a limit says stop."""
    if w.reservation is not None:
        return Decision(waiting=Waiting(f"the {w.reservation.task} run", w.reservation.run))
    stop = _limit(w, world, rules, task)
    if stop:
        return Decision(events=(stop,))
    return Decision(commands=(propose(w, task, rules.reserve.get(task, 0)),))


def lost_run(w: Workflow, world: World, why: str) -> tuple[e.RunLost, ...]:
    """The reserved run as lost: charged in full; nothing when none is reserved."""
    if w.reservation is None:
        return ()
    lost = e.RunLost(
        at=world.now,
        eid=w.reservation.eid,
        task=w.reservation.task,
        attempt=w.reservation.attempt,
        charged=w.reservation.micro_dollars,
        why=why,
    )
    return (lost,)


def exceeds_cap(w: Workflow, rules: Rules, task: Task) -> bool:
    """Whether one more run of that task could cost more than the ticket may."""
    return w.money.spent + rules.reserve.get(task, 0) > rules.ticket_cap


def _limit(w: Workflow, world: World, rules: Rules, task: Task) -> e.Parked | None:
    if w.asked:
        asked = " · ".join(w.asked)
        return park(world, "question", asked, "answer in a comment, then `/resume`")
    if len(w.signatures) >= 2 and w.signatures[-1] == w.signatures[-2]:
        reason = f"the same failure twice in a row: {in_words(w.signatures[-1])}"
        return park(world, "repeated", reason, "`/changes …` says what to do differently")
    if w.failures >= rules.max_attempts:
        last = in_words(w.signatures[-1]) if w.signatures else "the runs were lost"
        reason = f"{w.failures} attempts failed; the last: {last}"
        return park(world, "attempts", reason, "`/retry` tries again, `/changes …` with advice")
    if exceeds_cap(w, rules, task):
        reason = f"the next run could exceed the cap of {rules.ticket_cap} micro-dollars"
        advice = "raise `limits.ticket_micro_dollars`, then `/resume`"
        return park(world, "money", reason, advice)
    if world.failures_in_row >= rules.max_consecutive_failures and not w.past_breaker:
        reason = f"{world.failures_in_row} items in a row failed in this project"
        advice = "look at the cause; `/resume` lets this ticket go on in spite of it"
        return park(world, "breaker", reason, advice)
    return None
