"""Makes or finds the private environment of one room, and prints where its Python is.

Run as `python -I prepare.py` with nothing but the standard library. The environment is keyed by
the profile's lock, by the action's own files and by the interpreter. It comes into being under
another name and is renamed when it is whole, so that a killed installation is never used.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ACTION = Path(__file__).resolve().parents[1]
PROFILES = {
    "tick": "tick",
    "settle": "tick",
    "propose": "propose",
    "seal": "check",
    "check": "check",
}
"""Which lock each room is installed from: requirements/<profile>.txt."""
DATA = ("prompts", "policies")
"""The folders of data that the program reads; setup.py ships the same."""
OURS = ("src/patchgate", *DATA, "step")
"""Whose content is the action's own digest."""
MARK = "patchgate-complete"
NEVER_COPIED = shutil.ignore_patterns("__pycache__", "standins")
TIMEOUT = 600
INSTALLER_KNOWS = frozenset(
    f"{tool}_{name}"
    for tool, names in {
        "PIP": "INDEX_URL EXTRA_INDEX_URL FIND_LINKS NO_INDEX TRUSTED_HOST CERT CLIENT_CERT PROXY "
        "TIMEOUT DEFAULT_TIMEOUT RETRIES CONFIG_FILE KEYRING_PROVIDER",
        "UV": "INDEX_URL DEFAULT_INDEX INDEX EXTRA_INDEX_URL FIND_LINKS NO_INDEX INSECURE_HOST "
        "HTTP_TIMEOUT CONFIG_FILE KEYRING_PROVIDER",
    }.items()
    for name in names.split()
) | {
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "NETRC", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY",
    "https_proxy", "http_proxy", "all_proxy", "no_proxy",
}  # fmt: skip
"""All that an installer is told: where packages come from and how to get there."""


class CannotPrepareError(Exception):
    """Why there is no environment; `code` is the step's exit code (docs/operations.md)."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Plan:
    """What is to be made, and where."""

    profile: str
    folder: Path
    """Holds one environment for each key."""
    key: str

    @property
    def target(self) -> Path:
        """The environment's own folder."""
        return self.folder / self.key

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.target / "bin" / "python"

    @property
    def lock(self) -> Path:
        """What is installed, by hash."""
        return ACTION / "requirements" / f"{self.profile}.txt"

    def is_complete(self) -> bool:
        """Whether it was made to the end under this very key."""
        with suppress(OSError):
            return (self.target / MARK).read_text() == self.key and self.python.exists()
        return False


def main() -> None:
    """Make or find it; one annotation says what is wrong if that fails."""
    try:
        plan = planned(os.environ)
        began = time.monotonic()
        how = "found" if plan.is_complete() else made(plan)
        say(f"environment of profile {plan.profile}: {how}, {time.monotonic() - began:.1f} s")
        put_output("python", str(plan.python))
    except CannotPrepareError as error:
        fail(str(error), error.code)


def planned(env: Mapping[str, str]) -> Plan:
    """Profile, place and key, from the step's environment."""
    room = env.get("PATCHGATE_ROOM", "")
    profile = PROFILES.get(room)
    if profile is None:
        known = ", ".join(PROFILES)
        raise CannotPrepareError(f"Input `room` is {room[:40]!r}; it is one of: {known}.", 2)
    hosted = env.get("RUNNER_ENVIRONMENT") == "github-hosted"
    name = "RUNNER_TOOL_CACHE" if hosted else "RUNNER_TEMP"
    if not env.get(name):
        raise CannotPrepareError(f"{name} is not set: run this step in an Actions runner.", 3)
    folder = Path(env[name]).resolve() / "patchgate-environments"
    workspace = Path(env["GITHUB_WORKSPACE"]).resolve() if env.get("GITHUB_WORKSPACE") else None
    if workspace is not None and folder.is_relative_to(workspace):
        raise CannotPrepareError(
            f"{name} lies inside of the workspace: move the runner's work folder.", 3
        )
    return Plan(profile, folder, key_of(profile))


def key_of(profile: str) -> str:
    """Digest of the lock, of the action's own files and of the interpreter."""
    digest = hashlib.sha256()
    parts = [ACTION / "requirements" / f"{profile}.txt", *own_files()]
    for path in parts:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ACTION).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    digest.update(f"{sys.version}\0{sys.base_prefix}".encode())
    return f"{profile}-{digest.hexdigest()[:32]}"


def own_files() -> Iterator[Path]:
    """The action's own files in a fixed order."""
    for name in OURS:
        for path in sorted((ACTION / name).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


# ── making ───────────────────────────────────────────────────────────────────────────────


def made(plan: Plan) -> str:
    """Make it beside its name and rename it; says how it was made."""
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="making-", dir=plan.folder))
    try:
        fresh = scratch / "environment"
        venv.EnvBuilder(symlinks=True, with_pip=False).create(fresh)
        how = install(plan.lock, fresh / "bin" / "python", scratch)
        add_ourselves(fresh)
        (fresh / MARK).write_text(plan.key)
        return put_in_place(fresh, plan, how)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def add_ourselves(environment: Path) -> None:
    """Copy the program and its data in; what is copied is what the key names."""
    site = next((environment / "lib").glob("python3.*/site-packages"))
    shutil.copytree(ACTION / "src" / "patchgate", site / "patchgate", ignore=NEVER_COPIED)
    for name in DATA:
        shutil.copytree(ACTION / name, site / "patchgate" / "_data" / name)


def put_in_place(fresh: Path, plan: Plan, how: str) -> str:
    """Give it its name at one stroke; whoever was first is kept, and what is broken goes."""
    for _ in range(3):
        try:
            fresh.rename(plan.target)
        except OSError:
            if plan.is_complete():
                return "found, made meanwhile by another step"
            with suppress(OSError):
                plan.target.rename(fresh.parent / f"broken-{time.monotonic_ns()}")
        else:
            return how
    raise CannotPrepareError(f"{plan.target} is in the way and cannot be moved.", 3)


# ── installing ───────────────────────────────────────────────────────────────────────────


BY_HASH = ("--require-hashes", "--no-deps", "--only-binary", ":all:")
"""No build step runs, so nothing without a hash is fetched or executed."""
PIP_QUIETLY = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir")
SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}
"""uv trusts whom the runner trusts, under the newer and the older name of that setting."""


def install(lock: Path, python: Path, scratch: Path) -> str:
    """Install a lock by hash, wheels only: with uv if it can be had, else with pip."""
    uv, whose = own_uv(), "the runner's uv"
    if uv is None:
        uv, whose = fetched_uv(scratch), "a fetched uv"
    if uv and not run([*with_uv(uv, python, scratch), "-r", str(lock)], scratch):
        return f"made with {whose}"
    # uv may know other package sources than pip does: where it fails, pip has the last word.
    pip = [*own_pip(scratch), "--python", str(python), "install", *PIP_QUIETLY, *BY_HASH]
    trouble = run([*pip, "-r", str(lock)], scratch)
    if trouble:
        raise CannotPrepareError(
            f"The locked packages of {lock.name} cannot be installed. Check that the package "
            f"index answers (a mirror is named by PIP_INDEX_URL), then run again. {trouble}",
            8,
        )
    return "made with pip"


def own_uv() -> str | None:
    """The runner's uv; one that lies in the workspace is passed over."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    barred = Path(workspace).resolve() if workspace else None
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("uv", path=folder) if Path(folder).is_absolute() else None
        resolved = Path(found).resolve() if found else None
        if found and resolved and not (barred and resolved.is_relative_to(barred)):
            return found
    return None


def fetched_uv(scratch: Path) -> str | None:
    """uv as the one wheel that its lock names, for this installation alone; None: not to be had."""
    place = scratch / "uv"
    lock = ACTION / "requirements" / "uv.txt"
    command = [*own_pip(scratch), "install", *PIP_QUIETLY, *BY_HASH, "--target", str(place)]
    trouble = run([*command, "-r", str(lock)], scratch)
    return None if trouble else str(place / "bin" / "uv")


def with_uv(uv: str, python: Path, scratch: Path) -> list[str]:
    """uv, with a cache that nobody else writes."""
    cache = ["--cache-dir", str(scratch / "cache"), "--quiet", "--no-progress"]
    return [uv, "pip", "install", *cache, "--python", str(python), *BY_HASH]


def own_pip(scratch: Path) -> list[str]:
    """This interpreter's pip, or the one that it can unpack."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-I", "-m", "pip"]
    tools = scratch / "tools"
    if not tools.exists():
        try:
            venv.EnvBuilder(symlinks=True, with_pip=True).create(tools)
        except subprocess.CalledProcessError as error:
            raise CannotPrepareError(
                f"{sys.executable} has neither pip nor ensurepip: install python3-pip or uv on "
                "the runner, or put actions/setup-python before this step.",
                3,
            ) from error
    return [str(tools / "bin" / "python"), "-I", "-m", "pip"]


def run(command: list[str], scratch: Path) -> str:
    """Run an installer in a folder where no project's settings lie; what it complained of."""
    env = {name: value for name, value in os.environ.items() if name in INSTALLER_KNOWS}
    env |= SYSTEM_CERTIFICATES
    try:
        done = subprocess.run(
            command, cwd=scratch, env=env, capture_output=True, text=True, timeout=TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{Path(command[0]).name}: {error}"[:1500]
    if done.returncode == 0:
        return ""
    return (done.stderr or done.stdout).strip()[-1500:] or f"status {done.returncode}"


# ── telling the runner ───────────────────────────────────────────────────────────────────


def say(text: str) -> None:
    """One line of the step's log."""
    sys.stdout.write(f"patchgate: {text}\n")


def put_output(name: str, value: str) -> None:
    """An output of the step; a path with a line break is refused."""
    if "\n" in value or "\r" in value:
        raise CannotPrepareError("The runner's folders have a line break in their name.", 3)
    with Path(os.environ.get("GITHUB_OUTPUT") or os.devnull).open("a", encoding="utf-8") as file:
        file.write(f"{name}={value}\n")


def fail(message: str, code: int) -> NoReturn:
    """One annotation, and the exit code."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::error title=patchgate cannot start::{escaped}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
