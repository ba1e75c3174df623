"""CI that the default token does not wake: named workflows are started, once for each head."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from tests.core.stories import LEIGH, REX, RULES, Judgement, Story

from patchgate.core.approval import SHARED_ACCOUNT
from patchgate.core.commands import StartChecks
from patchgate.core.rules import Rules
from patchgate.core.state import State

SHARED = replace(
    RULES, runner={**RULES.runner, "github": SHARED_ACCOUNT}, ci_workflows=("ci.yml", "docs.yml")
)


def started(story: Story) -> list[tuple[str, str]]:
    return [(c.workflow, c.head) for c in story.performed if isinstance(c, StartChecks)]


def opened(rules: Rules, mode: Literal["patchset", "plan", "request"] = "patchset") -> Story:
    story = Story(rules, mode=mode).open().wake()
    if story.w.subject:
        story.approve()
        story.wake()
    assert story.w.pull is not None
    return story


def test_each_named_workflow_is_started_on_our_commit_before_the_checks_are_looked_at() -> None:
    story = opened(SHARED)
    assert started(story) == [("ci.yml", story.w.commit), ("docs.yml", story.w.commit)]
    kinds = [x.kind for x in story.events]
    assert kinds.index("checks-started") < kinds.index("checks-seen")
    story.wake()
    story.ci("green")
    story.wake()
    assert (len(started(story)), story.state) == (2, State.READY_TO_MERGE)


def test_another_commit_of_ours_starts_them_again_and_a_persons_own_does_not() -> None:
    story = opened(SHARED)
    story.push()
    story.wake()
    assert len(started(story)) == 2
    story.assign(REX)
    story.wake()
    story.approve()
    story.wake()
    assert [head for _, head in started(story)[2:]] == [story.w.commit] * 2


def test_nothing_is_started_where_the_pull_request_wakes_ci_by_itself_or_none_is_named() -> None:
    assert started(opened(replace(SHARED, runner=RULES.runner))) == []
    assert started(opened(replace(SHARED, ci_workflows=()))) == []


@pytest.mark.parametrize("account", [SHARED_ACCOUNT, "patchgate[bot]"])
def test_in_the_looser_modes_ci_sleeps_until_a_person_asks(account: str) -> None:
    rules = replace(SHARED, runner={**RULES.runner, "github": account}, quiet=True)
    assert started(opened(rules, "request")) == []


def test_a_wider_patch_that_a_person_approved_wakes_it_in_the_looser_modes_too() -> None:
    rules = replace(SHARED, runner=RULES.runner, quiet=True)
    story = Story(rules, mode="request").open()
    story.judgements.append(Judgement(wider=True))
    story.wake()
    story.approve()
    story.wake()
    assert len(started(story)) == 2


def test_a_workflow_that_cannot_be_started_asks_a_person_and_resume_tries_again() -> None:
    story = Story(SHARED).open().wake()
    story.failing["ci-start"] = (1, True)
    story.approve()
    story.wake()
    assert (story.state, started(story)) == (State.NEEDS_HUMAN, [])
    story.say(LEIGH, "resume")
    story.wake()
    assert (story.state, len(started(story))) == (State.VERIFYING_CI, 2)
