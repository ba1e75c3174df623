"""Runs as processes that can be killed, without paying for an interpreter each time.

A server process loads patchgate and its client libraries once and forks a child for each job; the
child leads a process group of its own, git included, so that one SIGKILL ends all of a run.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
ROOT = Path(__file__).resolve().parents[2]


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


class Forks:
    """The client's side: one job at a time."""

    def __init__(self) -> None:
        names = ("PATH", "HOME", "TMPDIR", "PYTHONPATH", "STANDIN_EXCHANGES")
        machine = {name: os.environ[name] for name in names if name in os.environ}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=machine,
        )
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
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(said) + "\n")
        self._server.stdin.flush()
        self.pid = self._line()["pid"]
        return self.pid

    def wait(self) -> int:
        """The exit code of the job, negative for the signal that ended it."""
        said = self._line()
        self.pid, self.peak = 0, said["peak"]
        return said["code"]

    def close(self) -> None:
        """End the server."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)
        self._server.stdout.close()

    def _line(self) -> dict[str, int]:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line, "the fork server is gone"
        found: dict[str, int] = json.loads(line)
        return found


# ── the server's side ────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Fork a child for each line of standard input; say its process id, then how it ended."""
    _warm()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(_child(json.loads(line)))
        _say({"pid": pid})
        _, status, used = os.wait4(pid, 0)
        _say({"code": os.waitstatus_to_exitcode(status), "peak": used.ru_maxrss})


def _warm() -> None:
    """Load what a run loads, the parts that the SDKs load with their first client included."""
    for name in LOADED:
        importlib.import_module(name)
    import anthropic
    import openai

    anthropic.Anthropic(api_key="none").close()
    openai.OpenAI(api_key="none").close()


def _say(message: Mapping[str, int]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


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
    serve()
