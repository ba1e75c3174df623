from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchgate.adapters.sandbox import unavailable
from patchgate.standins.demo.paper import paper
from patchgate.standins.demo.reckoning import LEFT_OUT, Expected, differences
from patchgate.standins.demo.story import sample
from patchgate.standins.github.bare import BareRepository
from patchgate.standins.world import LEIGH, RUNNER, Target, World
from tests.e2e.conftest import patchgate

STATES = ("jira", "github")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path]:
    kept = tmp_path_factory.mktemp("demo") / "kept"
    status, printed = patchgate("demo", "--keep", str(kept), "--pause", env={"COLUMNS": "110"})
    return status, printed, kept


def test_the_demo_plays_the_ticket_to_its_end(played: tuple[int, str, Path]) -> None:
    status, printed, _ = played
    assert status == 0, printed
    assert "MWC-1 is Done" in printed
    assert "every chain, tip and artifact fits" in printed
    assert "differs:" not in printed


def test_it_says_that_the_answers_were_written_by_hand(played: tuple[int, str, Path]) -> None:
    assert "answers were written by hand" in played[1]


def test_it_shows_rooms_gates_and_the_digest_that_was_approved(
    played: tuple[int, str, Path],
) -> None:
    printed = played[1]
    lines = printed.splitlines()
    for room in ("tick", "propose", "check", "settle"):
        assert any(line.split()[:1] == [room] for line in lines), room
    assert "gate   G2 policy: ACCEPT" in printed
    digest = printed.partition("“/approve ")[2].partition("”")[0]
    assert f"patch {digest} approved by Robin" in printed
    assert printed.count("a tool call failed") == 2


def test_a_blocked_patch_is_shown_and_lifted_by_an_approver_with_a_reason(
    played: tuple[int, str, Path],
) -> None:
    printed = played[1]
    blocked = printed.index("gate   G2 policy: ESCALATE: scope (BLOCK)")
    shown = printed.index("BLOCK scope CHANGELOG.md: is not in the plan")
    lifted = printed.index("“/override scope the plan forgot the changelog")
    accepted = printed.index("gate   G2 policy: ACCEPT: scope (overridden)", lifted)
    assert blocked < shown < lifted < accepted
    assert "overridden scope CHANGELOG.md" in printed[lifted:]


def test_nothing_but_the_ledger_was_written_before_the_approval(
    played: tuple[int, str, Path],
) -> None:
    printed = played[1]
    said = printed.index("still has main and nothing else: only the ledger was written")
    assert said < printed.index("“/approve ") < printed.index("pushed ")


@pytest.mark.covers("S0.2", "S0.4", "S0.47")
def test_openai_plans_and_claude_implements(played: tuple[int, str, Path]) -> None:
    assert played[1].count("planner (openai gpt-6-sol) answered") == 2
    assert played[1].count("implementer (anthropic claude-sonnet-5-5) answered") == 3


@pytest.mark.skipif(bool(unavailable()), reason="bwrap is needed for the check room")
def test_the_checks_ran_on_each_patch(played: tuple[int, str, Path]) -> None:
    lines = [line.split() for line in played[1].splitlines()]
    assert sum(line[:3] == ["check", "check", "PASSED:"] for line in lines) == 3


def test_what_is_kept_can_be_looked_into_and_holds_no_credential(
    played: tuple[int, str, Path],
) -> None:
    kept = played[2]
    control = BareRepository(kept / "github" / "acme" / "control.git")
    assert any(ref.startswith("refs/heads/patchgate/") for ref in control.refs())
    with tarfile.open(kept / "ledger" / "MWC-1.tar") as tar:
        assert any(name.endswith("/events.jsonl") for name in tar.getnames())
    states = [json.loads((kept / f"{name}.json").read_text("utf-8")) for name in STATES]
    assert not LEFT_OUT & {key for state in states for key in state}


@pytest.mark.covers("S0.49", "S0.57", "S1.73")
def test_commits_name_the_ticket_and_a_persons_own_stays_between_them(
    played: tuple[int, str, Path],
) -> None:
    shop = BareRepository(played[2] / "github" / "acme" / "shop.git")
    subjects = shop.run("log", "--format=%s", "--no-merges", "--reverse", "main").splitlines()
    assert subjects == [
        "Start",
        "MWC-2: Voucher codes and what they take off",
        "Tell the customers",
        "MWC-2: Round a voucher's discount up, in the customer's favour",
        "MWC-3: A voucher option at the till",
    ]
    assert "newsletter" in shop.run("show", "main:CHANGELOG.md")


@pytest.mark.covers("S0.22", "S0.46", "S0.51", "S1.24", "S1.72")
def test_each_sub_task_has_one_branch_and_one_pull_request(played: tuple[int, str, Path]) -> None:
    state = json.loads((played[2] / "github.json").read_text("utf-8"))
    issues = state["repositories"]["acme/shop"]["issues"].values()
    assert [issue["pull"]["head"] for issue in issues] == ["ai/MWC-2", "ai/MWC-3"]
    assert all(issue["pull"]["merged_by"] == LEIGH.github for issue in issues)


@pytest.mark.covers("S0.3", "S0.20", "S0.38", "S0.54")
def test_jira_holds_the_sub_tasks_and_the_final_summary(played: tuple[int, str, Path]) -> None:
    state = json.loads((played[2] / "jira.json").read_text("utf-8"))
    parent, *children = state["issues"].values()
    assert {issue["status"] for issue in (parent, *children)} == {"Done"}
    assert [child["parent"] for child in children] == [parent["id"]] * 2
    for number, child in enumerate(children, 1):
        items = [item for history in child["histories"] for item in history["items"]]
        first = next(item for item in items if item["field"] == "assignee")
        assert first["before"] == RUNNER.jira
        assert any(f"/pull/{number}" in json.dumps(c["body"]) for c in child["comments"])
    summary = json.dumps(parent["comments"][-1]["body"])
    assert all(child["key"] in summary for child in children)


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    status, printed = patchgate("demo", "--keep", str(tmp_path))
    assert status == 2
    assert "is not empty" in printed


# ── the parts ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def unplayed(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, target=Target(sample())) as world:
        leigh = world.at_jira(LEIGH)
        leigh.create("MWC", "Story", "One")
        leigh.create("MWC", "Sub-task", "Two", parent="MWC-1")
        yield world


def test_the_reckoning_names_everything_that_differs(unplayed: World) -> None:
    stray = unplayed.github.as_user(LEIGH.github).push("acme/shop", "stray", {"a": "a"}, "Stray")
    expected = Expected("MWC", "acme/shop", ("MWC-2",), human_commit=stray, untouched=False)
    assert differences(unplayed, expected) == [
        "MWC-1 is Backlog, not Done",
        "MWC-2 is Backlog, not Done",
        "pull requests come from nowhere",
        f"the human commit {stray[:12]} is not on main",
        "something was on GitHub before the first patch was approved",
    ]


def test_a_comment_reads_as_in_jira() -> None:
    bold = [{"type": "strong"}]
    text = [{"type": "text", "text": "Files", "marks": bold}]
    item = {"type": "paragraph", "content": [{"type": "text", "text": "a.py"}]}
    blocks = [
        {"type": "heading", "content": [{"type": "text", "text": "Plan"}]},
        {"type": "paragraph", "content": text},
        {"type": "bulletList", "content": [{"type": "listItem", "content": [item, item]}]},
        {"type": "codeBlock", "content": [{"type": "text", "text": "-old\n+new"}]},
    ]
    shown = [line.plain for line in paper({"type": "doc", "content": blocks})]
    assert shown == ["Plan", "", "Files", "", "• a.py", "  a.py", "", "-old", "+new"]
