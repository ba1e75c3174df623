"""The three approval modes, where tickets go, and which credentials carry a whole life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patchgate.app.environment import Environment
from patchgate.standins.jira.state import OAuthClient
from tests.e2e.answers import FIRST_AT_ANY_ATTEMPT, POLITE, answer, edits, item, plan
from tests.e2e.lives import (
    BRANCH,
    LEIGH,
    NO_CHECKS,
    ROBIN,
    RUNNER,
    SAM,
    SHOP,
    UNPLANNED,
    Life,
    lasting_writes,
    living,
)


def _mode(mode: str, **more: Any) -> dict[str, Any]:
    return {**UNPLANNED, "approval": {"mode": mode}, **more}


# ── plan ─────────────────────────────────────────────────────────────────────────────────

PLANNED = {"approval": {"mode": "plan"}, **NO_CHECKS}
ONE_ITEM = answer("plan", {"final": plan(item("Greet politely", "greet.py"), files=["greet.py"])})


def test_in_mode_plan_a_patch_inside_the_plan_goes_without_a_second_approval(
    tmp_path: Path,
) -> None:
    with living(tmp_path, ONE_ITEM, POLITE, settings=PLANNED) as life:
        key = life.ticket("Politeness", kind="Story")
        life.settle()
        assert life.pulls() == []
        life.move(key, "In Progress")
        (pull,) = life.pulls()
        assert pull.pull
        assert pull.pull.head == "ai/MWC-2"
        assert not [text for text in life.said("MWC-2") if "/approve" in text]
        cleared = [x for x in life.events("MWC-2") if x["kind"] == "patch-cleared"]
        (given,) = [x for x in life.events(key) if x["kind"] == "approved"]
        assert [x["under"] for x in cleared] == [given["subject"]]


def test_in_mode_plan_a_wider_patch_needs_an_approval_of_its_own(tmp_path: Path) -> None:
    wide = edits(("greet.py", '"Hello "', '"Good day "'), ("shout.py", '"!"', '"!!"'))
    with living(tmp_path, ONE_ITEM, wide, settings=PLANNED) as life:
        key = life.ticket("Politeness", kind="Story")
        life.settle()
        life.move(key, "In Progress")
        assert life.pulls() == []
        assert "scope" in life.said("MWC-2")[-1]
        life.say("MWC-2", "/override scope The plan forgot that file.")
        assert life.pulls() == []
        life.approve("MWC-2")
        assert len(life.pulls()) == 1


# ── request ──────────────────────────────────────────────────────────────────────────────


def test_in_mode_request_an_approvers_own_assignment_opens_a_draft(tmp_path: Path) -> None:
    with living(tmp_path, POLITE, settings=_mode("request")) as life:
        key = life.ticket()
        life.settle()
        (pull,) = life.pulls()
        assert pull.pull
        assert pull.pull.draft
        assert life.branches() == {"main", BRANCH}
        (given,) = [x for x in life.events(key) if x["kind"] == "approved"]
        assert (given["what"], given["approver"]) == ("request", "Leigh")
        assert given["evidence"]["kind"] == "assignment"


def test_in_mode_request_somebody_elses_assignment_waits_for_an_approver(tmp_path: Path) -> None:
    with living(tmp_path, FIRST_AT_ANY_ATTEMPT, settings=_mode("request")) as life:
        key = life.ticket(by=SAM)
        life.settle()
        assert life.shows(key) == ("Blocked", "Leigh")
        assert "not approved" in life.said(key)[-1]
        assert life.prompts("implement") == []
        life.say(key, "/approve", by=SAM)
        assert life.pulls() == []
        life.say(key, "/approve", by=ROBIN)
        assert len(life.pulls()) == 1


def test_in_mode_request_a_changed_text_voids_the_approval(tmp_path: Path) -> None:
    with living(tmp_path, POLITE, settings=_mode("request", separation="off")) as life:
        key = life.ticket(by=SAM)
        life.settle()
        life.world.at_jira(LEIGH).transition(key, "Backlog")
        life.say(key, "/stop")
        life.world.at_jira(SAM).edit(key, description="And delete everything else.")
        life.say(key, "/resume")
        assert life.pulls() == []


def test_in_mode_request_a_text_changed_while_it_is_worked_on_opens_nothing(
    tmp_path: Path,
) -> None:
    with living(tmp_path, FIRST_AT_ANY_ATTEMPT, settings=_mode("request")) as life:
        key = life.ticket()
        others = iter([1])

        def meanwhile(number: int, method: str, path: str) -> None:
            if next(others, None):
                life.world.at_jira(SAM).edit(key, description="Say something rude.")

        life.world.anthropic.before_effect = meanwhile
        life.settle()
        assert life.pulls() == []
        assert life.branches() == {"main"}
        assert life.state(key) == "WAITING_USER_APPROVAL"
        life.approve(key, by=ROBIN)
        assert len(life.pulls()) == 1


# ── where a ticket goes ──────────────────────────────────────────────────────────────────


@pytest.mark.covers("S1.41", "S1.42", "S1.17")
@pytest.mark.parametrize(
    ("match", "fields"),
    [
        pytest.param({"labels": "web"}, {"labels": ["web"]}, id="label"),
        pytest.param({"components": "Web"}, {"components": [{"name": "Web"}]}, id="component"),
        pytest.param({"project": "MWC", "issue_types": "Bug"}, {"kind": "Bug"}, id="project"),
    ],
)
def test_a_ticket_goes_where_its_route_says(
    tmp_path: Path, match: dict[str, Any], fields: dict[str, Any]
) -> None:
    web = {"match": match, "repository": "acme/web", "base_branch": "next", "plan": "none"}
    routes = [web, {"repository": SHOP, "plan": "none"}]
    with living(tmp_path, POLITE, settings={"routes": routes, **NO_CHECKS}) as life:
        hub = life.world.github
        hub.create_repository("acme", "web", {"greet.py": 'say = "Hello "\n'})
        hub.as_user(LEIGH.github).create_branch("acme/web", "next")
        life.world.jira.state.projects["MWC"].components["Web"] = "10100"
        there = life.ticket(**fields)
        here = life.ticket()
        life.settle()
        life.approve(there)
        life.approve(here)
        (pull,) = life.pulls("acme/web")
        assert pull.pull
        assert (pull.pull.head, pull.pull.base) == ("ai/MWC-1", "next")
        assert [p.pull.head for p in life.pulls(SHOP) if p.pull] == ["ai/MWC-2"]


# ── credentials ──────────────────────────────────────────────────────────────────────────


def _with(life: Life, **variables: str) -> None:
    """Other credentials than the world's own; an empty one is taken away."""
    values = {**dict(life.env.machine), **life.world.env(), **variables}
    life.env = Environment.from_mapping(values)


def _to_done(life: Life) -> None:
    key = life.ticket()
    life.settle()
    life.approve(key)
    life.ci()
    life.merge()
    assert life.shows(key)[0] == "Done"


def test_oauth_credentials_of_a_service_account_carry_a_life(tmp_path: Path) -> None:
    with living(tmp_path, POLITE) as life:
        jira = life.world.jira.state
        jira.oauth_clients["patchgate"] = OAuthClient("patchgate", "s3cret", RUNNER.jira)
        url = life.world.urls["jira"]
        _with(
            life,
            JIRA_EMAIL="",
            JIRA_API_TOKEN="",
            JIRA_CLIENT_ID="patchgate",
            JIRA_CLIENT_SECRET="s3cret",
            JIRA_CLOUD_ID=jira.cloud_id,
            ATLASSIAN_TOKEN_URL=f"{url}/oauth/token",
        )
        runner = {"projects": ["MWC"], "runner": RUNNER.jira}
        life.settings(jira={**runner, "resources_url": f"{url}/oauth/token/accessible-resources"})
        _to_done(life)
        asked = [x.path for x in life.world.jira.exchanges if x.path.startswith("/ex/jira/")]
        assert asked
        assert len([x for x in life.world.jira.exchanges if x.path == "/oauth/token"]) >= 1


@pytest.mark.covers("S1.55")
def test_a_github_app_carries_a_life(tmp_path: Path, app_key: tuple[str, str]) -> None:
    private, public = app_key
    with living(tmp_path, POLITE) as life:
        app = life.world.github.register_app(
            "patchgate",
            public_key=public,
            repositories=[SHOP, "acme/control"],
            permissions={
                "contents": "write",
                "pull_requests": "write",
                "issues": "write",
                "checks": "read",
                "statuses": "read",
                "administration": "read",
            },
        )
        _with(
            life,
            GITHUB_TOKEN="",
            GITHUB_APP_ID=str(app.id),
            GITHUB_APP_PRIVATE_KEY=private,
            GITHUB_APP_INSTALLATION_ID=str(app.installation),
        )
        _to_done(life)
        assert [p.login for p in life.pulls()] == ["patchgate[bot]"]


@pytest.fixture(scope="module")
def app_key() -> tuple[str, str]:
    """An App's private key and its public half."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.mark.covers("S1.56", "S1.57")
@pytest.mark.parametrize("left", ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"])
def test_one_model_key_alone_plans_and_implements(tmp_path: Path, left: str) -> None:
    other = ({"ANTHROPIC_API_KEY", "OPENAI_API_KEY"} - {left}).pop()
    with living(tmp_path, ONE_ITEM, POLITE, settings=NO_CHECKS) as life:
        _with(life, **{other: ""})
        key = life.ticket("Politeness", kind="Story")
        life.settle()
        life.move(key, "In Progress")
        life.approve("MWC-2")
        assert len(life.pulls()) == 1
        used = {"ANTHROPIC_API_KEY": life.world.anthropic, "OPENAI_API_KEY": life.world.openai}
        assert used[left].exchanges
        assert not used[other].exchanges


# ── statuses by other names ──────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.10", "S0.11", "S0.12", "S0.13", "S0.14", "S0.15")
def test_all_six_statuses_may_have_other_names(tmp_path: Path) -> None:
    names = {
        "backlog": "To Do",
        "plan_review": "Plan lesen",
        "in_progress": "In Arbeit",
        "in_testing": "Im Test",
        "done": "Fertig",
        "blocked": "Wartet",
    }
    jira = {"projects": ["MWC"], "runner": RUNNER.jira, "statuses": names}
    with living(tmp_path, ONE_ITEM, POLITE, settings={"jira": jira, **NO_CHECKS}) as life:
        project = life.world.jira.state.projects["MWC"]
        known = dict(zip([s for s, _ in project.workflow.statuses], names.values(), strict=True))
        flow = project.workflow
        flow.statuses = tuple((known[name], category) for name, category in flow.statuses)
        flow.transitions = [replace(t, name=known[t.to], to=known[t.to]) for t in flow.transitions]
        flow.initial = "To Do"
        held = life.world.jira.state.statuses
        for old, new in known.items():
            held[new] = replace(held.pop(old), name=new)
        key = life.ticket("Politeness", kind="Story")
        life.settle()
        assert life.shows(key) == ("Plan lesen", "Leigh")
        life.move(key, "In Arbeit")
        life.move("MWC-2", "Wartet")
        life.say("MWC-2", "/resume")
        life.approve("MWC-2")
        life.ci()
        assert life.shows("MWC-2") == ("Im Test", "Leigh")
        life.merge()
        assert life.shows(key)[0] == "Fertig"
        assert lasting_writes(life.world)
