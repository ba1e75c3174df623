"""The proposed patch under the policy: git applies it, the tree is judged, the gates speak."""

from __future__ import annotations

from patchgate.app.desk import Desk
from patchgate.app.opening import Opened, item_of, plan_of
from patchgate.app.session import Session
from patchgate.app.writegate import goes_beyond
from patchgate.core import events as e
from patchgate.core.ids import RepoName, Sha
from patchgate.core.patch import AppliedPatch
from patchgate.core.plan import Plan, WorkItem
from patchgate.core.policy import Scope, judge
from patchgate.core.reviewing import to_review
from patchgate.errors import NotFoundError

MOST_TOLD = 50
"""Findings that go on the ledger, unless more rules than that found something."""


def applied_patch(session: Session, desk: Desk) -> AppliedPatch:
    """The current patch, applied in a scratch index."""
    patch = session.w.patch
    if patch is None:
        raise NotFoundError("there is no patch")
    return desk.forge.apply(RepoName(patch.repo), Sha(patch.start), session.blob(patch.patch))


def scope_of(plan: Plan | None, item: WorkItem | None) -> Scope | None:
    """The paths that the approved plan (or its work item) names; None where it names none."""
    if plan is None:
        return None
    planned = tuple(f.path for f in plan.files)
    named = (item.files if item else ()) or planned
    return Scope(globs=named) if named else None


def scope_here(opened: Opened) -> Scope | None:
    """The scope of the workflow that this wake-up works on."""
    plan = plan_of(opened)
    return scope_of(plan, item_of(opened, plan))


def judge_patch(session: Session, desk: Desk, scope: Scope | None) -> e.PatchJudged:
    """What the policy of this moment says of the current patch."""
    w = session.w
    applied = applied_patch(session, desk)
    overrides = frozenset(o.rule for o in w.overrides if o.subject == applied.patch)
    words = w.patch.summary if w.patch else ""
    result = judge(applied, desk.policy, scope=scope, overrides=overrides, words=words)
    return e.PatchJudged(
        at=desk.now(),
        patch=applied.patch,
        policy=desk.rules.policy,
        level=result.level,
        wider=goes_beyond(result, w.mode, scope),
        violations=result.told(MOST_TOLD),
        to_review=result.level == "ACCEPT" and to_review(w, desk.rules),
    )


def rendered_length(session: Session, desk: Desk) -> int:
    """Characters of the patch as an approver reads it; 0 when none waits."""
    patch = session.w.patch
    return 0 if patch is None else len(session.blob(patch.patch))
