"""A person's move or word → what it means now: accepted, refused or set aside, with the reason."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.inputs.commands import commanded
from patchgate.core.inputs.moves import assigned, moved, reviewed
from patchgate.core.inputs.outcomes import Events, ignore
from patchgate.core.rules import Rules, World
from patchgate.core.state import Input, Workflow


def take(w: Workflow, given: Input, world: World, rules: Rules) -> Events:
    """The events that follow from the first unhandled input; always handles it."""
    match given:
        case e.RunnerAssigned():
            return assigned(w, given, world, rules)
        case e.StatusMoved():
            return moved(w, given, world, rules)
        case e.CommandGiven():
            return commanded(w, given, world, rules)
        case e.ReviewGiven():
            return reviewed(w, given, world, rules)
        case e.NearMiss():
            reason = f"`{given.word}` is no command; did you mean `/{given.nearest}`?"
            return ignore(given, reason, world, say=True)


__all__ = ["take"]
