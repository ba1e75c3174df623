"""The command line as a person at night uses it, on a world of stand-ins."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from patchgate import cli
from patchgate.app.environment import Environment, Room
from patchgate.app.run import Entry, LocalRun
from patchgate.core.ids import TicketKey
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.models import Script, parse_script
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
from tests.e2e.kept import KEPT, Kept, folder

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

    def complains(self, code: int, *words: str) -> bool:
        """One message with its advice on the error stream, that code, and no traceback."""
        lines = self.err.splitlines()
        shape = len(lines) == 2 and lines[0].startswith("patchgate: ")
        shape = shape and lines[1].startswith("  next: ") and TRACEBACK not in self.text
        assert (self.code, shape) == (code, True), self
        for word in words:
            assert word in self.err, self
        return True


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

    def patchgate(self, *argv: str, room: Room | None = Room.TICK) -> Said:
        """One command in this process, with one room's environment (None: all of it)."""
        return as_process(argv, self.env(room))

    def tick(self, *argv: str, settle: bool = False) -> Said:
        """`patchgate tick …` with that room's keys and a fresh folder."""
        self.runs += 1
        verb = "settle" if settle else "tick"
        places = ["--folder", str(self.kept)]
        places += ["--cache", str(self.folder / "cache")]
        return self.patchgate(verb, *argv, *places)

    def run(self, key: str) -> Said:
        """All rooms one after another, each with its own environment and no other."""
        self.runs += 1
        said: list[Said] = []

        def enter(entry: Entry) -> int:
            said.append(as_process(entry.argv, entry.env))
            return said[-1].code

        local = LocalRun(
            env=Environment.from_mapping(self.env()),
            folder=self.kept,
            cache=self.folder / "cache",
            enter=enter,
        )
        code = local.keys([TicketKey(key)])
        return Said(code, "".join(s.out for s in said), "".join(s.err for s in said))

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

    # ── people ────────────────────────────────────────────────────────────────────────

    def ticket(self, text: str = "Say good day.", *, kind: str = "Task") -> str:
        """A new ticket, assigned to the runner; its key."""
        leigh = self.world.at_jira(LEIGH)
        issue = leigh.create(PROJECT, kind, "Greet politely", text)
        leigh.assign(issue.key, RUNNER.jira)
        return issue.key

    def approve(self, key: str) -> None:
        """Leigh approves what was shown last."""
        found = [
            d for said in self.comments(key) for d in re.findall(r"/approve ([0-9a-f]+)", said)
        ]
        self.world.at_jira(LEIGH).comment(key, f"/approve {found[-1]}")

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


def script_of(said: Sequence[Mapping[str, Any]]) -> Script:
    """An answers script: whole entries, or the turns that answer every implement task."""
    whole = bool(said) and "match" in said[0]
    entries = list(said) if whole else [{"match": {"task": "implement"}, "turns": list(said)}]
    return parse_script(yaml.safe_dump({"answers": entries}))


def world_at(
    root: Path,
    said: Sequence[Mapping[str, Any]] = GOOD_TURNS,
    *,
    seed: Mapping[str, str | bytes] = SEED,
    **settings: Any,
) -> World:
    """A world with one route and no plan, whose implementer says that."""
    base: dict[str, Any] = {"routes": ROUTES, "checks": {"commands": []}}
    return World(root, target=Target(seed), script=script_of(said), settings=base | settings)


def _exit_code() -> int:
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def as_process(argv: Sequence[str], env: Mapping[str, str]) -> Said:
    """`cli.main` with arguments, variables and streams as a process of its own would have them."""
    out, err = io.StringIO(), io.StringIO()
    before, words = dict(os.environ), sys.argv
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["patchgate", *argv]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code()
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.argv = words
    return Said(code, out.getvalue(), err.getvalue())


Build = Callable[..., Terminal]
"""Makes a world and its terminal: the model's turns, then settings and `seed`."""


@functools.cache
def _usual() -> tuple[Kept, Kept, str]:
    """The usual world before anything happened, and with a patch that waits; the ticket's key."""
    world = KEPT.enter_context(world_at(folder()))
    before, t = Kept.of(world), Terminal(world, folder())
    key = t.ticket()
    assert t.run(key).code == 0
    return before, Kept.of(world), key


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Build]:
    own: list[World] = []
    desks: list[Path] = []

    def build(*said: Mapping[str, Any], **given: Any) -> Terminal:
        place = tmp_path / str(len(desks))
        desks.append(place / "desk")
        desks[-1].mkdir(parents=True)
        if not said and not given and len(desks) == 1:
            return Terminal(_usual()[0].put_back(), desks[-1])
        own.append(world_at(place / "world", said or GOOD_TURNS, **given))
        return Terminal(own[-1], desks[-1])

    yield build
    for world in own:
        world.close()


@pytest.fixture
def worked(tmp_path: Path) -> tuple[Terminal, str]:
    """The usual world in which the patch of a ticket waits for its approval, and its key."""
    _, kept, key = _usual()
    return Terminal(kept.put_back(), tmp_path), key
