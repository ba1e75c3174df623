from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchgate.adapters.sandbox import unavailable
from patchgate.standins.demo.paper import paper
from patchgate.standins.demo.reckoning import Expected, differences
from patchgate.standins.demo.story import sample
from patchgate.standins.github.bare import BareRepository
from patchgate.standins.world import LEIGH, Target, World
from tests.e2e.conftest import patchgate


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


def test_nothing_but_the_ledger_was_written_before_the_approval(
    played: tuple[int, str, Path],
) -> None:
    printed = played[1]
    said = printed.index("still has main and nothing else: only the ledger was written")
    assert said < printed.index("“/approve ") < printed.index("pushed ")


@pytest.mark.skipif(bool(unavailable()), reason="bwrap is needed for the check room")
def test_the_checks_ran_on_each_patch(played: tuple[int, str, Path]) -> None:
    lines = [line.split() for line in played[1].splitlines()]
    assert sum(line[:3] == ["check", "check", "PASSED:"] for line in lines) == 3


def test_what_is_kept_can_be_looked_into(played: tuple[int, str, Path]) -> None:
    kept = played[2]
    shop = BareRepository(kept / "github" / "acme" / "shop.git")
    subjects = shop.run("log", "--format=%s", "main").splitlines()
    assert "Tell the customers" in subjects
    assert sum(subject.startswith("MWC-2: ") for subject in subjects) == 2
    assert sum(subject.startswith("MWC-3: ") for subject in subjects) == 1
    control = BareRepository(kept / "github" / "acme" / "control.git")
    assert any(ref.startswith("refs/heads/patchgate/") for ref in control.refs())
    state = json.loads((kept / "jira.json").read_text("utf-8"))
    assert {issue["status"] for issue in state["issues"].values()} == {"Done"}
    assert "users" not in state
    with tarfile.open(kept / "ledger" / "MWC-1.tar") as tar:
        assert any(name.endswith("/events.jsonl") for name in tar.getnames())


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
