"""Checks, refs, contents, dispatches and runs through PyGithub."""

from __future__ import annotations

from typing import Any

import github
import pytest
import requests

from tests.standins.github.desk import DEFAULT, REPO, Desk, refusal


def test_checks_and_statuses_are_reported_and_read_back(desk: Desk, token: str) -> None:
    repo, sha = desk.client(token), desk.hub.refs(REPO)["refs/heads/main"]
    desk.hub.report_checks(REPO, sha, {"tests": "success", "lint": "failure"})
    desk.hub.report_checks(REPO, sha, {"lint": "success"})
    commit = repo.get_commit(sha)
    assert {c.name: c.conclusion for c in commit.get_check_runs()} == {
        "tests": "success",
        "lint": "success",
    }
    assert [s.status for s in commit.get_check_suites()] == ["completed"]
    assert commit.get_combined_status().state == "pending"
    commit.create_status("success", context="deploy")
    commit.create_status("failure", context="deploy")
    assert commit.get_combined_status().state == "failure"
    run = desk.client(desk.hub.issue_token(DEFAULT, default=True)).create_check_run("own", sha)
    run.edit(conclusion="neutral")
    assert desk.events() == ["check_suite.completed"] * 2 + ["status"] * 2 + [
        "check_suite.completed"
    ]


@pytest.mark.usefixtures("undescribed")
def test_protection_and_rules_name_the_required_checks(desk: Desk) -> None:
    token = desk.hub.issue_token("bob", permissions={"contents": "read", "administration": "read"})
    branch = desk.client(token).get_branch("main")
    with pytest.raises(github.GithubException) as error:
        branch.get_required_status_checks()
    assert (error.value.status, branch.protected) == (404, False)
    desk.hub.protect(REPO, "main", required_checks=["tests"])
    branch = desk.client(token).get_branch("main")
    assert branch.protected
    assert branch.get_required_status_checks().contexts == ["tests"]
    assert branch.get_protection().required_status_checks.contexts == ["tests"]
    desk.hub.protect(REPO, "main", required_checks=["tests"], by_ruleset=True)
    headers = {"Authorization": f"Bearer {token}"}
    rules = requests.get(
        f"{desk.url}/api/v3/repos/{REPO}/rules/branches/main", headers=headers, timeout=5
    ).json()
    required = [r["parameters"] for r in rules if r["type"] == "required_status_checks"]
    assert [c["context"] for c in required[0]["required_status_checks"]] == ["tests"]
    weak = desk.client(desk.hub.issue_token("bob", permissions={"contents": "write"}))
    with pytest.raises(github.GithubException) as error:
        weak.get_branch("main").get_protection()
    assert error.value.status == 403


def test_refs_are_created_once_moved_forward_and_deleted(desk: Desk, token: str) -> None:
    repo, main = desk.client(token), desk.hub.refs(REPO)["refs/heads/main"]
    newer = desk.hub.as_user("rita").push(REPO, "other", {"a": "1"}, "Newer")
    ref = repo.create_git_ref("refs/heads/ai/Y", newer)
    for attempt, said in (
        (lambda: repo.create_git_ref("refs/heads/ai/Y", newer), "already exists"),
        (lambda: repo.create_git_ref("refs/heads/ai/Z", "1" * 40), "does not exist"),
        (lambda: ref.edit(main), "not a fast forward"),
    ):
        with pytest.raises(github.GithubException) as error:
            attempt()
        assert refusal(error)[0] == 422
        assert said in refusal(error)[1]
    ref.edit(main, force=True)
    assert [r.ref for r in repo.get_git_matching_refs("heads/ai/")] == ["refs/heads/ai/Y"]
    assert repo.get_git_commit(newer).parents[0].sha == main
    compared = repo.compare("main", "other")
    assert (compared.status, compared.ahead_by, compared.behind_by) == ("ahead", 1, 0)
    ref.delete()
    assert "refs/heads/ai/Y" not in desk.hub.refs(REPO)
    with pytest.raises(github.UnknownObjectException):
        repo.get_contents("nothing/here")
    assert [c.path for c in repo.get_contents("src")] == ["src/cart.py"]  # type: ignore[union-attr]  # a folder


def test_a_dispatch_rings_even_with_a_runs_own_token(desk: Desk) -> None:
    token = desk.hub.issue_token(DEFAULT, default=True)
    assert desk.client(token).create_repository_dispatch("ticket", {"v": 1, "issue": "MWC-1"})
    (event, payload, starts), *rest = desk.seen
    assert (event, payload["action"], starts, rest) == ("repository_dispatch", "ticket", True, [])
    assert payload["client_payload"] == {"v": 1, "issue": "MWC-1"}


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "x" * 101},
        {"event_type": "x", "client_payload": {str(n): n for n in range(11)}},
        {"event_type": "x", "client_payload": {"a": "b" * 65_536}},
        {"client_payload": {}},
    ],
    ids=["long type", "eleven keys", "64 KB", "no type"],
)
def test_a_dispatch_beyond_the_limits_is_422(desk: Desk, token: str, body: Any) -> None:
    assert desk.post(token, f"/repos/{REPO}/dispatches", body).status_code == 422
    assert desk.seen == []


def test_a_workflow_dispatch_queues_a_run(desk: Desk, token: str) -> None:
    workflow = desk.client(token).get_workflow("ci.yml")
    assert workflow.create_dispatch("main", {"key": "MWC-1"}, throw=True)
    (run,) = desk.client(token).get_workflow_runs()
    assert (run.status, run.event) == ("queued", "workflow_dispatch")
    desk.hub.finish_run(REPO, run.id, "success")
    assert desk.client(token).get_workflow_run(run.id).conclusion == "success"
    assert desk.events() == ["workflow_dispatch"]


@pytest.mark.usefixtures("undescribed")
def test_undeclared_inputs_and_a_workflow_that_is_not_there_start_nothing(
    desk: Desk, token: str
) -> None:
    repo = desk.client(token)
    with pytest.raises(github.GithubException) as error:
        repo.get_workflow("ci.yml").create_dispatch("main", {"undeclared": "1"}, throw=True)
    assert error.value.status == 422
    with pytest.raises(github.UnknownObjectException):
        repo.get_workflow("gone.yml")
    assert repo.get_workflow_runs().totalCount == 0


def test_variables_are_read(desk: Desk, token: str) -> None:
    desk.hub.set_variable(REPO, "stop", "1")
    assert desk.client(token).get_variable("STOP").value == "1"
