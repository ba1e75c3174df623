"""Mutants of the promises: the code broken on purpose, and the tests that have to notice.

`docs/reliability.md` lists them. In the short run each is held against the code, so that the list
cannot grow stale; in the long run each is planted in a copy and its tests must fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "patchgate"
DOCUMENT = ROOT / "docs" / "reliability.md"
FAILED = 1
"""How pytest ends when tests failed; other codes mean that it could not test."""


@dataclass(frozen=True)
class Mutant:
    """One fault: what stands in which file, what it becomes, and who notices."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTANTS = [
    Mutant(
        "an intent is not recorded before its effect",
        "app/reconcile.py",
        "            session.record(e.Intended(at=self.desk.now(), effects=intents, "
        "run=self.desk.run))\n",
        "            _ = intents\n",
        (
            "tests/e2e/test_races.py::test_two_runs_of_one_ticket_do_what_one_does_wherever_they_meet",
        ),
    ),
    Mutant(
        "a comment is posted without a look for it",
        "app/execute.py",
        "        posted = tracker.find_comment(key, command.eid, since=self._begun())\n",
        "        posted = None\n",
        ("tests/e2e/test_kills.py::test_an_answer_that_never_came_makes_no_effect_happen_twice",),
    ),
    Mutant(
        "a sub-task is created without a look for it",
        "app/execute.py",
        "        made = desk.tracker.find_subtask(key, command.eid)\n",
        "        made = None\n",
        ("tests/app",),
    ),
    Mutant(
        "a POST to Jira is sent again when no answer came",
        "adapters/jira/connection.py",
        "            allowed_methods=REPEATABLE,\n",
        "            allowed_methods=None,\n",
        ("tests/adapters/test_jira.py",),
    ),
    Mutant(
        "a remote that cannot be asked reads as a ledger without branches",
        "adapters/ledger/store.py",
        '        lines = listed(url, patterns, option="--heads", env=env, timeout=timeout)\n',
        "        try:\n"
        '            lines = listed(url, patterns, option="--heads", env=env, timeout=timeout)\n'
        "        except Exception:\n"
        "            lines = []\n",
        ("tests/adapters/test_ledger.py", "tests/adapters/test_ledger_http.py"),
    ),
    Mutant(
        "a live branch is deleted without a look at the ledger branch",
        "adapters/ledger/gathering.py",
        "            if len(heads) > events and heads[events] == one.stream.head:\n",
        "            if True:\n",
        ("tests/adapters/test_ledger_gather.py", "tests/adapters/test_ledger_load.py"),
    ),
    Mutant(
        "a push moves a branch whatever stands there",
        "adapters/ledger/store.py",
        '        args = ["push", "--porcelain", "--no-thin", '
        "f\"--force-with-lease={ref}:{expected or ''}\"]\n",
        '        args = ["push", "--porcelain", "--no-thin", "--force"]\n',
        ("tests/adapters/test_ledger.py",),
    ),
    Mutant(
        "a broken push counts as done",
        "adapters/ledger/store.py",
        "            if self.refs(ref).get(ref) == new:\n                return\n",
        "            return\n",
        ("tests/adapters/test_ledger.py",),
    ),
    Mutant(
        "the hash of the event before is not compared",
        "core/chain.py",
        "    if shape.prev != after.head:\n",
        "    if False:\n",
        ("tests/core/test_chain.py",),
    ),
    Mutant(
        "a run that goes on counts as over",
        "app/bootstrap.py",
        "        return runs.local_run_has_ended(name)\n",
        "        return True\n",
        (
            "tests/e2e/test_races.py::test_two_runs_of_one_ticket_do_what_one_does_wherever_they_meet",
        ),
    ),
    Mutant(
        "a run leaves without looking again",
        "app/reconcile.py",
        "            if not self._has_news(course):\n",
        "            if True:\n",
        (
            "tests/e2e/test_races.py::test_a_run_looks_again_before_it_leaves_and_needs_no_second_bell",
        ),
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_is_a_fault_of_the_code_as_it_is(mutant: Mutant) -> None:
    text = (SOURCE / mutant.file).read_text("utf-8")
    assert text.count(mutant.before) == 1
    compile(text.replace(mutant.before, mutant.after), mutant.file, "exec")
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists()
        assert not name or f"def {name}(" in (ROOT / path).read_text("utf-8")


def test_the_document_lists_every_mutant() -> None:
    told = DOCUMENT.read_text("utf-8")
    assert [one.name for one in MUTANTS if one.name not in told] == []


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_the_suite_turns_red_with_a_mutant(mutant: Mutant, tmp_path: Path) -> None:
    for name in ("src", "tests", "prompts", "policies", "benchmarks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = tmp_path / "src" / "patchgate" / mutant.file
    text = place.read_text("utf-8")
    place.write_text(text.replace(mutant.before, mutant.after), "utf-8")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path / 'src'}{os.pathsep}{tmp_path}"}
    options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *mutant.tests],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1_200, check=False,
    )  # fmt: skip
    assert done.returncode == FAILED, f"{mutant.name} lives:\n{done.stdout[-2_000:]}"
