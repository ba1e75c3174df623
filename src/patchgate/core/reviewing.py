"""A second model reads a patch before a person is asked: when, how often, and what follows.

Its answer is advice. It approves nothing and writes nothing; at most it costs the patch one
attempt, and with `review: block` an approver has to override it by name.
"""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.commands import Decision, Waiting
from patchgate.core.failures import in_words
from patchgate.core.identity import propose
from patchgate.core.limits import exceeds_cap
from patchgate.core.proposal import Task
from patchgate.core.rules import Rules, World
from patchgate.core.state import Workflow

MODEL_REVIEW = "model-review"
"""The name under which an approver overrides what the review holds against a patch."""
REVIEW_TRIES = 2
"""How many runs may fail to review one patch."""
MOST_BYTES = 100_000
"""A longer patch is not reviewed: a model reads it whole or not at all."""
SENT_BACK = "reviewer: "
"""How the failure of a patch that the review sent back begins."""


def to_review(w: Workflow, rules: Rules) -> bool:
    """Whether the review still stands between the present patch and the people."""
    if rules.review == "off":
        return False
    return w.review is None or (rules.review == "block" and holds(w))


def holds(w: Workflow) -> bool:
    """Whether the review would hold the patch up, and nobody overrode that."""
    lifted = any(override.rule == MODEL_REVIEW for override in w.overrides)
    return w.review is not None and w.review.verdict != "pass" and not lifted


def review_step(w: Workflow, world: World, rules: Rules) -> Decision | None:
    """What the review asks for now; None when it is through."""
    if w.patch is None or not to_review(w, rules):
        return None
    if w.review is not None:
        return Decision(events=(_held(w, w.review, world, rules),))
    if w.reservation is not None:
        return Decision(waiting=Waiting(f"the {w.reservation.task} run", w.reservation.run))
    why = _no_review(w, world, rules)
    if why:
        none = e.PatchReviewed(at=world.now, patch=w.patch.patch, verdict="none", first=why)
        return Decision(events=(none,))
    reserve = rules.reserve.get(Task.REVIEW, 0)
    return Decision(commands=(propose(w, Task.REVIEW, reserve),))


def _no_review(w: Workflow, world: World, rules: Rules) -> str:
    """Why no (further) run is to review the patch; empty: one is."""
    if len(w.review_failures) >= REVIEW_TRIES:
        last = in_words(w.review_failures[-1])
        return f"{len(w.review_failures)} runs brought no review; the last: {last}"
    if world.patch_length > MOST_BYTES:
        return f"the patch has {world.patch_length:,} bytes, and {MOST_BYTES:,} are read at most"
    if exceeds_cap(w, rules, Task.REVIEW):
        return f"a review could exceed the cap of {rules.ticket_cap} micro-dollars"
    return ""


def _held(w: Workflow, review: e.PatchReviewed, world: World, rules: Rules) -> e.Event:
    """A blocking finding is sent back once; after that, and without a review, people decide."""
    sent_back = any(signature.startswith(SENT_BACK) for signature in w.signatures)
    if review.verdict == "block" and not sent_back and w.failures + 1 < rules.max_attempts:
        return e.ChangesRequested(
            at=world.now, source="reviewer", by=review.reviewer, detail=review.first, counts=True
        )
    reason = f"the patch was not reviewed: {review.first}"
    if review.verdict == "block":
        reason = f"the reviewing model blocks it: {review.first}"
    again = "" if review.verdict == "block" else "`/resume` has it reviewed again, "
    return e.Parked(
        at=world.now,
        state="BLOCKED_POLICY",
        code="review",
        reason=reason,
        advice=f"{again}`/override {MODEL_REVIEW} <reason>`, `/changes …`, `/reject`",
    )
