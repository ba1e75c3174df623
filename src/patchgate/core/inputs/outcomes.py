"""The outcomes of an input, the approval that it may be, and when another round is possible."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.approval import Word, refusal, shown_on
from patchgate.core.events import CommandGiven, Event, Evidence, InputHandled
from patchgate.core.ids import Digest, FactId, short
from patchgate.core.rules import Rules, World
from patchgate.core.state import WITH_PULL, Input, Publication, State, Workflow

Events = tuple[Event, ...]
REVIEWABLE = WITH_PULL | {
    State.PLAN_REVIEW,
    State.WAITING_USER_APPROVAL,
    State.BLOCKED_POLICY,
}
"""States in which a person may ask for another round."""


def _handled(
    fact: FactId, outcome: str, reason: str, world: World, *, say: bool = False
) -> InputHandled:
    return InputHandled.model_validate(
        {"at": world.now, "fact": fact, "outcome": outcome, "reason": reason, "say": say}
    )


def accept(given: Input, reason: str, world: World, *then: Event) -> Events:
    """Taken up, and what follows."""
    return (_handled(given.fact, "accepted", reason, world), *then)


def ignore(given: Input, reason: str, world: World, *, say: bool = False) -> Events:
    """Set aside: it asks for nothing that is to be done now."""
    return (_handled(given.fact, "ignored", reason, world, say=say),)


def refuse(given: Input, reason: str, world: World) -> Events:
    """Not taken up; the reason is answered on the ticket."""
    return (_handled(given.fact, "refused", reason, world, say=True),)


def cannot_rework(w: Workflow) -> str:
    """Why no other round can be asked for, wherever the work stands; empty when it can."""
    if w.is_merged and w.pull:
        return f"#{w.pull.number} is merged: what is left to do is another ticket"
    if w.is_parent:
        return "the plan is approved and at work; ask for changes on a sub-task"
    return ""


def another_life(w: Workflow) -> str:
    """How work that has ended is taken up again; a sub-task belongs to the plan of its parent."""
    return "what is left of a sub-task is another ticket" if w.parent else "assign the runner again"


def approval(
    subject: Digest, what: str, evidence: Evidence, *, w: Workflow, ctx: tuple[World, Rules]
) -> e.Approved:
    """The approval event; call only when `refusal` found nothing."""
    world, rules = ctx
    return e.Approved.model_validate(
        {
            "at": world.now,
            "subject": subject,
            "what": what,
            "approver": rules.person(evidence.platform, evidence.author),
            "evidence": evidence.model_dump(),
            "policy": rules.policy,
            "base": w.patch.base if w.patch and what == "patch" else "",
        }
    )


def approve(
    w: Workflow,
    given: CommandGiven | e.StatusMoved | e.RunnerAssigned,
    *,
    subject: Digest,
    typed: str = "",
    ctx: tuple[World, Rules],
) -> Events:
    """The input as an approval of what waits for one, or the refusal with its reason."""
    world, rules = ctx
    why = why_no_approval(w, given, subject=subject, typed=typed, rules=rules)
    if why:
        return refuse(given, why, world)
    what = _kind(w)
    yes = approval(subject, what, given.evidence, w=w, ctx=ctx)
    return accept(given, f"{what} {short(subject)} approved", world, yes)


def why_no_approval(
    w: Workflow,
    given: CommandGiven | e.StatusMoved | e.RunnerAssigned,
    *,
    subject: Digest,
    typed: str = "",
    rules: Rules,
) -> str:
    """Why the input does not approve that subject; empty when it does."""
    platform = given.evidence.platform
    shown = w.published_on(shown_on(platform), subject)
    if _kind(w) == "request":
        shown = Publication(platform, "", w.revised, subject)
    word = Word(given.evidence, typed)
    return refusal(word, subject=subject, shown=shown, rules=rules, requester=w.requester)


def _kind(w: Workflow) -> str:
    kinds = {State.PLAN_REVIEW: "plan", State.NEEDS_HUMAN: "request"}
    return kinds.get(w.state, "patch")
