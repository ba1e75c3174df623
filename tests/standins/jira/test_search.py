"""JQL: its subset, its pages, its refusals, and that it is behind the truth."""

from __future__ import annotations

import pytest
from jira import JIRAError

from tests.standins.jira.conftest import ALICE, BOB, World


@pytest.fixture
def backlog(world: World) -> World:
    """MWC-1 … MWC-4 and OPS-1, a minute apart; MWC-2 Bob's, MWC-3 Done, MWC-4 its sub-task."""
    alice = world.cloud.as_user(ALICE)
    for number in range(1, 4):
        alice.create("MWC", "Story", f"Story {number}", labels=[f"l{number}", "all"])
        world.clock.advance(60)
    alice.create("MWC", "Sub-task", "Child", parent="MWC-3")
    world.clock.advance(60)
    alice.create("OPS", "Task", "Operate")
    alice.assign("MWC-2", BOB)
    alice.transition("MWC-3", "Done")
    return world


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = MWC ORDER BY key ASC", ["MWC-1", "MWC-2", "MWC-3", "MWC-4"]),
        ("project in (MWC, OPS) AND status != Done", ["OPS-1", "MWC-4", "MWC-2", "MWC-1"]),
        (f'assignee = "{BOB}"', ["MWC-2"]),
        ('status in (Done, "In Progress")', ["MWC-3"]),
        ("labels = l1", ["MWC-1"]),
        ("key in (MWC-2, OPS-1) order by created", ["OPS-1", "MWC-2"]),
        ("parent = MWC-3", ["MWC-4"]),
        ('project = MWC AND updated >= "-1m" ORDER BY updated DESC', ["MWC-3", "MWC-2", "MWC-4"]),
        ('created < "2026-11-21 10:01"', ["MWC-1"]),
        ("project = MWC AND assignee not in (nobody)", ["MWC-2"]),
    ],
)
def test_the_subset_finds_what_it_says(backlog: World, jql: str, keys: list[str]) -> None:
    found = backlog.client().enhanced_search_issues(jql, fields="summary")
    assert [issue.key for issue in found] == keys


@pytest.mark.parametrize(
    "jql",
    [
        "",
        "ORDER BY created",
        "project = NOPE",
        "status = Nowhere",
        "key = MWC-99",
        "project = MWC OR project = OPS",
        "assignee = currentUser()",
        "assignee is EMPTY",
        "summary ~ words",
        "project = MWC AND",
        "project = MWC status = Done",
        'updated >= "yesterday"',
        "project MWC",
        "(project = MWC)",
        'project = "MWC',
        "project = MWC ORDER BY rank",
    ],
)
def test_everything_else_is_400(backlog: World, jql: str) -> None:
    answer = backlog.call("POST", "/search/jql", {"jql": jql})
    assert answer.status_code == 400
    assert answer.json()["errorMessages"]
    with pytest.raises(JIRAError):
        backlog.client().enhanced_search_issues(jql)


def test_only_ids_come_back_unless_fields_are_asked_for(backlog: World) -> None:
    bare = backlog.call("POST", "/search/jql", {"jql": "key = MWC-1"}).json()
    assert bare == {"issues": [{"id": "10001"}], "isLast": True}
    asked = {"jql": "key = MWC-1", "fields": ["status"]}
    (issue,) = backlog.call("POST", "/search/jql", asked).json()["issues"]
    assert issue["key"] == "MWC-1"
    assert list(issue["fields"]) == ["status"]


def test_pages_follow_the_token_and_no_other(backlog: World) -> None:
    keys, token = [], None
    while True:
        asked = {"jql": "project = MWC", "maxResults": 3, "fields": ["summary"]}
        page = backlog.call(
            "POST", "/search/jql", asked | ({"nextPageToken": token} if token else {})
        ).json()
        keys += [issue["key"] for issue in page["issues"]]
        if page["isLast"]:
            break
        token = page["nextPageToken"]
    assert keys == ["MWC-4", "MWC-3", "MWC-2", "MWC-1"]
    assert "nextPageToken" not in page
    assert "total" not in page
    for wrong in ({"jql": "project = OPS", "nextPageToken": token}, {"nextPageToken": "no"}):
        asked = {"jql": "project = MWC", **wrong}
        assert backlog.call("POST", "/search/jql", asked).status_code == 400
    assert len(backlog.client().enhanced_search_issues("project = MWC", maxResults=0)) == 4


def test_search_is_behind_by_the_lag_while_the_issue_itself_is_not(backlog: World) -> None:
    backlog.cloud.search_lag = 30
    backlog.clock.advance(60)
    alice = backlog.cloud.as_user(ALICE)
    alice.transition("MWC-1", "Done")
    alice.create("MWC", "Story", "New")
    alice.delete("MWC-2")
    query = {"jql": "project = MWC AND status = Done", "fields": ["status"]}

    def found(**more: object) -> list[str]:
        answer = backlog.call("POST", "/search/jql", query | more).json()
        return [issue["key"] for issue in answer["issues"]]

    assert backlog.call("GET", "/issue/MWC-1").json()["fields"]["status"]["name"] == "Done"
    assert found() == ["MWC-3"]
    assert found(reconcileIssues=[10001]) == ["MWC-3", "MWC-1"]
    assert "MWC-2" in found(jql="project = MWC")
    assert "MWC-5" not in found(jql="project = MWC")
    backlog.clock.advance(30)
    assert found() == ["MWC-3", "MWC-1"]
    assert found(jql="project = MWC") == ["MWC-5", "MWC-4", "MWC-3", "MWC-1"]
