"""Runs a repository's own commands where there is nothing to steal: bubblewrap, no network.

Only system folders and this interpreter are visible, read-only; the checkout alone is writable.
The caller's environment, home, process list and network stay outside. No bubblewrap, no run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/ssl", "/etc/passwd",
    "/etc/group", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/mime.types",
    "/opt/hostedtoolcache",
)  # fmt: skip
TAIL = 8_000
"""Characters kept of what a command printed."""
ADVICE = (
    "install bubblewrap (`apt-get install bubblewrap`) and allow unprivileged user namespaces "
    "(`sysctl kernel.apparmor_restrict_unprivileged_userns=0`), or let the checks run in Actions"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One command's end: exit status (124: out of time), the end of its output, milliseconds."""

    status: int
    tail: str
    duration_ms: int


def unavailable() -> str:
    """Why no sandbox can be had here; empty when it works."""
    if shutil.which("bwrap") is None:
        return f"there is no sandbox (bwrap) on this machine: {ADVICE}"
    probe = subprocess.run(
        [*_prefix(Path("/tmp")), "--", "true"],  # noqa: S108 - probed, nothing is put there
        capture_output=True,
        check=False,
        env={},
        timeout=30,
    )
    if probe.returncode == 0:
        return ""
    said = probe.stderr.decode("utf-8", "replace").strip()[:200]
    return f"the sandbox does not start ({said}): {ADVICE}"


def run_inside(checkout: Path, argv: Sequence[str], *, timeout: float) -> Ran:
    """Run one command in the checkout, inside the sandbox."""
    return _run([*_prefix(checkout), "--", *argv], None, {}, timeout)


def run_bare(checkout: Path, argv: Sequence[str], *, timeout: float, path: str) -> Ran:
    """Run one command in the checkout with no wall around it.

    Only for a machine that holds nothing and is thrown away after this job: the wall is the job.
    """
    with tempfile.TemporaryDirectory(prefix="patchgate-home-") as home:
        env = {"PATH": path, "HOME": home, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        return _run(list(argv), checkout, env, timeout)


def _run(argv: list[str], cwd: Path | None, env: Mapping[str, str], timeout: float) -> Ran:
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Ran(127, f"{argv[0]}: {error.strerror}", 0)
    with process:
        try:
            out, _ = process.communicate(timeout=max(timeout, 0.1))
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            status = 124
    text = out.decode("utf-8", "replace")[-TAIL:]
    return Ran(status, text, int((time.monotonic() - began) * 1000))


def _prefix(checkout: Path) -> list[str]:
    program = shutil.which("bwrap") or "bwrap"
    folders = [*SYSTEM, *_interpreter()]
    visible = [word for f in folders for word in ("--ro-bind-try", f, f)]
    return [
        program,
        *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
        *("--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"),  # noqa: S108 - inside
        *visible,
        *("--bind", str(checkout.resolve()), str(checkout.resolve())),
        *("--chdir", str(checkout.resolve()), "--setenv", "PATH", _path()),
        *("--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"),  # noqa: S108 - inside
        *("--setenv", "PYTHONDONTWRITEBYTECODE", "1"),
    ]


def _interpreter() -> list[str]:
    """This interpreter's own folders, so that `python3` means the same inside."""
    return sorted({sys.prefix, sys.base_prefix})


def _path() -> str:
    own = [f"{prefix}/bin" for prefix in dict.fromkeys((sys.prefix, sys.base_prefix))]
    return os.pathsep.join([*own, "/usr/local/bin", "/usr/bin", "/bin"])
