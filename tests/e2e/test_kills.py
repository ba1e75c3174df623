"""Killed anywhere: every effect of whole lives, and the sweep that brings the same end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from patchgate.standins.models import parse_script
from patchgate.standins.world import LEIGH, REQUIRED_CHECK, ROBIN, RUNNER, WorldSnapshot
from tests.e2e.answers import answer, edits, item, plan, script
from tests.e2e.forks import Forks
from tests.e2e.kills import SWEEP, Killer, Mode, Runner, Start, begin
from tests.e2e.lives import NO_CHECKS, SHOP, Life, living

Act = Callable[[Life], object]


@dataclass(frozen=True)
class Step:
    """What people do, the run that is due then, and what models say in it.

    A killed run costs an attempt, so answers are told by the step and not by the attempt.
    """

    act: Act
    what: str = "MWC-1"
    answers: tuple[Any, ...] = ()


def approve(key: str) -> Act:
    return lambda life: life.world.at_jira(LEIGH).comment(key, f"/approve {life.digest(key)}")


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


def green(number: int) -> Act:
    checks = {REQUIRED_CHECK: "success"}
    return lambda life: life.world.github.report_checks(SHOP, life.head(number), checks)


def merge(number: int) -> Act:
    return lambda life: life.world.github.as_user(LEIGH.github).merge(SHOP, number)


def nothing(life: Life) -> None:
    """The sweep comes by itself."""


GOOD_DAY = edits(("greet.py", '"Hello "', '"Good day "'))
EVENING = edits(("greet.py", '"Good day "', '"Good evening "'), summary="Says good evening")
BETTER = edits(
    ("greet.py", '"Good evening "', '"A very good evening "'),
    ("README.md", "Greets people.", "Greets people politely."),
    summary="Says it better",
)
TICKET = {
    "assigned": Step(lambda life: life.ticket(), answers=(GOOD_DAY,)),
    "approved": Step(approve("MWC-1")),
    "green": Step(green(1)),
    "handed back": Step(hand_back("MWC-1", "Good evening, please."), answers=(EVENING,)),
    "approved again": Step(approve("MWC-1")),
    "green again": Step(green(1)),
    "merged": Step(merge(1)),
    "swept": Step(nothing, SWEEP),
}
"""One ticket from its assignment to the ledger branch."""

ITEMS = (
    item("Greet politely", "greet.py"),
    item("Greet even more politely", "greet.py", "README.md"),
)
PLANNED = answer("plan", {"final": plan(*ITEMS, files=["greet.py", "README.md"])})
REVISED = answer(
    "plan", {"final": plan(*ITEMS, files=["greet.py", "README.md"], approach="Evenings as well.")}
)
FEATURE = {
    "assigned": Step(lambda life: life.ticket(by=ROBIN, kind="Story"), answers=(PLANNED,)),
    "plan handed back": Step(hand_back("MWC-1", "And the evening?"), answers=(REVISED,)),
    "plan approved": Step(
        lambda life: life.world.at_jira(LEIGH).transition("MWC-1", "In Progress"),
        answers=(GOOD_DAY,),
    ),
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
def staged(
    root: Path, steps: Mapping[str, Step], settings: Mapping[str, Any] | None = None
) -> Iterator[Stage]:
    forks = Forks()
    try:
        with living(root, settings=settings) as life:
            runner = Runner(life.world, forks, root / "jobs")
            yield Stage(life, runner, steps, life.world.snapshot())
    finally:
        forks.close()


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ticket"), TICKET) as stage:
        yield stage


@pytest.fixture(scope="module")
def feature(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("feature"), FEATURE, NO_CHECKS) as stage:
        yield stage


def killed_around_each(stage: Stage, step: str) -> str:
    """What is wrong after a kill before and after each effect of the step."""
    start = stage.at(step)
    assert start.effects, f"{step}: the run does nothing"
    killer = Killer(stage.runner, start)
    wrong = [line for n, _ in enumerate(start.effects, 1) for line in killer.around(n)]
    assert killer.kills >= len(start.effects)
    return "\n".join(wrong)


@pytest.mark.parametrize("step", TICKET)
def test_killed_around_any_effect_of_a_ticket_s_life_the_sweep_brings_the_same_end(
    ticket: Stage, step: str
) -> None:
    assert not (wrong := killed_around_each(ticket, step)), f"{step}:\n{wrong}"


def healed_after_each(stage: Stage, step: str, mode: Mode) -> str:
    """What is wrong after that has happened at each effect of the step."""
    start = stage.at(step)
    killer = Killer(stage.runner, start)
    wrong = [line for n, _ in enumerate(start.effects, 1) for line in killer.at(n, mode)]
    return "\n".join(wrong)


@pytest.mark.parametrize("step", ["approved", "green"])
def test_an_answer_that_never_came_makes_no_effect_happen_twice(ticket: Stage, step: str) -> None:
    assert not (wrong := healed_after_each(ticket, step, Mode.DROPPED)), f"{step}:\n{wrong}"


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("step", TICKET)
def test_whatever_happens_at_any_effect_of_a_ticket_s_life_the_sweep_brings_the_same_end(
    ticket: Stage, step: str, mode: Mode
) -> None:
    assert not (wrong := healed_after_each(ticket, step, mode)), f"{step}:\n{wrong}"


@pytest.mark.soak
@pytest.mark.parametrize("step", FEATURE)
def test_killed_around_any_effect_of_a_feature_s_life_the_sweep_brings_the_same_end(
    feature: Stage, step: str
) -> None:
    assert not (wrong := killed_around_each(feature, step)), f"{step}:\n{wrong}"
