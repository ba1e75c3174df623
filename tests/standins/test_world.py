from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from patchgate.standins.world import (
    BOT_PERMISSIONS,
    CONTROL,
    LEIGH,
    PROJECT,
    REQUIRED_CHECK,
    RUNNER,
    SAM,
    SETTINGS_PATH,
    Target,
    World,
)

SHOP = "acme/shop"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), target=Target({"a.txt": "a\n"})) as world:
        world.at_jira(LEIGH).create(PROJECT, "Story", "A story")
        yield world


@pytest.fixture
def world(served: World) -> Iterator[World]:
    start = served.snapshot()
    yield served
    served.restore(start)


def heard(world: World) -> list[str]:
    return [bell.event for bell in world.bells()]


def opened(world: World) -> int:
    hub = world.github
    hub.as_user(RUNNER.github).push(SHOP, "ai/MWC-1", {"b.txt": "b\n"}, "Add")
    return hub.as_user(RUNNER.github).open_pull(SHOP, "ai/MWC-1")


def test_a_person_in_jira_rings_at_github_and_the_payload_is_the_key_alone(world: World) -> None:
    world.at_jira(LEIGH).assign("MWC-1", RUNNER.jira)
    bells = world.bells()
    assert [bell.event for bell in bells] == ["repository_dispatch"]
    assert bells[0].payload["client_payload"] == {"v": 1, "issue": "MWC-1"}
    assert world.bells() == []


def test_the_runner_itself_never_rings(world: World) -> None:
    world.at_jira(RUNNER).comment("MWC-1", "Said.")
    number = opened(world)
    world.github.as_user(RUNNER.github).comment(SHOP, number, "Said.")
    assert heard(world) == []


def test_people_and_ci_at_github_ring(world: World) -> None:
    number = opened(world)
    leigh = world.github.as_user(LEIGH.github)
    leigh.comment(SHOP, number, "/stop")
    leigh.review(SHOP, number, "REQUEST_CHANGES", "No.")
    head = world.github.refs(SHOP)["refs/heads/ai/MWC-1"]
    world.github.report_checks(SHOP, head, {REQUIRED_CHECK: "success"})
    leigh.merge(SHOP, number)
    wanted = ["issue_comment", "pull_request_review", "check_suite", "pull_request"]
    assert heard(world) == wanted


def test_a_merge_waits_for_the_required_check(world: World) -> None:
    number = opened(world)
    with pytest.raises(Exception, match=f'Required status check "{REQUIRED_CHECK}"'):
        world.github.as_user(LEIGH.github).merge(SHOP, number)


def test_a_snapshot_brings_everything_back_with_its_bells(world: World) -> None:
    world.at_jira(LEIGH).assign("MWC-1", RUNNER.jira)
    opened(world)
    kept = world.snapshot()
    assert heard(world) == ["repository_dispatch"]
    world.at_jira(LEIGH).transition("MWC-1", "Done")
    world.github.as_user(LEIGH.github).delete_branch(SHOP, "ai/MWC-1")
    for _ in range(2):
        world.restore(kept)
        assert world.jira.issue("MWC-1").status == "Backlog"
        assert "refs/heads/ai/MWC-1" in world.github.refs(SHOP)
        assert heard(world) == ["repository_dispatch"]


def test_the_environment_leads_to_the_stand_ins_with_keys_that_they_take(world: World) -> None:
    env = world.env()
    auth = (env["JIRA_EMAIL"], env["JIRA_API_TOKEN"])
    me = requests.get(f"{env['JIRA_BASE_URL']}/rest/api/3/myself", auth=auth, timeout=5)
    assert me.json()["accountId"] == RUNNER.jira
    headers = {"Authorization": f"Bearer {env['GITHUB_TOKEN']}"}
    user = requests.get(f"{env['GITHUB_API_URL']}/user", headers=headers, timeout=5)
    assert user.json()["login"] == RUNNER.github
    assert env["GITHUB_REPOSITORY"] == CONTROL
    assert all(env[name].startswith("http://127.0.0.1:") for name in env if name.endswith("URL"))


def test_two_worlds_share_no_credential(tmp_path: Path, world: World) -> None:
    with World(tmp_path, target=Target({"a.txt": "a\n"})) as other:
        keys = [n for n in world.env() if n.endswith(("KEY", "TOKEN"))]
        assert len(keys) == 4
        assert all(world.env()[name] != other.env()[name] for name in keys)


def test_the_settings_name_the_people_and_sam_may_not_approve(world: World) -> None:
    settings = yaml.safe_load(world.github.tree(CONTROL, "main")[SETTINGS_PATH])
    assert settings["approvers"] == ["Leigh", "Robin"]
    assert SAM.jira not in str(settings)
    assert settings["routes"] == [{"repository": SHOP, "base_branch": "main"}]


def test_the_runner_may_not_change_workflow_files() -> None:
    assert "workflows" not in BOT_PERMISSIONS
