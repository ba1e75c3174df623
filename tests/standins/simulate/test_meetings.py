"""Two runs meet at a request: what one of them leaves, the other or a sweep brings to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.crashing import Course
from patchgate.standins.simulate.scenarios import ONE, SCENARIOS, TWO
from patchgate.standins.simulate.wire import Request

Told = Callable[[str, object], None]
Effects = Mapping[int, Request]
"""The effects of a course by the number of their request."""
SEED = 20261127
PARENT = "a parent with two sub-tasks"


def wrong_where_they_meet(
    name: str,
    folder: Path,
    choose: Callable[[Effects], Iterable[int]],
    ways: tuple[bool, ...] = (True, False),
) -> tuple[int, list[str]]:
    """How often two runs met in front of an effect, and what did not heal in three sweeps.

    `ways`: whether the first of them dies then.
    """
    scenario, met, wrong = SCENARIOS[name], 0, []
    whole = Course(scenario, folder).whole()
    effects = {n: r for n, r in enumerate(whole.requests, 1) if r.is_effect}
    for ordinal in choose(effects):
        for dies in ways:
            told = Course(scenario, folder).met(ordinal, whole.ends, dies=dies)
            met += 1
            here = f"in front of request {ordinal}, {effects[ordinal]}, the first {'dies' * dies}"
            wrong += [f"{here}: {what}" for what in told.wrong]
    return met, wrong


@pytest.mark.parametrize("key", [TWO, ONE], ids=["a sub-task", "its parent"])
def test_what_a_dead_run_left_of_an_ended_ticket_is_said_though_another_saw_its_end(
    tmp_path: Path, key: str
) -> None:
    """The run that meets it must not let a parent go on: nobody would come back."""

    def endings(effects: Effects) -> list[int]:
        return [n for n, r in effects.items() if r.service == "jira" and r.target == key][-3:]

    met, wrong = wrong_where_they_meet(PARENT, tmp_path, endings, (True,))
    assert met == 3
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", SCENARIOS)
def test_two_runs_that_meet_at_an_effect_leave_what_one_leaves(tmp_path: Path, name: str) -> None:
    chance = Chance(SEED, name, "meetings")
    met, wrong = wrong_where_they_meet(name, tmp_path, lambda all_: [chance.one_of(list(all_))])
    assert met == 2
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENARIOS)
def test_two_runs_that_meet_at_any_effect_leave_what_one_leaves(
    tmp_path: Path, name: str, record_property: Told
) -> None:
    began = time.monotonic()
    met, wrong = wrong_where_they_meet(name, tmp_path, list)
    seconds = time.monotonic() - began
    record_property("told", f"{name}: {met} meetings in {seconds:.0f} s, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:5])
