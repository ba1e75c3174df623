"""Every comment command, from Jira and from the pull request; what is refused, and how often."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.answers import edits
from tests.e2e.courses import opened, waiting
from tests.e2e.lives import LEIGH, ROBIN, SAM, SHOP, lasting_writes, living


def _second_later() -> None:
    """GitHub's clock knows whole seconds only."""
    time.sleep(1.05 - time.time() % 1)


# ── from Jira ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("said", ["/approve", "patchgate approve", "`/approve {}`", "/approve {}"])
def test_a_patch_is_approved_in_every_way_of_writing_it(tmp_path: Path, said: str) -> None:
    with waiting(tmp_path) as (life, key):
        life.say(key, said.format(life.digest(key)), by=ROBIN)
        assert len(life.pulls()) == 1
        (given,) = [x for x in life.events(key) if x["kind"] == "approved"]
        assert given["approver"] == "Robin"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param("/approve 0123456789ab", "0123456789ab", id="another digest"),
        pytest.param("/retry it later", "", id="not by a stranger"),
    ],
)
def test_a_refused_command_is_answered_once(tmp_path: Path, said: str, why: str) -> None:
    with waiting(tmp_path) as (life, key):
        by = LEIGH if why else SAM
        life.say(key, said, by=by)
        told = [text for text in life.said(key) if "was not taken up" in text]
        assert len(told) == 1
        assert why in told[0]
        life.run(key)
        life.say(key, "Hm.")
        assert [text for text in life.said(key) if "was not taken up" in text] == told
        assert life.pulls() == []


def test_an_edited_approval_counts_for_nothing(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        person = life.world.at_jira(LEIGH)
        said = person.comment(key, "Looks good.")
        life.settle()
        person.edit_comment(key, said.id, f"/approve {life.digest(key)}")
        life.settle()
        life.run(key)
        assert life.pulls() == []
        assert "edited" in life.said(key)[-1]


def test_a_near_miss_is_answered_once_with_the_nearest_command(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        life.say(key, "/aprove")
        told = [text for text in life.said(key) if "Nearly a command" in text]
        assert len(told) == 1
        assert "/approve" in told[0]
        life.run(key)
        life.say(key, "I see / thanks.")
        assert [text for text in life.said(key) if "Nearly a command" in text] == told
        assert life.pulls() == []


def test_a_question_is_answered_and_changes_nothing_else(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        before, digest = life.shows(key), life.digest(key)
        life.say(key, "/ask Where is the greeting?")
        assert "greet.py, in the function greet." in life.said(key)[-1]
        assert "Where is the greeting?" in life.said(key)[-1]
        assert life.shows(key) == before
        life.say(key, f"/approve {digest}")
        assert len(life.pulls()) == 1


def test_stop_holds_the_ticket_and_only_an_approver_lets_it_go_on(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        digest = life.digest(key)
        life.say(key, "/stop")
        assert life.shows(key) == ("Blocked", "Leigh")
        life.say(key, f"/approve {digest}")
        assert life.pulls() == []
        life.say(key, "/resume", by=SAM)
        assert life.state(key) == "STOPPED"
        life.say(key, "/resume", by=ROBIN)
        assert life.state(key) == "WAITING_USER_APPROVAL"
        life.say(key, f"/approve {digest}")
        assert len(life.pulls()) == 1


def test_retry_makes_another_attempt(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        first = life.digest(key)
        life.say(key, "/retry")
        assert "attempt 2" in life.said(key)[-1]
        assert life.digest(key) != first


def test_reject_ends_the_ticket(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        life.say(key, "/reject We do not want this.")
        assert life.state(key) == "REJECTED"
        assert "rejected" in life.issue(key).labels
        assert "Rejected" in life.said(key)[-1]
        life.say(key, f"/approve {life.digest(key)}")
        assert life.pulls() == []


def test_an_override_lets_exactly_that_rule_pass_and_the_approval_is_still_needed(
    tmp_path: Path,
) -> None:
    flow = ".github/workflows/ci.yml"
    ci = edits((flow, "on: [pull_request]", "on: [pull_request, push]"), summary="CI on pushes")
    with living(tmp_path, ci) as life:
        workflows = {**_permissions(), "workflows": "write"}
        life.world.keys.github = life.world.github.issue_token(
            "patchgate-bot", permissions=workflows
        )
        life.env = type(life.env).from_mapping({**dict(life.env.machine), **life.world.env()})
        key = life.ticket("Run CI on pushes")
        life.settle()
        assert life.state(key) == "BLOCKED_POLICY"
        assert "ci-configuration" in life.said(key)[-1]
        life.say(key, "/approve")
        assert life.pulls() == []
        life.say(key, "/override ci-configuration", by=ROBIN)
        assert life.state(key) == "BLOCKED_POLICY"
        life.say(key, "/override ci-configuration I read every line.", by=ROBIN)
        assert life.state(key) == "WAITING_USER_APPROVAL"
        life.approve(key)
        assert len(life.pulls()) == 1
        (given,) = [x for x in life.events(key) if x["kind"] == "override-given"]
        assert (given["rule"], given["approver"]) == ("ci-configuration", "Robin")
        assert given["reason"] == "I read every line."


def _permissions() -> dict[str, str]:
    return {
        "contents": "write",
        "pull_requests": "write",
        "issues": "write",
        "checks": "read",
        "statuses": "read",
        "administration": "read",
    }


# ── from the pull request ────────────────────────────────────────────────────────────────


def test_changes_are_asked_for_on_the_pull_request(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.say_on_github(1, "/changes Politer, please.")
        assert "attempt 2" in life.said(key)[-1]
        asked = [p for p in life.prompts("implement") if "attempt 2" in p]
        assert "Politer, please." in asked[0]


def test_a_rework_is_shown_on_the_pull_request_and_approved_there(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.say_on_github(1, "/changes Politer, please.")
        head = life.head()
        assert '+    return "A very good day " + name' in life.said_on_pull()[-1]
        life.say_on_github(1, f"/approve {life.digest(key)}", by=SAM)
        assert life.head() == head
        assert "was not taken up" in life.said_on_pull()[-1]
        _second_later()
        life.say_on_github(1, f"/approve {life.digest(key)}", by=ROBIN)
        assert life.head() != head
        assert len(life.pulls()) == 1
        given = [x for x in life.events(key) if x["kind"] == "approved"][-1]
        assert (given["approver"], given["evidence"]["platform"]) == ("Robin", "github")


def test_a_question_on_the_pull_request_is_answered(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, _):
        life.say_on_github(1, "patchgate ask Where is the greeting?")
        assert "greet.py, in the function greet." in life.said_on_pull()[-1]


def test_stop_resume_and_retry_work_on_the_pull_request(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.say_on_github(1, "/stop")
        assert life.state(key) == "STOPPED"
        life.say_on_github(1, "/resume", by=SAM)
        assert life.state(key) == "STOPPED"
        life.say_on_github(1, "/resume")
        assert life.state(key) == "READY_TO_MERGE"
        life.say_on_github(1, "/retry")
        assert "attempt 2" in life.said(key)[-1]


def test_reject_on_the_pull_request_ends_the_ticket(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.say_on_github(1, "/reject Not wanted any more.", by=ROBIN)
        assert life.state(key) == "REJECTED"


def test_a_near_miss_on_the_pull_request_is_answered_once(tmp_path: Path) -> None:
    with opened(tmp_path) as (life, key):
        life.say_on_github(1, "/retri")
        told = [text for text in life.said_on_pull() if "Nearly a command" in text]
        assert len(told) == 1
        life.run(key)
        assert [text for text in life.said_on_pull() if "Nearly a command" in text] == told


# ── the whole project ────────────────────────────────────────────────────────────────────


def test_a_stopped_project_writes_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    with waiting(tmp_path) as (life, key):
        assert life.cli("stop", "MWC", "--reason", "An incident.", "--by", "Robin")[0] == 0
        outside = [w for w in lasting_writes(life.world) if "control.git" not in w]
        life.say(key, f"/approve {life.digest(key)}")
        life.run(key)
        assert [w for w in lasting_writes(life.world) if "control.git" not in w] == outside
        assert life.pulls() == []
        assert any("STOP: An incident." in line for line in life.lines)
        assert life.cli("stop", "MWC", "--resume", "--by", "Robin")[0] == 0
        life.run(key)
        assert len(life.pulls(SHOP)) == 1
