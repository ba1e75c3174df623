"""A parent's work: sub-tasks created once, in plan order, worked strictly one at a time."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.commands import CreateSubtask, Decision, Waiting
from patchgate.core.identity import eid_for
from patchgate.core.rules import World
from patchgate.core.state import TERMINAL, Child, State, Workflow


def decide_parent(w: Workflow, world: World) -> Decision:
    """The next step of an executing parent."""
    missing = tuple(_create(w, c) for c in w.children if not c.key)
    if missing:
        return Decision(commands=missing)
    active = next((c for c in w.children if c.ordinal == w.active), None)
    if active is not None:
        return _follow(w, active, world)
    waiting = next((c for c in w.children if not c.ended), None)
    if waiting is not None:
        return Decision(events=(e.ChildActivated(at=world.now, ordinal=waiting.ordinal),))
    return Decision(events=(_end(w, world),))


def _end(w: Workflow, world: World) -> e.Ended:
    """DONE with what was done; a parent of which nothing was done is not."""
    done = [c for c in w.children if c.ended == State.DONE]
    left = ", ".join(f"{c.key} {c.ended}" for c in w.children if c not in done)
    reason = f"{len(done)} of {len(w.children)} sub-tasks are Done"
    if left:
        reason += f"; gone on without: {left}"
    return e.Ended.model_validate(
        {
            "at": world.now,
            "state": "DONE" if done else "CANCELLED",
            "by": "patchgate",
            "reason": reason,
        }
    )


def _create(w: Workflow, child: Child) -> CreateSubtask:
    plan = w.plan.plan if w.plan else ""
    eid = eid_for(w, "subtask", plan, attempt=0, ordinal=child.ordinal)
    return CreateSubtask(eid, w.key, child.ordinal)


def _follow(w: Workflow, child: Child, world: World) -> Decision:
    now = world.children.get(child.ordinal)
    if now is None or now.state not in TERMINAL:
        state = f" ({now.state})" if now else ""
        return Decision(waiting=Waiting(f"sub-task {child.key}{state}", child.key))
    ended = e.ChildEnded.model_validate(
        {
            "at": world.now,
            "ordinal": child.ordinal,
            "state": now.state.value,
            "cost": now.cost,
            "runs": now.runs,
            "pull": now.pull,
            "summary": now.summary,
        }
    )
    if now.state is State.DONE:
        return Decision(events=(ended,))
    parked = e.Parked(
        at=world.now,
        state="NEEDS_HUMAN",
        code="child",
        reason=f"sub-task {child.key} ended as {now.state}",
        advice="`/resume` goes on without it, `/reject` ends the parent",
    )
    return Decision(events=(ended, parked))
