"""The check room: where a repository's own code may run, and what it is given there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from patchgate.app.environment import Environment
from patchgate.app.rooms import CheckInput, check_room
from patchgate.core.ids import canonical, digest_bytes
from patchgate.core.proposal import CheckLevel, CheckOrder, Evidence

PATCH = b"""\
diff --git a/a.txt b/a.txt
--- a/a.txt
+++ b/a.txt
@@ -1 +1 @@
-one
+two
"""
NO_BWRAP = "/usr/bin:/bin"


@pytest.fixture
def given(tmp_path: Path) -> CheckInput:
    checkout, proposal = tmp_path / "checkout", tmp_path / "proposal"
    checkout.mkdir()
    proposal.mkdir()
    (checkout / "a.txt").write_text("one\n")
    (proposal / "patch.diff").write_bytes(PATCH)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
        subprocess.run(["git", *who, *words], cwd=checkout, check=True)
    return CheckInput(proposal, checkout, tmp_path / "checks.json")


def checked(given: CheckInput, *argv: str, **env: str) -> Evidence:
    return all_checked(given, argv, **env)


def all_checked(given: CheckInput, *commands: tuple[str, ...], **env: str) -> Evidence:
    order = CheckOrder(commands=commands, timeout=30)
    given.order.write_bytes(canonical(order.model_dump(mode="json")))
    return check_room(Environment.from_mapping(env), given, given.order.with_name("evidence.json"))


def hosted_without_sandbox(monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, str]:
    """A machine of GitHub's, where no sandbox is installed."""
    (folder / "bin").mkdir()
    for name in ("git", "sh", "env", "cat"):
        found = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True)
        (folder / "bin" / name).symlink_to(found.stdout.strip())
    monkeypatch.setenv("PATH", str(folder / "bin"))
    return {"PATH": str(folder / "bin"), "RUNNER_ENVIRONMENT": "github-hosted"}


def test_on_a_machine_that_is_thrown_away_the_job_is_the_wall(
    given: CheckInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = hosted_without_sandbox(monkeypatch, tmp_path)
    monkeypatch.setenv("SOMETHING", "not for the repository")
    evidence = checked(given, "sh", "-c", "cat a.txt; env", **env)
    assert (evidence.level, evidence.patch) == (CheckLevel.PASSED, digest_bytes(PATCH))
    said = evidence.commands[0].tail
    assert said.startswith("two\n")
    assert "SOMETHING" not in said
    names = {line.partition("=")[0] for line in said.splitlines()[1:]}
    assert names <= {"PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE", "PWD", "SHLVL", "_"}


@pytest.mark.covers("S0.48")
def test_every_command_is_run_in_turn_until_one_fails(
    given: CheckInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = hosted_without_sandbox(monkeypatch, tmp_path)
    good, bad = ("sh", "-c", "echo fine"), ("sh", "-c", "echo amiss; exit 3")

    passed = all_checked(given, good, good, **env)
    assert (passed.level, passed.reason) == (CheckLevel.PASSED, "2 commands passed")
    assert [one.status for one in passed.commands] == [0, 0]

    subprocess.run(["git", "checkout", "-q", "."], cwd=given.checkout, check=True)
    failed = all_checked(given, good, bad, good, **env)
    assert failed.level is CheckLevel.FAILED
    assert [one.status for one in failed.commands] == [0, 3]


def test_elsewhere_nothing_runs_without_a_sandbox(
    given: CheckInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = hosted_without_sandbox(monkeypatch, tmp_path) | {"RUNNER_ENVIRONMENT": "self-hosted"}
    evidence = checked(given, "sh", "-c", "touch ran", **env)
    assert evidence.level is CheckLevel.UNKNOWN
    assert "no sandbox" in evidence.reason
    assert not (given.checkout / "ran").exists()


def test_a_command_that_is_not_there_or_takes_too_long_is_no_pass(
    given: CheckInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = hosted_without_sandbox(monkeypatch, tmp_path)
    assert checked(given, "no-such-tool", **env).level is CheckLevel.FAILED
