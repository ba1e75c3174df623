"""Policies tried out on real repositories: verdicts, golden cases, what would flip; and slips."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from patchgate.app.packs import pack_names
from patchgate.app.trial import Trial, golden_beside, policy_named
from patchgate.app.trial_report import check_lines, explain_lines, golden_lines, replay_lines
from patchgate.errors import ConfigError, NotFoundError, RefusedError, UsageError


def git(folder: Path, *args: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", "-C", str(folder), *who, *args], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Three commits: a readme, a workflow, a script."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for path, content in [("a.md", "a\n"), (".github/workflows/x.yml", "on: push\n"),
                          ("b.md", "b\n")]:  # fmt: skip
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", f"Add {path}")
    return folder


@pytest.mark.parametrize("pack", pack_names())
def test_every_pack_gives_its_golden_verdicts(pack: str) -> None:
    *_, last = golden_lines(pack, None)
    first, _, count = last.split()[:3]
    assert first == count
    assert int(count) >= 5


def test_a_changed_policy_fails_the_golden_verdicts_and_names_each(tmp_path: Path) -> None:
    changed = tmp_path / "ours.yml"
    changed.write_text(
        "version: 1\nname: ours\nextends: permissive\n"
        "adjust: {file-modes: {disabled: true, reason: x}}\n"
    )
    said: list[str] = []
    with pytest.raises(RefusedError, match="1 of 5 golden cases"):
        said.extend(golden_lines(str(changed), golden_beside("permissive")))
    with pytest.raises(NotFoundError, match="no golden verdicts"):
        list(golden_lines(str(changed), None))


def test_a_commit_and_a_range_are_judged_as_they_would_be_proposed(repo: Path) -> None:
    trial = Trial(repo)
    assert list(check_lines("standard", "HEAD", trial)) == ["ACCEPT: 1 file, 1 changed lines"]
    with pytest.raises(RefusedError, match="ESCALATE: ci-configuration"):
        list(check_lines("standard", "HEAD~2..main", trial))
    with pytest.raises(UsageError, match="no commit 'nothing'"):
        list(check_lines("standard", "nothing", trial))
    with pytest.raises(UsageError, match="no git repository"):
        list(check_lines("standard", "HEAD", Trial(repo.parent)))


def test_a_diff_file_is_put_on_a_commit(repo: Path, tmp_path: Path) -> None:
    diff = tmp_path / "x.diff"
    diff.write_text(git(repo, "diff", "HEAD~1", "HEAD") + "\n")
    assert "ACCEPT" in list(check_lines("standard", str(diff), Trial(repo, "HEAD~1")))[-1]
    said: list[str] = []
    with pytest.raises(RefusedError, match="REFUSE: it is no patch"):
        said.extend(check_lines("standard", str(diff), Trial(repo)))
    assert "b.md: already exists" in " ".join(list_until_refused(str(diff), Trial(repo)))


def list_until_refused(what: str, trial: Trial) -> list[str]:
    said = []
    try:
        for line in check_lines("standard", what, trial):
            said.append(line)
    except RefusedError:
        return said
    return []


SETTINGS = """\
version: 1
secret_rules: ci/secrets.toml
jira: {projects: [A], runner: x}
people: [{name: Leigh, jira: y}]
reviewer: Leigh
approvers: [Leigh]
routes: [{repository: acme/shop}]
"""
RULES = "[extend]\nuseDefault=true\n[[rules]]\nid='acme'\nregex='acme_[0-9]{6}'\n"


def commit(repo: Path, **files: str) -> None:
    for name, text in files.items():
        path = repo / {"settings": ".github/patchgate.yml", "rules": "ci/secrets.toml"}.get(
            name, f"{name}.txt"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "Change")


def told(repo: Path, secrets: Path | None = None) -> str:
    try:
        return " ".join(check_lines("standard", "HEAD", Trial(repo, secrets=secrets)))
    except RefusedError as error:
        return error.message


def test_secrets_are_looked_for_by_the_rules_that_the_repository_had_before(
    repo: Path, tmp_path: Path
) -> None:
    commit(repo, settings=SETTINGS, rules=RULES)
    commit(repo, a="acme_123456\n")
    assert told(repo) == "ESCALATE: secrets"
    commit(repo, b="acme_654321\n", rules=RULES.replace("acme_", "other_"))
    assert told(repo) == "ESCALATE: secrets", "a change does not choose its own rules"
    commit(repo, c="acme_777777\n")
    assert told(repo).startswith("ACCEPT")
    (tmp_path / "mine.toml").write_text(RULES)
    assert told(repo, tmp_path / "mine.toml") == "ESCALATE: secrets"


def test_rules_for_secrets_that_cannot_be_had_are_told_and_do_not_pass(
    repo: Path, tmp_path: Path
) -> None:
    commit(repo, settings=SETTINGS)
    commit(repo, a="x\n")
    with pytest.raises(ConfigError, match=r"secret_rules: 'ci/secrets.toml' is no file of repo@"):
        told(repo)
    with pytest.raises(ConfigError, match=r"rules for secrets .*none\.toml: cannot be read"):
        told(repo, tmp_path / "none.toml")
    commit(repo, settings="version: 1\nsecret_ruls: x\n")
    commit(repo, a="y\n")
    with pytest.raises(ConfigError, match=r"patchgate.yml@.*did you mean `secret_rules`"):
        told(repo)


def test_nothing_that_the_repository_configures_is_run(repo: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    hook = repo / ".git" / "hooks" / "post-index-change"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    for key, value in [("core.fsmonitor", f"touch {ran}"), ("diff.external", f"touch {ran}"),
                       ("core.pager", f"touch {ran}")]:  # fmt: skip
        git(repo, "config", key, value)
    before = sorted(str(p) for p in repo.rglob("*"))
    list(check_lines("standard", "HEAD", Trial(repo)))
    assert sorted(str(p) for p in repo.rglob("*")) == before
    assert not ran.exists()


def test_a_replay_lists_what_would_flip(repo: Path, tmp_path: Path) -> None:
    milder = tmp_path / "milder.yml"
    milder.write_text(
        "version: 1\nname: milder\nextends: standard\n"
        "adjust: {ci-configuration: {severity: WARN, reason: ours}}\n"
    )
    said = list(replay_lines(str(milder), "standard", Trial(repo), spec="HEAD", since=""))
    assert "ESCALATE → ACCEPT  -ci-configuration" in said[0]
    assert "Add .github/workflows/x.yml" in said[1]
    assert said[2] == "2 commits, 1 would flip"
    late = replay_lines(str(milder), "standard", Trial(repo), spec="main", since="2099-01-01")
    assert next(late) == "0 commits, 0 would flip"


def test_a_rule_explains_itself() -> None:
    assert "limit: 1,500" in "\n".join(explain_lines("standard", "max-lines"))
    assert len(list(explain_lines("standard", None))) == len(policy_named("standard").rules)
    with pytest.raises(UsageError, match="did you mean 'max-lines'"):
        list(explain_lines("standard", "max-line"))


def test_a_policy_that_is_missing_unreadable_or_invalid_is_told_apart(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="neither a file nor a shipped pack"):
        policy_named("standrad")
    with pytest.raises(ConfigError, match="cannot be read"):
        policy_named(str(bad))
    bad.write_text("version: 1\nname: x\nruls: []\n")
    with pytest.raises(ConfigError, match=r"bad\.yml:3: ruls: unknown key; did you mean `rules`"):
        policy_named(str(bad))
