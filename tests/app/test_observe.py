"""What is seen outside: each fact once, in the platform's order, and never our own moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.fake_forge import BOT, patch_of
from tests.app.fakes import RUNNER
from tests.app.stage import APPROVER, KEY, NOW, REPO, REVIEWER, STRANGER, Stage, kinds
from tests.app.test_writegate import pull_order

from patchgate.app.observe import forge_facts, request_digest, revised_at, ticket_now, tracker_facts
from patchgate.core import events as e
from patchgate.core.events import Event, Evidence
from patchgate.core.fold import fold
from patchgate.core.ids import AccountId, Sha, TicketKey
from patchgate.core.state import Pull, State, Workflow
from patchgate.ports import Checks, CommitOrder, Look


def look(stage: Stage) -> Look:
    return stage.tracker.look(TicketKey(KEY))


def seen(stage: Stage) -> list[Event]:
    """What one look at Jira adds to the stream."""
    found = list(tracker_facts(stage.w, look(stage), stage.rules, NOW))
    stage.record(*found)
    return found


def evidence_of(found: list[Event]) -> list[Evidence]:
    given = [getattr(event, "evidence", None) for event in found]
    return [evidence for evidence in given if isinstance(evidence, Evidence)]


# ── Jira ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.1", "S1.8", "S1.16")
def test_a_persons_assignment_move_and_command_are_facts_with_their_evidence() -> None:
    stage = Stage()
    assigned = stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
    moved = stage.tracker.change(KEY, REVIEWER, "status", "In Progress")
    said = stage.tracker.say(KEY, STRANGER, "/approve 12345678")
    found = seen(stage)
    assert kinds(found) == ["runner-assigned", "status-moved", "command-given"]
    told = [(x.id, x.author) for x in evidence_of(found)]
    assert told == [(assigned, APPROVER), (moved, REVIEWER), (said, STRANGER)]


def test_our_own_moves_comments_and_assignments_are_no_input() -> None:
    stage = Stage()
    stage.tracker.change(KEY, RUNNER, "status", "In Progress")
    stage.tracker.change(KEY, RUNNER, "assignee", RUNNER)
    stage.tracker.say(KEY, RUNNER, "/approve")
    assert seen(stage) == []


def test_facts_come_in_the_order_of_the_platforms_clock_whatever_kind_they_are() -> None:
    stage = Stage()
    stage.tracker.say(KEY, APPROVER, "/ask why?")
    stage.tracker.change(KEY, REVIEWER, "status", "Blocked")
    stage.tracker.say(KEY, APPROVER, "/resume")
    assert kinds(seen(stage)) == ["command-given", "status-moved", "command-given"]


def test_times_of_different_offsets_are_compared_as_moments() -> None:
    stage = Stage()
    stage.tracker.say(KEY, APPROVER, "/ask first")
    stage.tracker.say(KEY, APPROVER, "/ask second")
    said = stage.tracker.issue(KEY).comments
    early = said[0].at.replace("T09:", "T18:").replace("+0000", "+0900")
    said[:] = [said[1], replace(said[0], at=early)]
    first, second = seen(stage)
    assert isinstance(first, e.CommandGiven)
    assert isinstance(second, e.CommandGiven)
    assert (first.argument, second.argument) == ("first", "second")


def test_ordinary_talk_is_nothing_and_a_near_miss_is_one() -> None:
    stage = Stage()
    stage.tracker.say(KEY, APPROVER, "I would approve of this.")
    stage.tracker.say(KEY, APPROVER, "/aprove")
    assert kinds(seen(stage)) == ["near-miss"]


def test_an_edited_comment_is_told_as_edited() -> None:
    stage = Stage()
    number = stage.tracker.say(KEY, APPROVER, "fine")
    assert seen(stage) == []
    stage.tracker.edit_comment(KEY, number, "/approve")
    (given_,) = seen(stage)
    assert isinstance(given_, e.CommandGiven)
    assert given_.edited


def test_a_command_from_before_the_ticket_was_ours_is_ignored() -> None:
    stage = Stage()
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.w = replace(stage.w, trigger=stage.clock.tick())
    assert seen(stage) == []
    stage.tracker.say(KEY, APPROVER, "/approve")
    assert kinds(seen(stage)) == ["command-given"]


@pytest.mark.parametrize(
    ("reporter", "parent", "expected"),
    [(APPROVER, "", ["runner-assigned"]), (RUNNER, "", []), (APPROVER, "MWC-9", [])],
    ids=["by a person", "by the runner itself", "a planned sub-task"],
)
def test_a_ticket_created_as_the_runners_own_is_an_assignment(
    reporter: str, parent: str, expected: list[str]
) -> None:
    stage = Stage()
    stage.tracker.issues.clear()
    stage.tracker.create(KEY, reporter=reporter, assignee=RUNNER)
    stage.w = replace(stage.w, parent=parent, request=request_digest(look(stage).ticket))
    assert kinds(seen(stage)) == expected


@pytest.mark.parametrize("item", ["summary", "description"])
def test_another_text_is_another_request_with_the_time_of_its_change(item: str) -> None:
    stage = Stage("request")
    before = stage.w.request
    stage.tracker.change(KEY, STRANGER, item, "Something else.")
    (revised,) = seen(stage)
    assert isinstance(revised, e.TicketRevised)
    assert stage.w.request == revised.request != before
    assert revised.revised == stage.tracker.issue(KEY).changes[-1].at
    assert seen(stage) == []


def test_a_text_that_goes_back_is_a_revision_again() -> None:
    stage = Stage("request")
    for text in ("Other.", "Please.", "Other."):
        stage.tracker.change(KEY, STRANGER, "description", text)
        assert kinds(seen(stage)) == ["ticket-revised"]
    assert stage.w.revisions == 4


def test_moves_do_not_count_as_changes_of_the_text() -> None:
    stage = Stage()
    created = look(stage).ticket.created
    stage.tracker.change(KEY, APPROVER, "status", "In Progress")
    stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
    assert revised_at(look(stage)) == created


def test_a_ticket_that_moved_to_another_project_keeps_its_stream_under_the_new_key() -> None:
    stage = Stage()
    stage.tracker.rename(KEY, "NEW-5")
    (revised,) = seen(stage)
    assert isinstance(revised, e.TicketRevised)
    assert (stage.w.key, stage.w.stream.startswith(KEY)) == ("NEW-5", True)


def test_the_last_move_is_the_last_one_that_was_not_ours() -> None:
    stage = Stage()
    theirs = stage.tracker.change(KEY, APPROVER, "status", "Blocked")
    stage.tracker.change(KEY, RUNNER, "status", "In Progress")
    now = ticket_now(look(stage), stage.rules)
    assert (now.status, now.last_move) == ("In Progress", f"jira:change:{theirs}")


# ── GitHub ───────────────────────────────────────────────────────────────────────────────


def with_pull() -> Stage:
    """A ticket whose pull request is open."""
    stage = Stage()
    content = patch_of(**{"src/app.py": ("one\n", "two\n")})
    applied = stage.forge.apply(REPO, stage.base, content)
    head = stage.forge.push_commit(
        CommitOrder(
            repo=REPO,
            branch="ai/MWC-1",
            parent=stage.base,
            patch=content,
            tree=applied.tree,
            message="MWC-1: change",
            when=NOW,
            expected=None,
        )
    )
    stage.forge.put_pull(pull_order())
    stage.w = replace(stage.w, state=State.PR_OPEN, pull=Pull(REPO, 1, "", head))
    return stage


def on_github(stage: Stage) -> list[Event]:
    found = list(forge_facts(stage.w, stage.forge, stage.rules, NOW))
    stage.record(*found)
    return found


@pytest.mark.covers("S2.66")
def test_the_checks_of_the_head_are_seen_once_and_again_when_they_change() -> None:
    stage = with_pull()
    head = stage.forge.branches[REPO, "ai/MWC-1"]
    stage.forge.required[head] = Checks(head, "pending", ("ci",), "")
    assert kinds(on_github(stage)) == ["checks-seen"]
    assert on_github(stage) == []
    stage.forge.required[head] = Checks(head, "red", ("ci",), "x" * 3000)
    (red,) = on_github(stage)
    assert isinstance(red, e.ChecksSeen)
    assert (red.level, len(red.detail)) == ("red", 2000)
    assert on_github(stage) == []


@pytest.mark.covers("S0.57")
def test_a_commit_by_somebody_else_on_our_branch_moves_the_head() -> None:
    stage = with_pull()
    on_github(stage)
    pushed = stage.forge.push(REPO, "ai/MWC-1", {"note.txt": "mine\n"})
    moved, checks = on_github(stage)
    assert isinstance(moved, e.HeadMoved)
    assert isinstance(checks, e.ChecksSeen)
    assert (moved.head, checks.head, stage.w.pull and stage.w.pull.head) == (pushed,) * 3
    assert on_github(stage) == []


@pytest.mark.covers("S0.55", "S1.5")
@pytest.mark.parametrize(("merged", "state"), [(True, "merged"), (False, "closed")])
def test_the_end_of_a_pull_request_is_seen_with_who_did_it(merged: bool, state: str) -> None:
    stage = with_pull()
    on_github(stage)
    stage.forge.close(REPO, 1, by="rita-r", merged=merged)
    (ended,) = on_github(stage)
    assert isinstance(ended, e.PullSeen)
    assert (ended.state, ended.by, bool(ended.merge_sha)) == (state, "rita-r", merged)
    assert on_github(stage) == []


def test_commands_and_reviews_on_the_pull_request_are_seen_and_our_own_are_not() -> None:
    stage = with_pull()
    on_github(stage)
    stage.forge.write(REPO, 1, "leigh-m", "/approve")
    stage.forge.write(REPO, 1, BOT, "/approve")
    stage.forge.write(REPO, 1, "rita-r", "nice")
    for who, state in (
        ("rita-r", "changes_requested"),
        ("rita-r", "commented"),
        (BOT, "approved"),
        ("leigh-m", "approved"),
    ):
        stage.forge.review(REPO, 1, who, state=state, body="see above")
    found = on_github(stage)
    assert kinds(found) == ["command-given", "review-given", "review-given"]
    assert {x.target for x in evidence_of(found)} == {"acme/shop#1"}
    assert on_github(stage) == []


def test_what_is_said_on_github_comes_in_the_order_of_its_clock() -> None:
    stage = with_pull()
    on_github(stage)
    stage.forge.review(REPO, 1, "rita-r", state="changes_requested", body="no")
    stage.forge.write(REPO, 1, "leigh-m", "/retry")
    assert kinds(on_github(stage)) == ["review-given", "command-given"]


@pytest.mark.parametrize("state", [State.DONE, State.REJECTED])
def test_nothing_is_looked_for_on_github_when_the_work_is_over(state: State) -> None:
    stage = with_pull()
    stage.w = replace(stage.w, state=state)
    stage.forge.close(REPO, 1, by="rita-r", merged=True)
    assert on_github(stage) == []


def test_a_pull_request_of_another_number_is_not_ours() -> None:
    stage = with_pull()
    stage.w = replace(stage.w, pull=Pull(REPO, 77, "", Sha("0" * 40)))
    assert on_github(stage) == []


# ── again ────────────────────────────────────────────────────────────────────────────────

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["say", "move", "assign", "rewrite", "push", "review", "checks", "rename"]),
        st.sampled_from([APPROVER, STRANGER, RUNNER, "leigh-m", BOT]),
        st.integers(0, 3),
    ),
    max_size=12,
)
WORDS = ("/approve", "/aprove", "hello", "/changes more")
STATUSES = ("Blocked", "In Progress", "Backlog", "Done")


def happen(stage: Stage, deed: str, who: str, at: int) -> None:
    head = stage.forge.branches[REPO, "ai/MWC-1"]
    match deed:
        case "say":
            stage.tracker.say(KEY, who, WORDS[at])
            stage.forge.write(REPO, 1, who, WORDS[at])
        case "move":
            stage.tracker.change(KEY, who, "status", STATUSES[at])
        case "assign":
            stage.tracker.change(KEY, who, "assignee", RUNNER if at % 2 else STRANGER)
        case "rewrite":
            stage.tracker.change(KEY, who, "description", f"text {at}")
        case "push":
            stage.forge.push(REPO, "ai/MWC-1", {"note.txt": f"{at}\n"})
        case "review":
            stage.forge.review(REPO, 1, who, state="changes_requested", body="no")
        case "checks":
            stage.forge.required[head] = Checks(head, "red", ("ci",), f"round {at}")
        case "rename":
            stage.tracker.rename(KEY, f"NEW-{at + 1}")


@given(deeds=DEEDS, cut=st.integers(0, 12))
def test_looking_again_adds_nothing_and_a_fold_of_both_looks_is_one_fold(
    deeds: list[tuple[str, str, int]], cut: int
) -> None:
    stage = with_pull()
    start = stage.w
    stage.events = []
    for step, (deed, who, at) in enumerate(deeds):
        happen(stage, deed, AccountId(who), at)
        if step == cut:
            seen(stage)
            on_github(stage)
    seen(stage)
    on_github(stage)
    assert (seen(stage), on_github(stage)) == ([], [])
    half = len(stage.events) // 2
    assert stage.w == fold(stage.events, start)
    assert stage.w == fold(stage.events[half:], fold(stage.events[:half], start))
    again: Workflow = fold(stage.events, stage.w)
    assert replace(again, seq=0) == replace(stage.w, seq=0)
