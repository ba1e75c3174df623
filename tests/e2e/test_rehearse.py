from __future__ import annotations

import hashlib
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.adapters.sandbox import unavailable
from patchgate.standins.github.bare import BareRepository
from patchgate.standins.http import Server
from patchgate.standins.models import AnthropicMessages, parse_script
from tests.e2e.conftest import Rehearsed, git, patchgate, repository

TICKET = "---\nplan: none\n---\n# Greet politely\n\nSay good day.\n"
ANSWERS = """
version: 1
answers:
  - match: {task: implement}
    turns:
      - tools:
          - {name: edit_file, input: {path: greet.py, old: Hello, new: Good day}}
      - final: {summary: Greets politely., rationale: As asked., criteria: [], questions: []}
"""
PEOPLE = """
- {when: patch, do: /approve}
- {when: pull, do: [checks green, merge]}
"""


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with its content, mode and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = f"{state.st_mode} {state.st_mtime_ns} {state.st_nlink} {digest}"
    return found


@pytest.fixture
def small(tmp_path: Path) -> list[str]:
    """Arguments for a rehearsal on a repository of one file."""
    (tmp_path / "repo").mkdir()
    repo = repository(tmp_path / "repo", {"greet.py": 'print("Hello")\n'})
    files = {"ticket": TICKET, "answers": ANSWERS, "people": PEOPLE}
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    pairs = [[f"--{name}", str(tmp_path / name)] for name in files]
    return ["rehearse", "--repo", str(repo), *(word for pair in pairs for word in pair)]


@pytest.mark.parametrize("name", ["itsdangerous", "markdown", "pylint"])
def test_a_real_project_gets_its_failing_test_green_after_tools_that_failed(
    name: str, rehearsed: Callable[[str], Rehearsed], tmp_path: Path
) -> None:
    reason = unavailable()
    if reason and not os.environ.get("CI"):
        pytest.skip(f"bwrap is needed for the check room: {reason}")
    project = rehearsed(name)
    said, before = project.said, fingerprint(project.repo)
    quiet = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    assert len(git(project.repo, "ls-files").splitlines()) >= said["least_files"]
    failing = subprocess.run(
        said["check"], cwd=project.repo, env=quiet, check=False, capture_output=True
    )
    assert failing.returncode != 0

    status, printed = patchgate("rehearse", *project.arguments, "--keep", str(tmp_path / "kept"))

    assert status == 0, printed
    assert "check  PASSED" in printed
    assert printed.count("a tool call failed") >= 2
    assert fingerprint(project.repo) == before, "the user's repository was touched"
    bare = BareRepository(tmp_path / "kept" / "github" / "local" / f"{project.repo.name}.git")
    start = git(project.repo, "rev-parse", "HEAD")
    assert bare.run("diff", "--name-only", start, "main").splitlines() == said["touches"]


def test_a_rehearsal_leaves_the_result_to_be_cloned(small: list[str], tmp_path: Path) -> None:
    status, printed = patchgate(*small, "--keep", str(tmp_path / "kept"))
    assert status == 0, printed
    assert "1 file changed" in printed
    place = tmp_path / "kept" / "github" / "local" / "repo.git"
    assert f"git clone {place}" in printed
    git(tmp_path, "clone", "-q", str(place), "result")
    assert (tmp_path / "result" / "greet.py").read_text("utf-8") == 'print("Good day")\n'
    assert (tmp_path / "kept" / "ledger" / "MWC-1.tar").is_file()


def test_real_keys_ask_the_endpoint_of_the_environment(small: list[str], tmp_path: Path) -> None:
    (tmp_path / "people").write_text("- {when: patch, do: quit}", "utf-8")
    at = small.index("--answers")
    without = small[:at] + small[at + 2 :]
    service = AnthropicMessages(["real-key"], parse_script(ANSWERS))
    with Server(service) as server:
        env = {"ANTHROPIC_API_KEY": "real-key", "ANTHROPIC_BASE_URL": server.url}
        status, printed = patchgate(*without, env=env)
    assert status == 130, printed
    assert "MWC-1 in Jira" in printed
    assert service.requests_seen() == 2


@pytest.mark.parametrize("name", ["JIRA_BASE_URL", "GITHUB_API_URL", "GITHUB_SERVER_URL"])
def test_a_scripted_person_is_refused_where_a_real_service_is_named(
    name: str, small: list[str]
) -> None:
    status, printed = patchgate(*small, env={name: "https://example.com"})
    assert status == 10
    assert f"never acts on real services, and {name} names one" in printed
    assert "Traceback" not in printed


def test_nobody_to_decide_is_said_before_anything_starts(small: list[str]) -> None:
    at = small.index("--people")
    status, printed = patchgate(*small[:at], *small[at + 2 :])
    assert status == 2
    assert "nobody is there to decide" in printed
    assert "MWC-1" not in printed


def test_no_key_and_no_answers_is_said_before_anything_starts(small: list[str]) -> None:
    at = small.index("--answers")
    status, printed = patchgate(*small[:at], *small[at + 2 :])
    assert status == 4
    assert "--answers FILE" in printed


WRONG = [
    ("ticket", "no heading", 6, "does not begin with a heading"),
    ("ticket", "---\nmodus: plan\n---\n# X\n", 6, "modus: Extra inputs are not permitted"),
    ("ticket", "---\n{\n---\n# X\n", 6, "the front matter is not YAML"),
    ("answers", "answers: 5", 6, "answers"),
    ("people", "- {when: never, do: merge}", 6, "0.when"),
    ("people", "- {when: plan, do: aprove}", 6, "'aprove' is nothing to do"),
    ("people", "- {when: plan, do: merge}", 2, "no entry left for `when: patch`"),
    ("people", "- {when: patch, do: merge}", 10, "MWC-1 has no open pull request"),
]


@pytest.mark.parametrize(("name", "content", "code", "said"), WRONG)
def test_a_file_that_is_wrong_is_named_with_its_exit_code(
    name: str, content: str, code: int, said: str, small: list[str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    status, printed = patchgate(*small)
    assert (status, said in printed) == (code, True), printed
    assert "Traceback" not in printed


def test_a_folder_without_a_commit_is_refused(small: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    small[small.index("--repo") + 1] = str(tmp_path / "empty")
    status, printed = patchgate(*small)
    assert status == 5
    assert "Traceback" not in printed


def test_without_a_sandbox_the_checks_are_unknown_and_the_way_to_one_is_told(
    small: list[str], tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for program in ("git", "sh", "cat", "env", "head"):
        (tmp_path / "bin" / program).symlink_to(str(shutil.which(program)))
    ticket = TICKET.replace("plan: none", "plan: none\nchecks: [[python3, greet.py]]")
    (tmp_path / "ticket").write_text(ticket, "utf-8")
    (tmp_path / "people").write_text("- {when: patch, do: quit}", "utf-8")
    status, printed = patchgate(*small, env={"PATH": str(tmp_path / "bin")})
    assert status == 130, printed
    assert "waits for approval of patch" in printed
    assert "check  UNKNOWN: there is no sandbox (bwrap)" in printed
    assert "install bubblewrap" in " ".join(printed.split())


def test_a_person_at_the_terminal_is_asked_at_each_decision(small: list[str]) -> None:
    at = small.index("--people")
    typed = "aprrove\napprove\nchecks green\nmerge\n"
    status, printed = at_terminal([*small[:at], *small[at + 2 :]], typed)
    assert status == 0, printed
    assert "waits for approval of patch" in printed
    assert "refused: `aprrove` is none of what can be done here" in printed
    assert "1 file changed" in printed


def test_a_person_who_quits_ends_it_at_once(small: list[str]) -> None:
    at = small.index("--people")
    status, printed = at_terminal([*small[:at], *small[at + 2 :]], "quit\n")
    assert status == 130, printed
    assert "is as it was" in printed


def at_terminal(arguments: list[str], typed: str) -> tuple[int, str]:
    """Exit status and output of the command line at a terminal, with everything typed ahead."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "patchgate", *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ["PATH"], "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        printed, _ = process.communicate(timeout=120)
    os.close(ours)
    return process.returncode, printed
