"""What stops, holds, ends or troubles a ticket wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.core.stories import (
    EVE,
    LEIGH,
    REX,
    RULES,
    Answer,
    Story,
    at_approval,
    at_merge,
    at_plan_review,
    at_pull,
    failures,
)

from patchgate.core import events as e
from patchgate.core.commands import PublishPatch, PutPull, ShowTicket
from patchgate.core.decide import decide
from patchgate.core.fold import fold
from patchgate.core.proposal import Outcome, Task
from patchgate.core.state import State

# ── stop, hold, resume ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["/stop", "Blocked"])
def test_a_stopped_ticket_stays_stopped_when_the_run_brings_its_answer(way: str) -> None:
    story = Story().open()
    story.look()
    story.drive()
    story.say(LEIGH, "stop") if way == "/stop" else story.move(EVE, "Blocked")
    story.look()
    story.drive()
    assert story.state is State.STOPPED
    story.run_model()
    story.drive()
    assert (story.state, story.w.resume_to) == (State.STOPPED, State.PATCHES_PROPOSED)
    story.say(LEIGH, "resume")
    story.wake()
    assert (story.state, story.patches) == (State.WAITING_USER_APPROVAL, 1)


def test_a_rejected_ticket_stays_rejected_when_the_run_brings_its_answer() -> None:
    story = Story().open()
    story.look()
    story.drive()
    story.say(LEIGH, "reject")
    story.look()
    story.drive()
    story.run_model()
    story.drive()
    assert (story.state, story.w.money.spent) == (State.REJECTED, 7)


def test_stop_for_the_whole_project_records_people_and_writes_nothing() -> None:
    story = at_approval()
    story.world_extra["stopped"] = "by Ann"
    before = len(story.performed)
    story.approve()
    story.wake()
    assert (story.state, story.waiting) == (State.APPLYING_PATCHES, "STOP: by Ann")
    assert len(story.performed) == before
    del story.world_extra["stopped"]
    assert story.wake().state is State.VERIFYING_CI


@pytest.mark.covers("S0.35")
@pytest.mark.parametrize("order", ["move first", "assign first"])
@pytest.mark.parametrize("ticks", [1, 2])
@pytest.mark.parametrize("where", ["plan", "patch", "pull"])
def test_a_held_ticket_goes_on_when_it_is_out_of_blocked_and_with_the_runner_again(
    order: str, ticks: int, where: str
) -> None:
    story = {"plan": at_plan_review, "patch": at_approval, "pull": at_merge}[where]()
    stood = story.state
    story.move(EVE, "Blocked")
    story.wake()
    assert (story.state, story.status, story.assignee) == (State.STOPPED, "Blocked", REX)
    halves: list[Callable[[], None]] = [
        lambda: story.move(EVE, "In Progress"),
        lambda: story.assign(EVE),
    ]
    for half in halves if order == "move first" else reversed(halves):
        half()
        if ticks == 2:
            story.wake()
    story.wake()
    assert story.state is stood
    assert "drift" not in story.topics()
    assert story.w.feedback == ()


def test_a_pause_does_not_do_again_what_was_done() -> None:
    story = at_approval()
    story.failing = {"pull-request": (1, False)}
    story.approve()
    story.wake()
    assert story.state is State.APPLYING_PATCHES
    story.say(LEIGH, "stop")
    story.wake()
    story.say(LEIGH, "resume")
    story.wake()
    assert story.stands_in(State.VERIFYING_CI)
    assert sum(isinstance(c, PublishPatch) for c in story.performed) == 1
    assert sum(isinstance(c, PutPull) for c in story.performed) == 1


def test_checks_that_went_green_during_a_pause_are_seen_after_it() -> None:
    story = at_pull()
    story.say(LEIGH, "stop")
    story.wake()
    story.ci("green")
    story.wake()
    story.say(LEIGH, "resume")
    story.wake()
    assert story.state is State.READY_TO_MERGE


# ── merged and closed ────────────────────────────────────────────────────────────────────


def test_a_pull_request_closed_unmerged_asks_a_person() -> None:
    story = at_merge()
    story.pull.state, story.pull.by = "closed", "rex-gh"
    story.wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "closed")
    story.wake()
    assert story.topics().count("parked") == 1
    story.say(REX, "changes")
    story.wake()
    story.approve()
    story.wake()
    assert (story.state, story.pull.number) == (State.VERIFYING_CI, 2)


def test_a_closed_pull_request_does_not_hide_why_a_later_attempt_stopped() -> None:
    story = at_merge()
    story.pull.state = "closed"
    story.wake()
    story.will(Task.IMPLEMENT, Answer(Outcome.QUESTION, questions=("how?",)))
    story.say(REX, "changes")
    story.wake()
    assert story.waiting == "how?"


def test_a_pull_request_closed_and_then_merged_is_done() -> None:
    story = at_merge()
    story.pull.state = "closed"
    story.wake()
    story.merge()
    assert story.wake().state is State.DONE


def test_merged_while_checks_are_red_is_not_done() -> None:
    story = at_pull()
    story.ci("red", "test_a")
    story.merge()
    story.wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (
        State.NEEDS_HUMAN,
        "merged-red",
    )
    story.wake()
    assert story.topics().count("parked") == 1
    story.ci("green")
    assert story.wake().state is State.DONE


def test_merged_with_red_checks_ends_when_a_reviewer_moves_it_to_done_and_says_so() -> None:
    story = at_pull()
    story.ci("red", "test_a")
    story.merge()
    story.wake()
    story.move(EVE, "Done")
    story.wake()
    assert story.state is State.NEEDS_HUMAN
    story.move(REX, "Done")
    story.wake()
    assert story.stands_in(State.DONE)
    assert story.w.ended is not None
    assert "red" in story.w.ended.reason


@pytest.mark.covers("S1.32")
def test_done_by_a_person_after_the_merge_is_agreed_and_not_undone() -> None:
    story = at_merge()
    story.merge()
    story.move(REX, "Done")
    story.wake()
    assert (story.state, story.status) == (State.DONE, "Done")
    before = len(story.performed)
    story.wake()
    assert len(story.performed) == before


def test_done_by_a_person_while_merged_checks_are_pending_is_left_alone() -> None:
    story = at_pull()
    story.merge()
    story.move(REX, "Done")
    story.wake()
    assert (story.state, story.status, story.topics()) == (State.VERIFYING_CI, "Done", ["patch"])
    story.ci("green")
    assert story.wake().state is State.DONE


def test_done_by_a_person_before_the_merge_cancels() -> None:
    story = at_merge()
    story.move(REX, "Done")
    story.wake()
    assert (story.state, story.labels) == (State.CANCELLED, frozenset({"cancelled"}))


def test_a_merge_during_rework_ends_the_work_without_another_run() -> None:
    story = at_merge()
    story.say(REX, "changes")
    story.wake()
    story.merge()
    story.ci("green")
    story.wake()
    assert (story.state, story.patches) == (State.DONE, 2)


def test_reassigning_after_the_merge_asks_for_nothing() -> None:
    story = at_merge()
    story.merge()
    story.assign(REX)
    story.wake()
    assert (story.state, story.patches) == (State.DONE, 1)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_repository_without_required_checks_passes_only_where_settings_allow_it(
    allowed: bool,
) -> None:
    story = at_pull(rules=replace(RULES, allow_not_required=allowed))
    story.ci("not-required")
    story.wake()
    assert story.state is (State.READY_TO_MERGE if allowed else State.NEEDS_HUMAN)
    story.merge()
    story.wake()
    assert story.state is (State.DONE if allowed else State.NEEDS_HUMAN)


def test_unknown_checks_are_never_a_pass() -> None:
    story = at_pull()
    story.ci("unknown")
    story.merge()
    assert story.wake().state is State.VERIFYING_CI


# ── troubles ─────────────────────────────────────────────────────────────────────────────


def test_an_effect_that_fails_for_good_asks_a_person_and_is_tried_again_after() -> None:
    story = at_approval()
    story.failing = {"pull-request": (1, True)}
    story.approve()
    story.wake()
    assert (story.state, story.waiting) == (State.NEEDS_HUMAN, "pull-request failed: no")
    story.say(LEIGH, "resume")
    assert story.wake().state is State.VERIFYING_CI


def test_an_effect_that_keeps_failing_asks_a_person_after_five_wake_ups() -> None:
    story = at_approval()
    story.failing = {"pull-request": (5, False)}
    story.approve()
    for _ in range(5):
        assert story.wake().state is State.APPLYING_PATCHES
    assert story.wake().state is State.NEEDS_HUMAN


def test_changes_after_a_trouble_are_not_stopped_by_it_again() -> None:
    story = at_approval()
    story.failing = {"pull-request": (1, True)}
    story.approve()
    story.wake()
    story.say(LEIGH, "changes")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_parked_ticket_says_so_as_soon_as_jira_is_back() -> None:
    story = Story(rules=replace(RULES, ticket_cap=1), failing={"comment": (9, False)}).open()
    for _ in range(9):
        story.wake()
    assert story.topics() == []
    story.wake()
    assert story.topics() == ["parked"]


def test_a_ticket_stuck_in_showing_still_shows_that_it_is_blocked() -> None:
    story = Story(failing={"show": (1, True)}).open().wake()
    assert (story.state, story.status) == (State.NEEDS_HUMAN, "Blocked")


@pytest.mark.parametrize("verb", ["resume", "changes"])
def test_an_unreachable_status_asks_a_person_and_is_tried_again_after(verb: str) -> None:
    story = Story(missing_statuses=frozenset({"In Progress"})).open().wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "status")
    assert "'In Progress'" in story.waiting
    story.missing_statuses = frozenset()
    story.say(LEIGH, verb)  # type: ignore[arg-type]  # a verb
    story.wake()
    assert (story.state, story.status) == (State.WAITING_USER_APPROVAL, "In Progress")


def test_a_blocked_status_that_jira_does_not_have_parks_without_it() -> None:
    story = Story(missing_statuses=frozenset({"In Progress", "Blocked"})).open().wake()
    assert (story.state, story.assignee) == (State.NEEDS_HUMAN, REX)
    assert story.topics() == ["parked"]
    story.assign(LEIGH)
    story.missing_statuses = frozenset()
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_merge_of_a_stopped_ticket_is_taken_up_when_it_goes_on() -> None:
    story = at_merge()
    story.say(LEIGH, "stop")
    story.wake()
    story.merge()
    story.wake()
    assert story.stands_in(State.STOPPED)
    story.say(LEIGH, "resume")
    assert story.wake().stands_in(State.DONE)


def test_no_model_is_asked_for_rework_of_what_was_merged_meanwhile() -> None:
    story = at_merge()
    story.will(Task.IMPLEMENT, *failures("a"))
    story.say(REX, "changes")
    story.look()
    story.drive()
    story.merge()
    story.ci("pending")
    story.wake()
    assert story.runs_asked == [Task.IMPLEMENT, Task.IMPLEMENT]
    assert (story.state, story.waiting) == (
        State.EXECUTING,
        "required checks of #1, which is merged",
    )
    story.ci("green")
    assert story.wake().stands_in(State.DONE)


def test_a_status_that_is_out_of_reach_after_the_end_is_tried_once() -> None:
    story = at_merge()
    story.merge()
    story.wake()
    w = replace(story.w, shown=None)
    (show,) = decide(w, story.world(), RULES).commands
    assert isinstance(show, ShowTicket)
    lost = e.StatusUnreachable(at="t", eid=show.eid, status="Elsewhere", available=())
    assert decide(fold([lost], w), story.world(), RULES).commands == ()
