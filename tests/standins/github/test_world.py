"""Snapshots, deliveries, faults and effects."""

from __future__ import annotations

import pytest
import requests

from patchgate.standins.http import Fault, FaultKind
from tests.standins.github.desk import REPO, SEED, Desk, opened


def test_a_restored_world_has_its_refs_pulls_and_files_back(desk: Desk, token: str) -> None:
    pull = opened(desk, token)
    there = desk.hub.snapshot()
    desk.hub.as_user("rita").merge(REPO, pull.number)
    after = desk.hub.refs(REPO)
    desk.hub.restore(desk.start)
    assert (desk.hub.pulls(REPO), set(desk.hub.tree(REPO, "main"))) == ([], set(SEED))
    for _ in range(2):
        desk.hub.restore(there)
        assert desk.client(token).get_pull(pull.number).state == "open"
        desk.hub.as_user("rita").merge(REPO, pull.number)
        assert set(desk.hub.refs(REPO)) == set(after)
        assert "new.txt" in desk.hub.tree(REPO, "main")


def test_a_repository_can_start_from_a_local_one(desk: Desk) -> None:
    local = desk.folder / "local"
    desk.git("init", "-q", "-b", "trunk", str(local))
    head = desk.commit(local, {"f": "1"}, "trunk")
    name = desk.hub.create_repository("acme", "mine", local, default_branch="trunk")
    assert desk.hub.refs(name) == {"refs/heads/trunk": head}


def test_deliveries_are_lost_doubled_and_held_on_demand(desk: Desk) -> None:
    rita = desk.hub.as_user("rita")
    desk.hub.deliveries.drop(event="push")
    rita.push(REPO, "one", {"a": "1"}, "Lost")
    assert desk.events() == []
    desk.hub.deliveries.duplicate()
    rita.push(REPO, "two", {"a": "1"}, "Twice")
    assert desk.events() == ["push", "push"]
    desk.hub.deliveries.hold()
    rita.open_pull(REPO, "one")
    rita.push(REPO, "one", {"a": "2"}, "Later")
    assert desk.events() == []
    desk.hub.deliveries.release(reverse=True)
    assert desk.events() == ["pull_request.synchronize", "push", "pull_request.opened"]


def test_an_answer_that_is_lost_leaves_the_deed_done(desk: Desk, token: str) -> None:
    desk.hub.as_user("bob").push(REPO, "ai/X", {"a": "1"}, "Add")
    repo = desk.client(token)
    desk.hub.plan_fault(Fault(FaultKind.RESET_AFTER, "POST", "/pulls"))
    with pytest.raises(requests.ConnectionError):
        repo.create_pull("main", "ai/X", title="t")
    assert len(desk.hub.pulls(REPO)) == 1


def test_reads_fetches_and_app_tokens_are_no_effects(desk: Desk, token: str) -> None:
    counted = desk.hub.effects
    desk.clone(token)
    desk.client(token).get_branch("main")
    assert desk.hub.effects == counted


def test_unknown_operations_are_404_in_githubs_shape(desk: Desk) -> None:
    answer = requests.get(f"{desk.url}/api/v3/repos/{REPO}/pulls/1/nothing", timeout=5)
    assert answer.status_code == 404
    assert set(answer.json()) == {"message", "documentation_url", "status"}
