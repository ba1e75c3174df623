"""Lives in which the repository's own checks run, played as real processes where it matters."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from patchgate.app import bootstrap
from patchgate.app.run import spawned
from tests.e2e.answers import POLITE, edits
from tests.e2e.lives import LEIGH, SHOP, UNPLANNED, Life, living

SANDBOX = bootstrap.sandbox_barred()
SANDBOXED = pytest.mark.skipif(bool(SANDBOX), reason=f"bwrap: {SANDBOX}")
CHECK = {"checks": {"commands": [["python3", "-m", "unittest", "-q"]]}}
CHECKED: dict[str, Any] = {**UNPLANNED, **CHECK}
TEST = """\
import unittest

from greet import greet


class Greeting(unittest.TestCase):
    def test_it_ends_with_the_name(self):
        self.assertEqual(greet("Ann"), "Hello Ann")
"""
BROKEN = {"greet.py": 'def greet(name):\n    return "Hello" + name\n', "test_greet.py": TEST}
SOUND = {"greet.py": 'def greet(name):\n    return "Hello " + name\n', "test_greet.py": TEST}


@SANDBOXED
@pytest.mark.covers("S0.48", "S0.66", "S1.21")
def test_a_bug_is_mended_and_the_failing_test_passes_before_anybody_approves(
    tmp_path: Path,
) -> None:
    mend = edits(("greet.py", '"Hello" +', '"Hello " +'), summary="Puts the blank back")
    with living(tmp_path, mend, settings=CHECKED, seed=BROKEN) as life:
        key = life.ticket("The blank is missing", "greet('Ann') gives HelloAnn.", kind="Bug")
        life.settle()
        assert "PASSED" in life.said(key)[-1]
        assert life.branches() == {"main"}
        (evidence,) = [x for x in life.events(key) if x["kind"] == "evidence-received"]
        assert evidence["level"] == "PASSED"
        life.approve(key)
        assert len(life.pulls()) == 1


@SANDBOXED
@pytest.mark.covers("S0.48", "S1.21")
def test_a_patch_that_fails_the_repositorys_checks_is_shown_so_to_its_approver(
    tmp_path: Path,
) -> None:
    with living(tmp_path, POLITE, settings=CHECKED, seed=SOUND) as life:
        key = life.ticket()
        life.settle()
        assert "FAILED" in life.said(key)[-1]
        assert life.pulls() == []


@SANDBOXED
@pytest.mark.covers("S0.67")
def test_a_refactoring_over_several_files_leaves_the_checks_passing(tmp_path: Path) -> None:
    moved = edits(
        ("words.py", "", 'HELLO = "Hello "\n'),
        ("greet.py", 'def greet(name):\n    return "Hello "', "from words import HELLO\n\n\n"
         "def greet(name):\n    return HELLO"),
        summary="The word has a place of its own",
    )  # fmt: skip
    with living(tmp_path, moved, settings=CHECKED, seed=SOUND) as life:
        key = life.ticket("Move the word", "It is needed elsewhere.")
        life.settle()
        assert "PASSED" in life.said(key)[-1]
        life.approve(key)
        tree = life.world.github.tree(SHOP, "ai/MWC-1")
        assert tree["words.py"] == b'HELLO = "Hello "\n'
        assert b"return HELLO + name" in tree["greet.py"]


# ── real processes ───────────────────────────────────────────────────────────────────────


@SANDBOXED
def test_every_room_is_a_process_of_its_own_on_the_way_to_done(tmp_path: Path) -> None:
    mend = edits(("greet.py", '"Hello" +', '"Hello " +'), summary="Puts the blank back")
    with living(tmp_path, mend, settings=CHECKED, seed=BROKEN, enter=spawned) as life:
        key = life.ticket("The blank is missing", kind="Bug")
        life.settle()
        life.approve(key)
        life.ci()
        life.merge()
        assert life.shows(key) == ("Done", "Leigh")
        assert not [line for line in life.lines if line.startswith("patchgate:")]


@pytest.mark.covers("S1.37")
def test_two_runs_at_once_ask_the_model_once_and_open_one_pull_request(tmp_path: Path) -> None:
    with living(tmp_path, POLITE, enter=spawned) as life:
        key = life.ticket()
        life.world.bells()
        _at_once(life, key)
        assert life.kinds(key).count("attempt-reserved") == 1
        assert len(life.world.anthropic.exchanges) == 3
        assert len(life.said(key)) == 1
        life.world.at_jira(LEIGH).comment(key, f"/approve {life.digest(key)}")
        life.world.bells()
        _at_once(life, key)
        life.run(key)
        assert len(life.pulls()) == 1
        assert life.kinds(key).count("patch-published") == 1


def _at_once(life: Life, key: str) -> None:
    threads = [threading.Thread(target=life.run, args=(key,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ── again from the start ─────────────────────────────────────────────────────────────────


@pytest.mark.covers("S1.7")
def test_the_same_inputs_lead_to_the_same_branch_pull_request_and_ticket(tmp_path: Path) -> None:
    assert _end_of_a_life(tmp_path / "one") == _end_of_a_life(tmp_path / "two")


def _end_of_a_life(root: Path) -> dict[str, Any]:
    with living(root, POLITE) as life:
        key = life.ticket()
        life.settle()
        digest = life.approve(key)
        life.ci()
        branch = life.world.github.commit(SHOP, "ai/MWC-1")
        (pull,) = life.pulls()
        life.merge()
        return {
            "digest": digest,
            "subject": branch.message.splitlines()[0],
            "tree": branch.tree,
            "pull": (pull.title, pull.labels, pull.pull and pull.pull.reviewers),
            "events": life.kinds(key),
            "comments": [text.splitlines()[0] for text in life.said(key)],
            "shows": life.shows(key),
            "branches": life.branches(),
        }
