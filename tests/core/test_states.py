"""What each state does when people, models and services play along."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.stories import (
    ANN,
    EVE,
    LEIGH,
    REX,
    RULES,
    RUNNER,
    Answer,
    Judgement,
    Story,
    at_approval,
    at_blocked,
    at_merge,
    at_plan_review,
    at_pull,
    finish,
    parent_with_two,
)

from patchgate.core import events as e
from patchgate.core.commands import (
    AttachPatch,
    CreateSubtask,
    JudgePatch,
    PostComment,
    PublishPatch,
    ShowTicket,
)
from patchgate.core.decide import decide
from patchgate.core.proposal import Task
from patchgate.core.state import State

# ── the nominal courses ──────────────────────────────────────────────────────────────────


@pytest.mark.covers("S1.31", "S1.33", "S0.55", "S2.50")
def test_a_single_ticket_goes_from_assignment_to_done() -> None:
    story = Story().open().wake()
    assert (story.state, story.labels) == (
        State.WAITING_USER_APPROVAL,
        frozenset({"awaiting-approval"}),
    )
    assert not any(isinstance(c, PublishPatch) for c in story.performed)
    story.approve()
    story.wake()
    assert (story.state, story.status, story.assignee) == (
        State.VERIFYING_CI,
        "In Progress",
        RUNNER,
    )
    story.ci("green")
    story.wake()
    assert (story.state, story.status, story.assignee) == (
        State.READY_TO_MERGE,
        "In Testing",
        REX,
    )
    story.merge()
    story.wake()
    assert (story.state, story.status, story.assignee) == (State.DONE, "Done", REX)
    assert story.topics() == ["patch", "pull", "done"]


@pytest.mark.covers("S0.37", "S0.40", "S0.60", "S0.61", "S0.89", "S0.90")
def test_a_parent_works_its_children_one_at_a_time_and_is_done_with_the_last() -> None:
    story = parent_with_two()
    assert list(story.children) == [1]
    finish(story.children[1])
    story.wake()
    assert list(story.children) == [1, 2]
    assert story.children[1].state is State.DONE
    assert story.state is State.EXECUTING
    finish(story.children[2])
    story.wake()
    assert (story.state, story.status) == (State.DONE, "Done")
    assert story.topics() == ["plan", "summary"]
    created = [c.ordinal for c in story.performed if isinstance(c, CreateSubtask)]
    assert created == [1, 2]


@pytest.mark.covers("S0.30", "S0.31", "S0.32")
def test_a_plan_is_posted_then_shown_in_plan_review_to_the_reviewer() -> None:
    story = at_plan_review()
    assert (story.status, story.assignee) == ("Plan Review", REX)
    said, shown = story.performed[-2:]
    assert isinstance(said, PostComment)
    assert isinstance(shown, ShowTicket)
    assert (said.topic, shown.status, shown.assignee) == ("plan", "plan_review", "reviewer")


def test_mode_plan_opens_the_gate_for_a_patch_inside_the_approved_plan() -> None:
    story = at_plan_review(mode="plan")
    story.move(LEIGH, "In Progress")
    story.wake()
    assert story.state is State.VERIFYING_CI
    assert "patch" not in story.topics()


def test_mode_plan_asks_for_an_approval_of_its_own_when_the_patch_goes_wider() -> None:
    story = at_plan_review(mode="plan")
    story.judgements.append(Judgement(wider=True))
    story.move(LEIGH, "In Progress")
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL


def test_mode_request_takes_an_approvers_assignment_for_the_approval() -> None:
    story = Story(mode="request").open(LEIGH).wake()
    assert story.state is State.VERIFYING_CI


def test_mode_request_waits_for_an_approver_when_somebody_else_assigned() -> None:
    story = Story(mode="request").open(EVE).wake()
    assert (story.state, story.waiting) == (
        State.NEEDS_HUMAN,
        "this ticket's text is not approved (mode `request`)",
    )
    assert story.runs_asked == []
    story.approve()
    story.wake()
    assert story.state is State.VERIFYING_CI


def test_mode_request_takes_a_later_assignment_by_an_approver_too() -> None:
    story = Story(mode="request").open(EVE).wake()
    story.assign(LEIGH)
    story.wake()
    assert story.state is State.VERIFYING_CI


def test_mode_request_with_strict_separation_needs_another_person_than_the_requester() -> None:
    story = Story(mode="request", rules=replace(RULES, separation=True)).open(LEIGH).wake()
    assert story.state is State.NEEDS_HUMAN
    story.approve(ANN)
    story.wake()
    assert story.stands_in(State.VERIFYING_CI)


def test_a_text_changed_after_its_approval_is_approved_anew() -> None:
    story = Story(mode="request").open(EVE).wake()
    story.approve()
    story.rewrite("another text")
    story.look()
    story.drive()
    assert story.state is State.NEEDS_HUMAN
    assert "is not what waits for approval" in story.replies()[0]


def test_a_text_changed_before_the_write_makes_a_new_patch_from_the_new_text() -> None:
    story = Story(mode="request").open(LEIGH)
    story.look()
    story.drive()
    story.run_model()
    story.rewrite("another text")
    story.look()
    story.drive()
    assert story.state is State.WAITING_USER_APPROVAL
    story = Story(mode="request", failing={"commit": (1, False)}).open(LEIGH).wake()
    assert story.state is State.APPLYING_PATCHES
    story.rewrite("another text")
    story.wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "approval")
    story.approve()
    story.wake()
    assert story.stands_in(State.VERIFYING_CI)
    assert story.patches == 2


# ── triage ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S2.5")
def test_triage_go_goes_on_to_the_plan() -> None:
    story = Story(triage=True, plan=True).open().wake()
    assert story.runs_asked == [Task.TRIAGE, Task.PLAN]


@pytest.mark.covers("S2.5")
def test_triage_no_go_asks_a_person_who_may_go_ahead() -> None:
    story = Story(triage=True).open().will(Task.TRIAGE, Answer(triage="NO_GO")).wake()
    assert (story.state, story.runs_asked) == (State.NEEDS_HUMAN, [Task.TRIAGE])
    story.say(LEIGH, "resume")
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL


@pytest.mark.covers("S2.5")
def test_triage_defer_waits_once_a_person_agrees_and_wakes_by_itself() -> None:
    answer = Answer(triage="DEFER", wake_on="2026-12-01")
    story = Story(triage=True).open().will(Task.TRIAGE, answer).wake()
    assert story.state is State.NEEDS_HUMAN
    story.say(LEIGH, "approve")
    story.wake()
    assert (story.state, story.status, story.assignee) == (State.DEFERRED, "Backlog", "")
    assert story.labels == frozenset({"deferred"})
    assert story.topics() == ["parked", "deferred"]
    story.world_extra["wake"] = True
    story.wake()
    assert story.stands_in(State.WAITING_USER_APPROVAL)


def test_a_deferral_can_be_overruled_and_taken_up_early() -> None:
    for verb in ("resume", "retry"):
        story = Story(triage=True).open().will(Task.TRIAGE, Answer(triage="DEFER")).wake()
        story.say(LEIGH, "approve")
        story.wake()
        story.say(LEIGH, verb)
        story.wake()
        assert story.state is State.WAITING_USER_APPROVAL


def test_changes_asked_of_a_triaged_ticket_without_a_plan_do_not_make_one() -> None:
    story = Story(triage=True).open().will(Task.TRIAGE, Answer(triage="NO_GO")).wake()
    story.say(LEIGH, "changes", "do it like this")
    story.wake()
    assert story.runs_asked == [Task.TRIAGE, Task.IMPLEMENT]


# ── another round ────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.34", "S0.87")
def test_a_plan_reassigned_to_the_runner_is_revised_and_shown_again() -> None:
    story = at_plan_review()
    first = story.w.subject
    story.assign(REX)
    story.wake()
    assert story.state is State.PLAN_REVIEW
    assert story.w.subject != first
    assert story.topics() == ["plan", "plan"]
    assert story.w.feedback == ()


@pytest.mark.covers("S0.56", "S0.88", "S1.29", "S1.30")
def test_reassigning_in_testing_makes_another_attempt_on_the_same_pull_request() -> None:
    story = at_merge()
    number = story.pull.number
    story.assign(REX)
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    story.approve()
    story.wake()
    story.ci("green")
    story.wake()
    assert (story.state, story.pull.number) == (State.READY_TO_MERGE, number)
    assert story.topics() == ["patch", "pull", "patch", "pull"]


def test_a_rework_patch_is_also_published_on_the_pull_request_and_approved_there() -> None:
    story = at_merge()
    story.say("leigh-gh", "approve", platform="github")
    story.wake()
    assert story.state is State.READY_TO_MERGE
    story.assign(REX)
    story.wake()
    on_github = [c for c in story.comments if c.platform == "github"]
    assert [c.topic for c in on_github] == ["reply", "patch"]
    assert story.w.patch is not None
    assert on_github[1].subject == story.w.patch.patch
    story.say("leigh-gh", "approve", platform="github")
    story.wake()
    assert story.w.published == story.w.patch.patch


def test_the_same_patch_proposed_again_is_shown_approved_and_written_again() -> None:
    story = Story().open().will(Task.IMPLEMENT, Answer(text="same"), Answer(text="same")).wake()
    story.approve()
    story.wake()
    story.ci("green")
    story.wake()
    story.assign(REX)
    story.wake()
    assert story.topics() == ["patch", "pull", "patch"]
    story.approve()
    story.wake()
    story.ci("green")
    story.wake()
    assert sum(isinstance(c, PublishPatch) for c in story.performed) == 2
    assert story.topics() == ["patch", "pull", "patch", "pull"]


def test_reassigning_while_the_patch_waits_asks_for_another_patch() -> None:
    story = at_approval()
    before = story.w.subject
    story.assign(REX)
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    assert story.w.subject != before


def test_changes_requested_in_a_review_make_another_attempt() -> None:
    story = at_merge()
    story.review("rex-gh", "changes_requested")
    story.wake()
    assert (story.state, story.w.failures) == (State.WAITING_USER_APPROVAL, 0)


@pytest.mark.parametrize("who", ["eve-gh", "leigh-gh"])
def test_a_review_by_a_stranger_or_one_that_approves_asks_for_nothing(who: str) -> None:
    story = at_merge()
    story.review(who, "changes_requested" if who == "eve-gh" else "approved")
    story.wake()
    assert story.state is State.READY_TO_MERGE


@pytest.mark.covers("S0.69", "S2.136")
def test_red_checks_make_another_attempt_that_counts() -> None:
    story = at_pull()
    story.ci("red", "test_a")
    story.wake()
    assert (story.state, story.w.failures) == (State.WAITING_USER_APPROVAL, 1)


def test_the_same_red_checks_twice_ask_a_person() -> None:
    story = at_pull()
    for _ in range(2):
        story.ci("red", "test_a")
        story.wake()
        if story.state is State.WAITING_USER_APPROVAL:
            story.approve()
            story.wake()
    assert story.w.parked is not None
    assert story.w.parked.code == "repeated"
    assert "test_a" in story.w.parked.reason


def test_a_push_by_somebody_else_is_verified_again() -> None:
    story = at_merge()
    story.push()
    story.wake()
    assert (story.state, story.status) == (State.VERIFYING_CI, "In Progress")
    story.ci("green")
    story.wake()
    assert story.state is State.READY_TO_MERGE
    assert story.topics() == ["patch", "pull"]


def test_a_gate_that_refuses_a_stale_patch_leaves_a_way_on() -> None:
    story = at_merge()
    story.assign(REX)
    story.wake()
    story.push()
    story.gate_refuses.append("taken")
    story.approve()
    story.wake()
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "gate")
    assert story.w.grants == ()
    story.say(LEIGH, "retry")
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    assert story.w.patch is not None
    assert story.w.patch.start == story.pull.head
    story.approve()
    assert story.wake().state is State.VERIFYING_CI


def test_changes_asked_for_during_a_run_are_not_lost_with_its_answer() -> None:
    story = Story(failing={"show": (9, True)}).open()
    story.look()
    story.drive()
    assert story.w.parked is not None
    story.failing = {}
    story.say(LEIGH, "resume")
    story.look()
    story.drive()
    assert story.w.reservation is not None
    story.record(e.Parked(at="t", state="NEEDS_HUMAN", code="service", reason="", advice=""))
    story.say(LEIGH, "changes", "another way")
    story.wake()
    assert (story.state, story.runs_asked) == (
        State.WAITING_USER_APPROVAL,
        [Task.IMPLEMENT, Task.IMPLEMENT],
    )


# ── policy ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S2.68")
def test_a_blocked_patch_is_shown_overridden_shown_again_and_approved() -> None:
    story = Story().open()
    story.judgements.append(Judgement("ESCALATE", ("ci-files", "size")))
    story.wake()
    assert (story.state, story.status, story.topics()) == (
        State.BLOCKED_POLICY,
        "Blocked",
        ["blocked"],
    )
    story.say(LEIGH, "override", "ci-files they asked for it")
    story.wake()
    assert (story.state, story.topics()) == (State.BLOCKED_POLICY, ["blocked", "blocked"])
    story.say(LEIGH, "override", "size it is generated")
    story.wake()
    assert (story.state, story.topics()[-1]) == (State.WAITING_USER_APPROVAL, "patch")
    story.approve()
    assert story.wake().state is State.VERIFYING_CI


@pytest.mark.parametrize("way", ["changes", "retry", "moves"])
def test_a_blocked_patch_can_be_made_anew(way: str) -> None:
    story = at_blocked()
    story.judgements.clear()
    if way == "moves":
        story.move(EVE, "In Progress")
        story.assign(EVE)
    else:
        story.say(REX, way)  # type: ignore[arg-type]  # a verb
    assert story.wake().state is State.WAITING_USER_APPROVAL
    assert story.patches == 2


def test_a_blocked_patch_is_judged_again_once_the_policy_has_changed() -> None:
    story = at_blocked()
    story.say(LEIGH, "resume")
    story.wake()
    assert story.state is State.BLOCKED_POLICY
    assert "still blocks" in story.replies()[0]
    story.judgements.clear()
    story.rules = replace(RULES, policy=story.w.patch.patch)  # type: ignore[union-attr]  # there is one
    story.say(LEIGH, "resume")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_patch_that_the_policy_refuses_is_made_anew_until_a_person_is_asked() -> None:
    story = Story().open()
    story.judgements.extend(Judgement("REFUSE", (f"secrets-{n}",)) for n in range(3))
    story.wake()
    assert story.patches == 3
    assert (story.state, story.w.parked and story.w.parked.code) == (State.NEEDS_HUMAN, "refused")
    story.say(LEIGH, "changes", "no keys in the code")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_policy_that_changed_before_the_patch_was_shown_judges_it_again() -> None:
    story = at_blocked()
    story.judgements.clear()
    story.rules = replace(RULES, policy=story.w.patch.patch)  # type: ignore[union-attr]  # there is one
    story.move(EVE, "In Progress")
    story.say(LEIGH, "stop")
    story.wake()
    story.say(LEIGH, "resume")
    assert story.wake().state is State.WAITING_USER_APPROVAL


def test_a_long_patch_is_attached_once_also_over_a_pause() -> None:
    story = Story(world_extra={"patch_length": 50_000}).open().wake()
    story.say(LEIGH, "stop")
    story.wake()
    story.say(LEIGH, "resume")
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    assert sum(isinstance(c, AttachPatch) for c in story.performed) == 1


def test_a_patch_that_the_gate_refuses_is_made_anew_also_where_the_request_was_approved() -> None:
    story = Story(mode="request").open(LEIGH)
    story.gate_refuses.append("base-moved")
    story.wake()
    assert (story.state, story.patches) == (State.NEEDS_HUMAN, 1)
    story.say(LEIGH, "retry")
    story.wake()
    assert (story.state, story.patches) == (State.VERIFYING_CI, 2)


def test_a_text_changed_and_changed_back_is_approved_anew_too() -> None:
    story = Story(mode="request").open(LEIGH)
    story.look()
    story.drive()
    assert story.w.covering_grant() is not None
    for text in ("another text", "first text"):
        story.rewrite(text)
        story.look()
        assert story.w.covering_grant() is None


def test_a_patch_that_goes_wider_is_never_cleared_by_the_plan() -> None:
    story = at_plan_review(mode="plan")
    story.judgements.append(Judgement(wider=True))
    story.move(LEIGH, "In Progress")
    story.wake()
    step = decide(replace(story.w, state=State.PATCHES_PROPOSED), story.world(), RULES)
    assert [type(c) for c in step.commands[:1]] == [JudgePatch]
    assert step.events == ()
