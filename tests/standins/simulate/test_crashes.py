"""Killed anywhere, in every weather: each scenario comes to the same end, with nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.crashing import Course, Tally, crashed
from patchgate.standins.simulate.scenarios import SCENARIOS, SWEEP
from patchgate.standins.simulate.time import SECOND
from patchgate.standins.simulate.wire import WEATHER, Fault, Request, may_happen

Told = Callable[[str, object], None]
SEED = 20261127
LAG = 150 * SECOND
"""So far behind that the first two sweeps after an act, a minute apart, do not see it."""
TRIPLES = 0.5
"""The share of the pairs that go on to a third kill: more than 10,000 over all scenarios."""


def last(tally: Tally) -> str:
    return "\n".join(tally.wrong[:5])


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_some_places_each_scenario_heals_to_the_same_end(
    tmp_path: Path, name: str
) -> None:
    *_, tally = crashed(SCENARIOS[name], tmp_path, seed=SEED, singles=0.1, pairs=0.01)
    assert tally.singles > 0
    assert not tally.wrong, last(tally)


@pytest.mark.parametrize("name", SCENARIOS)
def test_on_a_calm_day_nothing_is_refused_and_nothing_goes_wrong(tmp_path: Path, name: str) -> None:
    course = Course(SCENARIOS[name], tmp_path)
    told = course.whole()
    assert not told.wrong
    assert course.world.jira.refused == 0
    assert told.effects > 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_whichever_doorbell_is_lost_the_sweep_finds_the_news(tmp_path: Path, name: str) -> None:
    whole = Course(SCENARIOS[name], tmp_path).whole()
    steps = list(SCENARIOS[name].steps.values())
    bells = [n for n, step in enumerate(steps) if step.rings != SWEEP]
    for lost in [*([n] for n in bells), bells]:
        told = Course(SCENARIOS[name], tmp_path).deaf(lost, whole.ends)
        names = [list(SCENARIOS[name].steps)[n] for n in lost]
        assert not told.wrong, f"lost {names}: {told.wrong[:5]}"


def weathers(requests: list[Request]) -> list[tuple[int, Fault]]:
    """Every fault of every request where it may happen; requests count from 1."""
    places = enumerate(requests, 1)
    return [(n, f) for n, one in places for f in WEATHER if may_happen(one, f)]


def wrong_under(name: str, folder: Path, share: float) -> tuple[int, list[str]]:
    """How many faults were tried, and what did not heal within three sweeps."""
    whole = Course(SCENARIOS[name], folder).whole()
    chance, wrong, tried = Chance(SEED, name, "weather"), [], 0
    for ordinal, fault in weathers(whole.requests):
        if not chance.hits(share):
            continue
        told = Course(SCENARIOS[name], folder).under(ordinal, fault, whole.ends)
        tried += 1
        here = f"{fault} at request {ordinal}, {whole.requests[ordinal - 1]}"
        wrong += [f"{here}: {what}" for what in told.wrong]
    return tried, wrong


@pytest.mark.parametrize("name", SCENARIOS)
def test_bad_weather_at_some_requests_heals_within_three_sweeps(tmp_path: Path, name: str) -> None:
    tried, wrong = wrong_under(name, tmp_path, 0.006)
    assert tried > 0
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("name", ["a sweep of many", "deferred to another day", "rejection"])
def test_a_search_that_is_behind_heals_within_three_sweeps(tmp_path: Path, name: str) -> None:
    whole = Course(SCENARIOS[name], tmp_path).whole()
    late, calm = Course(SCENARIOS[name], tmp_path), Course(SCENARIOS[name], tmp_path)
    stale, fresh = late.behind(LAG, whole.ends), calm.behind(0, whole.ends)
    assert not stale.wrong, "\n".join(stale.wrong[:5])
    wakes_by_search = name == "a sweep of many"
    assert (stale.sweeps > fresh.sweeps) is wakes_by_search


# ── the long ones ────────────────────────────────────────────────────────────────────────


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_fault_of_every_request_heals_within_three_sweeps(
    tmp_path: Path, name: str, record_property: Told
) -> None:
    began = time.monotonic()
    tried, wrong = wrong_under(name, tmp_path, 1.0)
    seconds = time.monotonic() - began
    record_property("told", f"{name}: {tried} faults in {seconds:.0f} s, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_kill_and_every_pair_of_kills_and_many_triples_heal_to_the_same_end(
    tmp_path: Path, name: str, record_property: Told
) -> None:
    began = time.monotonic()
    *_, tally = crashed(SCENARIOS[name], tmp_path, seed=SEED, pairs=1.0, triples=TRIPLES)
    seconds = time.monotonic() - began
    record_property(
        "told",
        f"{name}: {tally.effects} effects, {tally.singles} singles, {tally.pairs} pairs, "
        f"{tally.triples} triples ({tally.parked} of all parked: lost runs used up attempts or "
        "money) "
        f"in {seconds:.0f} s with seed {SEED}, {len(tally.wrong)} wrong",
    )
    assert not tally.wrong, last(tally)
