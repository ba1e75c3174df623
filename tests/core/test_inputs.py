"""People's words and moves: what each is taken for, and every refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.core.stories import (
    ANN,
    EVE,
    LEIGH,
    REX,
    RULES,
    RUNNER,
    Judgement,
    Story,
    at_approval,
    at_blocked,
    at_merge,
    at_plan_review,
    at_pull,
    parent_with_two,
)

from patchgate.core.events import UNCHECKED, Verb, ViolationFound
from patchgate.core.ids import digest_json, short
from patchgate.core.state import State


def refused(story: Story) -> str:
    """The one reply that the wake-up gave; nothing else may have changed."""
    before = (story.w.grants, story.w.attempt)
    stood = story.state
    story.wake()
    assert story.state is stood
    assert (story.w.grants, story.w.attempt) == before
    (reason,) = story.replies()
    return reason


# ── approvals ────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.16", "S0.33", "S0.36")
def test_moving_plan_review_to_in_progress_approves_the_plan() -> None:
    story = at_plan_review()
    story.move(LEIGH, "In Progress")
    story.wake()
    assert story.w.plan is not None
    grant = story.w.grant_for(story.w.plan.plan)
    assert grant is not None
    assert (grant.approver, grant.evidence.kind) == ("Leigh", "transition")


def test_the_same_move_by_somebody_else_is_refused_answered_and_put_right_once() -> None:
    story = at_plan_review()
    story.move(EVE, "In Progress")
    assert refused(story) == f"account {EVE} is not in `approvers`"
    assert (story.status, story.assignee) == ("Plan Review", REX)
    assert story.topics() == ["plan", "reply", "drift"]
    story.move(EVE, "In Progress")
    story.wake()
    assert story.status == "In Progress"
    assert story.topics().count("drift") == 1


@pytest.mark.parametrize("order", ["move first", "assign first"])
def test_a_plan_approved_and_assigned_in_one_go_is_approved(order: str) -> None:
    story = at_plan_review()
    steps: list[Callable[[], None]] = [
        lambda: story.move(LEIGH, "In Progress"),
        lambda: story.assign(LEIGH),
    ]
    for step in steps if order == "move first" else reversed(steps):
        step()
    story.wake()
    assert (story.state, story.w.plans) == (State.WAITING_USER_APPROVAL, 1)


@pytest.mark.covers("S2.57", "S2.112")
def test_a_bare_approve_binds_the_patch_that_was_published_last() -> None:
    story = at_approval()
    patch = story.w.subject
    story.say(LEIGH, "approve")
    story.wake()
    assert story.state is State.VERIFYING_CI
    assert story.w.grant_for(patch) is not None


def test_an_approval_by_somebody_who_is_not_in_the_list_is_refused() -> None:
    story = at_approval()
    story.say(EVE, "approve")
    assert refused(story) == f"account {EVE} is neither approver nor reviewer"


def test_a_reviewer_who_is_no_approver_cannot_approve() -> None:
    story = at_approval()
    story.say(REX, "approve")
    assert refused(story) == f"account {REX} is not in `approvers`"


def test_an_edited_approval_is_refused() -> None:
    story = at_approval()
    story.say(LEIGH, "approve", edited=True)
    assert refused(story) == "the comment was edited; write a new one"


def test_the_runners_own_words_are_never_commands() -> None:
    story = at_approval()
    story.say(RUNNER, "approve")
    story.wake()
    assert (story.state, story.replies()) == (State.WAITING_USER_APPROVAL, [])


def test_an_approval_with_another_digest_is_refused_and_names_the_right_one() -> None:
    story = at_approval()
    assert story.w.subject is not None
    other = short(digest_json("another"))
    story.say(LEIGH, "approve", other)
    wanted = f"{other} is not what waits for approval; that is {short(story.w.subject)}"
    assert refused(story) == wanted


def test_an_approval_given_before_the_patch_was_shown_is_refused() -> None:
    story = Story().open()
    story.say(LEIGH, "approve")
    early = story.unseen.pop()
    story.wake()
    story.unseen.append(early)
    assert refused(story) == "it was given before the proposal was published"


def test_an_approval_on_a_platform_that_never_showed_the_patch_is_refused() -> None:
    story = at_approval()
    story.say("leigh-gh", "approve", platform="github")
    assert refused(story) == "the proposal was not yet published on github"


def test_an_approval_when_nothing_waits_is_refused() -> None:
    story = at_pull()
    story.say(LEIGH, "approve")
    assert refused(story) == "nothing waits for an approval (VERIFYING_CI)"


def test_a_blocked_patch_cannot_be_approved() -> None:
    story = at_blocked()
    story.say(LEIGH, "approve")
    assert "the policy blocks this patch" in refused(story)


@pytest.mark.parametrize("who", [LEIGH, ANN])
def test_with_strict_separation_the_requester_cannot_approve(who: str) -> None:
    story = Story(rules=replace(RULES, separation=True)).open(LEIGH).wake()
    story.approve(who)
    story.wake()
    allowed = who == ANN
    assert story.state is (State.VERIFYING_CI if allowed else State.WAITING_USER_APPROVAL)
    assert story.replies() == (
        [] if allowed else ["with `separation: strict` the requester cannot approve"]
    )


def test_a_ticket_that_has_ended_takes_no_command() -> None:
    story = at_approval()
    story.say(LEIGH, "reject")
    story.wake()
    story.say(LEIGH, "approve")
    assert refused(story) == "the work has ended (REJECTED); assign the runner again"


# ── the other commands ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["changes", "ask", "retry", "stop", "resume", "reject"])
def test_no_stranger_can_give_any_command(verb: Verb) -> None:
    story = at_approval()
    story.say(EVE, verb, "please")
    assert refused(story) == f"account {EVE} is neither approver nor reviewer"


@pytest.mark.parametrize("verb", ["reject", "override", "resume"])
def test_some_commands_are_for_approvers_only(verb: Verb) -> None:
    story = at_blocked()
    story.say(REX, verb, "ci-files because")
    assert refused(story) == f"account {REX} is not in `approvers`"


@pytest.mark.parametrize(
    ("verb", "argument", "reason"),
    [
        ("resume", "", "it is not parked (WAITING_USER_APPROVAL)"),
        ("override", "size x", "no patch is blocked by the policy"),
        ("ask", "  ", "ask what? write `/ask` and the question"),
    ],
)
def test_a_command_that_fits_nothing_is_refused(verb: Verb, argument: str, reason: str) -> None:
    story = at_approval()
    story.say(LEIGH, verb, argument)
    assert refused(story) == reason


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("", "no rule is not one of: ci-files"),
        ("size it is fine", "size is not one of: ci-files"),
        ("cifiles it is fine", "cifiles is not one of: ci-files; did you mean `ci-files`?"),
        ("CI-FILES it is fine", "CI-FILES is not one of: ci-files; did you mean `ci-files`?"),
        ("ci-files", "say why: `/override ci-files <reason>`"),
    ],
)
def test_an_override_names_the_rule_and_the_reason(argument: str, reason: str) -> None:
    story = at_blocked()
    story.say(LEIGH, "override", argument)
    assert refused(story) == reason


def test_a_rule_that_refuses_can_be_overridden_by_nobody() -> None:
    story = at_blocked()
    assert story.w.judged is not None
    worse = story.w.judged.violations[0].model_copy(update={"severity": "REFUSE"})
    found = (worse, *story.w.judged.violations)
    story.record(story.w.judged.model_copy(update={"violations": found}))
    story.say(LEIGH, "override", "ci-files because")
    assert refused(story) == "ci-files can be overridden by nobody"


def at_two_blocks() -> Story:
    story = Story().open()
    story.judgements.append(Judgement("ESCALATE", ("ci-files", "size")))
    story.wake()
    return story


def test_an_override_by_the_runner_is_no_command_and_is_not_answered() -> None:
    story = at_blocked()
    story.say(RUNNER, "override", "ci-files because")
    story.wake()
    assert (story.state, story.w.overrides, story.w.replies) == (State.BLOCKED_POLICY, (), ())


def test_an_override_in_an_edited_comment_is_refused() -> None:
    story = at_blocked()
    story.say(LEIGH, "override", "ci-files because", edited=True)
    assert refused(story) == "the comment was edited; write a new one"


def test_an_override_given_before_the_patch_was_shown_is_refused() -> None:
    story = Story().open()
    story.judgements.append(Judgement("ESCALATE", ("ci-files",)))
    story.say(LEIGH, "override", "ci-files because")
    story.wake()
    assert story.w.overrides == ()
    assert refused(story) == "no patch is blocked by the policy"


def test_an_override_expires_with_its_patch() -> None:
    story = at_blocked()
    story.say(LEIGH, "override", "ci-files because")
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    story.judgements.append(Judgement("ESCALATE", ("ci-files",)))
    story.say(LEIGH, "changes", "another way")
    story.wake()
    assert (story.state, story.w.overrides) == (State.BLOCKED_POLICY, ())


def test_a_second_override_of_one_rule_says_who_gave_the_first() -> None:
    story = at_two_blocks()
    for _ in range(2):
        story.say(LEIGH, "override", "ci-files because")
    assert refused(story) == "ci-files is already overridden for this patch, by Leigh"
    assert [o.rule for o in story.w.overrides] == ["ci-files"]
    assert story.state is State.BLOCKED_POLICY


def test_two_overrides_in_one_go_lift_two_rules() -> None:
    story = at_two_blocks()
    story.say(LEIGH, "override", "ci-files because")
    story.say(LEIGH, "override", "size it is generated")
    story.wake()
    assert [o.rule for o in story.w.overrides] == ["ci-files", "size"]
    assert story.state is State.WAITING_USER_APPROVAL


def test_a_ticket_parked_again_offers_the_override_that_is_still_needed() -> None:
    story = at_two_blocks()
    story.say(LEIGH, "override", "ci-files because")
    story.wake()
    assert story.w.parked is not None
    assert story.w.parked.reason == "blocked by size"
    assert "`/override size <reason>`" in story.w.parked.advice


def test_a_final_rule_that_could_not_be_checked_offers_a_new_attempt_and_no_override() -> None:
    story = at_blocked()
    assert story.w.judged is not None
    broken = ViolationFound(rule="path-safety", severity="REFUSE", message=f"{UNCHECKED} (x)")
    story.record(story.w.judged.model_copy(update={"violations": (broken,)}))
    story.say(LEIGH, "override", "path-safety because")
    said = "path-safety can be overridden by nobody; it could not be checked here: "
    assert refused(story) == said + "`/retry` makes a new attempt"


def test_an_override_by_the_requester_is_refused_with_strict_separation() -> None:
    story = at_blocked()
    story.rules = replace(RULES, separation=True)
    story.say(LEIGH, "override", "ci-files because")
    assert refused(story) == "with `separation: strict` the requester cannot approve"


def test_a_question_that_could_exceed_the_money_cap_is_refused() -> None:
    story = at_approval()
    story.rules = replace(RULES, ticket_cap=10)
    story.say(REX, "ask", "why?")
    assert refused(story) == "an answer could exceed the cap of 10 micro-dollars"


@pytest.mark.parametrize("verb", ["changes", "retry"])
def test_there_is_nothing_to_change_or_retry_while_a_run_is_on(verb: Verb) -> None:
    story = Story().open()
    story.look()
    story.drive()
    story.say(REX, verb)
    story.look()
    story.drive()
    assert "there is nothing to" in story.w.replies[0].reason
    assert story.w.attempt == 1


def test_stop_parks_and_an_approvers_resume_goes_on_where_it_stood() -> None:
    story = at_approval()
    subject = story.w.subject
    story.say(REX, "stop")
    story.wake()
    assert (story.state, story.status, story.assignee) == (State.STOPPED, "Blocked", REX)
    story.say(REX, "retry")
    story.wake()
    assert story.replies() == ["it is stopped: an approver's `/resume` lets it go on"]
    story.say(LEIGH, "resume")
    story.wake()
    assert (story.state, story.w.subject) == (State.WAITING_USER_APPROVAL, subject)
    assert story.topics().count("patch") == 1


def test_every_stop_is_said_anew() -> None:
    story = at_approval()
    for _ in range(3):
        story.say(LEIGH, "stop")
        story.wake()
        story.say(LEIGH, "resume")
        story.wake()
    assert story.topics().count("parked") == 3


@pytest.mark.covers("S2.58")
def test_reject_ends_the_work() -> None:
    story = at_approval()
    story.say(LEIGH, "reject", "not wanted")
    story.wake()
    assert (story.state, story.labels) == (State.REJECTED, frozenset({"rejected"}))
    assert story.topics()[-1] == "ended"


@pytest.mark.covers("S2.54", "S2.59", "S2.130")
def test_changes_ask_for_another_patch() -> None:
    story = at_approval()
    before = story.w.subject
    story.say(REX, "changes", "smaller")
    story.wake()
    assert story.state is State.WAITING_USER_APPROVAL
    assert story.w.subject not in (None, before)


@pytest.mark.parametrize("verb", ["changes", "retry"])
def test_nothing_can_be_changed_after_the_merge(verb: Verb) -> None:
    story = at_pull()
    story.merge()
    story.wake()
    story.say(REX, verb)
    assert refused(story) == "#1 is merged: what is left to do is another ticket"


def test_a_near_miss_is_answered_once() -> None:
    story = at_approval()
    story.mistype(LEIGH, "/aprove", "approve")
    again = story.unseen[0]
    story.wake()
    story.unseen.append(again)
    story.wake()
    assert story.topics() == ["patch", "reply"]
    assert story.w.replies[0].near is not None


# ── moves ────────────────────────────────────────────────────────────────────────────────


def test_an_assignment_during_a_run_asks_for_nothing() -> None:
    story = Story().open()
    story.look()
    story.drive()
    story.assign(REX)
    story.look()
    story.drive()
    assert (story.w.attempt, story.w.inbox) == (1, ())


def test_a_move_that_means_nothing_is_put_right_once_with_a_word() -> None:
    story = at_merge()
    story.move(EVE, "Backlog")
    story.wake()
    assert (story.status, story.topics()[-1]) == ("In Testing", "drift")
    before = len(story.performed)
    story.wake()
    assert len(story.performed) == before
    story.move(EVE, "Backlog")
    story.wake()
    assert (story.status, len(story.performed)) == ("Backlog", before)


def test_a_new_state_is_shown_over_whatever_the_ticket_was_moved_to() -> None:
    story = at_pull()
    for _ in range(2):
        story.move(EVE, "Backlog")
        story.wake()
    story.ci("green")
    story.wake()
    assert story.status == "In Testing"


def test_a_parked_ticket_given_to_somebody_else_is_put_right() -> None:
    story = at_blocked()
    story.assign(EVE, to=EVE)
    story.wake()
    assert (story.assignee, story.topics()[-1]) == (REX, "drift")


def test_a_hold_of_a_parked_ticket_changes_nothing() -> None:
    story = at_blocked()
    story.status = "In Progress"
    story.move(EVE, "Blocked")
    assert story.wake().state is State.BLOCKED_POLICY


def test_our_own_showing_is_no_drift() -> None:
    story = at_approval()
    for _ in range(3):
        story.wake()
    assert story.topics() == ["patch"]


def test_a_review_that_asks_for_changes_of_a_parent_changes_nothing() -> None:
    story = parent_with_two()
    story.review("rex-gh", "changes_requested")
    assert story.wake().state is State.EXECUTING
