"""What came out of the rooms: attempts, runs and what they proposed."""

from __future__ import annotations

from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.failures import in_words
from patchgate.core.fold.moving import enter
from patchgate.core.proposal import Outcome, Task
from patchgate.core.replacing import replace
from patchgate.core.state import Money, Question, Reply, State, Workflow

BESIDE = (Task.ANSWER, Task.REVIEW)
"""Tasks beside the work: their failures are no failed attempts."""
ANSWER_TRIES = 2
"""How many runs may fail to answer one question before the person is told so."""


def fold_room(w: Workflow, event: Event) -> Workflow | None:
    """The workflow with that result of a room; None when the event is none."""
    match event:
        case e.AttemptReserved():
            return _reserved(w, event)
        case e.RunFinished():
            return _run_finished(w, event)
        case e.RunLost():
            return _run_lost(w, event)
        case e.Triaged():
            return replace(w, triaged=event)
        case e.AnswerGiven():
            return _answered(w, event)
        case e.PlanProposed():
            return _plan_proposed(w, event)
        case e.PatchProposed():
            return _patch_proposed(w, event)
        case e.PatchJudged() | e.PatchReviewed() | e.EvidenceReceived():
            about_it = w.patch is not None and w.patch.patch == event.patch
            return _of_patch(w, event) if about_it else w
        case _:
            return None


def _reserved(w: Workflow, x: e.AttemptReserved) -> Workflow:
    w = replace(w, reservation=x, comments_through=x.comments_through or w.comments_through)
    return w if x.task in BESIDE else replace(w, asked=())


def _run_finished(w: Workflow, x: e.RunFinished) -> Workflow:
    money = Money(
        spent=w.money.spent + x.charged,
        uncertain=w.money.uncertain or x.record.micro_dollars is None,
        tokens=w.money.tokens + x.record.usage.total,
        runs=w.money.runs + 1,
    )
    w = replace(w, money=money, reservation=None)
    outcome = x.record.outcome
    if x.task is Task.ANSWER:
        return w if outcome is Outcome.ANSWERED else _unanswered(w, x.signature or outcome.value)
    if x.task is Task.REVIEW:
        reviewed = outcome is Outcome.ANSWERED
        return w if reviewed else _unreviewed(w, x.signature or outcome.value)
    w = replace(w, asked=x.questions, run_attempt=x.attempt)
    if outcome is Outcome.ANSWERED or x.questions:
        return w
    return _failed_once(w, x.signature)


def _run_lost(w: Workflow, x: e.RunLost) -> Workflow:
    money = replace(w.money, spent=w.money.spent + x.charged, uncertain=True, runs=w.money.runs + 1)
    w = replace(w, money=money, reservation=None)
    if x.task is Task.ANSWER:
        return _unanswered(w, x.why)
    return _unreviewed(w, x.why) if x.task is Task.REVIEW else _failed_once(w, "")


def _unreviewed(w: Workflow, why: str) -> Workflow:
    return replace(w, review_failures=(*w.review_failures, why))


def _failed_once(w: Workflow, signature: str) -> Workflow:
    signatures = (*w.signatures, signature) if signature else w.signatures
    return replace(w, failures=w.failures + 1, attempt=w.attempt + 1, signatures=signatures)


def _unanswered(w: Workflow, why: str) -> Workflow:
    asked = next((q for q in w.questions if not q.answered), None)
    if asked is None:
        return w
    tried = replace(asked, tries=asked.tries + 1)
    if tried.tries < ANSWER_TRIES:
        return _with_question(w, tried)
    said = f"/ask {asked.text[:100]}".strip()
    last = f"{tried.tries} runs brought no answer; the last: {in_words(why)}"
    sorry = Reply(asked.fact, said, last)
    w = replace(w, replies=(*w.replies, sorry))
    return _with_question(w, replace(tried, answered=True))


def _with_question(w: Workflow, changed: Question) -> Workflow:
    questions = tuple(changed if q.fact == changed.fact else q for q in w.questions)
    return replace(w, questions=questions)


def _answered(w: Workflow, x: e.AnswerGiven) -> Workflow:
    asked = next((q for q in w.questions if q.fact == x.question and not q.answered), None)
    if asked is None:
        return w
    w = replace(w, answers=(*w.answers, x))
    return _with_question(w, replace(asked, answered=True))


def _is_stale(w: Workflow) -> bool:
    """Whether another round was asked for while the run was on: it read an older request."""
    return w.is_over or (w.run_attempt is not None and w.run_attempt < w.attempt)


def _plan_proposed(w: Workflow, x: e.PlanProposed) -> Workflow:
    if _is_stale(w):
        return w
    grants = tuple(g for g in w.grants if g.what != "plan")
    w = replace(w, plan=x, plans=w.plans + 1, grants=grants, feedback=())
    return enter(w, State.PLAN_REVIEW)


def _patch_proposed(w: Workflow, x: e.PatchProposed) -> Workflow:
    if _is_stale(w):
        return w
    fresh = replace(
        w,
        patch=x,
        judged=None,
        review=None,
        review_failures=(),
        evidence=None,
        cleared=False,
        refused=None,
        overrides=(),
        grants=tuple(g for g in w.grants if g.what != "patch"),
        feedback=(),
    )
    return enter(fresh, State.PATCHES_PROPOSED)


def _of_patch(w: Workflow, x: e.PatchJudged | e.PatchReviewed | e.EvidenceReceived) -> Workflow:
    match x:
        case e.PatchReviewed():
            return replace(w, review=x)
        case e.EvidenceReceived():
            return replace(w, evidence=x)
        case e.PatchJudged():
            return _judged(w, x)


def _judged(w: Workflow, x: e.PatchJudged) -> Workflow:
    w = replace(w, judged=x)
    if x.level != "ACCEPT" or x.to_review or w.state is not State.PATCHES_PROPOSED:
        return w
    covered = w.covering_grant() is not None and not x.wider
    return w if covered else replace(w, state=State.WAITING_USER_APPROVAL)
