"""The lives that are killed, delivered twice and rained on: every kind of course, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patchgate.standins.models import parse_script
from patchgate.standins.world import LEIGH, REQUIRED_CHECK, ROBIN, RUNNER, WorldSnapshot
from tests.e2e.answers import answer, edits, item, plan, script
from tests.e2e.forks import Forks
from tests.e2e.kills import SWEEP, Runner, Start, begin
from tests.e2e.lives import NO_CHECKS, SHOP, UNPLANNED, Life, living

Act = Callable[[Life], object]


@dataclass(frozen=True)
class Step:
    """What people do, the run that is due then, and what models say in it.

    A killed run costs an attempt, so answers are told by the step and not by the attempt.
    """

    act: Act
    what: str = "MWC-1"
    answers: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One course, from an assignment to an end on the ledger branch."""

    steps: Mapping[str, Step]
    settings: Mapping[str, Any] = field(default_factory=lambda: UNPLANNED)


# ── what people do ───────────────────────────────────────────────────────────────────────


def approve(key: str) -> Act:
    return lambda life: life.world.at_jira(LEIGH).comment(key, f"/approve {life.digest(key)}")


def say(text: str, key: str = "MWC-1") -> Act:
    return lambda life: life.world.at_jira(LEIGH).comment(key, text)


def move(status: str, key: str = "MWC-1") -> Act:
    return lambda life: life.world.at_jira(LEIGH).transition(key, status)


def hand_back(key: str, text: str) -> Act:
    def act(life: Life) -> None:
        life.world.at_jira(LEIGH).comment(key, text)
        life.world.at_jira(LEIGH).assign(key, RUNNER.jira)

    return act


def go_on(life: Life) -> None:
    """A person's own commit on the branch, then a word and the assignment."""
    at_github = life.world.github.as_user(LEIGH.github)
    at_github.push(SHOP, "ai/MWC-2", {"NEWS.md": "Politeness.\n"}, "Tell people")
    hand_back("MWC-2", "Evening!")(life)


def report(number: int, verdict: str) -> Act:
    checks = {REQUIRED_CHECK: verdict}
    return lambda life: life.world.github.report_checks(SHOP, life.head(number), checks)


def green(number: int) -> Act:
    return report(number, "success")


def merge(number: int) -> Act:
    return lambda life: life.world.github.as_user(LEIGH.github).merge(SHOP, number)


def merge_draft(life: Life) -> None:
    """In mode `request` the pull request is a draft: a person looks at it first."""
    life.world.github.as_user(LEIGH.github).mark_ready(SHOP, 1)
    merge(1)(life)


def close(life: Life) -> None:
    life.world.github.as_user(LEIGH.github).close(SHOP, 1)


def nothing(life: Life) -> None:
    """The sweep comes by itself."""


def three_more(life: Life) -> None:
    """While one ticket waits for its approver, two more are assigned and one is rejected."""
    approve("MWC-1")(life)
    life.ticket("Greet in the morning", "Say good morning.")
    rejected = life.ticket("Greet at night", "Say good night.")
    life.world.at_jira(LEIGH).comment(rejected, "/reject not wanted")
    life.ticket("Greet at noon", "Say good day at noon.", by=ROBIN)


# ── what models say ──────────────────────────────────────────────────────────────────────

GOOD_DAY = edits(("greet.py", '"Hello "', '"Good day "'))
EVENING = edits(("greet.py", '"Good day "', '"Good evening "'), summary="Says good evening")
BETTER = edits(
    ("greet.py", '"Good evening "', '"A very good evening "'),
    ("README.md", "Greets people.", "Greets people politely."),
    summary="Says it better",
)
WIDE = edits(("greet.py", '"Hello "', '"Good day "'), ("shout.py", '"!"', '"!!"'))
ITEMS = (
    item("Greet politely", "greet.py"),
    item("Greet even more politely", "greet.py", "README.md"),
)
PLANNED = answer("plan", {"final": plan(*ITEMS, files=["greet.py", "README.md"])})
REVISED = answer(
    "plan", {"final": plan(*ITEMS, files=["greet.py", "README.md"], approach="Evenings as well.")}
)
ONE_ITEM = answer("plan", {"final": plan(ITEMS[0], files=["greet.py"])})

# ── the courses ──────────────────────────────────────────────────────────────────────────


def assigned(*answers: Any, **given: Any) -> Step:
    return Step(lambda life: life.ticket(**given), answers=answers)


TICKET = {
    "assigned": assigned(GOOD_DAY),
    "approved": Step(approve("MWC-1")),
    "green": Step(green(1)),
    "handed back": Step(hand_back("MWC-1", "Good evening, please."), answers=(EVENING,)),
    "approved again": Step(approve("MWC-1")),
    "green again": Step(green(1)),
    "merged": Step(merge(1)),
    "swept": Step(nothing, SWEEP),
}
"""One ticket from its assignment to the ledger branch."""

FEATURE = {
    "assigned": assigned(PLANNED, by=ROBIN, kind="Story"),
    "plan handed back": Step(hand_back("MWC-1", "And the evening?"), answers=(REVISED,)),
    "plan approved": Step(move("In Progress"), answers=(GOOD_DAY,)),
    "first approved": Step(approve("MWC-2"), "MWC-2"),
    "first green": Step(green(1), "MWC-2"),
    "first handed back": Step(go_on, "MWC-2", (EVENING,)),
    "first approved again": Step(approve("MWC-2"), "MWC-2"),
    "first green again": Step(green(1), "MWC-2"),
    "first merged": Step(merge(1), "MWC-2", (BETTER,)),
    "second approved": Step(approve("MWC-3"), "MWC-3"),
    "second green": Step(green(2), "MWC-3"),
    "second merged": Step(merge(2), "MWC-3"),
    "swept": Step(nothing, SWEEP),
}
"""A feature with a revised plan, two sub-tasks and a rework: what the demo plays."""

SCENARIOS: dict[str, Scenario] = {
    "ticket": Scenario(TICKET),
    "feature": Scenario(FEATURE, NO_CHECKS),
    "mode plan": Scenario(
        {
            "assigned": assigned(ONE_ITEM, kind="Story"),
            "plan approved": Step(move("In Progress"), answers=(GOOD_DAY,)),
            "green": Step(green(1), "MWC-2"),
            "merged": Step(merge(1), "MWC-2"),
            "swept": Step(nothing, SWEEP),
        },
        {"approval": {"mode": "plan"}, **NO_CHECKS},
    ),
    "mode request": Scenario(
        {
            "assigned": assigned(GOOD_DAY),
            "green": Step(green(1)),
            "merged": Step(merge_draft),
            "swept": Step(nothing, SWEEP),
        },
        {**UNPLANNED, "approval": {"mode": "request"}},
    ),
    "red": Scenario(
        {
            "assigned": assigned(GOOD_DAY),
            "approved": Step(approve("MWC-1")),
            "red": Step(report(1, "failure"), answers=(EVENING,)),
            "approved again": Step(approve("MWC-1")),
            "green": Step(green(1)),
            "merged": Step(merge(1)),
            "swept": Step(nothing, SWEEP),
        }
    ),
    "rejected": Scenario(
        {
            "assigned": assigned(GOOD_DAY),
            "rejected": Step(say("/reject not wanted")),
            "swept": Step(nothing, SWEEP),
        }
    ),
    "override": Scenario(
        {
            "assigned": assigned(ONE_ITEM, kind="Story"),
            "plan approved": Step(move("In Progress"), answers=(WIDE,)),
            "overridden": Step(say("/override scope The plan forgot it.", "MWC-2"), "MWC-2"),
            "approved": Step(approve("MWC-2"), "MWC-2"),
            "green": Step(green(1), "MWC-2"),
            "merged": Step(merge(1), "MWC-2"),
            "swept": Step(nothing, SWEEP),
        },
        {"approval": {"mode": "plan"}, **NO_CHECKS},
    ),
    "stopped": Scenario(
        {
            "assigned": assigned(GOOD_DAY),
            "stopped": Step(say("/stop")),
            "resumed": Step(say("/resume")),
            "approved": Step(approve("MWC-1")),
            "blocked": Step(move("Blocked")),
            "resumed again": Step(hand_back("MWC-1", "/resume")),
            "green": Step(green(1)),
            "merged": Step(merge(1)),
            "swept": Step(nothing, SWEEP),
        }
    ),
    "closed": Scenario(
        {
            "assigned": assigned(GOOD_DAY),
            "approved": Step(approve("MWC-1")),
            "closed": Step(close),
            "rejected": Step(say("/reject not wanted")),
            "swept": Step(nothing, SWEEP),
        }
    ),
    "sweep of many": Scenario(
        {
            "assigned": assigned(GOOD_DAY),
            "swept": Step(three_more, SWEEP, (GOOD_DAY,)),
            "swept again": Step(nothing, SWEEP),
        }
    ),
}
"""Every kind of course that the suite knows, by name."""


# ── played step by step ──────────────────────────────────────────────────────────────────


@dataclass
class Stage:
    """A life step by step, each with the world in which its run is due; played as far as asked."""

    life: Life
    runner: Runner
    steps: Mapping[str, Step]
    left: WorldSnapshot
    starts: dict[str, Start] = field(default_factory=dict)

    def at(self, name: str) -> Start:
        """The start of that step."""
        for known, step in self.steps.items():
            if name in self.starts:
                break
            if known not in self.starts:
                self._begin(known, step)
        return self.starts[name]

    def _begin(self, name: str, step: Step) -> None:
        world = self.life.world
        world.restore(self.left)
        world.anthropic.state.script = parse_script(script(*step.answers))
        world.openai.state.script = parse_script(script(*step.answers))
        step.act(self.life)
        self.starts[name] = begin(self.runner, step.what)
        self.left = world.snapshot()


@contextmanager
def staged(root: Path, scenario: Scenario) -> Iterator[Stage]:
    forks = Forks()
    try:
        with living(root, settings=scenario.settings) as life:
            runner = Runner(life.world, forks, root / "jobs")
            yield Stage(life, runner, scenario.steps, life.world.snapshot())
    finally:
        forks.close()
