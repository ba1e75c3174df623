"""The setup page and the Jira rules, played against the stand-ins as they are written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from patchgate.app.settings import load_settings
from patchgate.core.wakeup import Wakeup, read_event, ticket_key
from patchgate.standins.world import CONTROL, EVENT_TYPE, LEIGH, PROJECT, RUNNER, Target, World
from tests.e2e.answers import POLITE
from tests.e2e.lives import NO_CHECKS, SEED, SHOP, living
from tests.workflows import blocks

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PLAIN, TIGHTER = "doorbell-rule.json", "doorbell-rule.tighter.json"
DOORBELL = ".github/workflows/patchgate-doorbell.yml"


def rule(name: str) -> dict[str, Any]:
    """The one rule of an importable file."""
    (found,) = json.loads((DOCS / "jira" / name).read_text("utf-8"))["rules"]
    checked: dict[str, Any] = found
    return checked


def request_of(name: str) -> dict[str, Any]:
    """What its web request is filled in with."""
    (action,) = [part for part in rule(name)["components"] if part["component"] == "ACTION"]
    assert action["type"] == "jira.issue.outgoing.webhook"
    value: dict[str, Any] = action["value"]
    return value


def rendered(body: str, key: str) -> dict[str, Any]:
    """A body as Jira sends it: the one smart value becomes the key, quoted and escaped."""
    assert re.findall(r"\{\{(.*?)\}\}", body) == ["issue.key.asJsonString"]
    found: dict[str, Any] = json.loads(body.replace("{{issue.key.asJsonString}}", json.dumps(key)))
    return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "world", target=Target(SEED, SHOP), settings=NO_CHECKS) as world:
        yield world


# ── the rules ────────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S1.9")
@pytest.mark.parametrize("name", [PLAIN, TIGHTER])
def test_a_rule_rings_for_everybody_but_the_runner_and_hides_its_token(name: str) -> None:
    found, request = rule(name), request_of(name)
    assert found["state"] == "DISABLED"
    (condition,) = [part for part in found["components"] if part["component"] == "CONDITION"]
    assert condition["value"] == {
        "first": "{{initiator.accountId}}",
        "second": "<RUNNER_ACCOUNT_ID>",
        "operator": "NOT_EQUALS",
    }
    events = {event["event"] for event in found["trigger"]["value"]["events"]}
    assert events == {"issue_assigned", "issue_generic", "issue_updated", "issue_commented"}
    hidden = {header["name"]: header["value"] for header in request["headers"]
              if header["headerSecure"]}  # fmt: skip
    assert hidden == {"Authorization": ""}
    assert request["method"] == "POST"


@pytest.mark.covers("S1.9")
def test_the_plain_body_is_what_a_run_accepts_and_what_the_stand_in_sends(world: World) -> None:
    made = world.at_jira(LEIGH).create(PROJECT, "Task", "Greet", "Politely.")
    world.at_jira(LEIGH).assign(made.key, RUNNER.jira)
    (bell, *_) = world.bells()
    body = rendered(request_of(PLAIN)["customBody"], made.key)
    sent = [one.request for one in world.github.exchanges if one.path.endswith("/dispatches")]
    assert body == sent[0]
    assert body["event_type"] == EVENT_TYPE
    assert bell.payload["client_payload"] == body["client_payload"]
    assert read_event(bell.event, bell.payload) == Wakeup((ticket_key(made.key),))


def post(world: World, name: str, token: str) -> int:
    """Send a rule's request as Jira would; GitHub's answer."""
    request = request_of(name)
    url = request["url"].replace("https://api.github.com", f"{world.urls['github']}/api/v3")
    url = url.replace("<OWNER>/<REPO>", CONTROL)
    headers = {one["name"]: one["value"] for one in request["headers"]}
    headers["Authorization"] = f"Bearer {token}"
    body = rendered(request["customBody"], "MWC-7")
    return requests.post(url, json=body, headers=headers, timeout=10).status_code


def test_the_plain_rule_rings_at_github(world: World) -> None:
    assert post(world, PLAIN, world.keys.doorbell) == 204
    (bell,) = world.bells()
    assert read_event(bell.event, bell.payload) == Wakeup((ticket_key("MWC-7"),))


def test_the_tighter_rule_rings_with_a_token_that_cannot_push(world: World) -> None:
    text = (DOCS / "examples" / "doorbell.yml").read_text("utf-8")
    world.github.as_user(LEIGH.github).push(CONTROL, "main", {DOORBELL: text}, "Doorbell")
    hub = world.github
    token = hub.issue_token("bell", permissions={"actions": "write"}, repository=CONTROL)
    assert post(world, TIGHTER, token) == 204
    assert post(world, PLAIN, token) in (403, 404)
    assert world.bells() == []
    assert ring(world, text, "MWC-7").returncode == 0
    (bell,) = world.bells()
    assert read_event(bell.event, bell.payload) == Wakeup((ticket_key("MWC-7"),))


def ring(world: World, text: str, issue: str) -> subprocess.CompletedProcess[str]:
    """The one step of the doorbell's workflow, with the token of its job."""
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert job["permissions"] == {"contents": "write"}
    env = {
        "PATH": os.environ["PATH"],
        "TOKEN": world.keys.doorbell,
        "ISSUE": issue,
        "GITHUB_API_URL": f"{world.urls['github']}/api/v3",
        "GITHUB_REPOSITORY": CONTROL,
    }
    run = ["bash", "-eo", "pipefail", "-c", job["steps"][0]["run"]]
    return subprocess.run(run, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("issue", ["", "abc", 'A-1", "x": "y', "$(touch x)", "MWC-0"])
def test_the_doorbell_rings_for_keys_only(world: World, issue: str) -> None:
    text = (DOCS / "examples" / "doorbell.yml").read_text("utf-8")
    done = ring(world, text, issue)
    assert done.returncode == 1
    assert "::error::not a Jira key" in done.stdout
    assert world.bells() == []


def test_the_written_steps_have_the_same_bodies_addresses_and_fields() -> None:
    page = (DOCS / "jira" / "doorbell.md").read_text("utf-8")
    assert [body.strip() for body in blocks(page, "text")] == [
        request_of(name)["customBody"] for name in (PLAIN, TIGHTER)
    ]
    for name in (PLAIN, TIGHTER):
        request = request_of(name)
        assert request["url"].replace("<OWNER>/<REPO>", "OWNER/REPO") in page
        for header in request["headers"]:
            assert f"`{header['name']}`: `{header['value']}" in page
    (payload,) = blocks(page, "json")
    assert read_event("repository_dispatch", json.loads(payload)).keys == ("ABC-123",)


# ── the page ─────────────────────────────────────────────────────────────────────────────


def filled_in(text: str) -> str:
    """The page's settings with the names of a world instead of the reader's."""
    for old, new in {
        "RUNNER-ACCOUNT-ID": RUNNER.jira,
        "LEIGH-ACCOUNT-ID": LEIGH.jira,
        "leigh-login": LEIGH.github,
        "your-org/your-repository": SHOP,
        "[ABC]": f"[{PROJECT}]",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_the_settings_of_the_page_bring_a_first_ticket_to_a_pull_request(tmp_path: Path) -> None:
    (block,) = blocks((DOCS / "setup.md").read_text("utf-8"), "yaml")
    assert load_settings(block).doorbell == "doorbell-login"
    said = yaml.safe_load(filled_in(block))
    del said["jira"]["url"]  # the stand-in's own address is in the environment
    with living(tmp_path, POLITE, settings={**said, **NO_CHECKS}) as life:
        key = life.ticket()
        life.settle()
        assert "/approve " in life.said(key)[-1]
        life.approve(key)
        assert len(life.pulls()) == 1


def test_the_rules_for_the_ledger_keep_everybody_else_from_its_branches() -> None:
    (block,) = blocks((DOCS / "setup.md").read_text("utf-8"), "json")
    ruleset = json.loads(block)
    assert ruleset["enforcement"] == "active"
    assert ruleset["conditions"]["ref_name"]["include"] == ["refs/heads/patchgate/**"]
    kinds = {one["type"] for one in ruleset["rules"]}
    assert kinds == {"creation", "update", "deletion", "non_fast_forward"}
    assert [actor["actor_type"] for actor in ruleset["bypass_actors"]] == ["Integration"]


def test_the_page_names_every_secret_that_the_workflow_takes() -> None:
    workflow = (ROOT / ".github" / "workflows" / "patchgate.yml").read_text("utf-8")
    taken = yaml.load(workflow, yaml.BaseLoader)["on"]["workflow_call"]["secrets"]  # noqa: S506
    page = (DOCS / "setup.md").read_text("utf-8")
    assert [name for name in taken if f"`{name}`" not in page] == []
