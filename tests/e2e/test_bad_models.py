"""Models that misbehave: the ticket is parked with the reason, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest

from patchgate.standins.world import LEIGH, PROJECT
from tests.e2e.terminal import (
    EDIT,
    FINAL,
    GOOD_TURNS,
    SHOP,
    TRACEBACK,
    Build,
    terminal,
)

__all__ = ["terminal"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([{"garbage": "lorem"}, {"garbage": "ipsum"}], ["could not be used", "Invalid JSON"]),
        ([{"refuse": "I will not"}], ["the model refuses", "I will not"]),
        ([{"max_tokens": True}], ["the answer was cut at", "tokens"]),
        ([{"endless": True}], ["no answer after 80 steps"]),
        ([{"context": True}], ["context window"]),
        ([{"status": 404}], ["offers no model", "claude-sonnet-5-5"]),
        ([{"final": FINAL}], ["the model changed nothing"]),
    ],
    ids=["garbage", "refusal", "token-limit", "endless", "context", "unknown-model", "no-change"],
)
def test_a_model_that_misbehaves_parks_the_ticket_with_the_reason(
    terminal: Build, said: list[Any], words: list[str]
) -> None:
    t = terminal(*said)
    key = t.ticket()
    ended = t.run(key)
    assert TRACEBACK not in ended.text
    told = t.comments(key)[-1]
    assert all(word in told for word in words), told
    assert "/resume" in told
    assert t.world.jira.issue(key).status == "Blocked"
    assert t.world.jira.issue(key).assignee == LEIGH.jira
    assert set(t.refs(SHOP)) == {"refs/heads/main"}
    assert t.patchgate("status", key).out.count("NEEDS_HUMAN") == 1


def test_a_model_of_an_unknown_name_ends_the_run_with_the_code_of_a_setting(
    terminal: Build,
) -> None:
    t = terminal({"status": 404})
    said = t.run(t.ticket())
    assert (said.code, "offers no model" in said.err) == (3, True)


def implementing(turns: list[Any], **match: int) -> dict[str, Any]:
    return {"match": {"task": "implement", **match}, "turns": turns}


def test_a_parked_ticket_goes_on_with_a_model_that_behaves(terminal: Build) -> None:
    t = terminal(implementing(GOOD_TURNS, run=3), implementing([{"refuse": "No"}]))
    key = t.ticket()
    t.run(key)
    assert "the model refuses" in t.comments(key)[-1]
    t.world.at_jira(LEIGH).comment(key, "/retry")
    assert t.run(key).code == 0
    assert "Patch for approval" in t.comments(key)[-1]


PLAN = {
    "approach": "Two steps.",
    "acceptance": [{"id": "AC1", "text": "It greets."}],
    "files": [{"path": "greet.py", "action": "modify", "reason": "it greets"}],
    "items": [
        {"title": title, "description": "As planned.", "files": ["greet.py"], "acceptance": ["AC1"]}
        for title in ("First", "Second")
    ],
}


def test_a_deleted_sub_task_is_waited_for_by_name_and_its_sibling_does_not_start(
    terminal: Build,
) -> None:
    edit = {"tools": [{"name": "edit_file", "input": EDIT}]}
    plan = {"match": {"task": "plan"}, "turns": [{"final": PLAN}]}
    routes = [{"repository": SHOP, "base_branch": "main"}]
    t = terminal(plan, implementing([edit, {"final": FINAL}]), routes=routes)
    leigh = t.world.at_jira(LEIGH)
    key = t.ticket(kind="Story")
    assert t.run(key).code == 0
    leigh.transition(key, "In Progress")
    assert t.run(key).code == 0
    child = f"{PROJECT}-2"
    assert "Patch for approval" in t.comments(child)[-1]
    leigh.delete(child)
    said = t.run(key)
    assert (said.code, TRACEBACK in said.text) == (0, False)
    for line in (said.out, t.patchgate("status").out):
        assert child in line
        assert "to be seen again" in line
    assert t.patchgate("sweep", room=None).code == 0
    assert t.comments(f"{PROJECT}-3") == []
    assert set(t.refs(SHOP)) == {"refs/heads/main"}
