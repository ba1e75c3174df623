"""Ends, generations, and what `decide` does with nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.core.stories import ANN, EVE, LEIGH, RULES, Story, at_approval, at_merge

from patchgate.core.commands import PutPull
from patchgate.core.decide import decide
from patchgate.core.rules import World
from patchgate.core.state import State

# ── ends and generations ─────────────────────────────────────────────────────────────────


def test_a_ticket_that_jira_does_not_show_waits_and_goes_on_when_it_is_shown_again() -> None:
    story = at_approval()
    story.world_extra = {"gone": "MWC-1 can no longer be seen", "ticket": None}
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    assert "seen again" in story.waiting
    story.world_extra = {}
    story.approve()
    story.wake()
    assert (story.state, story.w.unseen_since) == (State.VERIFYING_CI, "")


def test_a_ticket_unseen_for_a_week_fails() -> None:
    story = at_approval()
    story.world_extra = {"gone": "MWC-1 can no longer be seen", "ticket": None}
    story.wake()
    story.clock.days(8)
    story.wake()
    assert story.state is State.FAILED


@pytest.mark.parametrize("order", ["move first", "assign first"])
@pytest.mark.parametrize("ticks", [1, 2])
def test_a_done_ticket_moved_out_of_done_and_assigned_again_begins_the_next_generation(
    order: str, ticks: int
) -> None:
    story = at_merge(mode="patchset")
    story.merge()
    story.wake()
    first = {c.eid for c in story.performed}
    story.remote = None
    halves: list[Callable[[], None]] = [
        lambda: story.move(ANN, "Backlog"),
        lambda: story.assign(ANN),
    ]
    for half in halves if order == "move first" else reversed(halves):
        half()
        if ticks == 2:
            story.wake()
    story.wake()
    assert (story.state, story.w.generation) == (State.WAITING_USER_APPROVAL, 2)
    assert story.w.requester == ANN
    story.approve()
    story.wake()
    second = [c.eid for c in story.performed if c.eid not in first]
    assert len(second) + len(first) == len(story.performed)
    target = next(c.target for c in reversed(story.performed) if isinstance(c, PutPull))
    assert target.endswith("ai/MWC-1-2")


def test_a_done_ticket_that_is_only_assigned_is_told_how_to_reopen_it() -> None:
    story = at_merge()
    story.merge()
    story.wake()
    story.assign(ANN)
    story.wake()
    assert (story.state, story.replies()) == (
        State.DONE,
        ["it is Done: move it out of that to take it up again"],
    )


def test_a_run_left_from_the_last_generation_is_charged_when_the_ticket_is_reopened() -> None:
    story = Story().open()
    story.look()
    story.drive()
    story.say(LEIGH, "reject")
    story.look()
    story.drive()
    story.assign(LEIGH)
    story.wake()
    assert (story.state, story.w.generation) == (State.WAITING_USER_APPROVAL, 2)
    assert story.w.money.spent == 1_007


def test_what_people_were_told_is_not_said_again_in_the_next_generation() -> None:
    story = at_approval()
    story.say(EVE, "approve")
    story.mistype(EVE, "/aprove", "approve")
    story.wake()
    story.say(LEIGH, "reject")
    story.wake()
    story.say(LEIGH, "approve")
    story.assign(LEIGH)
    story.wake()
    assert story.w.generation == 2
    assert story.topics().count("reply") == 3


# ── events of old ledgers ────────────────────────────────────────────────────────────────


def test_nothing_is_asked_of_an_unopened_stream() -> None:
    step = decide(Story().w, World(now="t"), RULES)
    assert step.waiting is not None
    assert step.waiting.what == "an assignment to the runner"
