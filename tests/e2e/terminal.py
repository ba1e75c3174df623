"""The command line as a person at night uses it, on a world of stand-ins."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from patchgate import cli
from patchgate.app.environment import Environment, Room
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.models import parse_script
from patchgate.standins.world import (
    CONTROL,
    LEIGH,
    PROJECT,
    RUNNER,
    SETTINGS_PATH,
    Target,
    World,
    default_settings,
)

SHOP = "acme/shop"
SEED: Mapping[str, str | bytes] = {
    "greet.py": 'def greet(n):\n    return "Hello " + n\n',
    "README.md": "# Shop\n",
}
ROUTES = [{"repository": SHOP, "base_branch": "main", "plan": "none"}]
EDIT = {"path": "greet.py", "old": '"Hello "', "new": '"Good day "'}
FINAL = {"summary": "Says good day", "rationale": "Asked for", "criteria": []}
GOOD_TURNS: list[dict[str, Any]] = [
    {"tools": [{"name": "read_file", "input": {"path": "greet.py"}}]},
    {"tools": [{"name": "edit_file", "input": EDIT}]},
    {"final": FINAL},
]
TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class Terminal:
    """A world, and a shell in which patchgate's variables are set."""

    world: World
    folder: Path
    runs: int = 0
    variables: dict[str, str] = field(default_factory=dict)

    # ── commands ─────────────────────────────────────────────────────────────────────────

    def env(self, room: Room | None = None) -> dict[str, str]:
        """All variables, or those that one room may hold."""
        given = {"PATH": os.environ["PATH"], **self.world.env(), **self.variables}
        given = {name: value for name, value in given.items() if value}
        if room is None:
            return given
        kept = Environment.from_mapping(given).for_room(room)
        return {**kept, **{k: v for k, v in self.variables.items() if v}}

    def patchgate(self, *argv: str, room: Room | None = None, cwd: Path | None = None) -> Said:
        """One command in this process, with the environment that is given and no other."""
        del cwd
        with _as_process(argv, self.env(room)) as (out, err):
            code = _exit_code()
        return Said(code, out.getvalue(), err.getvalue())

    def tick(self, *argv: str, settle: bool = False) -> Said:
        """`patchgate tick …` with that room's keys and a fresh folder."""
        self.runs += 1
        verb = "settle" if settle else "tick"
        places = ["--folder", str(self.folder / f"tick-{self.runs}")]
        places += ["--cache", str(self.folder / "cache")]
        return self.patchgate(verb, *argv, *places, room=Room.TICK)

    def run(self, key: str) -> Said:
        """`patchgate run KEY` as a process of its own: all rooms."""
        self.runs += 1
        place = ["--cache", str(self.folder / "cache"), "--keep", str(self.kept)]
        return self.process("run", key, *place)

    @property
    def kept(self) -> Path:
        """The folder of the latest run."""
        return self.folder / f"run-{self.runs}"

    def process(self, *argv: str, timeout: float = 60) -> Said:
        """One command as a process, as in a workflow."""
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "patchgate", *argv],
            env=self.env(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)

    # ── the world ────────────────────────────────────────────────────────────────────────

    def ticket(self, text: str = "Say good day.", *, kind: str = "Task") -> str:
        """A new ticket, assigned to the runner; its key."""
        leigh = self.world.at_jira(LEIGH)
        issue = leigh.create(PROJECT, kind, "Greet politely", text)
        leigh.assign(issue.key, RUNNER.jira)
        return issue.key

    def comments(self, key: str) -> list[str]:
        """What stands on the ticket, oldest first."""
        return [adf_to_text(c.body) for c in self.world.jira.issue(key).comments]

    def settings(self, change: Mapping[str, Any] | str) -> None:
        """Other settings on the control repository's default branch: merged in, or as text."""
        text = change
        if not isinstance(change, str):
            said = default_settings(self.world.target) | {"routes": ROUTES} | dict(change)
            text = yaml.safe_dump(said, sort_keys=False)
        self.world.github.as_user(LEIGH.github).push(
            CONTROL, "main", {SETTINGS_PATH: str(text)}, "Change the settings"
        )

    def refs(self, repository: str = CONTROL) -> dict[str, str]:
        return dict(self.world.github.refs(repository))


def turns(*entries: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The turns of one implement task on any ticket."""
    return [dict(entry) for entry in entries]


def script_of(said: Sequence[Mapping[str, Any]]) -> Any:
    """An answers script in which every implement task is answered by these turns."""
    entries = [{"match": {"task": "implement"}, "turns": list(said)}]
    return parse_script(yaml.safe_dump({"answers": entries}))


def world_at(root: Path, said: Sequence[Mapping[str, Any]] = GOOD_TURNS, **settings: Any) -> World:
    """A world with one route and no plan, whose implementer says that."""
    base: dict[str, Any] = {"routes": ROUTES, "checks": {"commands": []}}
    return World(root, target=Target(SEED), script=script_of(said), settings=base | settings)


def _exit_code() -> int:
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


@contextlib.contextmanager
def _as_process(
    argv: Sequence[str], env: Mapping[str, str]
) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Arguments, variables and streams as a process of its own would have them."""
    out, err = io.StringIO(), io.StringIO()
    before, words = dict(os.environ), sys.argv
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["patchgate", *argv]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield out, err
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.argv = words
