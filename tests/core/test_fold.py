"""What single events do to a workflow, where whole courses would not show it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import pytest
from tests.core.stories import POLICY, Story, at_approval, at_merge, at_plan_review

from patchgate.core import events as e
from patchgate.core.events import Event, Evidence, Intent
from patchgate.core.fold import evolve, fold
from patchgate.core.ids import FactId, digest_json
from patchgate.core.state import PARKED, TERMINAL, Pull, State, Workflow

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
