"""Runs as processes that can be killed, without paying for an interpreter each time.

A process loads patchgate and its client libraries once, and forks a server for each `Forks`; the
server forks a child for each job. The child leads a process group of its own, git included, so
that one SIGKILL ends all of a run.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel

import patchgate
from patchgate.app.redact import shipped_rules
from patchgate.errors import PatchgateError

LOADED = (
    "github",
    "jira",
    "marklassian",
    "patchgate.adapters.models.anthropic",
    "patchgate.adapters.models.openai",
    "patchgate.app.rooms",
    "patchgate.app.sweep",
    "tests.e2e.lives",
)
JOBS, PROGRAMS = "jobs", "programs"
READY = b"ready\n"
ROOT = Path(__file__).resolve().parents[2]
START = Path(__file__).with_name("start.py")


@dataclass(frozen=True)
class Job:
    """A run of these tickets, or the sweep, with this environment and these folders."""

    kind: Literal["run", "sweep"]
    env: Mapping[str, str]
    folder: Path
    cache: Path
    keys: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        """What the run said."""
        return self.folder / "log.txt"


@functools.cache
def nursery() -> Path:
    """Where a process listens that has everything loaded; it ends with this one.

    At JOBS it forks a server for a `Forks`, at PROGRAMS a program for `start.py`.
    """
    names = ("PATH", "HOME", "TMPDIR", "PYTHONPATH", "STANDIN_EXCHANGES")
    machine = {name: os.environ[name] for name in names if name in os.environ}
    folder = tempfile.TemporaryDirectory(prefix="patchgate-forks-")
    place = Path(folder.name)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.forks", str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=machine,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == READY, "the nursery did not start"
    process.stdout.close()

    def end(held: IO[bytes] = process.stdin) -> None:
        held.close()
        process.wait(timeout=30)
        folder.cleanup()

    atexit.register(end)
    return place


@functools.cache
def quick_python() -> Path:
    """An interpreter that starts `-I -m patchgate` at once, and all that this starts by itself."""
    program = nursery() / "python"
    door = nursery() / PROGRAMS
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{START}" "{door}" "$0" "$@"\n')
    program.chmod(0o755)
    return program


class Forks:
    """The client's side of a server that does one job at a time."""

    def __init__(self) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(nursery() / JOBS))
            self._said, self._heard = line.makefile("w"), line.makefile("r")
        self.pid = 0
        self.peak = 0
        """The most memory, in KiB, that the last job or one of its children held."""

    def start(self, job: Job) -> int:
        """Begin the job; the process id of its group."""
        job.folder.mkdir(parents=True, exist_ok=True)
        said = {
            "kind": job.kind,
            "env": dict(job.env),
            "folder": str(job.folder),
            "cache": str(job.cache),
            "keys": list(job.keys),
        }
        self._said.write(json.dumps(said) + "\n")
        self._said.flush()
        self.pid = self._line()["pid"]
        return self.pid

    def wait(self) -> int:
        """The exit code of the job, negative for the signal that ended it."""
        said = self._line()
        self.pid, self.peak = 0, said["peak"]
        return said["code"]

    def close(self) -> None:
        """End the server."""
        self._said.close()
        self._heard.close()

    def _line(self) -> dict[str, int]:
        line = self._heard.readline()
        assert line, "the fork server is gone"
        found: dict[str, int] = json.loads(line)
        return found


# ── the server's side ────────────────────────────────────────────────────────────────────


def nurse(place: Path) -> None:
    """Fork a process for each connection, until standard input ends."""
    _warm()
    gc.collect()
    gc.freeze()
    children: list[int] = []
    with _door(place / JOBS) as jobs, _door(place / PROGRAMS) as programs:
        os.write(1, READY)
        while sys.stdin not in select.select([sys.stdin, jobs, programs], [], [])[0]:
            door, become = (jobs, serve) if _rings(jobs) else (programs, run)
            line, _ = door.accept()
            with line:
                children.append(os.fork())
                if children[-1] == 0:
                    jobs.close()
                    programs.close()
                    become(line)
                    os._exit(0)
    for child in children:
        os.waitpid(child, 0)


def _rings(door: socket.socket) -> bool:
    return bool(select.select([door], [], [], 0)[0])


def _door(address: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(address))
    door.listen(64)
    return door


def run(line: socket.socket) -> None:
    """Become the program that `start.py` asks for."""
    head, files, _, _ = socket.recv_fds(line, 4, 3)
    with line.makefile("rb") as rest:
        said = json.loads(rest.read(int.from_bytes(head, "big")))
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(said["folder"])
    os.environ.clear()
    os.environ.update(said["env"])
    tempfile.tempdir = None
    sys.path[:] = [path for path in sys.path if path not in ("", str(ROOT))]
    sys.argv[1:], sys.executable = said["arguments"], said["python"]
    line.sendall(os.getpid().to_bytes(4, "big"))
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    code = 1
    try:
        runpy.run_module("patchgate", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # whatever it was: this is the end of the process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(bytes([code]))


def _end_with(line: socket.socket) -> None:
    """End this program, and what it started, when whoever asked for it is killed."""
    if not line.recv(1):
        os.killpg(0, signal.SIGKILL)


def serve(line: socket.socket) -> None:
    """Fork a child for each job that comes in; say its process id, then how it ended."""
    said, heard = line.makefile("w"), line.makefile("r")

    def say(**message: int) -> None:
        said.write(json.dumps(message) + "\n")
        said.flush()

    for job in heard:
        pid = os.fork()
        if pid == 0:
            os._exit(_child(json.loads(job)))
        say(pid=pid)
        _, status, used = os.wait4(pid, 0)
        say(code=os.waitstatus_to_exitcode(status), peak=used.ru_maxrss)


def _warm() -> None:
    """Load what a run loads, the parts that the SDKs load with their first client included."""
    for name in LOADED:
        importlib.import_module(name)
    import anthropic
    import openai

    anthropic.Anthropic(api_key="none").close()
    openai.OpenAI(api_key="none").close()
    for module in pkgutil.walk_packages(patchgate.__path__, "patchgate."):
        if not module.name.startswith(("patchgate.standins", "patchgate.__main__")):
            importlib.import_module(module.name)
    shipped_rules()
    _build(BaseModel)


def _build(model: type[BaseModel]) -> None:
    """Build the validators that are else built with the first use of a model."""
    for one in model.__subclasses__():
        if one.__module__.startswith("patchgate."):
            one.model_rebuild()
        _build(one)


def _child(said: dict[str, Any]) -> int:
    os.setsid()
    folder = Path(said["folder"])
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    for place, number in ((null, 0), (log, 1), (log, 2)):
        os.dup2(place, number)
    job = Job(said["kind"], said["env"], folder, Path(said["cache"]), tuple(said["keys"]))
    try:
        return _play(job)
    except PatchgateError as error:
        sys.stdout.write(f"patchgate: {error.message}\n  next: {error.advice}\n")
        return error.exit_code
    except BaseException:  # whatever it was: this is the end of the process
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _play(job: Job) -> int:
    from patchgate.app.doorbell import keys_of
    from patchgate.app.environment import Environment
    from patchgate.app.run import LocalRun
    from tests.e2e.lives import inside

    env = Environment.from_mapping(job.env)
    local = LocalRun(env=env, folder=job.folder, cache=job.cache, heard=_heard, enter=inside)
    if job.kind == "run":
        return local.keys(keys_of(job.keys))
    return _sweep(env, job, local)


def _heard(line: str) -> None:
    sys.stdout.write(line + "\n")


def _sweep(env: Any, job: Job, local: Any) -> int:
    """What `patchgate sweep` does, with its runs inside this process."""
    from patchgate.app import bootstrap
    from patchgate.app.desk import Journal
    from patchgate.app.sweep import gather, heartbeat, wanted

    journal = Journal(lambda line: _heard(f"{line.key} {line.kind} {line.text}"))
    desk = bootstrap.desk(env, journal, cache=job.cache)
    late: list[Any] = []
    keys = wanted(desk, 30, late)
    status: int = local.each(keys)
    gather(desk)
    for error in late:
        raise error
    heartbeat(desk, len(keys))
    return status


if __name__ == "__main__":
    nurse(Path(sys.argv[1]))
