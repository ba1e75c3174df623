"""State → what to do next. Pure and total: every state answers, and waiting says for what.

One call gives one step: events to record first, else the commands that are due, in order.
`foresee` plays the optimistic course of a tick, so that all its intents go out in one push.
"""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.commands import (
    Command,
    Decision,
    JudgePatch,
    LookAtChecks,
    Propose,
    Waiting,
    WriteCommand,
)
from patchgate.core.expect import after_showing, expected
from patchgate.core.fold import fold
from patchgate.core.identity import is_due, propose, response, show_ticket
from patchgate.core.ids import FactId
from patchgate.core.inputs import take
from patchgate.core.limits import exceeds_cap
from patchgate.core.projection import differs, half_resumed, view_of
from patchgate.core.proposal import Task
from patchgate.core.rules import Rules, TicketNow, World
from patchgate.core.standing import held_up, stand
from patchgate.core.state import State, View, Workflow
from patchgate.core.states import STATES

STEPS_AHEAD = 80
"""More effects than one tick may ever foresee; a plan has at most 25 sub-tasks."""


def decide(w: Workflow, world: World, rules: Rules) -> Decision:
    """The next step of this workflow in this world."""
    if w.inbox and _is_answered_now(w, world):
        return Decision(events=take(w, w.inbox[0], world, rules))
    if world.stopped:
        return Decision(waiting=Waiting(f"STOP: {world.stopped}", "an operator"))
    always = stand(w, world, rules)
    if always:
        return Decision(events=always)
    held = held_up(w, world)
    if held:
        return Decision(waiting=held)
    step = STATES[w.state](w, world, rules)
    if step.events:
        return step
    own = [c for c in step.commands if is_due(w, c)]
    asking: list[Command] = [c for c in own if c.mark == "propose"]
    writes: list[Command] = [c for c in own if c.mark != "propose"]
    commands = (
        *_responses(w),
        *writes,
        *_show(w, world, rules),
        *(asking or _question(w, rules)),
    )
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
        if isinstance(first, LookAtChecks) and course:
            w = fold((_checks_of_new_head(first, w, world),), w)
            continue
        if first is None or isinstance(first, JudgePatch | LookAtChecks | Propose):
            break
        course.append(first)
        result = expected(first, w, world)
        w, world = fold((result,), w), after_showing(world, result, rules)
    return tuple(course)


def _checks_of_new_head(look: LookAtChecks, w: Workflow, world: World) -> e.ChecksSeen:
    """What is most likely said of a head that was pushed a moment ago: not yet anything."""
    known = w.checks.level if w.checks else "pending"
    return e.ChecksSeen(
        at=world.now,
        fact=FactId(f"github:checks:{look.head}:{w.check_rounds}"),
        repo=w.repo,
        head=look.head,
        level="not-required" if known == "not-required" else "pending",
    )


def _is_answered_now(w: Workflow, world: World) -> bool:
    """An override is answered by the verdict on the present patch: that one comes first."""
    given = w.inbox[0]
    asks = isinstance(given, e.CommandGiven) and given.verb == "override"
    proposed = w.state is State.PATCHES_PROPOSED
    return not (asks and proposed) or bool(world.stopped) or held_up(w, world) is not None


# ── in every state ───────────────────────────────────────────────────────────────────────


def _responses(w: Workflow) -> tuple[Command, ...]:
    """What people are still to be told: replies to their words, answers to their questions."""
    replies = (response(w, "reply", r.fact) for r in w.replies)
    answers = (response(w, "answer", a.question) for a in w.answers)
    return tuple(c for c in (*replies, *answers) if is_due(w, c))


def _question(w: Workflow, rules: Rules) -> tuple[Command, ...]:
    """A person's open question, when no other run is wanted or under way."""
    asked = next((q for q in w.questions if not q.answered), None)
    if asked is None or w.reservation is not None or w.is_over:
        return ()
    if exceeds_cap(w, rules, Task.ANSWER):
        return ()
    return (propose(w, Task.ANSWER, rules.reserve.get(Task.ANSWER, 0), asked.fact),)


def _show(w: Workflow, world: World, rules: Rules) -> tuple[Command, ...]:
    """Jira is to show the state; what somebody else made of it is put right once, with a word."""
    if not w.key or world.ticket is None:
        return ()
    view = view_of(w, rules)
    drift = None
    if w.shown and w.shown.same_as(view):
        drift = _drift(w, view, world.ticket, rules)
        if drift is None:
            return ()
    # The word first: once the ticket is put right, the difference is no longer to be seen.
    said = (response(w, "drift", drift),) if drift else ()
    return tuple(c for c in (*said, show_ticket(w, view, drift)) if is_due(w, c))


def _drift(w: Workflow, view: View, ticket: TicketNow, rules: Rules) -> FactId | None:
    """The move that made Jira differ from the view, when it is to be put right."""
    move = ticket.last_move
    if w.is_over or w.drift_reasserted or move is None or move == w.drift_seen:
        return None
    if w.is_parked and half_resumed(view, ticket, rules):
        return None
    agreed = w.is_merged and ticket.status.casefold() == rules.statuses.done.casefold()
    return None if agreed or not differs(view, ticket, rules) else move
