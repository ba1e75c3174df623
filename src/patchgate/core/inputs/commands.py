"""Comment commands: who may give them, and what each means in which state."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from patchgate.core import events as e
from patchgate.core.approval import Word, refusal
from patchgate.core.events import UNCHECKED, CommandGiven
from patchgate.core.inputs.outcomes import (
    REVIEWABLE,
    Events,
    accept,
    another_life,
    approve,
    cannot_rework,
    ignore,
    refuse,
)
from patchgate.core.limits import exceeds_cap
from patchgate.core.proposal import Task
from patchgate.core.reviewing import MODEL_REVIEW
from patchgate.core.rules import Rules, World
from patchgate.core.state import PARKED, TERMINAL, State, Workflow

Handler = Callable[[Workflow, CommandGiven, World, Rules], Events]
FOR_APPROVERS = ("approve", "reject", "override", "resume")


def commanded(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    """The command as it applies now, or why it does not."""
    who, platform = given.evidence.author, given.evidence.platform
    if rules.is_runner(platform, who):
        return ignore(given, "the runner's own words are no commands", world)
    if given.edited:
        return refuse(given, "the comment was edited; write a new one", world)
    if not rules.may_command(platform, who):
        return refuse(given, f"account {who} is neither approver nor reviewer", world)
    if given.verb in FOR_APPROVERS and not rules.person(platform, who):
        return refuse(given, f"account {who} is not in `approvers`", world)
    if w.state in TERMINAL:
        return refuse(given, f"the work has ended ({w.state}); {another_life(w)}", world)
    return _COMMANDS[given.verb](w, given, world, rules)


def _approve(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.is_merged and w.pull is not None:
        return _done_as_it_is(w, w.pull.number, given, ctx=(world, rules))
    if w.parked and w.parked.code == "defer" and w.triaged:
        agreed = e.Parked(
            at=world.now,
            state="DEFERRED",
            code="deferred",
            reason=w.triaged.reason,
            advice="`/resume` takes it up earlier",
            until=w.triaged.wake_on,
        )
        return accept(given, "deferral agreed", world, agreed)
    if w.state is State.BLOCKED_POLICY:
        by_review = w.parked is not None and w.parked.code == "review"
        reason = "the policy blocks this patch: `/override RULE reason` first, or `/changes …`"
        if by_review:
            reason = f"the review holds it up: `/override {MODEL_REVIEW} reason` first"
        return refuse(given, reason, world)
    if w.subject is None:
        return refuse(given, f"nothing waits for an approval ({w.state})", world)
    typed = (given.argument.split() or [""])[0]
    return approve(w, given, subject=w.subject, typed=typed, ctx=(world, rules))


def _done_as_it_is(
    w: Workflow, number: int, given: CommandGiven, *, ctx: tuple[World, Rules]
) -> Events:
    """Merged, and required checks are red or never came: an approver may call it done."""
    world, rules = ctx
    level = w.checks.level if w.checks else "unknown"
    who = rules.person(given.evidence.platform, given.evidence.author)
    reason = f"#{number} merged; required checks: {level}; called done by an approver"
    done = e.Ended(at=world.now, state="DONE", by=who, reason=reason)
    return accept(given, "called done as it is", world, done)


def _changes(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state not in REVIEWABLE | {State.NEEDS_HUMAN}:
        return refuse(given, f"there is nothing to change yet ({w.state})", world)
    impossible = cannot_rework(w)
    if impossible:
        return refuse(given, impossible, world)
    changes = e.ChangesRequested(
        at=world.now,
        source="person",
        by=given.evidence.author,
        detail=given.argument[:8000],
        since=w.comments_through,
    )
    return accept(given, "another round", world, changes)


def _reject(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    who = rules.person(given.evidence.platform, given.evidence.author)
    ended = e.Ended(at=world.now, state="REJECTED", by=who, reason="rejected by a person")
    return accept(given, "rejected", world, ended)


def _ask(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if not given.argument.strip():
        return refuse(given, "ask what? write `/ask` and the question", world)
    if exceeds_cap(w, rules, Task.ANSWER):
        reason = f"an answer could exceed the cap of {rules.ticket_cap} micro-dollars"
        return refuse(given, reason, world)
    return accept(given, "the question goes to a model; nothing else changes", world)


def _retry(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    who = given.evidence.author
    if w.state is State.STOPPED:
        return refuse(given, "it is stopped: an approver's `/resume` lets it go on", world)
    if w.state in (State.NEEDS_HUMAN, State.DEFERRED):
        return accept(given, "tried again", world, e.Resumed(at=world.now, by=who, why="retry"))
    if w.state not in REVIEWABLE:
        return refuse(given, f"there is nothing to retry ({w.state})", world)
    impossible = cannot_rework(w)
    if impossible:
        return refuse(given, impossible, world)
    again = e.ChangesRequested(
        at=world.now, source="person", by=who, detail="retry", since=w.comments_through
    )
    return accept(given, "another attempt", world, again)


def _stop(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state is State.STOPPED:
        return ignore(given, "already stopped", world)
    who = given.evidence.author
    parked = e.Parked(
        at=world.now,
        state="STOPPED",
        code="stop",
        reason=f"`/stop` by {rules.person(given.evidence.platform, who) or who}",
        advice="`/resume` goes on where it stood",
    )
    return accept(given, "stopped", world, parked)


def _resume(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state not in PARKED:
        return refuse(given, f"it is not parked ({w.state})", world)
    same_policy = w.judged is not None and w.judged.policy == rules.policy
    unread = w.review is not None and w.review.verdict == "none"
    if w.state is State.BLOCKED_POLICY and same_policy and not unread:
        reason = "the policy still blocks: `/override RULE reason`, `/changes …` or `/reject`"
        return refuse(given, reason, world)
    return accept(given, "resumed", world, e.Resumed(at=world.now, by=given.evidence.author))


def _override(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state is not State.BLOCKED_POLICY or not w.patch or not w.judged:
        return refuse(given, "no patch is blocked by the policy", world)
    rule, _, reason = given.argument.strip().partition(" ")
    amiss = _not_liftable(w, rule)
    if amiss:
        return refuse(given, amiss, world)
    if not reason.strip():
        return refuse(given, f"say why: `/override {rule} <reason>`", world)
    shown = w.published_on(given.evidence.platform, w.patch.patch)
    word, subject = Word(given.evidence), w.patch.patch
    why = refusal(word, subject=subject, shown=shown, rules=rules, requester=w.requester)
    if why:
        return refuse(given, why, world)
    override = e.OverrideGiven(
        at=world.now,
        rule=rule,
        reason=reason.strip()[:500],
        approver=rules.person(given.evidence.platform, given.evidence.author),
        subject=subject,
        evidence=given.evidence,
    )
    return accept(given, f"{rule} overridden", world, override)


def _not_liftable(w: Workflow, rule: str) -> str:
    """Why an override of this rule would lift nothing; empty when it would."""
    if w.parked and w.parked.code == "review":
        by_name = rule == MODEL_REVIEW
        return "" if by_name else f"{rule or 'no rule'} is not one of: {MODEL_REVIEW}"
    stops = w.stops
    lifted = next((o for o in w.overrides if o.rule == rule), None)
    if lifted is not None:
        return f"{rule} is already overridden for this patch, by {lifted.approver}"
    if rule not in {v.rule for v in stops}:
        names = list(dict.fromkeys(v.rule for v in stops))
        near = difflib.get_close_matches(rule.casefold(), names, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return f"{rule or 'no rule'} is not one of: {', '.join(names)}{hint}"
    final = next((v for v in stops if v.rule == rule and v.severity == "REFUSE"), None)
    if final is None:
        return ""
    said = f"{rule} can be overridden by nobody"
    if final.message.startswith(UNCHECKED):
        said += "; it could not be checked here: `/retry` makes a new attempt"
    return said


_COMMANDS: Mapping[str, Handler] = {
    "approve": _approve,
    "changes": _changes,
    "reject": _reject,
    "ask": _ask,
    "retry": _retry,
    "stop": _stop,
    "resume": _resume,
    "override": _override,
}
