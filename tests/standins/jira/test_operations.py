"""The real jira library and plain requests against the site, operation by operation."""

from __future__ import annotations

import io

from patchgate.standins.jira.adf import adf_to_text, text_to_adf
from tests.contracts import contract_book
from tests.standins.jira.conftest import ALICE, BOB, RUNNER, World


def test_every_exchange_here_is_judged_by_the_vendors_description(world: World) -> None:
    world.book = contract_book()
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story", "Text")
    assert world.call("GET", "/issue/MWC-1").status_code == 200
    assert world.findings() == []
    world.cloud.exchanges[-1].response["key"] = 7
    assert "key: 7 is not of type" in world.findings()[0]
    world.cloud.exchanges.clear()


def test_the_library_sees_a_cloud_site_and_its_own_account(world: World) -> None:
    client = world.client()
    assert client.server_info()["deploymentType"] == "Cloud"
    assert client.myself()["accountId"] == RUNNER
    assert client.project("MWC").name == "Moveware"
    assert "Repository" in {field["name"] for field in client.fields()}


def test_the_first_issue_has_the_id_10001(world: World) -> None:
    client = world.client()
    issue = client.create_issue(
        project="MWC",
        issuetype={"name": "Story"},
        summary="Export quotes",
        description=text_to_adf("As CSV.\n\n- one\n- two"),
        labels=["ai"],
        components=[{"name": "api"}],
        customfield_10010="acme/shop",
        assignee={"accountId": ALICE},
    )
    assert (issue.key, issue.id, issue.fields.status.name) == ("MWC-1", "10001", "Backlog")
    assert adf_to_text(issue.raw["fields"]["description"]) == "As CSV.\none\ntwo"
    assert issue.fields.reporter.accountId == RUNNER
    assert issue.raw["fields"]["assignee"]["accountId"] == ALICE
    assert issue.fields.customfield_10010 == "acme/shop"
    assert [c.name for c in issue.fields.components] == ["api"]
    assert issue.raw["fields"]["created"] == "2026-11-21T10:00:00.000+0000"


def test_a_subtask_carries_its_property_and_shows_on_its_parent(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "Parent")
    made = world.call(
        "POST",
        "/issue",
        {
            "fields": {
                "project": {"key": "MWC"},
                "issuetype": {"name": "Sub-task"},
                "parent": {"key": "MWC-1"},
                "summary": "Child",
            },
            "properties": [{"key": "patchgate.eid", "value": {"eid": "abc"}}],
        },
    )
    assert made.status_code == 201
    child = world.call("GET", f"/issue/{made.json()['id']}?properties=*all&fields=parent").json()
    assert child["properties"] == {"patchgate.eid": {"eid": "abc"}}
    assert list(child["fields"]) == ["parent"]
    assert child["fields"]["parent"]["key"] == "MWC-1"
    parent = world.call("GET", "/issue/MWC-1?fields=subtasks,summary").json()
    assert [s["key"] for s in parent["fields"]["subtasks"]] == ["MWC-2"]


def test_edits_leave_one_history_each_with_the_acting_author(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "Before", "Old")
    issue = world.client("bob@example.com").issue("MWC-1")
    issue.update(
        notify=False,
        fields={"summary": "After", "description": text_to_adf("New")},
        update={"labels": [{"add": "x"}, {"add": "y"}, {"remove": "x"}]},
    )
    (entry,) = world.call("GET", "/issue/MWC-1/changelog").json()["values"]
    assert entry["author"]["accountId"] == BOB
    assert {i["field"]: (i["fromString"], i["toString"]) for i in entry["items"]} == {
        "summary": ("Before", "After"),
        "description": ("Old", "New"),
        "labels": ("", "y"),
    }
    assert world.cloud.issue("MWC-1").updated > world.cloud.issue("MWC-1").created


def test_an_edit_can_return_the_issue(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "Before")
    edit = {"fields": {"summary": "After"}}
    answer = world.call("PUT", "/issue/MWC-1?returnIssue=true", edit)
    assert answer.json()["fields"]["summary"] == "After"


def test_a_first_assignment_comes_from_null(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story")
    client = world.client()
    client.assign_issue("MWC-1", BOB)
    client.assign_issue("MWC-1", None)
    items = [
        item
        for entry in world.call("GET", "/issue/MWC-1/changelog").json()["values"]
        for item in entry["items"]
    ]
    assert [(i["from"], i["to"], i["toString"]) for i in items] == [
        (None, BOB, "Bob"),
        (BOB, None, None),
    ]


def test_the_changelog_pages_from_the_oldest_and_expands_from_the_newest(world: World) -> None:
    alice = world.cloud.as_user(ALICE)
    alice.create("MWC", "Story", "0")
    for number in range(1, 6):
        alice.edit("MWC-1", summary=str(number))
    first = world.call("GET", "/issue/MWC-1/changelog?maxResults=3").json()
    rest = world.call("GET", first["nextPage"]).json()
    assert (first["total"], first["isLast"], rest["isLast"], rest["startAt"]) == (5, False, True, 3)
    summaries = [h["items"][0]["toString"] for h in first["values"] + rest["values"]]
    assert summaries == ["1", "2", "3", "4", "5"]
    expanded = world.client().issue("MWC-1", expand="changelog").changelog
    assert expanded.histories[0].items[0].toString == "5"
    created = [h["created"] for h in first["values"] + rest["values"]]
    assert created == sorted(set(created))


def test_a_comment_keeps_its_property_and_shows_when_it_was_edited(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story")
    body = {"body": text_to_adf("/approve"), "properties": [{"key": "eid", "value": "e1"}]}
    made = world.call("POST", "/issue/MWC-1/comment", body).json()
    assert made["created"] == made["updated"]
    assert made["author"]["accountId"] == RUNNER
    assert "properties" not in made
    listed = world.call("GET", "/issue/MWC-1/comment?expand=properties").json()
    assert listed["comments"][0]["properties"] == [{"key": "eid", "value": "e1"}]
    number, edit = made["id"], {"body": text_to_adf("changed")}
    edited = world.call("PUT", f"/issue/MWC-1/comment/{number}", edit, who="bob")
    assert edited.json()["updated"] > edited.json()["created"]
    assert edited.json()["updateAuthor"]["accountId"] == BOB
    assert world.call("PUT", f"/comment/{number}/properties/p", {"v": 1}).status_code == 201
    assert world.call("PUT", f"/comment/{number}/properties/p", {"v": 2}).status_code == 200
    assert world.call("GET", f"/comment/{number}/properties/p").json()["value"] == {"v": 2}
    keys = world.call("GET", f"/comment/{number}/properties").json()["keys"]
    assert [k["key"] for k in keys] == ["eid", "p"]
    assert world.call("DELETE", f"/issue/MWC-1/comment/{number}").status_code == 204


def test_comments_page_in_both_orders(world: World) -> None:
    alice = world.cloud.as_user(ALICE)
    alice.create("MWC", "Story", "A story")
    for number in range(5):
        alice.comment("MWC-1", f"number {number}")
    client = world.client()
    texts = [adf_to_text(c.raw["body"]) for c in client.comments("MWC-1")]
    assert texts == [f"number {n}" for n in range(5)]
    page = world.call("GET", "/issue/MWC-1/comment?startAt=1&maxResults=2&orderBy=-created").json()
    assert (page["total"], page["startAt"]) == (5, 1)
    assert [adf_to_text(c["body"]) for c in page["comments"]] == ["number 3", "number 2"]


def test_the_library_goes_through_a_transition_with_its_required_field(world: World) -> None:
    world.cloud.as_user(ALICE).create("OPS", "Task", "A task")
    client = world.client()
    client.transition_issue("OPS-1", "Take up")
    (way,) = client.transitions("OPS-1", expand="transitions.fields")
    assert (way["to"]["name"], way["hasScreen"]) == ("Done", True)
    allowed = way["fields"]["resolution"]["allowedValues"][0]
    client.transition_issue("OPS-1", way["id"], fields={"resolution": {"name": allowed["name"]}})
    issue = client.issue("OPS-1", expand="changelog")
    fields = issue.raw["fields"]
    assert (fields["status"]["name"], fields["resolution"]["name"]) == ("Done", "Done")
    assert fields["resolutiondate"] == fields["updated"]
    moves = [i.toString for h in issue.changelog.histories for i in h.items if i.field == "status"]
    assert moves == ["Done", "Doing"]


def test_a_transition_can_bring_a_comment(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story")
    way = next(w for w in world.client().transitions("MWC-1") if w["to"]["name"] == "Blocked")
    update = {"comment": [{"add": {"body": text_to_adf("why")}}]}
    body = {"transition": {"id": way["id"]}, "update": update}
    assert world.call("POST", "/issue/MWC-1/transitions", body).status_code == 204
    issue = world.cloud.issue("MWC-1")
    assert issue.status == "Blocked"
    assert [adf_to_text(c.body) for c in issue.comments] == ["why"]


def test_issue_properties_live_their_life(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story")
    client = world.client()
    client.add_issue_property("MWC-1", "head", {"sha": "1"})
    client.add_issue_property("MWC-1", "head", {"sha": "2"})
    assert client.issue_property("MWC-1", "head").value.sha == "2"
    keys = world.call("GET", "/issue/MWC-1/properties").json()["keys"]
    assert [k["key"] for k in keys] == ["head"]
    assert world.call("DELETE", "/issue/MWC-1/properties/head").status_code == 204
    assert world.call("GET", "/issue/MWC-1/properties/head").status_code == 404


def test_an_attachment_comes_back_byte_for_byte(world: World) -> None:
    world.cloud.as_user(ALICE).create("MWC", "Story", "A story")
    client, content = world.client(), bytes(range(256)) * 9
    made = client.add_attachment("MWC-1", io.BytesIO(content), filename="sha256-abc.patch")
    assert (made.filename, made.size) == ("sha256-abc.patch", len(content))
    read = client.attachment(made.id).get()  # type: ignore[no-untyped-call]  # the library's signature
    assert read == content
    assert [a.id for a in client.issue("MWC-1").fields.attachment] == [made.id]


def test_a_link_shows_on_both_of_its_ends(world: World) -> None:
    alice = world.cloud.as_user(ALICE)
    for summary in ("one", "two"):
        alice.create("MWC", "Story", summary)
    world.client().create_issue_link("Blocks", "MWC-1", "MWC-2", comment=None)
    inner = world.client().issue("MWC-1").fields.issuelinks[0]
    assert inner.outwardIssue.key == "MWC-2"
    assert world.client().issue("MWC-2").fields.issuelinks[0].inwardIssue.key == "MWC-1"


def test_the_catalogues_answer(world: World) -> None:
    for path in (
        "/status",
        "/issuetype",
        "/priority",
        "/issueLinkType",
        "/field",
        "/project/MWC/statuses",
        "/user/assignable/search?project=MWC&query=bob",
        "/mypermissions?permissions=EDIT_ISSUES&projectKey=MWC",
        f"/user?accountId={BOB}",
    ):
        answer = world.call("GET", path)
        assert answer.status_code == 200, path
        assert answer.json(), path


def test_a_snapshot_brings_the_site_back_as_often_as_wanted(world: World) -> None:
    alice = world.cloud.as_user(ALICE)
    alice.create("MWC", "Story", "A story")
    kept = world.cloud.snapshot()
    for text in ("first", "second"):
        alice.comment("MWC-1", text)
        alice.transition("MWC-1", "Done")
        world.cloud.restore(kept)
        issue = world.cloud.issue("MWC-1")
        assert (issue.status, issue.comments, issue.histories) == ("Backlog", [], [])
        found = world.call("GET", "/search/jql?jql=status%20%3D%20Backlog").json()
        assert found["issues"] == [{"id": "10001"}]
