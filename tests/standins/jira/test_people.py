"""People at the browser, and the Automation rule that rings when they change something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from werkzeug.wrappers import Request, Response

from patchgate.standins.http import Handler, Server, StandIn, json_response
from patchgate.standins.jira import AutomationRule
from patchgate.standins.jira.adf import adf_to_text, text_to_adf
from patchgate.standins.jira.refusal import Refusal
from tests.contracts import contract_book
from tests.standins.jira.conftest import ALICE, BOB, RUNNER, World


class Doorbell(StandIn):
    """Collects what is posted to it."""

    service = "doorbell"

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/repos/o/r/dispatches", self.ring

    def ring(self, request: Request) -> Response:
        self.state.append((request.json, request.headers.get("Authorization")))
        return json_response(None, 204)


@pytest.fixture
def doorbell(world: World) -> Iterator[tuple[Doorbell, AutomationRule]]:
    app = Doorbell([])
    with Server(app) as server:
        headers = {"Authorization": "Bearer hidden"}
        rule = AutomationRule(f"{server.url}/repos/o/r/dispatches", headers, "jira", RUNNER)
        world.cloud.on_change.append(rule)
        yield app, rule
        rule.settle()


def test_people_leave_the_changelog_that_the_browser_leaves(world: World) -> None:
    alice, bob = world.cloud.as_user(ALICE), world.cloud.as_user(BOB)
    issue = alice.create("MWC", "Story", "A story", "Text", labels=["ai"])
    alice.assign(issue.key, RUNNER)
    comment = bob.comment(issue.key, "/approve")
    bob.transition(issue.key, "In Progress")
    bob.edit_comment(issue.key, comment.id, "/approve twice")
    entries = [(h.author, [i.after_text for i in h.items]) for h in issue.histories]
    assert entries == [(ALICE, ["AI Runner"]), (BOB, ["In Progress"])]
    assert comment.created < issue.histories[-1].created < comment.updated
    assert adf_to_text(comment.body) == "/approve twice"


def test_people_are_refused_as_the_service_refuses(world: World) -> None:
    world.cloud.as_user(ALICE).create("OPS", "Task", "A task")
    with pytest.raises(Refusal, match="it can go to Doing"):
        world.cloud.as_user(BOB).transition("OPS-1", "Done")
    with pytest.raises(Refusal, match="permission to see it"):
        world.cloud.as_user(BOB).comment("OPS-2", "hello")


def test_reopening_takes_the_resolution_back(world: World) -> None:
    alice = world.cloud.as_user(ALICE)
    issue = alice.create("MWC", "Story", "A story")
    alice.transition(issue.key, "Done")
    assert (issue.resolution, issue.resolved) == ("Done", issue.updated)
    alice.transition(issue.key, "Backlog")
    assert (issue.resolution, issue.resolved) == (None, None)


def test_text_becomes_a_document_that_the_official_schema_takes() -> None:
    text = "First line\nsecond\n\n```python\nx = 1\n\ny = 2\n```\n\n- one\n- two\n"
    document = text_to_adf(text)
    assert [block["type"] for block in document["content"]] == [
        "paragraph",
        "codeBlock",
        "bulletList",
    ]
    assert adf_to_text(document) == "First line\nsecond\nx = 1\n\ny = 2\none\ntwo"
    assert contract_book().adf_findings(document) == []


def test_the_rule_rings_for_people_and_never_for_the_runner(
    world: World, doorbell: tuple[Doorbell, AutomationRule]
) -> None:
    app, rule = doorbell
    alice, runner = world.cloud.as_user(ALICE), world.cloud.as_user(RUNNER)
    alice.create("MWC", "Story", "A story")
    alice.edit("MWC-1", summary="Renamed")
    runner.assign("MWC-1", ALICE)
    world.call("POST", "/issue/MWC-1/comment", {"body": text_to_adf("by the runner")})
    rule.settle()
    assert app.state == []
    alice.assign("MWC-1", RUNNER)
    alice.comment("MWC-1", "hello")
    alice.edit("MWC-1", labels=["x"])
    world.call("POST", "/issue/MWC-1/transitions", {"transition": {"id": "31"}}, who="bob")
    rule.settle()
    ring = {"event_type": "jira", "client_payload": {"v": 1, "issue": "MWC-1"}}
    assert app.state == [(ring, "Bearer hidden")] * 4
    assert [d.status for d in rule.deliveries] == [204] * 4


def test_the_rule_drops_duplicates_and_delays_as_told(
    world: World, doorbell: tuple[Doorbell, AutomationRule]
) -> None:
    app, rule = doorbell
    alice = world.cloud.as_user(ALICE)
    alice.create("MWC", "Story", "A story")
    rule.drop()
    alice.comment("MWC-1", "lost")
    rule.settle()
    assert app.state == []
    rule.duplicate()
    rule.delay = 0.05
    alice.comment("MWC-1", "twice")
    assert app.state == []
    rule.settle()
    assert len(app.state) == 2


def test_a_failed_web_request_is_in_the_rules_log(world: World) -> None:
    rule = AutomationRule("http://127.0.0.1:9/dispatches", {}, "jira", RUNNER)
    world.cloud.on_change.append(rule)
    alice = world.cloud.as_user(ALICE)
    alice.create("MWC", "Story", "A story")
    alice.comment("MWC-1", "hello")
    rule.settle()
    (delivery,) = rule.deliveries
    assert (delivery.key, delivery.status) == ("MWC-1", None)
    assert delivery.error
