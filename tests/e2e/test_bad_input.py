"""Wrong input at the command line: one message, its exit code, nothing lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from patchgate.app.environment import MAY_HOLD, VARIABLES, Kind, Room
from patchgate.standins.http import Fault, FaultKind
from patchgate.standins.jira import Project
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.jira.state import Transition
from patchgate.standins.world import LEIGH, PROJECT
from tests.adapters.every_node import EVERY_NODE
from tests.e2e.terminal import (
    GOOD_TURNS,
    ROUTES,
    SEED,
    SHOP,
    TRACEBACK,
    Build,
    Terminal,
    terminal,
    worked,
)

__all__ = ["terminal", "worked"]


def state_of(t: Terminal, key: str) -> tuple[Any, ...]:
    """What people and the ledger have of a ticket."""
    issue = t.world.jira.issue(key)
    return issue.status, issue.assignee, t.comments(key), t.refs(), t.refs(SHOP)


# ── settings ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"reviewr": "Leigh"}, ["patchgate.yml:", "reviewr", "did you mean `reviewer`?"]),
        ({"limits": {"atempts": 2}}, ["limits.atempts", "did you mean `attempts`?"]),
        ({"policy": "standrad"}, ["'standrad'", "Correct `policy`"]),
        ({"policy": "README.md"}, ["README.md"]),
        ("version: [1", ["patchgate.yml:1", "not YAML"]),
        ("", ["patchgate.yml", "should be a mapping"]),
    ],
    ids=["key", "nested-key", "policy", "malformed-policy", "not-yaml", "empty"],
)
def test_wrong_settings_are_named_with_their_place_and_touch_no_ticket(
    terminal: Build, settings: Any, words: list[str]
) -> None:
    t = terminal()
    key = t.ticket()
    t.settings(settings)
    before = state_of(t, key)
    assert t.tick(key).complains(3, *words)
    assert state_of(t, key) == before


# ── what was asked for ───────────────────────────────────────────────────────────────────


def test_an_unknown_ticket_is_named(terminal: Build) -> None:
    t = terminal()
    for command in (t.tick, lambda k: t.patchgate("status", k)):
        assert command("MWC-99").complains(5, "MWC-99", "Check the name")
    assert t.patchgate("ledger", "show", "MWC-99").complains(5, "MWC-99")
    assert t.tick("hello").complains(2, "'hello'", "`ABC-123`")


def test_a_ticket_that_was_never_taken_up_says_how_to_start_it(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    assert t.patchgate("status", key).complains(5, key, "Assign it to the runner")


@pytest.mark.parametrize(
    ("name", "body", "code", "words"),
    [
        ("repository_dispatch", "{nope", 6, ["is not JSON"]),
        ("repository_dispatch", "[]", 6, ["not a JSON object"]),
        ("repository_dispatch", "[" * 100_000, 6, ["is not JSON"]),
        ("push", "{}", 6, ["'push'", "Handled: repository_dispatch"]),
        ("repository_dispatch", {"client_payload": {"v": 2, "issue": "A-1"}}, 6, ["version 2"]),
        ("repository_dispatch", {"client_payload": {"v": 1}}, 6, ["no `issue`"]),
        ("repository_dispatch", {}, 6, ["client_payload is missing"]),
        (
            "repository_dispatch",
            {"client_payload": {"v": 1, "issue": "; rm"}},
            6,
            ["no ticket key"],
        ),
        ("schedule", {}, 2, ["patchgate sweep"]),
        ("", {}, 2, ["--event-name"]),
    ],
)
def test_a_wrong_event_is_told_apart(
    terminal: Build, name: str, body: Any, code: int, words: list[str]
) -> None:
    t = terminal()
    event = t.folder / "event.json"
    event.write_text(body if isinstance(body, str) else json.dumps(body))
    said = t.tick("--event", str(event), "--event-name", name)
    assert said.complains(code, *words)
    assert t.world.jira.requests_seen() == 0


def test_an_event_file_that_is_not_there_is_named(terminal: Build) -> None:
    assert (
        terminal()
        .tick("--event", "/no/event.json", "--event-name", "push")
        .complains(6, "/no/event.json", "No such file")
    )


def test_an_event_about_no_ticket_of_ours_is_nothing_to_do(terminal: Build) -> None:
    t = terminal()
    event = t.folder / "event.json"
    event.write_text('{"issue": {"title": "Hello"}}')
    said = t.tick("--event", str(event), "--event-name", "issue_comment")
    assert (said.code, "names no ticket" in said.out) == (0, True)


# ── routes ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("route", "code", "words"),
    [
        ({"repository": SHOP, "match": {"labels": ["web"]}}, 3, ["no route", "labels web"]),
        ({"repository": "acme/nope"}, 5, ["acme/nope", "not there or not visible"]),
        ({"repository": "acme/nope", "base_branch": "main"}, 5, ["acme/nope", "not visible"]),
        ({"repository": SHOP, "base_branch": "mainn"}, 5, ["branch mainn", "does not exist"]),
    ],
    ids=["no-route", "no-repository", "no-repository-named-branch", "no-branch"],
)
def test_a_ticket_that_leads_nowhere_is_told_so_once_and_taken_up_when_mended(
    terminal: Build, route: dict[str, Any], code: int, words: list[str]
) -> None:
    t = terminal(routes=[{"plan": "none", **route}])
    key = t.ticket()
    for _ in range(2):
        assert t.tick(key).complains(code, *words)
    (told,) = t.comments(key)
    assert all(word in told for word in words)
    assert "assign the ticket to the runner again" in told
    assert t.world.jira.issue(key).status == "Backlog"
    t.settings({"routes": ROUTES})
    assert t.tick(key).code == 0
    assert t.world.jira.issue(key).status == "In Progress"


def test_a_repository_that_vanishes_parks_its_tickets_with_the_reason(
    worked: tuple[Terminal, str],
) -> None:
    t, key = worked
    t.world.at_jira(LEIGH).comment(key, "/changes say good evening")
    t.world.github.as_user(LEIGH.github).create_branch(SHOP, "other")
    t.world.github.as_user(LEIGH.github).delete_branch(SHOP, "main")
    assert t.tick(key).complains(5, "branch main of acme/shop does not exist")
    assert "branch main of acme/shop does not exist" in t.comments(key)[-1]
    assert t.world.jira.issue(key).status == "Blocked"
    t.world.github.as_user(LEIGH.github).create_branch(SHOP, "main", "other")
    t.world.at_jira(LEIGH).comment(key, "/resume")
    assert "brief" in t.tick(key).out


@pytest.mark.parametrize(
    ("repository", "code", "words"),
    [("acme/none", 5, ["acme/none"]), ("", 3, ["GITHUB_REPOSITORY"]), ("x", 3, ["owner/name"])],
)
def test_a_control_repository_that_is_not_there_is_named(
    terminal: Build, repository: str, code: int, words: list[str]
) -> None:
    t = terminal()
    t.variables = {"GITHUB_REPOSITORY": repository}
    assert t.tick("MWC-1").complains(code, *words)


# ── statuses ─────────────────────────────────────────────────────────────────────────────


def test_a_status_out_of_reach_parks_and_lists_what_jira_offers(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    flow = t.world.jira.state.projects[PROJECT].workflow
    flow.transitions = [way for way in flow.transitions if way.to != "In Progress"]
    assert t.tick(key).code == 0
    assert t.world.jira.issue(key).status == "Blocked"
    (told,) = t.comments(key)
    assert "'In Progress'" in told
    assert "Backlog, Plan Review, In Testing, Done, Blocked" in told


def test_a_field_that_a_transition_requires_is_named_with_its_setting(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    flow = t.world.jira.state.projects[PROJECT].workflow
    flow.transitions = [
        Transition(w.id, w.name, w.to, w.sources, ("resolution",) if w.to == "In Progress" else ())
        for w in flow.transitions
    ]
    assert t.tick(key).code == 0
    (told,) = t.comments(key)
    assert "'Resolution'" in told
    assert "jira.transition_fields" in told


# ── the ticket ───────────────────────────────────────────────────────────────────────────


def test_a_ticket_of_ten_megabytes_and_every_kind_of_node_is_worked(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    words = {"type": "text", "text": "word " * 2000}
    wall = [{"type": "paragraph", "content": [words]}] * 1000
    issue = t.world.jira.issue(key)
    issue.description = {"type": "doc", "version": 1, "content": wall}
    comment = t.world.at_jira(LEIGH).comment(key, "…")
    comment.body = EVERY_NODE
    assert len(adf_to_text(issue.description)) > 9_000_000
    assert t.run(key).code == 0
    assert "Patch for approval" in t.comments(key)[-1]


def test_a_repository_of_ten_thousand_files_is_worked(terminal: Build) -> None:
    listing = {"tools": [{"name": "list_files", "input": {}}]}
    many = {f"d{n % 100}/f{n}.txt": f"{n}\n" for n in range(10_000)}
    t = terminal(listing, *GOOD_TURNS, seed={**many, **SEED})
    key = t.ticket()
    assert t.run(key).code == 0
    assert "Patch for approval" in t.comments(key)[-1]


def test_a_moved_ticket_keeps_its_stream_under_either_key(worked: tuple[Terminal, str]) -> None:
    t, key = worked
    t.world.jira.state.add_project(Project("OPS", "Operations"))
    moved = t.world.at_jira(LEIGH).move(key, "OPS").key
    assert moved == "OPS-1"
    t.approve(moved)
    assert t.tick(key).code == 0
    assert "refs/heads/ai/MWC-1" in t.refs(SHOP)
    assert [name for name in t.refs() if "OPS" in name] == []
    for name in (key, moved):
        assert "VERIFYING_CI" in t.patchgate("status", name).out
        assert t.patchgate("ledger", "verify", name, "--online").code == 0


def test_a_deleted_ticket_is_waited_for_by_name_and_stops_no_other(terminal: Build) -> None:
    t = terminal()
    key, other = t.ticket(), t.ticket()
    t.run(key)
    t.run(other)
    t.approve(other)
    before = t.refs(SHOP)
    t.world.at_jira(LEIGH).delete(key)
    said = t.tick(key)
    assert (said.code, TRACEBACK in said.text, t.refs(SHOP)) == (0, False, before)
    for line in (said.out, t.patchgate("status", key).out):
        assert "to be seen again" in line
    assert "can no longer be seen" in t.patchgate("ledger", "verify", "--online").out
    assert t.patchgate("ledger", "show", key).code == 0
    assert t.patchgate("sweep", room=None).code == 0
    assert set(t.refs(SHOP)) - set(before) == {f"refs/heads/ai/{other}"}


# ── what others made ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("with_pull", [False, True], ids=["branch", "pull-request"])
def test_a_branch_or_pull_request_of_our_name_is_left_alone_and_told_of(
    worked: tuple[Terminal, str], with_pull: bool
) -> None:
    t, key = worked
    leigh = t.world.github.as_user(LEIGH.github)
    leigh.push(SHOP, f"ai/{key}", {"mine.txt": "mine\n"}, "Mine")
    if with_pull:
        leigh.open_pull(SHOP, f"ai/{key}")
    before = t.refs(SHOP)
    t.approve(key)
    assert t.tick(key).code == 0
    assert t.refs(SHOP) == before
    assert f"ai/{key}" in t.comments(key)[-1]
    assert "rename or remove" in t.comments(key)[-1]
    assert t.world.jira.issue(key).status == "Blocked"


def test_two_runs_on_one_ticket_ask_one_model_once(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    command = [sys.executable, "-I", "-m", "patchgate", "run", key]
    runs = [
        subprocess.Popen(command, env=t.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    said = [run.communicate(timeout=60)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert TRACEBACK not in "".join(said)
    assert len(t.comments(key)) == 1
    assert t.world.anthropic.requests_seen() == len(GOOD_TURNS)


# ── held, barred, interrupted ────────────────────────────────────────────────────────────


def test_stop_holds_every_write_until_it_is_lifted(worked: tuple[Terminal, str]) -> None:
    t, key = worked
    t.approve(key)
    t.variables = {"PATCHGATE_STOP": "freeze"}
    assert "unset PATCHGATE_STOP" in t.tick(key).out
    t.variables = {}
    assert t.patchgate("stop", PROJECT).complains(2, "--reason")
    assert t.patchgate("stop", "NOPE", "--reason", "x").complains(2, "NOPE", PROJECT)
    assert t.patchgate("stop", PROJECT, "--reason", "audit").code == 0
    assert "audit" in t.tick(key).out
    assert "audit" in t.patchgate("status").out
    assert f"refs/heads/ai/{key}" not in t.refs(SHOP)
    assert t.patchgate("stop", PROJECT, "--resume").code == 0
    assert t.tick(key).code == 0
    assert f"refs/heads/ai/{key}" in t.refs(SHOP)


BARRED = [
    (room, variable.name)
    for room in Room
    for variable in VARIABLES
    if variable.kind not in MAY_HOLD[room] | {Kind.PLACE}
]
ROOM_ARGUMENTS = {
    Room.TICK: ["MWC-1"],
    Room.SETTLE: ["MWC-1"],
    Room.PROPOSE: ["--brief", "b", "--checkout", "c", "--out", "o"],
    Room.CHECK: ["--proposal", "p", "--checkout", "c", "--order", "o", "--out", "x"],
}


@pytest.mark.parametrize(("room", "name"), BARRED)
def test_a_room_with_a_key_that_it_must_not_hold_does_not_start(
    terminal: Build, room: Room, name: str
) -> None:
    t = terminal()
    secret = "do-not-print-this"
    t.variables = {name: secret}
    said = t.patchgate(room.value, *ROOM_ARGUMENTS[room], room=room)
    assert said.complains(10, f"the {room} room must not hold", name)
    assert secret not in said.text
    assert sum(s.requests_seen() for s in t.world.services) == 0


def test_a_folder_that_cannot_be_written_is_named(terminal: Build) -> None:
    t = terminal()
    file = t.folder / "file"
    file.write_text("")
    for argv in (["--folder", str(file / "x")], ["--cache", str(file / "x")]):
        said = t.patchgate("tick", "MWC-1", *argv)
        assert said.complains(2, str(file))
    key = t.ticket()
    t.run(key)
    out = str(file / "x.tar")
    assert t.patchgate("ledger", "export", key, out).complains(2, out)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs started here heed SIGINT, also where a shell in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def started(t: Terminal, *argv: str) -> subprocess.Popen[str]:
    """The program on its own, not waited for."""
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "patchgate", *argv],
        env=t.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_the_rooms_too_and_loses_nothing(terminal: Build) -> None:
    t = terminal()
    key = t.ticket()
    t.world.anthropic.plan_fault(Fault(FaultKind.DELAY, "POST", times=1, seconds=60))
    asked = threading.Event()
    t.world.anthropic.on_arrival = lambda _: asked.set()
    run = started(t, "run", key, "--cache", str(t.folder / "c"))
    assert asked.wait(60)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert (run.returncode, TRACEBACK in err) == (130, False)
    assert "interrupted" in err
    t.world.anthropic.clear_faults()
    assert t.run(key).code == 0
    assert "Patch for approval" in t.comments(key)[-1]
