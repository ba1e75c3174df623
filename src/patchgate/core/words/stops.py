"""What is said when the work stops, turns back or does not do what somebody asked."""

from __future__ import annotations

from collections.abc import Sequence

from patchgate.core.events.base import Verb
from patchgate.core.words.inert import code, inert, line
from patchgate.core.words.shape import Step, comment, what_next

_RESUME: Step = ("/resume", "goes on where it stood")
_REJECT: Step = ("/reject why", "ends the work on this ticket")


def parked_comment(
    code_word: str, reason: str, *, advice: str, available: Sequence[str] = ()
) -> str:
    """A stop with its reason and the ways on; `available`: the statuses that Jira offers."""
    offered = ", ".join(code(status) for status in available[:30])
    sections = [
        inert(reason, 3_000),
        f"Jira offers from here: {offered or 'nothing'}." if available else "",
    ]
    ending = what_next(
        f"The ticket waits for a person ({line(code_word, 40)}). To go on: {line(advice, 1_000)}",
        [_RESUME, _REJECT],
    )
    return comment("This needs a person", sections, ending=ending)


def refused_comment(what: str, reason: str, *, next_step: str) -> str:
    """A person's command that was not taken up, with the reason."""
    ending = what_next(line(next_step, 1_000) or "Nothing was changed.")
    said = f"{code(what[:200])} was not taken up: {line(reason, 2_000)}"
    return comment("Not done", [said], ending=ending)


def near_miss_comment(word: str, nearest: Verb) -> str:
    """A word that is nearly a command: said once, and nothing was done."""
    meant = f"/{nearest}"
    said = f"{code(word[:60])} is no command of mine, so I did nothing. Did you mean {code(meant)}?"
    ending = what_next(
        "I mention this once. If it was ordinary talk, carry on; if not, comment it again.",
        [(_EXAMPLES[nearest], _MEANINGS[nearest])],
    )
    return comment("Nearly a command", [said], ending=ending)


_EXAMPLES: dict[Verb, str] = {
    "approve": "/approve",
    "changes": "/changes what should be different",
    "reject": "/reject why",
    "ask": "/ask your question",
    "retry": "/retry",
    "stop": "/stop",
    "resume": "/resume",
    "override": "/override RULE why it is right here",
}
_MEANINGS: dict[Verb, str] = {
    "approve": "approves what was proposed last (add its digest to be exact)",
    "changes": "asks for another attempt",
    "reject": "ends the work on this ticket",
    "ask": "gets an answer and changes nothing",
    "retry": "tries the last step again",
    "stop": "stops the work until somebody resumes it",
    "resume": "goes on where it stood",
    "override": "lifts one policy rule for one patch",
}


def drift_comment(field: str, found: str, *, wanted: str, why: str) -> str:
    """Something else moved the ticket: put right once, then left alone."""
    said = (
        f"The {line(field, 60)} was changed to {code(found or 'nothing')}. The ledger says "
        f"{code(wanted or 'nothing')} ({line(why)}), so I have put that back."
    )
    ending = what_next(
        "I do this once. If it is changed again I leave it alone: the work goes by the ledger, "
        "not by the board.",
        [("/stop", "holds the work"), _REJECT],
    )
    return comment("Put back", [said], ending=ending)


def rework_comment(*, attempt: int, source: str, by: str, why: str) -> str:
    """Another round begins."""
    origin = {
        "person": f"{line(by) or 'Somebody'} asked for changes",
        "review": f"{line(by) or 'A reviewer'} asked for changes on the pull request",
        "ci": "The required checks are red",
        "policy": "The policy refused the patch",
    }.get(source, f"{line(source, 60)} asked for another round")
    ending = what_next(
        "A new patch comes for approval, on the same branch and pull request. What people have "
        "pushed there is kept.",
        [("/stop", "holds the work")],
    )
    return comment(f"Attempt {attempt} begins", [f"{origin}.", inert(why, 3_000)], ending=ending)


def stopped_comment(by: str, reason: str) -> str:
    """STOP: nothing outside is written until somebody resumes."""
    said = f"Stopped by {line(by) or 'somebody'}" + (f": {line(reason, 1_000)}" if reason else ".")
    ending = what_next(
        "Nothing is written anywhere until it is resumed. What was approved is looked at again "
        "before it is used.",
        [_RESUME, _REJECT],
    )
    return comment("Stopped", [said], ending=ending)


def deferred_comment(reason: str, *, until: str) -> str:
    """Put off by agreement."""
    when = f"It comes back when this happens: {line(until)}." if until else "No date is set."
    ending = what_next(f"{when} Nothing is done before.", [("/resume", "takes it up earlier")])
    return comment("Deferred", [inert(reason, 3_000)], ending=ending)
