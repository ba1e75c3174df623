"""The one place that starts git: hermetic, without prompts, with secrets kept out of messages.

No system, global or home configuration, no hooks, no monitor, no helper, no ssh. What is left of
the environment is the way to the program and the network (`PASSED_ON`).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from patchgate.errors import (
    ConfigError,
    CredentialError,
    LostRaceError,
    NotFoundError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
)

PASSED_ON = (
    *("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
"""Variables of our own environment that git is given; no other reaches it."""

FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "https:http:file",
    "HOME": os.devnull,
    "LC_ALL": "C",
}

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
)

NETWORK = frozenset({"clone", "fetch", "ls-remote", "push"})
LONGEST_MESSAGE = 800


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """What one git command gave; `secrets` are already out of `err`."""

    status: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one command may use up; where a system cannot hold it to the last two, time does."""

    seconds: float = 60.0
    processor: int = 10
    """Seconds of processor time."""
    memory: int = 1 << 30
    """Bytes of data; files that it only maps do not count."""


def credential_env(server: str, token: str) -> dict[str, str]:
    """Environment that sends the token to one server (`https://github.com`) and to no other.

    An empty header first drops whatever a checkout left behind: GitHub answers 400 to two.
    """
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{server.rstrip('/')}/.extraHeader"
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": key,
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": key,
        "GIT_CONFIG_VALUE_1": f"Authorization: Basic {basic}",
    }


def run_git(
    args: Sequence[str],
    *,
    git_dir: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60.0,
) -> bytes:
    """Run git and return its standard output.

    Errors by what git said: CredentialError, NotFoundError, LostRaceError, RateLimitedError,
    otherwise ServiceError. See `try_git` for the parameters.
    """
    answer = try_git(args, git_dir=git_dir, env=env, stdin=stdin, timeout=timeout)
    if answer.status != 0:
        raise classify(args, answer)
    return answer.out


def try_git(
    args: Sequence[str],
    *,
    git_dir: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | Bounds = 60.0,
) -> GitAnswer:
    """Run git where a status other than 0 is an answer (`merge-base --is-ancestor`).

    It runs inside `git_dir`, or in `GIT_WORK_TREE` when `env` names one; `timeout` is in seconds.
    ServiceError when it does not end in time, ConfigError when git is not installed. One that
    goes beyond other `Bounds` ends by a signal (a negative status) or for want of memory.
    """
    given = dict(env or {})
    bounds = timeout if isinstance(timeout, Bounds) else None
    seconds = timeout.seconds if isinstance(timeout, Bounds) else timeout
    process = start_git(args, git_dir=git_dir, env=given)
    try:
        if bounds:
            _hold(process, bounds)
        out, err = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired as exc:
        raise ServiceError(f"git {_verb(args)} did not finish within {seconds:g} s") from exc
    finally:
        end_git(process)
    return GitAnswer(process.returncode, out, redact(err.decode(errors="replace"), given))


def _hold(process: subprocess.Popen[bytes], bounds: Bounds) -> None:
    """Give a command its limits before it has read anything."""
    limit = getattr(resource, "prlimit", None)  # Linux alone has it
    if limit is None:
        return
    with suppress(ProcessLookupError):  # it is over already
        for what, most in (
            (resource.RLIMIT_CPU, bounds.processor),
            (resource.RLIMIT_DATA, bounds.memory),
        ):
            _, hard = limit(process.pid, what)
            limit(process.pid, what, (most if hard < 0 else min(most, hard), hard))


def start_git(
    args: Sequence[str], *, git_dir: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start git with pipes to all three of its streams, in a session of its own."""
    given = dict(env or {})
    place = given.get("GIT_WORK_TREE") or (str(git_dir) if git_dir else "/")
    if git_dir is not None:
        given["GIT_DIR"] = str(git_dir.absolute())
    command = ["git", *(part for setting in SETTINGS for part in ("-c", setting)), *args]
    return _start(command, place, _environment(given))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed, **FIXED, **given}


def _start(command: list[str], place: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=place,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as exc:
        if exc.filename == place:
            raise NotFoundError(f"no such directory for git: {place}") from exc
        raise ConfigError("git is not installed", "Install git 2.39 or newer.") from exc


def end_git(process: subprocess.Popen[bytes]) -> None:
    """Whatever happened, leave no git and no transport of it behind."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def redact(text: str, env: Mapping[str, str]) -> str:
    """The text without the credentials in `env` (as sent and decoded) and without URL userinfo."""
    for name, value in env.items():
        if not name.startswith("GIT_CONFIG_VALUE_") or not value:
            continue
        for secret in _forms(value.split()[-1]):
            text = text.replace(secret, "***")
    return re.sub(r"://[^/@\s]+@", "://***@", text)


def _forms(sent: str) -> list[str]:
    try:
        pair = base64.b64decode(sent, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return [sent]
    return [sent, pair, *filter(None, pair.split(":", 1)[1:])]


SAID: tuple[tuple[type[PatchgateError], re.Pattern[str]], ...] = (
    (
        RateLimitedError,
        re.compile(r"error: 429|\b429 Too Many|rate limit", re.I),
    ),
    (
        LostRaceError,
        re.compile(
            r"stale info|non-fast-forward|fetch first|cannot lock ref|reference already exists"
            r"|incorrect old value|failed to update ref|remote rejected.*\(failed to lock\)",
            re.I,
        ),
    ),
    (
        CredentialError,
        re.compile(
            r"Authentication failed|could not read (Username|Password)|error: 40[13]"
            r"|Permission to .* denied|Write access to repository not granted|Invalid credentials"
            r"|terminal prompts disabled|GH006|GH013|protected branch|pre-receive hook declined"
            r"|refusing to allow|deletion prohibited|Permission denied",
            re.I,
        ),
    ),
    (
        NotFoundError,
        re.compile(
            r"repository .* not found|repository not found|error: 404|couldn't find remote ref"
            r"|does not appear to be a git repository|repository .* does not exist|not our ref",
            re.I,
        ),
    ),
)


REFUSED = (
    "The GitHub token or App key is wrong, expired or may not do this: renew it, or give it the "
    "permission."
)


def classify(args: Sequence[str], answer: GitAnswer) -> PatchgateError:
    """The error that a failed command means; one that nothing explains is the service's.

    A porcelain push says on its standard output which refs it could not move (`!`).
    """
    refused = [line for line in answer.out.splitlines() if line.startswith(b"!\t")]
    told = "\n".join([answer.err, *(line.decode(errors="replace") for line in refused)])
    said = " ".join(told.split())[:LONGEST_MESSAGE] or f"status {answer.status}"
    message = f"git {_verb(args)}: {said}"
    for error, pattern in SAID:
        if pattern.search(told):
            return CredentialError(message, REFUSED) if error is CredentialError else error(message)
    if _verb(args) in NETWORK:
        return ServiceError(message)
    return ServiceError(message, "Look at the named object or directory; git itself failed.")


def _verb(args: Sequence[str]) -> str:
    """The command's name: the first word that is neither an option nor one's value."""
    values = {at + 1 for at, arg in enumerate(args) if arg in ("-c", "-C")}
    words = (arg for at, arg in enumerate(args) if at not in values and not arg.startswith("-"))
    return next(words, "")
