"""A ticket's life up to a point at which many tests begin.

Each process lives it once; each test is given the world as it was left, and a life of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.answers import POLITE, POLITER, answer
from tests.e2e.kept import KEPT, Kept, folder
from tests.e2e.lives import Life, living

ASK = answer(
    "answer",
    {"tools": [{"name": "read_file", "input": {"path": "greet.py"}}]},
    {"final": {"summary": "greet.py, in the function greet."}},
)


@dataclass(frozen=True)
class Point:
    """A life at a point, in a world that can be put back to it."""

    life: Life
    key: str
    kept: Kept
    lines: tuple[str, ...]

    @classmethod
    def of(cls, life: Life, key: str) -> Point:
        """The point at which this life is now."""
        return cls(life, key, Kept.of(life.world), tuple(life.lines))

    def again(self, root: Path) -> tuple[Life, str]:
        """The world put back to this point: a life that goes on in other folders, and its key."""
        world = self.kept.put_back()
        return Life(world, self.life.env, root / "rooms", lines=list(self.lines)), self.key


@functools.cache
def _points() -> Mapping[str, Point]:
    life = KEPT.enter_context(living(folder(), POLITE, POLITER, ASK))
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
