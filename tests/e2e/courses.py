"""A ticket's life up to a point at which many tests begin.

Each process lives it once; each test is given the world as it was left, and a life of its own.
"""

from __future__ import annotations

import copy
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchgate.standins.http import Exchange
from patchgate.standins.world import WorldSnapshot
from tests.e2e.answers import POLITE, POLITER, answer
from tests.e2e.lives import Life, living

ASK = answer(
    "answer",
    {"tools": [{"name": "read_file", "input": {"path": "greet.py"}}]},
    {"final": {"summary": "greet.py, in the function greet."}},
)
KEPT = ExitStack()
"""What the worlds of this process hold; it is closed with the session."""


@dataclass(frozen=True)
class Point:
    """A world at a point of its ticket's life, with everything that was asked of it so far."""

    life: Life
    key: str
    facts: WorldSnapshot
    keys: Any
    lines: tuple[str, ...]
    exchanges: Mapping[str, tuple[Exchange, ...]]
    effects: Mapping[str, int]

    @classmethod
    def of(cls, life: Life, key: str) -> Point:
        """The point at which this life is now."""
        world = life.world
        return cls(
            life,
            key,
            world.snapshot(),
            copy.deepcopy(world.keys),
            tuple(life.lines),
            {one.service: tuple(one.exchanges) for one in world.services},
            {one.service: one.effects for one in world.services},
        )

    def again(self, root: Path) -> tuple[Life, str]:
        """The world put back to this point: a life that goes on in other folders, and its key."""
        world = self.life.world
        world.restore(self.facts)
        world.keys = copy.deepcopy(self.keys)
        for one in world.services:
            one.clear_faults()
            one.exchanges[:] = self.exchanges[one.service]
            one.effects = self.effects[one.service]
            one.before_effect = one.after_effect = one.on_arrival = None
        return Life(world, self.life.env, root / "rooms", lines=list(self.lines)), self.key


@functools.cache
def _points() -> Mapping[str, Point]:
    root = KEPT.enter_context(tempfile.TemporaryDirectory(prefix="patchgate-lived-"))
    life = KEPT.enter_context(living(Path(root), POLITE, POLITER, ASK))
    key = life.ticket()
    steps: Mapping[str, Callable[[], object]] = {
        "waiting": life.settle,
        "published": lambda: life.approve(key),
        "opened": life.ci,
    }
    points = {}
    for name, step in steps.items():
        step()
        points[name] = Point.of(life, key)
    return points


@contextmanager
def waiting(root: Path) -> Iterator[tuple[Life, str]]:
    """A ticket whose patch waits for its approval, and its key."""
    yield _points()["waiting"].again(root)


@contextmanager
def published(root: Path) -> Iterator[tuple[Life, str]]:
    """A ticket whose pull request is there, and CI has yet to report."""
    yield _points()["published"].again(root)


@contextmanager
def opened(root: Path) -> Iterator[tuple[Life, str]]:
    """A ticket with a pull request that is ready to merge."""
    yield _points()["opened"].again(root)
