"""The runner of git: no user's settings in, no secret out, and a kind for every failure."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from patchgate.adapters.git.process import (
    GitAnswer,
    classify,
    credential_env,
    redact,
    run_git,
    try_git,
)
from patchgate.errors import (
    ConfigError,
    CredentialError,
    LostRaceError,
    NotFoundError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
)

TOKEN = "made-up-token-of-a-test"


def test_configuration_of_user_and_system_does_not_reach_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Somebody")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    assert try_git(["config", "--get", "user.name"]).status == 1


def test_hooks_of_a_repository_do_not_run(tmp_path: Path) -> None:
    run_git(["init", "--quiet", "--bare", str(tmp_path / "a")])
    hook = tmp_path / "a" / "hooks" / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)

    tree = run_git(["mktree"], git_dir=tmp_path / "a").decode().strip()
    run_git(["update-ref", "refs/tags/t", tree], git_dir=tmp_path / "a")

    assert not (tmp_path / "ran").exists()


def test_only_the_network_protocols_we_use_are_allowed(tmp_path: Path) -> None:
    with pytest.raises(PatchgateError, match="not allowed"):
        run_git(["ls-remote", f"ext::touch {tmp_path}/ran"])
    assert not (tmp_path / "ran").exists()


def test_a_command_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    run_git(["init", "--quiet", "--bare", str(tmp_path)])

    with pytest.raises(ServiceError, match=r"git wait did not finish within 0\.2 s"):
        run_git(["-c", "alias.wait=!sleep 60", "wait"], git_dir=tmp_path, timeout=0.2)


def test_a_machine_without_git_is_told_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(ConfigError, match="not installed"):
        run_git(["version"])


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such directory"):
        run_git(["version"], git_dir=tmp_path / "nothing")


def test_the_credential_goes_to_its_server_alone_after_an_empty_reset() -> None:
    env = credential_env("https://github.example/", TOKEN)

    out = run_git(
        ["config", "--get-urlmatch", "http.extraHeader", "https://github.example/o/n"], env=env
    )
    elsewhere = try_git(
        ["config", "--get-urlmatch", "http.extraHeader", "https://other.example/o/n"], env=env
    )

    basic = out.decode().strip().removeprefix("Authorization: Basic ")
    assert base64.b64decode(basic).decode() == f"x-access-token:{TOKEN}"
    assert elsewhere.status == 1
    assert [env["GIT_CONFIG_VALUE_0"], env["GIT_CONFIG_COUNT"]] == ["", "2"]


def test_secrets_do_not_reach_messages_in_any_form() -> None:
    env = credential_env("https://github.example", TOKEN)
    sent = env["GIT_CONFIG_VALUE_1"].split()[-1]
    said = f"fatal: {sent} and {TOKEN} and https://u:pw@github.example/x"

    assert redact(said, env) == "fatal: *** and *** and https://***@github.example/x"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("fatal: Authentication failed for 'https://github.com/o/n/'", CredentialError),
        ("fatal: could not read Username for 'https://github.com'", CredentialError),
        ("The requested URL returned error: 403", CredentialError),
        ("remote: error: GH006: Protected branch update failed", CredentialError),
        ("remote: Repository not found.\nfatal: repository 'x' not found", NotFoundError),
        ("fatal: couldn't find remote ref refs/heads/x", NotFoundError),
        ("! [rejected] x -> y (stale info)", LostRaceError),
        ("! [rejected] x -> y (non-fast-forward)", LostRaceError),
        ("error: cannot lock ref 'refs/heads/x': is at 1 but expected 2", LostRaceError),
        ("The requested URL returned error: 429", RateLimitedError),
        ("The requested URL returned error: 502", ServiceError),
        ("fatal: the remote end hung up unexpectedly", ServiceError),
    ],
)
def test_what_git_said_decides_the_error(said: str, error: type[PatchgateError]) -> None:
    assert type(classify(["push"], GitAnswer(128, b"", said))) is error


def test_a_refusal_that_a_porcelain_push_prints_is_understood() -> None:
    answer = GitAnswer(1, b"!\ta:b\t[rejected] (stale info)\n", "error: failed to push some refs")

    assert isinstance(classify(["push", "--porcelain"], answer), LostRaceError)
