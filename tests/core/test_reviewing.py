"""A second model reads a patch before people are asked: advice that can never approve."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from tests.core.stories import ANN, LEIGH, RULES, Answer, Judgement, Story

from patchgate.agent.fence import LIMIT
from patchgate.core import events as e
from patchgate.core.proposal import Outcome, Task
from patchgate.core.reviewing import MOST_BYTES
from patchgate.core.state import State

BLOCK = Answer(review="block")
REFUSED = Answer(Outcome.REFUSED, "I will not")
LOST = Answer(lost=True)


def story_with(review: Literal["off", "advise", "block"], *answers: Answer, **more: int) -> Story:
    rules = replace(RULES, review=review, **more)  # type: ignore[arg-type]  # numbers of the rules
    return Story(rules).will(Task.REVIEW, *answers).open()


def reviewed(story: Story) -> e.PatchReviewed:
    assert story.w.review is not None
    return story.w.review


@pytest.mark.covers("S0.73")
def test_the_review_runs_after_the_policy_and_before_the_person_is_asked() -> None:
    story = story_with("advise")
    story.look()
    story.drive()
    story.run_model()
    story.drive()
    assert story.runs_asked == [Task.IMPLEMENT, Task.REVIEW]
    assert (story.state, story.w.subject, story.topics()) == (State.PATCHES_PROPOSED, None, [])
    story.wake()
    assert (story.state, story.topics()) == (State.WAITING_USER_APPROVAL, ["patch"])
    kinds = [x.kind for x in story.events]
    first_judged, said = kinds.index("patch-judged"), kinds.index("patch-reviewed")
    assert first_judged < said < kinds.index("comment-posted")


def test_nobody_is_asked_for_a_review_when_it_is_off() -> None:
    story = story_with("off").wake()
    assert (story.runs_asked, story.state) == ([Task.IMPLEMENT], State.WAITING_USER_APPROVAL)


@pytest.mark.covers("S0.73")
@pytest.mark.parametrize("verdict", ["pass", "block"])
def test_advice_changes_nothing_but_what_the_person_is_told(verdict: str) -> None:
    plain = story_with("off").wake()
    story = story_with("advise", Answer(review=verdict)).wake()
    assert reviewed(story).verdict == verdict
    assert story.state is plain.state is State.WAITING_USER_APPROVAL
    assert story.w.grants == ()
    assert plain.w.patch is not None
    assert story.w.patch is not None
    assert (story.w.subject, story.w.attempt) == (story.w.patch.patch, plain.w.attempt)
    story.approve(ANN)
    story.wake()
    assert story.w.published == story.w.patch.patch


@pytest.mark.parametrize("mode", ["plan", "request"])
def test_in_the_looser_modes_the_review_precedes_the_write(
    mode: Literal["plan", "request"],
) -> None:
    story = Story(replace(RULES, review="advise"), mode=mode, plan=mode == "plan").open().wake()
    if mode == "plan":
        story.approve()
        story.wake()
    kinds = [x.kind for x in story.events]
    assert kinds.index("patch-reviewed") < kinds.index("patch-cleared")


def test_a_patch_that_the_policy_blocks_is_shown_to_no_other_model_until_that_is_lifted() -> None:
    story = story_with("advise")
    story.judgements.append(Judgement("ESCALATE", ("ci-files",)))
    story.wake()
    assert (story.state, story.runs_asked) == (State.BLOCKED_POLICY, [Task.IMPLEMENT])
    story.say(LEIGH, "override", "ci-files because")
    story.wake()
    assert story.runs_asked == [Task.IMPLEMENT, Task.REVIEW]
    assert story.state is State.WAITING_USER_APPROVAL


@pytest.mark.covers("S0.73")
def test_a_blocking_finding_is_sent_back_once_and_then_a_person_decides() -> None:
    story = story_with("block", BLOCK, BLOCK).wake()
    assert story.runs_asked == [Task.IMPLEMENT, Task.REVIEW] * 2
    assert story.state is State.BLOCKED_POLICY
    assert (story.w.attempt, story.w.failures) == (2, 1)
    assert story.w.parked is not None
    assert "it loses money" in story.w.parked.reason
    story.approve(ANN)
    story.wake()
    assert (story.state, story.w.grants) == (State.BLOCKED_POLICY, ())
    story.say(LEIGH, "override", "model-review we know better")
    story.wake()
    assert (story.state, story.topics()[-1]) == (State.WAITING_USER_APPROVAL, "patch")
    assert story.w.grants == ()


def test_the_attempt_after_a_blocking_finding_may_pass() -> None:
    story = story_with("block", BLOCK, Answer()).wake()
    assert (story.state, story.w.attempt) == (State.WAITING_USER_APPROVAL, 2)


def test_what_the_review_sends_back_counts_towards_the_attempts() -> None:
    story = story_with("block", BLOCK, BLOCK, max_attempts=1).wake()
    assert story.runs_asked == [Task.IMPLEMENT, Task.REVIEW]
    assert (story.state, story.w.attempt) == (State.BLOCKED_POLICY, 1)


@pytest.mark.covers("S0.73")
@pytest.mark.parametrize("answer", [REFUSED, LOST, Answer(Outcome.INVALID, "garbage")])
def test_a_review_that_fails_twice_is_told_and_is_no_pass(answer: Answer) -> None:
    story = story_with("advise", answer, answer).wake()
    assert story.runs_asked == [Task.IMPLEMENT, Task.REVIEW, Task.REVIEW]
    assert reviewed(story).verdict == "none"
    assert "2 runs brought no review" in reviewed(story).first
    assert (story.state, story.w.failures) == (State.WAITING_USER_APPROVAL, 0)


def test_a_review_that_fails_once_is_tried_again() -> None:
    story = story_with("advise", REFUSED).wake()
    assert (len(story.runs_asked), reviewed(story).verdict) == (3, "pass")


@pytest.mark.covers("S0.73")
def test_where_reviews_block_a_missing_one_waits_for_a_person() -> None:
    story = story_with("block", REFUSED, REFUSED, REFUSED, REFUSED, Answer()).wake()
    assert story.state is State.BLOCKED_POLICY
    assert story.w.parked is not None
    assert "was not reviewed" in story.w.parked.reason
    story.say(LEIGH, "resume")
    story.wake()
    assert story.state is State.BLOCKED_POLICY
    assert story.topics() == ["blocked", "blocked"]
    story.say(LEIGH, "resume")
    story.wake()
    assert (story.state, reviewed(story).verdict) == (State.WAITING_USER_APPROVAL, "pass")


def test_only_an_approver_lifts_the_review_and_only_by_its_name() -> None:
    story = story_with("block", BLOCK, BLOCK).wake()
    vain = [("eve", "model-review so"), (LEIGH, "ci-files so"), (LEIGH, "model-review")]
    for who, argument in vain:
        story.say(who, "override", argument)
        story.wake()
        assert (story.state, story.w.overrides) == (State.BLOCKED_POLICY, ())
    story.say(LEIGH, "resume")
    story.wake()
    assert story.state is State.BLOCKED_POLICY


@pytest.mark.covers("S0.73")
def test_a_review_that_the_ticket_cannot_pay_is_left_out_and_said_to_be() -> None:
    dear = replace(RULES, review="advise", ticket_cap=50, reserve={Task.REVIEW: 44})
    story = Story(dear).open().wake()
    assert story.runs_asked == [Task.IMPLEMENT]
    assert "cap of 50" in reviewed(story).first
    assert story.state is State.WAITING_USER_APPROVAL


def test_a_patch_too_long_to_be_read_whole_is_not_said_to_be_reviewed() -> None:
    assert MOST_BYTES <= LIMIT
    story = story_with("advise")
    story.world_extra["patch_length"] = MOST_BYTES + 1
    story.wake()
    assert (story.runs_asked, reviewed(story).verdict) == ([Task.IMPLEMENT], "none")


def test_a_new_patch_is_reviewed_anew_and_a_review_of_another_patch_changes_nothing() -> None:
    story = story_with("advise").wake()
    old = reviewed(story)
    story.say(LEIGH, "changes", "again")
    story.wake()
    assert story.runs_asked == [Task.IMPLEMENT, Task.REVIEW] * 2
    assert reviewed(story).patch != old.patch
    before = story.w.review
    story.record(old)
    assert story.w.review == before


def test_the_patch_is_judged_again_after_its_review() -> None:
    """The policy of the moment counts, and the review takes a while."""
    story = story_with("advise").wake()
    kinds = [x.kind for x in story.events]
    assert kinds.count("patch-judged") == 2
    assert kinds.index("patch-reviewed") < len(kinds) - 1 - kinds[::-1].index("patch-judged")
