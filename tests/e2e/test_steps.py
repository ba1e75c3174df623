"""Steps of jobs with artifacts between them: what is wrong is said once, and harms no ticket."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patchgate.app import bootstrap
from patchgate.app.desk import Journal
from patchgate.app.environment import Environment
from patchgate.app.project import append_project
from patchgate.core.events import SweepDone
from patchgate.standins.http import Fault, FaultKind
from tests.e2e.lives import FIRST_AT_ANY_ATTEMPT, NO_CHECKS, SHOP, living
from tests.e2e.steps import Jobs, Step

UNPLANNED = {"routes": [{"repository": SHOP, "base_branch": "main", "plan": "none"}], **NO_CHECKS}
Spoil = Callable[[Jobs, str], object]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """A ticket that was just assigned, and the run that its bell began."""
    with living(tmp_path / "life", FIRST_AT_ANY_ATTEMPT, settings=UNPLANNED) as life:
        key = life.ticket()
        life.world.bells()
        yield Jobs(life, tmp_path / "jobs", {"client_payload": {"v": 1, "issue": key}})


def proposed(jobs: Jobs) -> tuple[Step, Step]:
    tick, matrix = jobs.asked()
    provider = matrix["provider"]
    expect = tick.outputs["parcel"]
    return tick, jobs.job("propose", brief=matrix["eid"], expect=expect, provider=provider)


def one_error(step: Step, code: int, *words: str) -> None:
    (said,) = [x for x in step.annotations if x.startswith("::error")]
    assert step.code == code, said
    assert f"exit code {code}" in said
    assert "next: " in said
    for word in words:
        assert word in said
    assert f"**Stopped** (exit code {code}):" in step.summary
    assert "\n\n**Next:** " in step.summary


def test_the_rooms_of_one_run_end_with_a_patch_that_waits(jobs: Jobs) -> None:
    tick, propose = proposed(jobs)
    assert (tick.outputs["outcome"], tick.outputs["checks"]) == ("asks", "false")
    settle = jobs.job("settle", rooms='{"propose": {"result": "success"}}')
    assert (settle.code, settle.outputs["state"]) == (0, "WAITING_USER_APPROVAL")
    assert propose.outputs["parcel"].startswith("proposal-")
    names = [tick.outputs["parcel"], propose.outputs["parcel"]]
    check = jobs.job("check", brief=names[1].split("-")[1], expect=json.dumps(names))
    assert (check.code, check.outputs["outcome"]) == (0, "UNKNOWN")
    left = check.place / "patchgate" / "in" / names[0]
    assert [path.name for path in left.iterdir()] == ["checks.json"], "no ticket's text is there"
    assert propose.summary.startswith("## patchgate · propose · MWC-1 · implement\n")
    assert f"| [MWC-1]({jobs.life.world.urls['jira']}/browse/MWC-1) |" in settle.summary
    assert jobs.life.digest("MWC-1") in settle.summary
    assert settle.annotations == []


def test_where_github_does_not_say_whether_it_is_public_it_is_not_checked_and_work_goes_on(
    jobs: Jobs,
) -> None:
    jobs.life.settings(checks={"commands": [["true"]]})
    hub = jobs.life.world.github
    hub.hub.repository(SHOP).private = False
    hub.plan_fault(Fault(FaultKind.STATUS, "GET", "/repos/acme/shop", times=9, status=403))
    tick = jobs.job("tick")
    hub.clear_faults()
    assert (tick.code, tick.outputs["outcome"], tick.annotations) == (0, "asks", [])
    assert "check: no check: " in tick.summary
    parcel = tick.place / "patchgate" / "out"
    assert json.loads((parcel / "checks.json").read_bytes())["public"] == []


def test_a_patch_for_another_private_repository_is_sealed_but_not_checked_and_says_why(
    jobs: Jobs,
) -> None:
    jobs.life.settings(checks={"commands": [["true"]]})
    tick, propose = proposed(jobs)
    assert tick.outputs["checks"] == "true"
    seal = jobs.job("seal", expect=tick.outputs["parcel"])
    assert json.loads(seal.outputs["sealed"]) == [propose.outputs["parcel"]]
    assert seal.outputs["matrix"] == "[]"
    assert "acme/shop is not known to be public, and the check job holds no secret" in seal.summary


def test_secrets_are_masked_before_anything_is_said_and_stand_nowhere(jobs: Jobs) -> None:
    tick, propose = proposed(jobs)
    for step, held in ((tick, "jira"), (tick, "github"), (propose, "anthropic")):
        secret = getattr(jobs.life.world.keys, held)
        assert f"::add-mask::{secret}" in step.said
        masked = [x for x in step.said if x.startswith("::add-mask::")]
        assert step.said[: len(masked)] == masked
        assert secret not in "".join(step.said[len(masked) :]) + step.summary + str(step.outputs)


ABSENT: Spoil = lambda jobs, name: shutil.rmtree(jobs.artifacts / name)  # noqa: E731 - in a table
SHORTER: Spoil = lambda jobs, name: (jobs.artifacts / name / "patch.diff").write_text("-")  # noqa: E731
OTHER: Spoil = lambda jobs, name: (jobs.artifacts / name / "proposal.json").write_text("{}")  # noqa: E731


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        pytest.param(ABSENT, 5, "did not come", id="absent"),
        pytest.param(SHORTER, 6, "other files than its name says", id="truncated"),
        pytest.param(OTHER, 6, "other files than its name says", id="exchanged"),
    ],
)
def test_a_sealed_proposal_that_is_not_as_sealed_stops_settle_and_changes_nothing(
    jobs: Jobs, spoil: Spoil, code: int, words: str
) -> None:
    tick, propose = proposed(jobs)
    seal = jobs.job("seal", expect=tick.outputs["parcel"])
    assert json.loads(seal.outputs["sealed"]) == [propose.outputs["parcel"]]
    before = jobs.life.events("MWC-1")
    spoil(jobs, propose.outputs["parcel"])
    settle = jobs.job("settle", expect=seal.outputs["sealed"])
    one_error(settle, code, words)
    assert jobs.life.events("MWC-1") == before
    assert jobs.life.run("MWC-1") == 0, "the next wake-up goes on"
    assert jobs.life.state("MWC-1") == "WAITING_USER_APPROVAL"


def test_what_was_put_in_after_the_seal_does_not_count(jobs: Jobs) -> None:
    tick, propose = proposed(jobs)
    seal = jobs.job("seal", expect=tick.outputs["parcel"])
    name = propose.outputs["parcel"]
    forged = name[:-64] + "0" * 64
    shutil.copytree(jobs.artifacts / name, jobs.artifacts / forged)
    settle = jobs.job("settle", expect=seal.outputs["sealed"])
    assert (settle.code, settle.outputs["state"]) == (0, "WAITING_USER_APPROVAL")


def test_another_tickets_proposal_is_named_and_left_aside(jobs: Jobs) -> None:
    _, propose = proposed(jobs)
    name = propose.outputs["parcel"]
    other = name.replace(name.split("-")[1], "f" * 16)
    (jobs.artifacts / name).rename(jobs.artifacts / other)
    settle = jobs.job("settle")
    assert settle.code == 0
    (said,) = settle.annotations
    assert "answers no open brief of MWC-1" in said
    assert "run-lost" in jobs.life.kinds("MWC-1")


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({}, "client_payload is missing"),
        ({"client_payload": {"issue": "MWC-1"}}, "has version None"),
        ({"client_payload": {"v": 2, "issue": "MWC-1"}}, "has version 2"),
        ({"client_payload": {"v": 1}}, "has no `issue`"),
        ({"client_payload": {"v": 1, "issue": "::error::x\n"}}, "is no ticket key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_payload_that_is_none_of_ours_is_refused(
    jobs: Jobs, payload: dict[str, object], words: str
) -> None:
    jobs.payload = payload
    tick = jobs.job("tick")
    one_error(tick, 6, words)
    assert tick.outputs.get("parcel", "") == ""
    assert jobs.life.branches("acme/control") == {"main"}


@pytest.mark.parametrize(
    ("room", "given", "code", "words"),
    [
        ("tock", {}, 2, "`room` is 'tock'"),
        ("propose", {}, 2, "`brief` is missing"),
        ("propose", {"brief": "f" * 16}, 2, "`expect` is missing"),
        ("propose", {"brief": "f" * 16, "expect": "briefs-" + "0" * 64}, 5, "did not come"),
        ("check", {"brief": "f" * 16, "expect": "briefs-" + "0" * 64}, 5, "did not come"),
        ("seal", {}, 5, "names no briefs artifact"),
    ],
)
def test_a_step_without_what_it_needs_says_so_once(
    jobs: Jobs, room: str, given: dict[str, str], code: int, words: str
) -> None:
    one_error(jobs.job(room, **given), code, words)


def test_a_brief_of_another_run_or_a_checkout_of_another_commit_is_refused(jobs: Jobs) -> None:
    tick, matrix = jobs.asked()
    expect, provider = tick.outputs["parcel"], matrix["provider"]
    other = jobs.job("propose", brief="f" * 16, expect=expect, provider=provider)
    one_error(other, 5, "there is no brief ffffffffffffffff")
    (jobs.root / "checkout" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    moved = jobs.job("propose", brief=matrix["eid"], expect=expect, provider=provider)
    one_error(moved, 6, "the checkout is at")


Play = Callable[[Jobs, dict[str, str]], Step]
CUT: Spoil = lambda jobs, name: next((jobs.artifacts / name).rglob("*.json")).write_text("{")  # noqa: E731


def tick(env: dict[str, str] | None = None, event: str = "repository_dispatch") -> Play:
    return lambda jobs, _: jobs.job("tick", env, event=event)


def rung(payload: dict[str, object], event: str = "repository_dispatch") -> Play:
    def play(jobs: Jobs, _: dict[str, str]) -> Step:
        before, jobs.payload = jobs.payload, payload
        step = jobs.job("tick", event=event)
        jobs.payload = before
        return step

    return play


def by_hand(**inputs: str) -> Play:
    return rung({"inputs": inputs}, "workflow_dispatch")


def room(name: str, *wanted: str, spoil: tuple[Spoil, str] | None = None, **given: str) -> Play:
    """A room that is told to expect these artifacts, one of which was spoilt on the way."""

    def play(jobs: Jobs, names: dict[str, str]) -> Step:
        kept = jobs.root / "kept"
        shutil.copytree(jobs.artifacts, kept)
        if spoil:
            spoil[0](jobs, names[spoil[1]])
        expect = json.dumps([names[one] for one in wanted])
        step = jobs.job(name, **{"brief": names["eid"], "expect": expect, **given})
        shutil.rmtree(jobs.artifacts)
        kept.rename(jobs.artifacts)
        return step

    return play


AMISS: dict[str, tuple[Play, int, str]] = {
    "no Jira secret": (tick({"JIRA_API_TOKEN": ""}), 4, "not set: JIRA_API_TOKEN"),
    "a Jira secret that is refused": (tick({"JIRA_API_TOKEN": "old-12345"}), 4, "Jira API token"),
    "no write token": (tick({"GITHUB_TOKEN": ""}), 4, "not set: GITHUB_TOKEN"),
    "a write token that is refused": (tick({"GITHUB_TOKEN": "old-12345"}), 4, "GitHub token"),
    "half an App": (
        tick({"GITHUB_TOKEN": "", "GITHUB_APP_ID": "7"}),
        4,
        "not set: GITHUB_APP_PRIVATE_KEY",
    ),
    "no Jira site": (tick({"JIRA_BASE_URL": ""}), 3, "no Jira site is named"),
    "no control repository": (tick({"GITHUB_REPOSITORY": ""}), 3, "GITHUB_REPOSITORY is not set"),
    "no file for outputs": (tick({"GITHUB_OUTPUT": "/no/such/file"}), 2, "/no/such/file"),
    "no event": (tick({"GITHUB_EVENT_NAME": ""}), 6, "the event has no name"),
    "no event's file": (tick({"GITHUB_EVENT_PATH": ""}), 2, "GITHUB_EVENT_PATH is not set"),
    "an event's file that went": (tick({"GITHUB_EVENT_PATH": "/no/event"}), 6, "/no/event"),
    "an event that is not handled": (tick(event="push"), 6, "'push' are not handled"),
    "a ticket that is not there": (
        rung({"client_payload": {"v": 1, "issue": "MWC-99"}}),
        5,
        "MWC-99",
    ),
    "a command that is none": (
        by_hand(command="aprove", issue="MWC-1"),
        6,
        "'aprove' is no command",
    ),
    "an approval of nothing": (by_hand(command="approve", issue="MWC-1"), 6, "needs a digest"),
    "an approval for no ticket": (by_hand(command="approve", digest="a" * 12), 6, "which ticket?"),
    "a brief cut short": (room("propose", "briefs", spoil=(CUT, "briefs")), 6, "other files"),
    "briefs that did not come": (
        room("propose", "briefs", spoil=(ABSENT, "briefs")),
        5,
        "not come",
    ),
    "briefs cut short, at the seal": (
        room("seal", "briefs", spoil=(CUT, "briefs")),
        6,
        "other files",
    ),
    "a proposal cut short, at the seal": (
        room("seal", "briefs", spoil=(SHORTER, "proposal")),
        6,
        "other files",
    ),
    "no proposal to check": (room("check", "briefs"), 5, "names no proposal-"),
    "a proposal exchanged before its check": (
        room("check", "briefs", "proposal", spoil=(OTHER, "proposal")),
        6,
        "other files",
    ),
    "results that are none": (room("settle", rooms="{}{}"), 2, "`rooms` is malformed"),
    "artifacts of others": (room("settle", expect="logs"), 2, "which is no artifact of ours"),
}


def test_whatever_is_missing_or_malformed_is_named_once_and_changes_nothing(jobs: Jobs) -> None:
    asked, propose = proposed(jobs)
    names = {"briefs": asked.outputs["parcel"], "proposal": propose.outputs["parcel"]}
    names["eid"] = names["proposal"].split("-")[1]
    before, shown = jobs.life.events("MWC-1"), jobs.life.shows("MWC-1")
    for what, (play, code, words) in AMISS.items():
        step = play(jobs, names)
        assert step.code == code, (what, step.annotations)
        one_error(step, code, words)
        assert "old-12345" not in "".join(step.annotations) + step.summary, what
    assert (jobs.life.events("MWC-1"), jobs.life.shows("MWC-1")) == (before, shown)
    settle = jobs.job("settle", rooms='{"propose": {"result": "success"}}')
    assert settle.outputs["state"] == "WAITING_USER_APPROVAL", "and the run goes on"


def test_evidence_that_does_not_fit_is_named_and_left_aside(jobs: Jobs) -> None:
    _, propose = proposed(jobs)
    eid = propose.outputs["parcel"].split("-")[1]
    forged = jobs.artifacts / f"evidence-{eid}-{'0' * 64}"
    forged.mkdir()
    (forged / "evidence.json").write_text("{}")
    settle = jobs.job("settle")
    (said,) = settle.annotations
    assert said.startswith("::warning")
    assert "no evidence" in said
    assert (settle.code, settle.outputs["state"]) == (0, "WAITING_USER_APPROVAL")
    assert "evidence-received" not in jobs.life.kinds("MWC-1")


def test_without_a_models_key_the_ticket_says_so_and_nothing_is_spent(jobs: Jobs) -> None:
    asked, matrix = jobs.asked()
    held = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
    given = {"brief": matrix["eid"], "expect": asked.outputs["parcel"]}
    one_error(jobs.job("propose", held, **given), 4, "not set: ANTHROPIC_API_KEY")
    settle = jobs.job("settle", rooms='{"propose": {"result": "failure"}}')
    assert settle.code == 0
    (ended,) = [x for x in jobs.life.events("MWC-1") if x["kind"] == "run-finished"]
    assert "ANTHROPIC_API_KEY" in ended["record"]["detail"]
    assert ended["charged"] == 0


def test_a_room_that_is_handed_a_key_of_another_refuses_to_start(jobs: Jobs) -> None:
    tick, matrix = jobs.asked()
    both = jobs.job("propose", brief=matrix["eid"], expect=tick.outputs["parcel"])
    one_error(both, 10, "must not hold")


def test_a_room_that_failed_is_told_and_settled_and_the_next_run_is_rung_for(jobs: Jobs) -> None:
    jobs.asked()
    settle = jobs.job("settle", rooms='{"propose": {"result": "failure"}}')
    assert (settle.code, settle.outputs["outcome"]) == (0, "goes-on")
    assert "the propose job ended with: failure" in settle.summary
    assert "run-lost" in jobs.life.kinds("MWC-1")
    rung = [x for x in jobs.life.world.github.exchanges if x.path.endswith("/dispatches")][-1]
    assert rung.request["client_payload"] == {"v": 1, "issue": "MWC-1"}


def test_a_sweep_wakes_what_changed_and_warns_once_that_the_schedule_had_stopped(
    jobs: Jobs,
) -> None:
    env = Environment.from_mapping(jobs.life.world.env())
    desk = bootstrap.desk(env, Journal(lambda line: None), cache=jobs.root / "desk")
    append_project(desk, "MWC", SweepDone(at="2026-01-01T00:00:00.000Z", tickets=0))
    jobs.payload = {"schedule": "13,43 * * * *"}
    swept = jobs.job("tick", event="schedule")
    assert (swept.code, swept.outputs["outcome"]) == (0, "swept")
    (warning,) = swept.annotations
    assert "the schedule had stopped: the last sweep of MWC was" in warning
    rung = [x for x in jobs.life.world.github.exchanges if x.path.endswith("/dispatches")][-1]
    assert rung.request["client_payload"] == {"v": 1, "issue": "MWC-1"}
    assert jobs.job("tick", event="schedule").annotations == []
