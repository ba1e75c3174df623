"""What each state does next: one function for each, all of them in `STATES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from patchgate.core import events as e
from patchgate.core.approval import SHARED_ACCOUNT
from patchgate.core.commands import Command, Decision, JudgePatch, LookAtChecks, Topic, Waiting
from patchgate.core.gates import checks_green, planning_complete
from patchgate.core.identity import (
    attach_patch,
    comment,
    on_pull,
    publish_patch,
    put_pull,
    start_checks,
)
from patchgate.core.ids import short
from patchgate.core.limits import ask_model, park
from patchgate.core.parents import decide_parent
from patchgate.core.proposal import Task
from patchgate.core.reviewing import review_step
from patchgate.core.rules import Rules, World
from patchgate.core.state import State, Workflow

# ── before the work ──────────────────────────────────────────────────────────────────────


def _ingested(w: Workflow, world: World, rules: Rules) -> Decision:
    if w.parent and not w.started:
        return Decision(events=(e.WorkStarted(at=world.now, next="execute"),))
    if not w.started:
        return Decision(waiting=Waiting("an assignment to the runner", "a person"))
    if w.triaged is None:
        return ask_model(w, world, rules, Task.TRIAGE)
    if w.triaged.decision == "GO":
        step = "execute" if planning_complete(w).passed else "plan"
        return Decision(events=(e.WorkStarted.model_validate({"at": world.now, "next": step}),))
    reason = f"{w.triaged.decision}: {w.triaged.reason} {w.triaged.question}".strip()
    code = "defer" if w.triaged.decision == "DEFER" else "no-go"
    advice = {
        "defer": "`/approve` agrees to wait, `/resume` goes ahead anyway, `/reject` ends it",
        "no-go": "answer in a comment and `/resume`, or `/reject`",
    }[code]
    return Decision(events=(park(world, code, reason, advice),))


def _planning(w: Workflow, world: World, rules: Rules) -> Decision:
    return ask_model(w, world, rules, Task.PLAN)


def _plan_review(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.plan is not None  # noqa: S101 - the fold enters this state only with a plan
    post = comment(w, "plan", subject=w.plan.plan, ordinal=w.plans)
    waiting = Waiting(f"approval of plan {short(w.plan.plan)}", "an approver")
    return Decision(commands=(post,), waiting=waiting)


def _executing(w: Workflow, world: World, rules: Rules) -> Decision:
    if w.is_parent:
        return decide_parent(w, world)
    if w.mode == "request" and w.covering_grant() is None and w.reservation is None:
        reason = "this ticket's text is not approved (mode `request`)"
        advice = "an approver comments `/approve`, or assigns it to the runner"
        return Decision(events=(park(world, "approval", reason, advice),))
    return ask_model(w, world, rules, Task.IMPLEMENT)


# ── a patch ──────────────────────────────────────────────────────────────────────────────


def _proposed(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.patch is not None  # noqa: S101 - the fold enters this state only with a patch
    if w.judged is None or w.judged.policy != rules.policy:
        return Decision(commands=(JudgePatch(w.patch.patch),))
    if w.judged.level == "ACCEPT":
        reviewing = review_step(w, world, rules)
        if reviewing:
            return reviewing
        grant = w.covering_grant()
        if grant is None or w.judged.wider:
            # The approval that covered it is gone: judged again, it waits for one of its own.
            return Decision(commands=(JudgePatch(w.patch.patch),))
        cleared = e.PatchCleared(at=world.now, patch=w.patch.patch, under=grant.subject)
        return Decision(events=(cleared,))
    hit = ", ".join(dict.fromkeys(v.rule for v in w.stops)) or "policy"
    if w.judged.level == "REFUSE":
        return Decision(events=(_refused_by_policy(w, world, rules, hit),))
    ways = [f"`/override {v.rule} <reason>`" for v in w.stops if v.severity == "BLOCK"][:1]
    parked = e.Parked(
        at=world.now,
        state="BLOCKED_POLICY",
        code="policy",
        reason=f"blocked by {hit}",
        advice=", ".join([*ways, "`/changes …`", "`/reject`"]),
    )
    return Decision(events=(parked,))


def _refused_by_policy(w: Workflow, world: World, rules: Rules, hit: str) -> e.Event:
    if w.failures + 1 >= rules.max_attempts:
        reason = f"the policy refuses every attempt ({hit})"
        return park(world, "refused", reason, "`/changes …` or `/reject`")
    return e.ChangesRequested(at=world.now, source="policy", by="policy", detail=hit, counts=True)


def _waiting(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.patch is not None  # noqa: S101 - the fold enters this state only with a patch
    waiting = Waiting(f"approval of patch {short(w.patch.patch)}", "an approver")
    return Decision(commands=_show_patch(w, world, rules, "patch"), waiting=waiting)


def _show_patch(w: Workflow, world: World, rules: Rules, topic: Topic) -> tuple[Command, ...]:
    if w.patch is None:
        return ()
    attempt, ordinal = w.patch.attempt, len(w.overrides)
    if w.parked and w.parked.code == "review":
        ordinal = -w.parkings  # reviewed again, it may be held up for another reason
    post = comment(w, topic, subject=w.patch.patch, attempt=attempt, ordinal=ordinal)
    there = on_pull(post, w)
    posts: tuple[Command, ...] = (post, there) if there else (post,)
    if world.patch_length <= rules.attach_over:
        return posts
    return (attach_patch(w, w.patch), *posts)


def _applying(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.patch is not None  # noqa: S101 - the fold enters this state only with a patch
    if w.refused is not None:
        reason = f"the write gate refused ({w.refused.code}): {w.refused.reason}"
        advice = "`/retry` makes a new patch from the present state, `/reject` ends it"
        if w.refused.code == "taken":
            advice = f"rename or remove what has our name; then {advice}"
        # What the write rested on and cannot be read again opens no later write either.
        rested = w.publishing_grant() if w.refused.code == "evidence" else None
        subject = rested.subject if rested else w.patch.patch
        void = e.ApprovalVoided(at=world.now, subject=subject, reason=w.refused.reason)
        return Decision(events=(void, park(world, "gate", reason, advice)))
    if w.publishing_grant() is None:
        gone = "what was approved has changed since: the patch is made anew"
        again = e.ChangesRequested(at=world.now, source="policy", by="patchgate", detail=gone)
        return Decision(events=(again,))
    return Decision(commands=(publish_patch(w, w.patch), put_pull(w, w.patch)))


# ── a pull request ───────────────────────────────────────────────────────────────────────


def _pull_open(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.pull is not None  # noqa: S101 - the fold enters this state only with a pull request
    starts = _ci_starts(w, w.pull.head, rules)
    if w.checks is None or w.checks.head != w.pull.head:
        return Decision(commands=(*starts, LookAtChecks(w.pull.head)))
    if w.checks.level == "red":
        red = e.ChangesRequested(
            at=world.now, source="ci", by="CI", detail=w.checks.detail, counts=True
        )
        return Decision(events=(red,))
    ready = w.state is State.READY_TO_MERGE
    allowed = rules.allow_not_required
    green = checks_green(w.checks, head=w.pull.head, allow_not_required=allowed)
    if ready and not green.passed:
        reason = "the repository requires no checks and settings do not allow that"
        advice = "require checks on the branch, or set `allow_no_required_checks: true`"
        return Decision(events=(park(world, "no-checks", reason, advice),))
    posts: tuple[Command, ...] = starts
    if ready or rules.in_testing_when == "pr_opened":
        made_for = w.patch.attempt if w.patch else 0
        posts = (
            *starts,
            comment(w, "pull", subject=w.published, attempt=made_for, ordinal=w.pull.number),
        )
    what, whom = ("the merge", "the reviewer") if ready else ("required checks", "CI")
    return Decision(commands=posts, waiting=Waiting(f"{what} of #{w.pull.number}", whom))


def _ci_starts(w: Workflow, head: str, rules: Rules) -> tuple[Command, ...]:
    """The named workflows, for our own commit of a patch that a person approved as it is.

    A push and a pull request of the default token start nothing; whatever else is on the branch,
    somebody else pushed and woke CI for.
    """
    if not rules.ci_workflows or head != w.commit or w.grant_for(w.published) is None:
        return ()
    if rules.runner["github"] != SHARED_ACCOUNT and not rules.writes_quietly(w.mode):
        return ()
    return tuple(start_checks(w, workflow, head) for workflow in rules.ci_workflows)


# ── parked and over ──────────────────────────────────────────────────────────────────────


def _parked(w: Workflow, world: World, rules: Rules) -> Decision:
    assert w.parked is not None  # noqa: S101 - the fold enters these states only with a reason
    if w.state is State.DEFERRED and world.wake:
        return Decision(events=(e.Resumed(at=world.now, by="patchgate", why=w.parked.until),))
    topic: Topic = "deferred" if w.state is State.DEFERRED else "parked"
    posts: tuple[Command, ...]
    if w.state is State.BLOCKED_POLICY:
        posts = _show_patch(w, world, rules, "blocked")
    else:
        posts = (comment(w, topic, ordinal=w.parkings),)
    return Decision(commands=posts, waiting=Waiting(w.parked.reason, "a person"))


def _over(w: Workflow, world: World, rules: Rules) -> Decision:
    done = w.state is State.DONE
    topic: Topic = "summary" if done and w.is_parent else "done" if done else "ended"
    post = comment(w, topic)
    return Decision(commands=(post,), waiting=Waiting("nothing more: it has ended", ""))


STATES: Mapping[State, Callable[[Workflow, World, Rules], Decision]] = {
    State.INGESTED: _ingested,
    State.PLANNING: _planning,
    State.PLAN_REVIEW: _plan_review,
    State.EXECUTING: _executing,
    State.PATCHES_PROPOSED: _proposed,
    State.WAITING_USER_APPROVAL: _waiting,
    State.APPLYING_PATCHES: _applying,
    State.PR_OPEN: _pull_open,
    State.VERIFYING_CI: _pull_open,
    State.READY_TO_MERGE: _pull_open,
    State.NEEDS_HUMAN: _parked,
    State.BLOCKED_POLICY: _parked,
    State.DEFERRED: _parked,
    State.STOPPED: _parked,
    State.DONE: _over,
    State.REJECTED: _over,
    State.CANCELLED: _over,
    State.FAILED: _over,
}
