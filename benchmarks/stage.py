"""One world with one ticket on it, and the people who move it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patchgate.app.environment import Environment, Room
from patchgate.app.run import LocalRun
from patchgate.core.ids import TicketKey
from patchgate.standins.models import parse_script
from patchgate.standins.world import LEIGH, RUNNER, Target, World

SEED = {"greet.py": 'def greet(name):\n    return "Hello " + name\n', "README.md": "# Greeter\n"}
SCRIPT = """
answers:
- match: {task: plan}
  turns:
  - final:
      approach: Change the greeting.
      files: [{path: greet.py, action: modify, reason: it greets}]
      risks: []
      unknowns: []
      non_goals: []
      acceptance: [{id: AC1, text: It says good day.}]
      items: []
- match: {task: implement}
  turns:
  - tools: [{name: read_file, input: {path: greet.py}}]
  - tools: [{name: edit_file, input: {path: greet.py, old: '"Hello "', new: '"Good day "'}}]
  - final: {summary: Says good day, rationale: Asked for, criteria: [AC1]}
"""


class Stage:
    """A world, a ticket, and `patchgate run` for it."""

    def __init__(self, world: World, root: Path) -> None:
        self.world = world
        self.root = root
        self.variables = {**world.env(), "PATH": os.environ["PATH"]}
        self.tick_room = Environment.from_mapping(self.variables).for_room(Room.TICK)
        self.key = world.at_jira(LEIGH).create("MWC", "Task", "Greet", "Say good day.").key

    def assign(self) -> None:
        """Leigh assigns the ticket to the runner."""
        self.world.at_jira(LEIGH).assign(self.key, RUNNER.jira)

    def run(self) -> None:
        """One whole run of the rooms as processes."""
        env = Environment.from_mapping(self.variables)
        local = LocalRun(
            env=env, folder=self.root / "run", cache=self.root / "cache", heard=lambda _line: None
        )
        status = local.keys([TicketKey(self.key)])
        if status:
            raise SystemExit(f"the run of {self.key} ended with {status}")


@contextmanager
def stage(root: Path, *, plan: str) -> Iterator[Stage]:
    """A world whose one route asks for a plan (`required`) or not (`none`)."""
    settings = {
        "routes": [{"repository": "acme/shop", "base_branch": "main", "plan": plan}],
        "checks": {"commands": []},
    }
    with World(
        root / "world", target=Target(SEED), script=parse_script(SCRIPT), settings=settings
    ) as world:
        yield Stage(world, root)
