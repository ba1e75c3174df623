"""A person's move or word → what it means now: accepted, refused or set aside, with the reason."""

from __future__ import annotations

from collections.abc import Callable

from patchgate.core import events as e
from patchgate.core.approval import Word, refusal
from patchgate.core.events import CommandGiven, Event, Evidence, InputHandled
from patchgate.core.ids import Digest, FactId, short
from patchgate.core.rules import Rules, World
from patchgate.core.state import (
    PARKED,
    TERMINAL,
    WITH_PULL,
    Input,
    Publication,
    State,
    Workflow,
)

Events = tuple[Event, ...]
REVIEWABLE = WITH_PULL | {
    State.PLAN_REVIEW,
    State.WAITING_USER_APPROVAL,
    State.BLOCKED_POLICY,
}
"""States in which a person may ask for another round."""


def take(w: Workflow, given: Input, world: World, rules: Rules) -> Events:
    """The events that follow from the first unhandled input; always handles it."""
    match given:
        case e.RunnerAssigned():
            return _assigned(w, given, world, rules)
        case e.StatusMoved():
            return _moved(w, given, world, rules)
        case e.CommandGiven():
            return _commanded(w, given, world, rules)
        case e.ReviewGiven():
            return _reviewed(w, given, world, rules)
        case e.NearMiss():
            reason = f"`{given.word}` is no command; did you mean `/{given.nearest}`?"
            return (_handled(given.fact, "ignored", reason, world, say=True),)


def _handled(
    fact: FactId, outcome: str, reason: str, world: World, *, say: bool = False
) -> InputHandled:
    return InputHandled.model_validate(
        {"at": world.now, "fact": fact, "outcome": outcome, "reason": reason, "say": say}
    )


def _accept(given: Input, reason: str, world: World, *then: Event) -> Events:
    return (_handled(given.fact, "accepted", reason, world), *then)


def _ignore(given: Input, reason: str, world: World) -> Events:
    return (_handled(given.fact, "ignored", reason, world),)


def _refuse(given: Input, reason: str, world: World) -> Events:
    return (_handled(given.fact, "refused", reason, world, say=True),)


# ── moves ────────────────────────────────────────────────────────────────────────────────


def _assigned(w: Workflow, given: e.RunnerAssigned, world: World, rules: Rules) -> Events:
    who = given.evidence.author
    if w.state in TERMINAL:
        again = e.Reopened(at=world.now, generation=w.generation + 1, by=who)
        start = _start(w, given.evidence, world, rules)
        return _accept(given, "taken up again after its end", world, again, *start)
    if w.state is State.INGESTED and not w.started:
        start = _start(w, given.evidence, world, rules)
        return _accept(given, "assigned to the runner", world, *start)
    if w.state in PARKED:
        return _let_go_on(w, given, world, rules)
    if w.state in REVIEWABLE:
        changes = e.ChangesRequested(at=world.now, source="person", by=who)
        return _accept(given, "reassigned to the runner for another round", world, changes)
    return _ignore(given, f"already at work ({w.state})", world)


def _start(w: Workflow, evidence: Evidence, world: World, rules: Rules) -> Events:
    step = "triage" if w.triage else "plan" if w.plan_required else "execute"
    started = e.WorkStarted.model_validate({"at": world.now, "next": step})
    if w.mode != "request" or w.request is None:
        return (started,)
    shown = Publication("jira", "", w.revised, w.request)
    if refusal(Word(evidence), subject=w.request, shown=shown, rules=rules):
        return (started,)
    return (started, approved(w.request, "request", evidence, w=w, world=world, rules=rules))


def approved(
    subject: Digest, what: str, evidence: Evidence, *, w: Workflow, world: World, rules: Rules
) -> e.Approved:
    """The approval event; call only when `refusal` found nothing."""
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


def _let_go_on(
    w: Workflow, given: e.RunnerAssigned | e.StatusMoved, world: World, rules: Rules
) -> Events:
    """Out of Blocked *and* back to the runner, in either order, means resume."""
    now = world.ticket
    blocked = rules.statuses.blocked.casefold()
    if now is None or now.status.casefold() == blocked or now.assignee != rules.runner["jira"]:
        missing = "move it out of Blocked and assign it to the runner, or comment `/resume`"
        return _ignore(given, missing, world)
    who = given.evidence.author
    if w.state is State.BLOCKED_POLICY:
        again = e.ChangesRequested(at=world.now, source="person", by=who)
        return _accept(given, "another attempt", world, again)
    return _accept(given, "resumed", world, e.Resumed(at=world.now, by=who))


def _moved(w: Workflow, given: e.StatusMoved, world: World, rules: Rules) -> Events:
    names = rules.statuses
    before, after = given.before.casefold(), given.after.casefold()
    if w.state in TERMINAL:
        return _ignore(given, "the work has ended", world)
    if after == names.done.casefold():
        return _moved_to_done(w, given, world)
    if after == names.blocked.casefold():
        return _held(w, given, world)
    if w.state in PARKED:
        return _let_go_on(w, given, world, rules)
    approves = (names.plan_review.casefold(), names.in_progress.casefold())
    if w.state is State.PLAN_REVIEW and (before, after) == approves and w.plan:
        return _approve(w, given, Word(given.evidence), subject=w.plan.plan, ctx=(world, rules))
    return _ignore(given, f"a move to {given.after} means nothing in {w.state}", world)


def _moved_to_done(w: Workflow, given: e.StatusMoved, world: World) -> Events:
    if w.pull and w.pull.state == "merged":
        return _accept(given, "agreed: the pull request is merged", world)
    who = given.evidence.author
    ended = e.Ended(at=world.now, state="CANCELLED", by=who, reason="moved to Done before a merge")
    return _accept(given, "closed by a person", world, ended)


def _held(w: Workflow, given: e.StatusMoved, world: World) -> Events:
    if w.state in PARKED:
        return _ignore(given, "already parked", world)
    parked = e.Parked(
        at=world.now,
        state="STOPPED",
        code="hold",
        reason=f"moved to {given.after} by a person",
        advice="comment `/resume`, or move it out of Blocked and assign it to the runner",
    )
    return _accept(given, "held", world, parked)


def _reviewed(w: Workflow, given: e.ReviewGiven, world: World, rules: Rules) -> Events:
    who = given.evidence.author
    if given.state != "changes_requested" or w.state not in WITH_PULL:
        return _ignore(given, f"review: {given.state}", world)
    if not rules.may_command("github", who):
        return _ignore(given, f"{who} is neither approver nor reviewer", world)
    changes = e.ChangesRequested(
        at=world.now, source="review", by=who, detail=f"review {given.evidence.id}"
    )
    return _accept(given, "changes requested in review", world, changes)


# ── commands ─────────────────────────────────────────────────────────────────────────────

Handler = Callable[[Workflow, CommandGiven, World, Rules], Events]


def _commanded(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    who, platform = given.evidence.author, given.evidence.platform
    if given.edited:
        return _refuse(given, "the comment was edited; write a new one", world)
    if rules.is_runner(platform, who):
        return _ignore(given, "the runner's own words are no commands", world)
    if not rules.may_command(platform, who):
        return _refuse(given, f"account {who} is neither approver nor reviewer", world)
    needs_approver = given.verb in ("approve", "reject", "override", "resume")
    if needs_approver and not rules.person(platform, who):
        return _refuse(given, f"account {who} is not in `approvers`", world)
    if w.state in TERMINAL:
        return _refuse(given, f"the work has ended ({w.state}); assign the runner again", world)
    return _COMMANDS[given.verb](w, given, world, rules)


def _approve(
    w: Workflow,
    given: CommandGiven | e.StatusMoved,
    word: Word,
    *,
    subject: Digest,
    ctx: tuple[World, Rules],
) -> Events:
    world, rules = ctx
    what = "plan" if w.state is State.PLAN_REVIEW else "patch"
    shown = w.published_on(word.evidence.platform, subject)
    if w.state is State.NEEDS_HUMAN:
        what, shown = "request", Publication(word.evidence.platform, "", w.revised, subject)
    why = refusal(word, subject=subject, shown=shown, rules=rules, requester=w.requester)
    if why:
        return _refuse(given, why, world)
    yes = approved(subject, what, word.evidence, w=w, world=world, rules=rules)
    return _accept(given, f"{what} {short(subject)} approved", world, yes)


def _cmd_approve(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.parked and w.parked.code == "defer" and w.triaged:
        agreed = e.Parked(
            at=world.now,
            state="DEFERRED",
            code="deferred",
            reason=w.triaged.reason,
            advice="`/resume` takes it up earlier",
            until=w.triaged.wake_on,
        )
        return _accept(given, "deferral agreed", world, agreed)
    if w.state is State.BLOCKED_POLICY:
        reason = "the policy blocks this patch: `/override RULE reason` first, or `/changes …`"
        return _refuse(given, reason, world)
    if w.subject is None:
        return _refuse(given, f"nothing waits for an approval ({w.state})", world)
    word = Word(given.evidence, given.argument.split()[0] if given.argument.split() else "")
    return _approve(w, given, word, subject=w.subject, ctx=(world, rules))


def _cmd_changes(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state not in REVIEWABLE | {State.NEEDS_HUMAN}:
        return _refuse(given, f"there is nothing to change yet ({w.state})", world)
    changes = e.ChangesRequested(
        at=world.now, source="person", by=given.evidence.author, detail=given.evidence.id
    )
    return _accept(given, "another round", world, changes)


def _cmd_reject(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    who = rules.person(given.evidence.platform, given.evidence.author)
    ended = e.Ended(at=world.now, state="REJECTED", by=who, reason="rejected by a person")
    return _accept(given, "rejected", world, ended)


def _cmd_ask(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if not given.argument.strip():
        return _refuse(given, "ask what? write `/ask` and the question", world)
    return _accept(given, "the question goes to a model; nothing else changes", world)


def _cmd_retry(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    who = given.evidence.author
    if w.state in (State.NEEDS_HUMAN, State.STOPPED, State.DEFERRED):
        return _accept(given, "tried again", world, e.Resumed(at=world.now, by=who, why="retry"))
    if w.state in REVIEWABLE:
        again = e.ChangesRequested(at=world.now, source="person", by=who, detail="retry")
        return _accept(given, "another attempt", world, again)
    return _refuse(given, f"there is nothing to retry ({w.state})", world)


def _cmd_stop(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state is State.STOPPED:
        return _ignore(given, "already stopped", world)
    parked = e.Parked(
        at=world.now,
        state="STOPPED",
        code="stop",
        reason=f"`/stop` by {rules.person(given.evidence.platform, given.evidence.author)}".strip(),
        advice="`/resume` goes on where it stood",
    )
    return _accept(given, "stopped", world, parked)


def _cmd_resume(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state not in PARKED:
        return _refuse(given, f"it is not parked ({w.state})", world)
    if w.state is State.BLOCKED_POLICY:
        reason = "the policy still blocks: `/override RULE reason`, `/changes …` or `/reject`"
        return _refuse(given, reason, world)
    return _accept(given, "resumed", world, e.Resumed(at=world.now, by=given.evidence.author))


def _cmd_override(w: Workflow, given: CommandGiven, world: World, rules: Rules) -> Events:
    if w.state is not State.BLOCKED_POLICY or not w.patch or not w.judged:
        return _refuse(given, "no patch is blocked by the policy", world)
    rule, _, reason = given.argument.strip().partition(" ")
    blocking = {v.rule: v.severity for v in w.judged.violations if v.severity != "WARN"}
    if rule not in blocking:
        return _refuse(given, f"{rule or 'no rule'} is not one of: {', '.join(blocking)}", world)
    if blocking[rule] == "REFUSE":
        return _refuse(given, f"{rule} can be overridden by nobody", world)
    if not reason.strip():
        return _refuse(given, f"say why: `/override {rule} <reason>`", world)
    word = Word(given.evidence)
    shown = w.published_on(given.evidence.platform, w.patch.patch)
    why = refusal(word, subject=w.patch.patch, shown=shown, rules=rules, requester=w.requester)
    if why:
        return _refuse(given, why, world)
    override = e.OverrideGiven(
        at=world.now,
        rule=rule,
        reason=reason.strip()[:500],
        approver=rules.person(given.evidence.platform, given.evidence.author),
        subject=w.patch.patch,
        evidence=given.evidence,
    )
    return _accept(given, f"{rule} overridden", world, override)


_COMMANDS: dict[str, Handler] = {
    "approve": _cmd_approve,
    "changes": _cmd_changes,
    "reject": _cmd_reject,
    "ask": _cmd_ask,
    "retry": _cmd_retry,
    "stop": _cmd_stop,
    "resume": _cmd_resume,
    "override": _cmd_override,
}
