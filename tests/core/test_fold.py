"""What single events do to a workflow, where whole courses would not show it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import pytest
from tests.core.stories import POLICY, Story, at_approval, at_merge, at_plan_review

from patchgate.core import events as e
from patchgate.core.commands import PublishPatch
from patchgate.core.events import Event, Evidence, Intent
from patchgate.core.fold import evolve, fold
from patchgate.core.ids import Eid, FactId, digest_json
from patchgate.core.proposal import Outcome, RunRecord, Task
from patchgate.core.state import PARKED, TERMINAL, Child, Pull, Reply, State, Workflow

PARKING = e.Parked(at="t", state="STOPPED", code="stop", reason="r", advice="a")


def test_an_empty_stream_is_an_unopened_workflow() -> None:
    assert fold([]) == Workflow()


def test_every_event_counts_in_the_row_even_when_it_means_nothing_here() -> None:
    events: list[Event] = [e.SweepDone(at="t", tickets=3), e.ItemSucceeded(at="t", key="MWC-1")]
    assert fold(events) == Workflow(seq=2)


def test_the_moment_of_a_change_of_state_is_kept() -> None:
    w = evolve(at_approval().w, PARKING.model_copy(update={"at": "then"}))
    assert w.since == "then"
    assert evolve(w, e.SweepDone(at="later", tickets=1)).since == "then"


def test_only_kinds_of_the_projects_own_stream_mean_nothing_to_a_ticket() -> None:
    kinds = get_args(get_args(Event)[0])
    story = at_merge()
    touched = {type(x) for x in story.events}
    project = {e.ProjectStopped, e.ProjectResumed, e.ItemFailed, e.ItemSucceeded, e.SweepDone}
    assert touched.isdisjoint(project)
    assert project < set(kinds)


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_what_has_ended_is_not_brought_back_by_a_late_proposal(state: State) -> None:
    story = at_approval()
    plan = e.PlanProposed(at="t", eid="x", plan=POLICY, items=(), files=())
    ended = replace(story.w, state=state)
    patch = next(x for x in story.events if isinstance(x, e.PatchProposed))
    start = e.WorkStarted(at="t", next="execute")
    for late in (plan, patch, start, PARKING, e.Resumed(at="t", by="x")):
        assert fold([late], ended).state is state


@pytest.mark.parametrize("state", sorted(PARKED))
def test_what_is_parked_goes_on_later_where_the_proposal_leads(state: State) -> None:
    story = at_approval()
    parked = fold([PARKING.model_copy(update={"state": state.value})], story.w)
    plan = e.PlanProposed(at="t", eid="x", plan=POLICY, items=(), files=())
    after = fold([plan], parked)
    assert (after.state, after.resume_to) == (state, State.PLAN_REVIEW)
    assert fold([e.Resumed(at="t", by="x")], after).state is State.PLAN_REVIEW


def test_parking_twice_remembers_where_the_work_stood() -> None:
    w = fold([PARKING, PARKING.model_copy(update={"state": "NEEDS_HUMAN"})], at_approval().w)
    assert (w.resume_to, w.parkings) == (State.WAITING_USER_APPROVAL, 2)


def test_checks_of_another_head_are_no_answer_for_this_one() -> None:
    w = replace(at_merge().w, checks=None, state=State.VERIFYING_CI)
    seen = e.ChecksSeen(at="t", fact="f", repo="r", head="elsewhere", level="green")
    assert fold([seen], w).state is State.VERIFYING_CI


def test_another_pull_request_is_not_ours() -> None:
    w = at_merge().w
    seen = e.PullSeen(at="t", fact="f", repo="r", number=99, state="merged", head="h")
    assert fold([seen], w).pull == w.pull


def test_a_judgement_of_another_patch_is_none_of_this_one() -> None:
    w = at_approval().w
    judged = e.PatchJudged(at="t", patch=POLICY, policy=POLICY, level="REFUSE")
    assert fold([judged], w).judged == w.judged


def test_checks_in_the_room_of_another_patch_are_not_its_evidence() -> None:
    w = at_approval().w
    seen = e.EvidenceReceived.model_validate(
        {"at": "t", "patch": POLICY, "evidence": POLICY, "level": "PASSED", "reason": ""}
    )
    assert fold([seen], w).evidence is None
    assert w.patch is not None
    mine = seen.model_copy(update={"patch": w.patch.patch})
    assert fold([mine], w).evidence == mine


def test_a_new_plan_takes_the_approval_of_the_old_one_with_it() -> None:
    story = at_plan_review(mode="plan")
    story.approve()
    story.look()
    story.drive()
    assert story.w.covering_grant() is not None
    again = e.PlanProposed(at="t", eid="x", plan=POLICY, items=(), files=())
    w = fold([again], replace(story.w, run_attempt=None))
    assert (w.covering_grant(), w.grants) == (None, ())


def test_a_voided_approval_is_gone() -> None:
    story = at_approval()
    subject = story.w.subject
    assert subject is not None
    story.approve()
    story.wake()
    assert story.w.grant_for(subject) is not None
    story.record(e.ApprovalVoided(at="t", subject=subject, reason="r"))
    assert story.w.grant_for(subject) is None


def test_intents_are_kept() -> None:
    intended = e.Intended(at="t", effects=(Intent(eid="x", effect="show", target="y"),), run="r")
    assert fold([intended]).intended == {"x"}


def test_an_updated_pull_request_keeps_how_often_it_was_seen_and_a_new_one_does_not() -> None:
    w = Workflow(pull=Pull("r", 1, "u", "h", seen=4))
    put = e.PullPut(at="t", eid="x", repo="r", number=1, url="u", head="h2")
    for number, seen in ((1, 4), (2, 0)):
        pull = fold([put.model_copy(update={"number": number})], w).pull
        assert pull is not None
        assert (pull.number, pull.seen) == (number, seen)


def test_an_answer_counts_once() -> None:
    story = at_approval()
    fact = story.say("rex", "ask", "why?")
    story.wake()
    given = e.AnswerGiven(at="t", eid="y", question=fact, answer=POLICY)
    assert fold([given], story.w).answers == story.w.answers


def test_what_was_said_about_an_input_that_is_not_there_changes_nothing() -> None:
    handled = e.InputHandled(at="t", fact="x", outcome="refused", reason="r", say=True)
    w = Story().open().w
    assert replace(fold([handled], w), seq=w.seq) == w


def granted(what: Literal["plan", "patch", "request"], subject: str) -> e.Approved:
    evidence = Evidence(
        platform="jira", kind="comment", target="MWC-1", id=what, author="leigh", at="t"
    )
    return e.Approved(
        at="t", subject=digest_json(subject), what=what, approver="Leigh", evidence=evidence,
        policy=POLICY, base="",
    )  # fmt: skip


GRANTS = (granted("plan", "p"), granted("patch", "c"), granted("request", "old"))


def test_another_text_of_the_ticket_takes_only_the_approval_of_the_text_before() -> None:
    kept = (*GRANTS, granted("request", "new"))
    w = replace(at_approval().w, grants=kept)
    revised = e.TicketRevised(at="t", fact=FactId("f"), key=w.key, request=digest_json("new"))
    assert evolve(w, revised).grants == (*GRANTS[:2], kept[3])


def test_another_round_takes_only_the_approval_of_the_patch() -> None:
    w = replace(at_approval().w, grants=GRANTS)
    again = e.ChangesRequested(at="t", source="person", by="ann", detail="no", counts=False)
    assert evolve(w, again).grants == (GRANTS[0], GRANTS[2])


def test_a_ticket_is_opened_once_and_what_has_ended_counts_on() -> None:
    story = at_merge()
    opened = next(x for x in story.events if isinstance(x, e.WorkflowOpened))
    other = opened.model_copy(update={"mode": "request", "repo": "acme/other", "requester": "eve"})
    assert evolve(story.w, other) == replace(story.w, seq=story.w.seq + 1)
    assert story.w.seq == len(story.events)
    done = evolve(story.w, e.Ended(at="then", state="CANCELLED", by="x", reason="r"))
    assert (done.seq, done.since) == (story.w.seq + 1, "then")


def test_a_word_on_a_moved_status_is_said_anew_in_another_state_and_not_after_the_end() -> None:
    w = replace(at_approval().w, drift_reasserted=True)
    assert not evolve(w, PARKING).drift_reasserted
    assert evolve(w, e.SweepDone(at="t", tickets=1)).drift_reasserted
    ended = evolve(w, e.Ended(at="t", state="CANCELLED", by="x", reason="r"))
    assert ended.drift_reasserted


# ── effects ──────────────────────────────────────────────────────────────────────────────────


def failed(eid: str, *, final: bool = False) -> e.EffectFailed:
    return e.EffectFailed(at="t", eid=Eid(eid), effect="say", code="c", reason="r", final=final)


def test_each_effect_counts_its_own_failures_and_the_last_of_all_is_kept() -> None:
    w = fold([failed("a"), failed("b"), failed("a", final=True)])
    assert [(t.eid, t.times, t.is_final) for t in w.troubles] == [("b", 1, False), ("a", 2, True)]
    assert w.trouble == failed("a", final=True)


@pytest.mark.parametrize(("why", "said"), [("", "no way to Done"), ("new", "no way to Done: new")])
def test_a_status_without_a_way_to_it_is_a_final_failure(why: str, said: str) -> None:
    seen = e.StatusUnreachable(at="t", eid=Eid("a"), status="Done", available=("Open",), why=why)
    w = fold([seen])
    assert w.unreachable == (("Done", ("Open",)),)
    assert w.trouble is not None
    assert (w.trouble.reason, w.trouble.final) == (said, True)


ANNOUNCED = e.Intended(
    at="t",
    effects=tuple(Intent(eid=Eid(eid), effect="show", target="y") for eid in "ab"),
    run="r1",
)
RESULTS: list[Event] = [
    failed("a"),
    e.StatusUnreachable(at="t", eid=Eid("a"), status="Done", available=()),
    e.WriteRefused(at="t", eid=Eid("a"), subject=POLICY, code="c", reason="r"),
    e.PatchAttached(at="t", eid=Eid("a"), patch=POLICY, url="u"),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda one: one.kind)
def test_a_result_frees_its_own_effect_and_no_other(result: Event) -> None:
    w = fold([ANNOUNCED, result])
    assert dict(w.claims) == {"b": "r1"}
    assert w.intended == {"a", "b"}
    assert w.done == ({"a"} if isinstance(result, e.PatchAttached) else set())
    assert w.refused == (result if isinstance(result, e.WriteRefused) else None)


def test_a_commit_that_was_announced_is_remembered_once_until_one_is_recorded() -> None:
    w = at_approval().w
    assert w.patch is not None
    about = Intent(eid=Eid("a"), effect=PublishPatch.effect, target="x")
    other = Intent(eid=Eid("b"), effect="show", target="x")
    write = e.Intended(at="t", effects=(other, about), run="r")
    show = e.Intended(at="t", effects=(other,), run="r")
    assert fold([show], w).unrecorded == ()
    assert fold([write, write], w).unrecorded == (w.patch,)
    assert fold([write], replace(w, patch=None)).unrecorded == ()
    made = e.PatchPublished(
        at="t", eid=Eid("a"), repo="r", branch="b", commit="c", patch=w.patch.patch
    )
    assert fold([write, made], w).unrecorded == ()


def test_a_sub_task_that_was_made_is_known_by_its_place_in_the_plan() -> None:
    children = (Child(1, "one"), Child(2, "two"))
    made = e.SubtaskCreated(at="t", eid=Eid("a"), ordinal=2, key="MWC-9", issue_id="90")
    after = fold([made], Workflow(children=children)).children
    assert after == (children[0], replace(children[1], key="MWC-9", issue_id="90"))


def test_what_jira_shows_is_counted_and_a_move_by_a_person_stays_known() -> None:
    shown = e.TicketShown(at="t", eid=Eid("a"), view="PLANNING", status="S", assignee="")
    moved = shown.model_copy(update={"eid": Eid("b"), "drift": FactId("m")})
    w = fold([shown, moved, shown])
    assert (w.shows, w.drift_seen, w.drift_reasserted) == (3, "m", True)
    assert not fold([shown]).drift_reasserted


@pytest.mark.parametrize(("state", "head"), [("open", "new"), ("merged", "old")])
def test_a_commit_of_ours_is_the_head_of_an_open_pull_request_alone(state: str, head: str) -> None:
    w = Workflow(pull=Pull("r", 1, "u", "old", state=state))
    made = e.PatchPublished(at="t", eid=Eid("a"), repo="r", branch="b", commit="new", patch=POLICY)
    after = fold([made], w)
    assert after.pull is not None
    assert (after.pull.head, after.commit, after.published) == (head, "new", POLICY)


# ── rooms ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("signature", ["", "error: boom"])
def test_a_review_that_came_to_nothing_says_how_it_failed(signature: str) -> None:
    run = RunRecord(
        role="reviewer", provider="p", model="m", prompt_digest=POLICY, context_digest=POLICY,
        outcome=Outcome.INVALID,
    )  # fmt: skip
    ended = e.RunFinished(
        at="t", eid=Eid("a"), task=Task.REVIEW, attempt=1, record=run, charged=2,
        signature=signature,
    )  # fmt: skip
    w = fold([ended])
    assert w.review_failures == (signature or Outcome.INVALID.value,)
    assert (w.failures, w.money.spent, w.money.runs) == (0, 2, 1)


def test_a_proposal_of_a_round_that_is_past_is_not_taken_and_a_new_one_clears_the_old() -> None:
    story = at_approval()
    patch = next(x for x in story.events if isinstance(x, e.PatchProposed))
    plan = e.PlanProposed(at="t", eid=Eid("x"), plan=POLICY, items=(), files=())
    bare = replace(story.w, patch=None, plan=None, attempt=3, cleared=True)
    for taken, w in (
        (False, replace(bare, run_attempt=2)),
        (True, replace(bare, run_attempt=3)),
        (True, replace(bare, run_attempt=None)),
        (False, replace(bare, run_attempt=None, state=State.DONE)),
    ):
        assert fold([patch], w).patch == (patch if taken else None)
        assert fold([plan], w).plan == (plan if taken else None)
        assert fold([patch], w).cleared is not taken


# ── facts from outside ───────────────────────────────────────────────────────────────────────


def test_a_fact_that_is_seen_again_adds_nothing_but_its_place_in_the_row() -> None:
    given = e.ReviewGiven(at="t", fact=FactId("f"), evidence=word(), state="APPROVED")
    assert fold([given, given]) == replace(fold([given]), seq=2)


def test_a_review_waits_in_the_inbox() -> None:
    given = e.ReviewGiven(at="t", fact=FactId("f"), evidence=word(), state="APPROVED")
    assert fold([given]).inbox == (given,)


def test_each_text_of_the_ticket_and_each_look_at_a_pull_request_is_counted() -> None:
    w = at_merge().w
    assert w.pull is not None
    text = e.TicketRevised(at="t", fact=FactId("f1"), key=w.key, request=POLICY)
    seen = e.PullSeen(
        at="t", fact=FactId("f2"), repo="r", number=w.pull.number, state="closed", head="h"
    )
    checks = e.ChecksSeen(at="t", fact=FactId("f3"), repo="r", head="h", level="red")
    after = fold([text, seen, checks], w)
    assert (after.revisions, after.check_rounds) == (w.revisions + 1, w.check_rounds + 1)
    assert after.pull == replace(w.pull, state="closed", head="h", seen=w.pull.seen + 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [(State.READY_TO_MERGE, State.VERIFYING_CI), (State.EXECUTING, State.EXECUTING)],
)
def test_a_head_that_moved_has_its_checks_looked_at_anew(before: State, after: State) -> None:
    w, pull = replace(at_merge().w, state=before), at_merge().w.pull
    assert pull is not None
    moved = e.HeadMoved(at="t", fact=FactId("f"), repo="r", head="theirs")
    w = replace(w, checks=e.ChecksSeen(at="t", fact=FactId("f"), repo="r", head="h", level="green"))
    now = fold([moved], w)
    assert (now.pull, now.checks, now.state) == (replace(pull, head="theirs"), None, after)


# ── going on ─────────────────────────────────────────────────────────────────────────────────


SIZED = e.Triaged(at="t", eid=Eid("a"), decision="GO", reason="r")
REFUSED = e.WriteRefused(at="t", eid=Eid("a"), subject=POLICY, code="c", reason="r")


@pytest.mark.parametrize(
    ("place", "running", "more"),
    [(State.EXECUTING, False, 1), (State.EXECUTING, True, 0), (State.VERIFYING_CI, False, 0)],
)
def test_going_on_is_another_attempt_only_where_a_model_is_asked_again(
    place: State, running: bool, more: int
) -> None:
    asked = next(x for x in at_approval().events if isinstance(x, e.AttemptReserved))
    stopped = Workflow(
        state=State.STOPPED, resume_to=place, attempt=3, failures=2, signatures=("a",),
        reservation=asked if running else None, asked=("why?",),
    )  # fmt: skip
    w = fold([e.Resumed(at="t", by="x")], stopped)
    assert (w.state, w.attempt, w.failures) == (place, 3 + more, 0)
    assert (w.signatures, w.asked) == ((), ())


@pytest.mark.parametrize(
    ("stopped", "onward"),
    [
        (Workflow(resume_to=State.INGESTED), State.INGESTED),
        (Workflow(resume_to=State.INGESTED, triaged=SIZED), State.PLANNING),
        (Workflow(resume_to=State.INGESTED, triaged=SIZED, plan_required=False), State.EXECUTING),
        (Workflow(resume_to=State.PLANNING, triaged=SIZED), State.PLANNING),
        (Workflow(resume_to=State.APPLYING_PATCHES), State.APPLYING_PATCHES),
        (Workflow(resume_to=State.APPLYING_PATCHES, refused=REFUSED), State.EXECUTING),
    ],
)
def test_what_was_stopped_goes_on_where_there_is_work(stopped: Workflow, onward: State) -> None:
    w = fold([e.Resumed(at="t", by="x")], replace(stopped, state=State.STOPPED))
    assert (w.state, w.refused) == (onward, None)


def test_another_round_has_nothing_cleared() -> None:
    w = replace(at_approval().w, cleared=True)
    again = e.ChangesRequested(at="t", source="ci", by="x", detail="d" * 300, counts=True)
    after = evolve(w, again)
    assert (after.cleared, after.attempt, after.failures) == (False, w.attempt + 1, w.failures + 1)
    assert after.signatures == (f"ci: {'d' * 200}",)


# ── decisions ────────────────────────────────────────────────────────────────────────────────


def test_a_child_that_ends_leaves_its_account_and_its_place_is_free() -> None:
    over = e.ChildEnded(
        at="t", ordinal=2, state="DONE", cost=5, runs=3, pull="https://p/1", summary="s"
    )
    w = fold([over], Workflow(children=(Child(1, "one"), Child(2, "two")), active=2))
    ended = Child(2, "two", ended="DONE", cost=5, runs=3, pull="https://p/1", summary="s")
    assert (w.children, w.active) == ((Child(1, "one"), ended), 0)
    assert fold([e.ChildActivated(at="t", ordinal=1)], w).active == 1


def test_work_that_was_taken_up_is_known_as_begun() -> None:
    w = Workflow()
    for step, state in (("triage", State.INGESTED), ("plan", State.PLANNING)):
        begun = e.WorkStarted.model_validate({"at": "t", "next": step})
        assert (fold([begun], w).started, fold([begun], w).state) == (True, state)


def word(kind: Literal["comment", "assignment"] = "comment") -> Evidence:
    return Evidence(platform="jira", kind=kind, target="MWC-1", id="1", author="leigh", at="t")


COMMAND = e.CommandGiven(at="t", fact=FactId("f"), evidence=word(), verb="ask", argument="x" * 120)
MISS = e.NearMiss(at="t", fact=FactId("f"), evidence=word(), word="/aprove", nearest="approve")
GIVEN: list[tuple[Event, str]] = [
    (COMMAND, f"/ask {'x' * 100}"),
    (COMMAND.model_copy(update={"verb": "stop", "argument": ""}), "/stop"),
    (MISS, "/aprove"),
    (e.StatusMoved(at="t", fact=FactId("f"), evidence=word(), before="A", after="B"), "A → B"),
    (e.RunnerAssigned(at="t", fact=FactId("f"), evidence=word("assignment")), "assignment"),
]


@pytest.mark.parametrize(("given", "said"), GIVEN)
@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_what_is_answered_repeats_what_the_person_said_or_did(
    given: Event, said: str, outcome: Literal["accepted", "refused"]
) -> None:
    handled = e.InputHandled(at="t", fact=FactId("f"), outcome=outcome, reason="why", say=True)
    w = fold([given, handled])
    near = given if isinstance(given, e.NearMiss) else None
    assert (w.inbox, w.replies) == ((), (Reply(FactId("f"), said, "why", near),))
    asked = outcome == "accepted" and isinstance(given, e.CommandGiven) and given.verb == "ask"
    assert [q.text for q in w.questions] == (["x" * 120] if asked else [])
    quiet = handled.model_copy(update={"say": False})
    assert (fold([given, quiet]).replies, fold([given, quiet]).inbox) == ((), ())


def test_an_approval_of_the_request_lets_only_a_ticket_go_on_that_waits_for_a_person() -> None:
    given = granted("request", "r")
    waiting = replace(at_approval().w, state=State.NEEDS_HUMAN, resume_to=State.EXECUTING)
    assert fold([given], waiting).state is State.EXECUTING
    stopped = replace(waiting, state=State.STOPPED)
    assert fold([given], stopped).state is State.STOPPED
    assert fold([granted("plan", "p")], waiting).state is State.NEEDS_HUMAN


def test_what_clears_or_overrides_counts_only_where_the_patch_waits_for_it() -> None:
    w = at_approval().w
    cleared = e.PatchCleared(at="t", patch=POLICY, under=POLICY)
    lifted = e.OverrideGiven(
        at="t", rule="secrets", reason="r", approver="Leigh", subject=POLICY, evidence=word()
    )
    for late in (cleared, lifted):
        assert replace(fold([late], w), seq=w.seq) == w
    proposed = replace(w, state=State.PATCHES_PROPOSED)
    after = fold([cleared], proposed)
    assert (after.cleared, after.state) == (True, State.APPLYING_PATCHES)
    blocked = replace(w, state=State.BLOCKED_POLICY, parked=PARKING)
    again = fold([lifted], blocked)
    assert (again.overrides, again.judged, again.parked) == ((lifted,), None, None)
    assert again.state is State.PATCHES_PROPOSED
