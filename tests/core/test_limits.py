"""Where asking a model ends, and what became of runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.stories import (
    LEIGH,
    REX,
    RULES,
    Answer,
    Story,
    at_approval,
    at_blocked,
    at_merge,
    at_plan_review,
    at_pull,
    failures,
)

from patchgate.core.proposal import Outcome, Task
from patchgate.core.state import State

# ── limits ───────────────────────────────────────────────────────────────────────────────


def test_three_failed_attempts_ask_a_person_and_retry_starts_the_count_again() -> None:
    story = Story().open().will(Task.IMPLEMENT, *failures("a", "b", "c")).wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "attempts")
    assert len(story.runs_asked) == 3
    said = "3 attempts failed; the last: the answer could not be used (c)"
    assert story.w.parked
    assert story.w.parked.reason == said
    story.say(REX, "retry")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_the_same_failure_twice_in_a_row_asks_a_person() -> None:
    story = Story().open().will(Task.IMPLEMENT, *failures("a", "a", "a")).wake()
    assert (len(story.runs_asked), story.w.parked and story.w.parked.code) == (2, "repeated")


def test_review_rounds_of_people_are_no_failed_attempts() -> None:
    story = at_approval()
    for _ in range(5):
        story.say(REX, "changes", "again")
        story.wake()
        assert story.state is State.WAITING_USER_APPROVAL
    assert story.w.failures == 0


def test_a_person_who_asks_for_changes_starts_the_count_of_failures_again() -> None:
    story = Story().open().will(Task.IMPLEMENT, *failures("a", "b"), Answer()).wake()
    assert story.w.failures == 2
    story.say(REX, "changes", "again")
    story.look()
    story.drive()
    assert story.w.failures == 0


@pytest.mark.covers("S2.148", "S2.147")
def test_a_model_that_asks_stops_until_a_person_lets_it_go_on() -> None:
    asking = Answer(Outcome.QUESTION, questions=("which colour?",))
    story = Story().open().will(Task.IMPLEMENT, asking).wake()
    assert (story.state, story.waiting) == (State.NEEDS_HUMAN, "which colour?")
    assert story.w.failures == 0
    story.say(LEIGH, "resume")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_model_that_asks_nothing_has_failed() -> None:
    story = Story().open().will(Task.IMPLEMENT, *([Answer(Outcome.QUESTION)] * 9)).wake()
    assert (story.state, len(story.runs_asked)) == (State.NEEDS_HUMAN, 3)


def test_the_money_cap_stops_before_the_run_that_could_exceed_it() -> None:
    story = Story(rules=replace(RULES, ticket_cap=999)).open().wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "money")
    assert story.runs_asked == []
    story.rules = RULES
    story.say(LEIGH, "resume")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_the_breaker_stops_every_ticket_until_a_person_lets_this_one_go_on() -> None:
    story = Story(world_extra={"failures_in_row": 3}).open().wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "breaker")
    story.say(LEIGH, "resume")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_lost_run_is_charged_in_full_and_counts() -> None:
    story = Story().open().will(Task.IMPLEMENT, Answer(lost=True)).wake()
    assert story.state is State.WAITING_USER_APPROVAL
    assert (story.w.money.spent, story.w.money.uncertain, story.w.money.runs) == (1_007, True, 2)
    assert story.w.failures == 1


@pytest.mark.parametrize("end", ["stop", "reject"])
def test_a_lost_run_is_charged_also_when_the_work_was_stopped_meanwhile(end: str) -> None:
    story = Story().open()
    story.look()
    story.drive()
    story.say(LEIGH, end)  # type: ignore[arg-type]  # a verb
    story.look()
    story.drive()
    story.will(Task.IMPLEMENT, Answer(lost=True))
    story.run_model()
    assert (story.w.money.spent, story.w.reservation) == (1_000, None)


# ── questions ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", [at_plan_review, at_approval, at_pull, at_merge, at_blocked])
def test_a_question_is_answered_and_disturbs_nothing(where: object) -> None:
    story: Story = where()  # type: ignore[operator]  # one of the functions above
    state, subject, attempt = story.state, story.w.subject, story.w.attempt
    story.say(REX, "ask", "why this way?")
    story.wake()
    assert story.topics()[-1] == "answer"
    assert (story.state, story.w.subject, story.w.attempt) == (state, subject, attempt)
    if state is State.WAITING_USER_APPROVAL:
        story.approve()
        assert story.wake().state is State.VERIFYING_CI


def test_a_question_that_no_run_answers_is_given_up_with_a_word() -> None:
    story = at_approval()
    story.will(Task.ANSWER, *failures("a", "b", "c", "d"))
    story.say(REX, "ask", "why?")
    story.wake()
    assert story.runs_asked.count(Task.ANSWER) == 2
    assert story.replies() == [
        "2 runs brought no answer; the last: the answer could not be used (b)"
    ]
    assert story.w.failures == 0


def test_a_lost_answer_is_charged_and_tried_again_while_the_ticket_waits() -> None:
    story = at_approval()
    story.will(Task.ANSWER, Answer(lost=True))
    story.say(REX, "ask", "why?")
    story.wake()
    assert (story.topics()[-1], story.w.failures) == ("answer", 0)


def test_a_question_does_not_forget_what_the_model_asked() -> None:
    asking = Answer(Outcome.QUESTION, questions=("which?",))
    story = Story().open().will(Task.IMPLEMENT, asking).wake()
    story.say(REX, "ask", "what do you mean?")
    story.wake()
    assert (story.topics()[-1], story.w.asked) == ("answer", ("which?",))
