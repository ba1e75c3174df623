"""Lives of single tickets: rework, ends of every kind, drift, holds, triage, long patches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import FIRST_AT_ANY_ATTEMPT, POLITE, answer, edits
from tests.e2e.courses import opened, published, waiting
from tests.e2e.lives import LEIGH, NO_CHECKS, RUNNER, SHOP, lasting_writes, living

# ── one ticket ───────────────────────────────────────────────────────────────────────────


def test_green_checks_come_again_after_red_ones(tmp_path: Path) -> None:
    with published(tmp_path) as (life, key):
        life.ci("failure")
        asked = [p for p in life.prompts("implement") if "attempt 2" in p]
        assert "feedback-ci" in asked[0] or "feedback (ci)" in asked[0]
        assert "ci: failure" in asked[0]
        assert "attempt 2" in life.said(key)[-1]
        life.approve(key)
        life.ci()
        assert life.shows(key) == ("In Testing", "Leigh")
        assert len(life.pulls()) == 1


def test_changes_requested_on_github_are_another_round(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.world.github.as_user(LEIGH.github).review(
            SHOP, 1, "REQUEST_CHANGES", "Make it even politer."
        )
        life.settle()
        asked = [p for p in life.prompts("implement") if "attempt 2" in p]
        assert "Make it even politer." in asked[0]
        life.approve(key)
        assert b"A very good day" in life.world.github.tree(SHOP, "ai/MWC-1")["greet.py"]


def test_changes_before_publication_hand_the_earlier_patch_on(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        life.say(key, "/changes Politer still, please.")
        assert life.pulls() == []
        asked = [p for p in life.prompts("implement") if "attempt 2" in p]
        assert "Politer still, please." in asked[0]
        life.approve(key)
        diff = life.world.github.commit(SHOP, "ai/MWC-1")
        assert diff.parents == (life.world.github.refs(SHOP)["refs/heads/main"],)
        assert b"A very good day" in life.world.github.tree(SHOP, "ai/MWC-1")["greet.py"]


@pytest.mark.covers("S1.32")
def test_moved_to_done_by_a_person_after_the_merge_the_event_changes_nothing(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (life, key):
        life.world.github.as_user(LEIGH.github).merge(SHOP, 1)
        life.world.at_jira(LEIGH).transition(key, "Done")
        life.settle()
        assert life.state(key) == "DONE"
        statuses = [i.after_text for h in life.issue(key).histories for i in h.items
                    if i.field == "status"]  # fmt: skip
        assert statuses[-1] == "Done"
        assert statuses.count("Done") == 1


def test_moved_to_done_before_the_merge_it_is_cancelled(tmp_path: Path) -> None:
    with published(tmp_path) as (life, key):
        life.move(key, "Done")
        assert life.state(key) == "CANCELLED"
        assert "Cancelled" in life.said(key)[-1]
        assert life.shows(key)[0] == "Done"
        assert "cancelled" in life.issue(key).labels
        writes = lasting_writes(life.world)
        life.run(key)
        assert lasting_writes(life.world) == writes


def test_a_pull_request_closed_unmerged_waits_for_a_person_who_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.world.github.as_user(LEIGH.github).close(SHOP, 1)
        life.settle()
        assert life.shows(key) == ("Blocked", "Leigh")
        assert "closed by leigh-acme unmerged" in life.said(key)[-1]
        life.say(key, "/reject not wanted")
        assert life.state(key) == "REJECTED"


@pytest.mark.covers("S0.57")
def test_after_a_close_a_persons_commit_is_kept_and_a_second_pull_request_opened(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (life, key):
        leigh = life.world.github.as_user(LEIGH.github)
        mine = leigh.push(SHOP, "ai/MWC-1", {"NEWS.md": "Politeness.\n"}, "Tell people")
        leigh.close(SHOP, 1)
        life.settle()
        life.say(key, "/changes say it louder")
        life.approve(key)
        assert [(p.pull.head, p.state) for p in life.pulls() if p.pull] == [
            ("ai/MWC-1", "closed"),
            ("ai/MWC-1", "open"),
        ]
        bare = life.world.github.bare(SHOP)
        assert bare.is_ancestor(mine, "ai/MWC-1")
        assert life.world.github.tree(SHOP, "ai/MWC-1")["NEWS.md"] == b"Politeness.\n"


def test_a_reopened_ticket_starts_a_generation_with_a_branch_of_its_own(tmp_path: Path) -> None:
    again = edits(("shout.py", '"!"', '"!!"'), summary="Shouts louder", run=2)
    with living(tmp_path, again, POLITE) as life:
        key = life.ticket()
        life.settle()
        life.approve(key)
        life.ci()
        life.merge()
        life.world.at_jira(LEIGH).transition(key, "Backlog")
        life.world.at_jira(LEIGH).assign(key, RUNNER.jira)
        life.settle()
        (reopened,) = [x for x in life.events(key) if x["kind"] == "reopened"]
        assert reopened["generation"] == 2
        life.approve(key)
        assert life.branches() == {"main", "ai/MWC-1", "ai/MWC-1-2"}
        assert [p.pull.head for p in life.pulls() if p.pull] == ["ai/MWC-1", "ai/MWC-1-2"]
        assert b'"!!"' in life.world.github.tree(SHOP, "ai/MWC-1-2")["shout.py"]


def test_what_somebody_else_made_of_the_ticket_is_put_right_once(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        life.move(key, "In Testing")
        assert life.shows(key) == ("In Progress", "Leigh")
        assert "In Testing" in life.said(key)[-1]
        said = len(life.said(key))
        life.move(key, "In Testing")
        assert life.shows(key)[0] == "In Testing"
        assert len(life.said(key)) == said


@pytest.mark.covers("S0.15", "S0.35")
def test_blocked_by_a_person_nothing_is_done_until_it_is_handed_back(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        digest = life.digest(key)
        life.move(key, "Blocked")
        writes = lasting_writes(life.world)
        life.say(key, "Waiting for the shop's owner.")
        life.run(key)
        assert life.state(key) == "STOPPED"
        assert lasting_writes(life.world) == writes
        assert life.pulls() == []
        life.world.at_jira(LEIGH).transition(key, "In Progress")
        life.hand_back(key)
        assert life.state(key) == "WAITING_USER_APPROVAL"
        life.say(key, f"/approve {digest}")
        assert len(life.pulls()) == 1


# ── triage ───────────────────────────────────────────────────────────────────────────────


def _triage(decision: str, **said: str) -> dict[str, Any]:
    final = {"decision": decision, "reason": "Looked at greet.py.", "question": "", "wake_on": ""}
    return answer("triage", {"final": final | said})


def test_triage_lets_a_clear_ticket_through(tmp_path: Path) -> None:
    settings = {"routes": [{"repository": SHOP, "plan": "none"}], "triage": True, **NO_CHECKS}
    with living(tmp_path, _triage("GO"), POLITE, settings=settings) as life:
        key = life.ticket()
        life.settle()
        assert "Patch for approval" in life.said(key)[-1]


def test_triage_sends_an_unclear_ticket_back_with_its_question(tmp_path: Path) -> None:
    settings = {"routes": [{"repository": SHOP, "plan": "none"}], "triage": True, **NO_CHECKS}
    no_go = _triage("NO_GO", question="Which language?")
    with living(tmp_path, no_go, FIRST_AT_ANY_ATTEMPT, settings=settings) as life:
        key = life.ticket()
        life.settle()
        assert life.shows(key) == ("Blocked", "Leigh")
        assert "Which language?" in life.said(key)[-1]
        assert life.prompts("implement") == []
        life.say(key, "English.")
        life.say(key, "/resume")
        assert "Patch for approval" in life.said(key)[-1]


def test_triage_defers_once_a_person_agrees_and_the_awaited_ticket_wakes_it(
    tmp_path: Path,
) -> None:
    settings = {"routes": [{"repository": SHOP, "plan": "none"}], "triage": True, **NO_CHECKS}
    with living(
        tmp_path, _triage("DEFER", wake_on="MWC-2"), FIRST_AT_ANY_ATTEMPT, settings=settings
    ) as life:
        key = life.ticket()
        other = life.ticket("Something else", assign=False)
        life.settle()
        assert life.state(key) == "NEEDS_HUMAN"
        life.say(key, "/approve")
        assert life.shows(key) == ("Backlog", "nobody")
        assert "deferred" in life.issue(key).labels
        life.run(key)
        assert life.state(key) == "DEFERRED"
        life.world.at_jira(LEIGH).transition(other, "Done")
        life.run(key)
        assert "Patch for approval" in life.said(key)[-1]


# ── long patches ─────────────────────────────────────────────────────────────────────────


def test_a_long_patch_is_attached_under_its_digest_and_still_approved(tmp_path: Path) -> None:
    lines = "".join(f"LINE_{n} = 'value number {n} of a long table'\n" for n in range(1200))
    with living(tmp_path, edits(("table.py", "", lines), summary="Adds the table")) as life:
        key = life.ticket("Add the table", "All of it.")
        life.settle()
        digest = life.digest(key)
        (held,) = life.issue(key).attachments
        assert held.filename == f"patch-{digest}.diff"
        assert held.content.count(b"+LINE_") == 1200
        shown = life.said(key)[-1]
        assert held.filename in shown
        assert len(shown) < 32_767
        assert "LINE_1199" not in shown
        life.approve(key)
        assert life.world.github.tree(SHOP, "ai/MWC-1")["table.py"] == lines.encode()
