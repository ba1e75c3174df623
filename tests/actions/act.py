"""One run of a workflow, played for real by act in host mode, and what became of it.

act is not GitHub: it knows no `uses: $/…`, no token for each job and no `permissions:`. What it
lacks is put into a copy of the files just before it starts; the files themselves stay as they are.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TIMEOUT = 120
"""Seconds for one run."""
SILENT = (
    "Skipping unsupported platform",
    "Error while evaluating matrix",
    "Unable to interpolate",
)
"""What act only mentions, where GitHub would stop."""
TokenFor = Callable[[str, Mapping[str, str]], str]
"""(name of a job, its permissions) → the token of that job."""


def workflow(path: Path) -> dict[str, Any]:
    """A workflow file; its key `on` stays a string."""
    found = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - makes strings only
    assert isinstance(found, dict)
    return found


def localise(tree: Path, reference: str, token_for: TokenFor) -> None:
    """Make a checked-out tree of ours runnable: `$/x` → this reference, one token for each job."""
    repository, _, ref = reference.partition("@")
    for path in [*tree.glob(".github/workflows/*.yml"), *tree.glob("step/action.yml")]:
        text = re.sub(r"uses: \$/(\S+)", rf"uses: {repository}/\1@{ref}", path.read_text("utf-8"))
        if path.parent.name == "workflows":
            text = _with_tokens(text, workflow(path).get("jobs", {}), token_for)
        path.write_text(text, "utf-8")


def _with_tokens(text: str, jobs: Mapping[str, Any], token_for: TokenFor) -> str:
    head, _, body = text.partition("\njobs:\n")
    job, lines = "", []
    for line in body.split("\n"):
        begins = re.match(r"  ([a-z][\w-]*):\s*$", line)
        job = begins[1] if begins and begins[1] in jobs else job
        if job and "github.token" in line:
            token = token_for(job, jobs[job].get("permissions", {}))
            line = line.replace("github.token", f"'{token}'")
        lines.append(line)
    return f"{head}\njobs:\n" + "\n".join(lines)


@dataclass(frozen=True)
class Order:
    """One run to be played."""

    program: str
    """The act binary."""
    event: str
    payload: Mapping[str, Any]
    tree: Path
    """The consumer's repository, checked out."""
    path: str
    """The workflow file in it."""
    folder: Path
    """Where act may put things; new."""
    tools: Path
    """The tool cache, with prepared environments in it."""
    uses: Mapping[str, Path]
    """`owner/name@ref` → a checked-out tree."""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """The whole command line."""
        cache = self.folder / "cache"
        said = [
            *(self.program, self.event, "-C", str(self.tree), "-W", str(self.tree / self.path)),
            *("-e", str(self.folder / "event.json"), "-P", "ubuntu-latest=-self-hosted"),
            *("--json", "--rm", "--no-skip-checkout", "--no-recurse", "--pull=false"),
            *("--container-daemon-socket", "-", "--no-cache-server"),
            *("--action-cache-path", str(cache)),
        ]
        for option in ("--env-file", "--secret-file", "--var-file", "--input-file"):
            said += [option, os.devnull]
        for name, value in self.env.items():
            said += ["--env", f"{name}={value}"]
        for name, value in {"GITHUB_TOKEN": "unused", **self.secrets}.items():
            said += ["-s", f"{name}={value}"]
        for name, tree in self.uses.items():
            said += ["--local-repository", f"{name}={tree}"]
        return said


@dataclass(frozen=True)
class Played:
    """What act's log tells of a run."""

    status: int
    events: list[dict[str, Any]]
    raw: str

    @property
    def jobs(self) -> dict[str, str]:
        """Finished jobs by their own names, with their results."""
        return {
            str(e["job"]).rpartition("/")[2].strip(): str(e["jobResult"])
            for e in self.events
            if "jobResult" in e
        }

    @property
    def summary(self) -> str:
        """All job summaries."""
        told = [e for e in self.events if e.get("command") == "summary" and len(e["stepID"]) == 1]
        return "\n".join(str(e["content"]) for e in told)

    @property
    def annotations(self) -> list[tuple[str, str]]:
        """(level, text) in order."""
        kinds = ("notice", "warning", "error")
        return [(e["command"], str(e["arg"])) for e in self.events if e.get("command") in kinds]

    def log(self) -> str:
        """Everything that was printed."""
        return "".join(str(e.get("msg", "")) + "\n" for e in self.events) + self.raw


def play(order: Order, *, cancelled: threading.Event | None = None) -> Played:
    """Run act; it is interrupted as a forced cancellation does it, once that event has come."""
    order.folder.mkdir(parents=True)
    (order.folder / "cache").mkdir()
    (order.folder / "cache" / "tool_cache").symlink_to(order.tools)
    (order.folder / "event.json").write_text(json.dumps(order.payload), "utf-8")
    home = order.folder / "home"
    home.mkdir()
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LANG": "C.UTF-8",
        "ACT_DISABLE_VERSION_CHECK": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    lines: list[str] = []
    with subprocess.Popen(
        order.command(),
        env=clean,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        if cancelled:
            threading.Thread(target=_interrupt, args=(process, cancelled), daemon=True).start()
        lines += process.stdout
        status = process.wait(TIMEOUT)
    return _read(status, lines)


def _interrupt(process: subprocess.Popen[str], cancelled: threading.Event) -> None:
    if cancelled.wait(TIMEOUT):
        process.send_signal(signal.SIGINT)  # never SIGKILL: the steps would live on


def _read(status: int, lines: list[str]) -> Played:
    events, raw = [], ""
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            raw += line
    played = Played(status, events, raw)
    silent = [e["msg"] for e in events if any(s in str(e.get("msg")) for s in SILENT)]
    assert not silent, silent
    return played
