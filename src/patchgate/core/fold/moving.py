"""How the state itself changes: entering, parking, going on, another round."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.replacing import replace
from patchgate.core.state import PARKED, TERMINAL, WITH_PULL, State, Workflow

_BEFORE_WORK = frozenset({State.PLAN_REVIEW, State.PLANNING, State.INGESTED})
_ASKS_A_MODEL = frozenset({State.INGESTED, State.PLANNING, State.EXECUTING})


def enter(w: Workflow, state: State) -> Workflow:
    """The work has come to `state`; a parked ticket stays parked and goes on there later."""
    if w.state in TERMINAL:
        return w
    if w.state in PARKED:
        return replace(w, resume_to=state)
    return replace(w, state=state)


def park(w: Workflow, x: e.Parked) -> Workflow:
    """Out of work, remembering where it stood."""
    if w.state in TERMINAL:
        return w
    return replace(w, state=State(x.state), parked=x, resume_to=w.place, parkings=w.parkings + 1)


def unpark(w: Workflow) -> Workflow:
    """Back to where it stood; failures and troubles count from nothing again."""
    if w.state not in PARKED:
        return w
    target = _onward(w)
    # A run that is still under way belongs to the attempt that asked for it.
    asks_again = target in _ASKS_A_MODEL and w.reservation is None
    # A person who lets it go on after no review came about has it tried again.
    unread = w.review is not None and w.review.verdict == "none"
    unread = unread and w.parked is not None and w.parked.code == "review"
    past_breaker = w.past_breaker or (w.parked is not None and w.parked.code == "breaker")
    return replace(
        untroubled(w),
        state=target,
        past_breaker=past_breaker,
        failures=0,
        signatures=(),
        asked=(),
        attempt=w.attempt + 1 if asks_again else w.attempt,
        review=None if unread else w.review,
        review_failures=() if unread else w.review_failures,
        # What the checks said before the pause may be old: they are looked at again.
        checks=None if target in WITH_PULL else w.checks,
    )


def _onward(w: Workflow) -> State:
    if w.place is State.APPLYING_PATCHES and w.refused:
        return State.EXECUTING
    if w.place is State.INGESTED and w.triaged:
        return first_work(w)
    return w.place if w.place not in PARKED else State.INGESTED


def first_work(w: Workflow) -> State:
    """Where the work of this ticket begins."""
    return State.PLANNING if w.plan_required else State.EXECUTING


def another_round(w: Workflow, x: e.ChangesRequested) -> Workflow:
    """Attempt n+1, of the plan or of the patch; a person's word starts the count again."""
    if w.state in TERMINAL:
        return w
    target = first_work(w) if w.place in _BEFORE_WORK else State.EXECUTING
    failed = (*w.signatures, f"{x.source}: {x.detail[:200]}")
    return replace(
        untroubled(w),
        state=target,
        feedback=(*w.feedback, x),
        attempt=w.attempt + 1,
        failures=w.failures + 1 if x.counts else 0,
        signatures=failed if x.counts else (),
        checks=None,
        cleared=False,
        grants=tuple(g for g in w.grants if g.what != "patch"),
        asked=(),
    )


def untroubled(w: Workflow) -> Workflow:
    """Without what stopped it: nothing parked, refused, unreachable or failed."""
    return replace(
        w, parked=None, resume_to=None, troubles=(), trouble=None, unreachable=(), refused=None
    )
