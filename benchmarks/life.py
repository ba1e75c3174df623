"""Requests and pushes of one ticket with one pull request, from assignment to Done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.answers import POLITE
from tests.e2e.lives import living

ACTS = ("propose", "approve", "checks", "merge")


@dataclass(frozen=True)
class Spent:
    """What one act, or a whole life, sent; each git exchange is two requests over HTTP."""

    jira: int
    github: int
    """GitHub's REST interface."""
    git: int
    pushes: int

    def since(self, before: Spent) -> Spent:
        """The difference to an earlier reading."""
        return Spent(
            self.jira - before.jira,
            self.github - before.github,
            self.git - before.git,
            self.pushes - before.pushes,
        )


def measure(root: Path) -> dict[str, Spent]:
    """By act, `life` for all of them together, and `nothing` for a wake-up too many."""
    with living(root, POLITE) as life:
        key = life.ticket()
        found: dict[str, Spent] = {}

        def read() -> Spent:
            return Spent(**life.counts())

        start = read()
        acts: dict[str, Callable[[], object]] = {
            "propose": life.settle,
            "approve": lambda: life.approve(key),
            "checks": lambda: life.ci(),
            "merge": lambda: life.merge(),
            "nothing": lambda: life.run(key),
        }
        for name, act in acts.items():
            before = read()
            act()
            found[name] = read().since(before)
            if name == "merge":
                found["life"] = read().since(start)
        if life.shows(key)[0] != "Done":
            raise RuntimeError("the life that was measured did not end in Done")
        return found
