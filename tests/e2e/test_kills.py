"""Killed anywhere: every effect of whole lives, and the sweep that brings the same end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.kills import KILLING, Killer, Mode
from tests.e2e.scenarios import FEATURE, SCENARIOS, TICKET, Stage, staged

OTHERS = [name for name in SCENARIOS if name not in ("ticket", "feature")]
REWORK = ("handed back", "approved again", "green again")
"""Steps that do again what the steps before did; their other effects are killed in `--soak`."""
PAIRS = 200
"""Of kills and kills of what heals them, over all courses."""


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ticket"), SCENARIOS["ticket"]) as stage:
        yield stage


@pytest.fixture(scope="module")
def feature(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("feature"), SCENARIOS["feature"]) as stage:
        yield stage


def killed_around_each(stage: Stage, step: str, *, nth: int = 1) -> str:
    """What is wrong after a kill before and after each (or each n-th) effect of the step."""
    start = stage.at(step)
    assert start.effects, f"{step}: the run does nothing"
    killer = Killer(stage.runner, start)
    chosen = range(nth, len(start.effects) + 1, nth)
    wrong = [line for n in chosen for line in killer.around(n)]
    assert killer.kills >= len(chosen) > 0
    return "\n".join(wrong)


@pytest.mark.parametrize("step", [step for step in TICKET if step not in REWORK])
def test_killed_around_any_effect_of_a_ticket_s_life_the_sweep_brings_the_same_end(
    ticket: Stage, step: str
) -> None:
    assert not (wrong := killed_around_each(ticket, step)), f"{step}:\n{wrong}"


@pytest.mark.parametrize("step", REWORK)
def test_killed_in_a_second_attempt_the_sweep_brings_the_same_end(ticket: Stage, step: str) -> None:
    assert not (wrong := killed_around_each(ticket, step, nth=3)), f"{step}:\n{wrong}"


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


# ── every other course ───────────────────────────────────────────────────────────────────


@pytest.mark.soak
@pytest.mark.parametrize("name", OTHERS)
def test_killed_around_any_effect_of_any_other_course_the_sweep_brings_the_same_end(
    name: str, tmp_path: Path
) -> None:
    with staged(tmp_path, SCENARIOS[name]) as stage:
        wrong = [f"{step}:\n{said}" for step in stage.steps
                 if (said := killed_around_each(stage, step))]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def pairs_of(stage: Stage, count: int, seed: int, *, among: Sequence[str] = ()) -> list[str]:
    """What is wrong after seeded kills whose healing was killed as well; progress is printed."""
    chance = random.Random(seed)  # noqa: S311  # the same again is the point
    steps = list(among or stage.steps)
    wrong: list[str] = []
    both = 0
    for number in range(count):
        step = chance.choice(steps)
        while not (start := stage.at(step)).effects:  # nothing to be killed around
            step = chance.choice(steps)
        killer = Killer(stage.runner, start)
        first, second = chance.choice(KILLING), chance.choice(KILLING)
        at = chance.randrange(1, len(start.effects) + 1)
        said, twice = killer.pair(at, first, chance.randrange(1, 12), second)
        both += twice
        wrong += [f"seed {seed}, pair {number}, {step}: {line}" for line in said]
    print(f"seed {seed}: {count} pairs, {both} killed twice")  # noqa: T201  # the summary
    return wrong


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_twice_wherever_it_was_the_next_sweep_brings_the_same_end(
    name: str, tmp_path: Path
) -> None:
    seed = sum(name.encode())
    with staged(tmp_path, SCENARIOS[name]) as stage:
        assert not (wrong := pairs_of(stage, PAIRS // len(SCENARIOS), seed)), "\n".join(wrong)


def test_some_are_killed_twice_and_the_next_sweep_brings_the_same_end(ticket: Stage) -> None:
    assert not (wrong := pairs_of(ticket, 2, seed=1, among=["approved"])), "\n".join(wrong)
