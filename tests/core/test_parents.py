"""Parents and their children."""

from __future__ import annotations

import pytest
from tests.core.stories import EVE, LEIGH, RULES, Answer, finish, parent_with_two

from patchgate.core.decide import decide
from patchgate.core.proposal import Task
from patchgate.core.rules import ChildNow, World
from patchgate.core.state import State


@pytest.mark.parametrize("how", ["reject", "cancel"])
def test_a_child_ends_with_its_parent(how: str) -> None:
    story = parent_with_two()
    story.say(LEIGH, "reject") if how == "reject" else story.move(EVE, "Done")
    story.wake()
    assert story.state is (State.REJECTED if how == "reject" else State.CANCELLED)
    assert story.children[1].state is State.CANCELLED


def test_a_child_waits_while_its_parent_is_stopped() -> None:
    story = parent_with_two()
    story.say(LEIGH, "stop")
    story.wake()
    child = story.children[1]
    child.approve()
    child.wake()
    assert (child.state, child.waiting) == (
        State.APPLYING_PATCHES,
        "the parent MWC-1, which is stopped",
    )
    story.say(LEIGH, "resume")
    story.wake()
    assert child.state is State.VERIFYING_CI


def test_a_rejected_child_parks_the_parent_which_can_go_on_without_it() -> None:
    story = parent_with_two()
    story.children[1].say(LEIGH, "reject")
    story.wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "child")
    story.say(LEIGH, "resume")
    story.wake()
    finish(story.children[2])
    story.wake()
    assert story.state is State.DONE
    assert story.w.ended is not None
    assert "MWC-11 REJECTED" in story.w.ended.reason


def test_a_parent_of_which_nothing_was_done_is_not_done() -> None:
    story = parent_with_two()
    for n in (1, 2):
        story.children[n].say(LEIGH, "reject")
        story.wake()
        story.say(LEIGH, "resume")
        story.wake()
    assert story.state is State.CANCELLED


def test_changes_asked_of_a_working_parent_are_refused_with_a_reason() -> None:
    story = parent_with_two()
    story.children[1].say(LEIGH, "reject")
    story.wake()
    story.say(LEIGH, "changes", "all of it")
    story.wake()
    assert story.replies() == ["the plan is approved and at work; ask for changes on a sub-task"]


def test_the_parent_follows_the_active_child_only() -> None:
    story = parent_with_two()
    world = World(now="t", children={2: ChildNow(State.DONE)})
    assert decide(story.w, world, RULES).events == ()


def test_a_sub_task_that_has_ended_is_not_taken_up_again() -> None:
    story = parent_with_two()
    child = story.children[1]
    finish(child)
    story.wake()
    assert child.state is State.DONE
    child.move(LEIGH, "In Progress")
    child.assign(LEIGH)
    child.wake()
    assert (child.state, child.w.generation) == (State.DONE, 1)
    assert child.replies() == [
        "the work has ended (DONE); what is left of a sub-task is another ticket"
    ]


def test_a_parent_that_is_taken_up_again_after_its_end_is_planned_again() -> None:
    story = parent_with_two()
    for n in (1, 2):
        finish(story.children[n])
        story.wake()
    assert story.state is State.DONE
    story.will(Task.PLAN, Answer(items=("third", "fourth")))
    story.move(LEIGH, "In Progress")
    story.assign(LEIGH)
    story.wake()
    assert (story.state, story.w.generation) == (State.PLAN_REVIEW, 2)
