"""What the site refuses, with the status and the shape of the real one."""

from __future__ import annotations

from typing import Any

import pytest
from jira import JIRA, JIRAError

from patchgate.standins.http import Fault, FaultKind
from patchgate.standins.jira.adf import text_to_adf
from tests.standins.jira.conftest import ALICE, BOB, RUNNER, World

STORY = {"project": {"key": "MWC"}, "issuetype": {"name": "Story"}, "summary": "A story"}


def _refused(answer: Any, status: int, field: str | None = None) -> str:
    """The refusal's words, once its status and shape are as expected."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"errorMessages", "errors"}
    if field is not None:
        return str(body["errors"][field])
    return str(body["errorMessages"][0])


@pytest.fixture
def story(world: World) -> World:
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story")
    return world


@pytest.mark.parametrize(
    "auth", [None, ("runner@example.com", "wrong"), ("nobody@example.com", "stand-in-token")]
)
def test_missing_and_wrong_credentials_are_401(story: World, auth: Any) -> None:
    _refused(story.call("GET", "/issue/MWC-1", auth=auth), 401)


def test_an_oauth_token_works_behind_the_gateway_until_it_expires(story: World) -> None:
    cloud, server = story.cloud, story.server.url
    cloud.token_lifetime = 60
    asked = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret"}
    grant = story.call("POST", f"{server}/oauth/token", asked, auth=None).json()
    assert (grant["token_type"], grant["expires_in"]) == ("Bearer", 60)
    token = grant["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    resources = story.call(
        "GET", f"{server}/oauth/token/accessible-resources", headers=headers, auth=None
    ).json()
    base = f"{server}/ex/jira/{resources[0]['id']}"
    client = JIRA(server=base, token_auth=token, options={"rest_api_version": "3"}, max_retries=0)
    issue = client.issue("MWC-1")
    issue.update(fields={"summary": "By the service account"})
    assert cloud.issue("MWC-1").histories[-1].author == RUNNER
    assert issue.raw["self"].startswith(base)
    elsewhere = f"{server}/ex/jira/other/rest/api/3/myself"
    _refused(story.call("GET", elsewhere, headers=headers, auth=None), 404)
    story.clock.advance(61)
    with pytest.raises(JIRAError) as refusal:
        client.issue("MWC-1")
    assert refusal.value.status_code == 401
    client.close()  # type: ignore[no-untyped-call]  # the library's signature


def test_a_wrong_client_secret_gets_no_token(world: World) -> None:
    asked = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "no"}
    answer = world.call("POST", f"{world.server.url}/oauth/token", asked, auth=None)
    assert (answer.status_code, answer.json()["error"]) == (401, "access_denied")


def test_basic_credentials_do_not_open_the_gateway_nor_bearers_the_site(story: World) -> None:
    gateway = f"{story.server.url}/ex/jira/{story.cloud.state.cloud_id}/rest/api/3/myself"
    _refused(story.call("GET", gateway), 401)
    headers = {"Authorization": "Bearer anything"}
    _refused(story.call("GET", "/myself", headers=headers, auth=None), 401)


def test_what_one_may_not_see_is_404_and_what_one_may_not_change_403(world: World) -> None:
    alice = world.cloud.as_user(ALICE)
    alice.create("SEC", "Story", "Secret")
    alice.create("RO", "Story", "Public")
    _refused(world.call("GET", "/issue/SEC-1", who="guest"), 404)
    assert world.call("GET", "/issue/RO-1", who="guest").status_code == 200
    comment = {"body": text_to_adf("hello")}
    _refused(world.call("POST", "/issue/RO-1/comment", comment, who="guest"), 403)
    query = "/search/jql?jql=project%20in%20(SEC,%20RO)"
    assert len(world.call("GET", query, who="guest").json()["issues"]) == 1
    assert len(world.call("GET", query, who="alice").json()["issues"]) == 2


def test_the_removed_search_is_410(world: World) -> None:
    assert "search/jql" in _refused(world.call("GET", "/search?jql=project%3DMWC"), 410)
    _refused(world.call("POST", "/search", {"jql": "project = MWC"}), 410)


def test_plain_strings_are_no_documents(story: World) -> None:
    words = "must be an Atlassian Document"
    create = {"fields": {**STORY, "description": "plain"}}
    assert words in _refused(story.call("POST", "/issue", create), 400, "description")
    edit = {"fields": {"description": "plain"}}
    assert words in _refused(story.call("PUT", "/issue/MWC-1", edit), 400, "description")
    comment = {"body": "plain"}
    assert words in _refused(story.call("POST", "/issue/MWC-1/comment", comment), 400, "comment")
    with pytest.raises(JIRAError, match=words):
        story.client().add_comment("MWC-1", "plain")
    assert story.cloud.issue("MWC-1").comments == []


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "loose"}],
        [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}],
        [{"type": "paragraph", "content": [{"type": "paragraph", "content": []}]}],
        [{"type": "marquee"}],
    ],
    ids=["loose text", "empty text", "paragraph in a paragraph", "unknown node"],
)
def test_broken_documents_are_refused(story: World, content: Any) -> None:
    body = {"body": {"type": "doc", "version": 1, "content": content}}
    answer = story.call("POST", "/issue/MWC-1/comment", body)
    assert "INVALID_INPUT" in _refused(answer, 400, "comment")


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"issuetype": {"name": "Saga"}}, "issuetype"),
        ({"project": {"key": "NOPE"}}, "project"),
        ({"summary": ""}, "summary"),
        ({"summary": "two\nlines"}, "summary"),
        ({"labels": ["two words"]}, "labels"),
        ({"status": {"name": "Done"}}, "status"),
        ({"customfield_99999": "x"}, "customfield_99999"),
        ({"components": [{"name": "ui"}]}, "components"),
        ({"assignee": {"accountId": "712020:nobody"}}, "assignee"),
        ({"issuetype": {"name": "Sub-task"}}, "issuetype"),
        ({"issuetype": {"name": "Sub-task"}, "parent": {"key": "MWC-99"}}, "parent"),
        ({"parent": {"key": "MWC-1"}}, "parent"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_created(
    story: World, fields: dict[str, Any], bad: str
) -> None:
    _refused(story.call("POST", "/issue", {"fields": {**STORY, **fields}}), 400, bad)
    assert len(story.cloud.state.issues) == 1


def test_a_refused_edit_changes_nothing(story: World) -> None:
    edit = {"fields": {"summary": "Changed", "labels": ["two words"]}}
    _refused(story.call("PUT", "/issue/MWC-1", edit), 400, "labels")
    twice = {"fields": {"labels": []}, "update": {"labels": [{"add": "x"}]}}
    _refused(story.call("PUT", "/issue/MWC-1", twice), 400, "labels")
    issue = story.cloud.issue("MWC-1")
    assert (issue.summary, issue.histories) == ("A story", [])


def test_assigning_to_nobody_known_is_400(story: World) -> None:
    who = {"accountId": "712020:nobody"}
    _refused(story.call("PUT", "/issue/MWC-1/assignee", who), 400, "assignee")
    _refused(story.call("PUT", "/issue/MWC-1/assignee", {"name": "bob"}), 400)


def test_an_unavailable_transition_and_a_missing_required_field_are_400(world: World) -> None:
    world.cloud.as_user(ALICE).create("OPS", "Task", "A task")
    url = "/issue/OPS-1/transitions"
    assert "'21'" in _refused(world.call("POST", url, {"transition": {"id": "21"}}), 400)
    assert world.call("POST", url, {"transition": {"id": "11"}}).status_code == 204
    bare = {"transition": {"id": "21"}}
    assert "required" in _refused(world.call("POST", url, bare), 400, "resolution")
    wrong = {"transition": {"id": "21"}, "fields": {"resolution": {"name": "Maybe"}}}
    assert "invalid" in _refused(world.call("POST", url, wrong), 400, "resolution")
    assert world.cloud.issue("OPS-1").status == "Doing"


def test_a_lost_race_is_409_once_and_changes_nothing(story: World) -> None:
    story.cloud.lose_next_transition("MWC-1")
    body = {"transition": {"id": "31"}}
    _refused(story.call("POST", "/issue/MWC-1/transitions", body), 409)
    assert story.cloud.issue("MWC-1").status == "Backlog"
    assert story.call("POST", "/issue/MWC-1/transitions", body).status_code == 204


def test_long_texts_and_large_properties_are_400(story: World) -> None:
    most = {"body": text_to_adf("x" * 32_767)}
    assert story.call("POST", "/issue/MWC-1/comment", most).status_code == 201
    over = {"body": text_to_adf("x" * 32_768)}
    answer = story.call("POST", "/issue/MWC-1/comment", over)
    assert "CONTENT_LIMIT_EXCEEDED" in _refused(answer, 400, "comment")
    edit = {"fields": {"description": over["body"]}}
    assert "CONTENT_LIMIT" in _refused(story.call("PUT", "/issue/MWC-1", edit), 400, "description")
    path = "/issue/MWC-1/properties/head"
    assert story.call("PUT", path, "x" * 32_766).status_code == 201
    _refused(story.call("PUT", path, "x" * 32_767), 400)


def test_the_twenty_first_write_in_two_seconds_is_429(story: World) -> None:
    def write() -> Any:
        return story.call("PUT", "/issue/MWC-1/properties/p", 1)

    assert all(write().ok for _ in range(20))
    answer = write()
    _refused(answer, 429)
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert story.call("GET", "/issue/MWC-1").ok
    story.clock.advance(2)
    assert write().ok


def test_the_hundred_and_first_write_in_thirty_seconds_is_429(story: World) -> None:
    for _ in range(100):
        assert story.call("PUT", "/issue/MWC-1/properties/p", 1).ok
        story.clock.advance(0.2)
    answer = story.call("PUT", "/issue/MWC-1/properties/p", 1)
    _refused(answer, 429)
    assert answer.headers["Retry-After"] == "10"
    story.cloud.limits = False
    assert story.call("PUT", "/issue/MWC-1/properties/p", 1).ok


def test_uploads_need_the_header_that_waves_off_the_cross_site_check(story: World) -> None:
    files = {"file": ("a.txt", b"a")}
    _refused(story.call("POST", "/issue/MWC-1/attachments", files=files), 403)
    assert story.cloud.issue("MWC-1").attachments == []


def test_bodies_that_are_no_json_objects_are_refused(story: World) -> None:
    headers = {"Content-Type": "application/json"}
    _refused(story.call("PUT", "/issue/MWC-1", headers=headers, data="{"), 400)
    _refused(story.call("PUT", "/issue/MWC-1", ["list"]), 400)
    _refused(story.call("PUT", "/issue/MWC-1", {"fields": ["list"]}), 400)
    _refused(story.call("PUT", "/issue/MWC-1", {}), 400)


def test_a_moved_issue_answers_to_its_old_key_with_the_new_one(story: World) -> None:
    alice = story.cloud.as_user(ALICE)
    alice.create("MWC", "Sub-task", "Child", parent="MWC-1")
    alice.move("MWC-1", "OPS")
    answer = story.call("GET", "/issue/MWC-1?fields=status,project,subtasks").json()
    assert (answer["key"], answer["id"]) == ("OPS-1", "10001")
    assert answer["fields"]["status"]["name"] == "Open"
    assert [s["key"] for s in answer["fields"]["subtasks"]] == ["OPS-2"]
    history = story.call("GET", "/issue/OPS-1/changelog").json()["values"][-1]
    keys = [i["toString"] for i in history["items"] if i["field"] == "Key"]
    assert keys == ["OPS-1"]


def test_a_deleted_issue_is_gone_and_subtasks_must_be_named(story: World) -> None:
    story.cloud.as_user(ALICE).create("MWC", "Sub-task", "Child", parent="MWC-1")
    _refused(story.call("DELETE", "/issue/MWC-1"), 400)
    assert story.call("DELETE", "/issue/MWC-1?deleteSubtasks=true").status_code == 204
    _refused(story.call("GET", "/issue/MWC-2"), 404)


def test_planned_faults_hit_this_service_too(story: World) -> None:
    story.cloud.plan_fault(Fault(FaultKind.STATUS, path="/comment", status=503))
    comment = {"body": text_to_adf("hello")}
    assert story.call("POST", "/issue/MWC-1/comment", comment).status_code == 503
    assert story.cloud.issue("MWC-1").comments == []
    assert story.call("POST", "/issue/MWC-1/comment", comment).status_code == 201


def test_only_changes_count_as_effects(story: World) -> None:
    story.call("POST", "/search/jql", {"jql": "project = MWC"})
    story.call("GET", "/issue/MWC-1")
    assert story.cloud.effects == 0
    story.call("PUT", "/issue/MWC-1/assignee", {"accountId": BOB})
    assert story.cloud.effects == 1
