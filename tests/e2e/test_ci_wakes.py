"""Who wakes CI: nobody for what no person saw, and a start by name where the token wakes none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from patchgate.standins.demo.driver import environment
from patchgate.standins.github.workflows import Workflows
from patchgate.standins.world import World
from tests.e2e.lives import CONTROL, LEIGH, NO_CHECKS, POLITE, RUNNER, SEED, living

ALL = dict.fromkeys(("contents", "pull-requests", "issues", "actions"), "write")
READ = dict.fromkeys(("checks", "statuses"), "read")
HERE = {"routes": [{"repository": CONTROL, "base_branch": "main", "plan": "none"}], **NO_CHECKS}
CI = ".github/workflows/ci.yml"
BY_HAND = "on: {workflow_dispatch: , pull_request: , push: }\njobs: {}\n"


def ready(world: World) -> tuple[Workflows, str]:
    """Code and CI in the control repository; its queue of runs, and a job's own token."""
    workflows = Workflows(world.github.hub)
    files = {**SEED, CI: BY_HAND}
    world.github.as_user(LEIGH.github).push(CONTROL, "main", files, "Begin")
    workflows.take()
    return workflows, workflows.job_token(CONTROL, "ghs_of_the_job", {**ALL, **READ})


def runs(workflows: Workflows) -> list[tuple[str, str]]:
    return [(one.event, one.path) for one in workflows.take()]


@pytest.mark.parametrize(
    ("mode", "account", "woken"),
    [
        ("request", "github-actions[bot]", []),
        ("patchset", RUNNER.github, [("push", CI), ("pull_request", CI)]),
    ],
)
def test_a_patch_that_nobody_saw_wakes_no_ci_though_a_token_of_ones_own_is_there(
    tmp_path: Path, mode: str, account: str, woken: list[tuple[str, str]]
) -> None:
    settings: Mapping[str, Any] = {**HERE, "approval": {"mode": mode}}
    with living(tmp_path, POLITE, settings=settings) as life:
        workflows, token = ready(life.world)
        life.env = environment(life.world, {"PATCHGATE_DEFAULT_TOKEN": token})
        key = life.ticket()
        life.settle()
        if mode == "patchset":
            life.approve(key)
        (pull,) = life.pulls(CONTROL)
        assert pull.login == account
        assert runs(workflows) == woken


def test_with_the_default_token_alone_the_named_workflow_is_started_once_and_read_as_ci(
    tmp_path: Path,
) -> None:
    settings = {**HERE, "pull_request": {"ci_workflows": "ci.yml"}}
    with living(tmp_path, POLITE, settings=settings) as life:
        workflows, token = ready(life.world)
        life.world.github.protect(CONTROL, "main", required_checks=["ci"])
        life.env = environment(life.world, {"GITHUB_TOKEN": token})
        key = life.ticket()
        life.settle()
        life.approve(key)
        assert runs(workflows) == [("workflow_dispatch", CI)]
        head = life.world.github.refs(CONTROL)[f"refs/heads/ai/{key}"]
        (run,) = life.world.github.hub.repository(CONTROL).runs[-1:]
        assert (run.event, run.sha) == ("workflow_dispatch", head)
        (said,) = [x for x in life.events(key) if x["kind"] == "checks-started"]
        assert (said["head"], said["run"]) == (head, str(run.id))
        life.run(key)
        assert runs(workflows) == []
        life.world.github.report_checks(CONTROL, head, {"ci": "success"})
        life.run(key)
        assert life.state(key) == "READY_TO_MERGE"
