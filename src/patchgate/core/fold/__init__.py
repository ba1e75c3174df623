"""Events → state: one pure function for each kind of event, total over every state.

`facts` (what was seen outside), `rooms` (runs and proposals), `decisions` and `effects` each take
their own kinds of event; `moving` holds how the state itself changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from patchgate.core import events as e
from patchgate.core.events import KINDS, Event
from patchgate.core.fold.decisions import fold_decision
from patchgate.core.fold.effects import fold_effect
from patchgate.core.fold.facts import fold_fact
from patchgate.core.fold.rooms import fold_room
from patchgate.core.replacing import replace
from patchgate.core.state import TERMINAL, Workflow

Family = Callable[[Workflow, Event], Workflow | None]
_FAMILIES: Mapping[str, Family] = {
    "facts": fold_fact,
    "runs": fold_room,
    "decisions": fold_decision,
    "effects": fold_effect,
}
"""By the module of `core.events` that a kind of event stands in."""
_FAMILY: Mapping[type[Event], Family] = {
    kind: _FAMILIES[kind.__module__.rpartition(".")[2]] for kind in KINDS.values()
}


def fold(events: Iterable[Event], start: Workflow | None = None) -> Workflow:
    """The workflow that these events make (prefix by prefix: `fold(a + b) == fold(b, fold(a))`)."""
    workflow = start or Workflow()
    for event in events:
        workflow = evolve(workflow, event)
    return workflow


def evolve(w: Workflow, event: Event) -> Workflow:
    """One event further. A fact that was seen before adds nothing but its place in the row."""
    if isinstance(event, e.Observed):
        if event.fact in w.seen:
            return replace(w, seq=w.seq + 1)
        w = replace(w, seen=w.seen | {event.fact})
    after = _FAMILY[event.__class__](w, event) or w
    if after.state is w.state:
        return replace(after, seq=w.seq + 1)
    if after.state in TERMINAL:
        return replace(after, seq=w.seq + 1, since=event.at)
    return replace(after, seq=w.seq + 1, since=event.at, drift_reasserted=False)
