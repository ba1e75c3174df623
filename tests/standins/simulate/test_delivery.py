"""Wake-ups delivered 0 to 3 times, late and in any order, in both kinds of group: the same end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.crashing import Course
from patchgate.standins.simulate.delivery import (
    MOST,
    Delivered,
    History,
    Post,
    bells,
    every_post,
    some_post,
)
from patchgate.standins.simulate.scenarios import (
    ONE,
    SCENARIOS,
    SWEEP,
    TWO,
    Scenario,
    Step,
    approve,
    nothing,
    obliging,
    say,
    ticket,
)

Told = Callable[[str, object], None]
SEED = 20261127
GATHERED = {"gathered": Step(nothing, SWEEP)}
SHORT = {
    "a rejection": Scenario(
        {"assigned": Step(ticket()), "rejected": Step(say("/reject no")), **GATHERED}, obliging
    ),
    "two tickets": Scenario(
        {"assigned": Step(ticket()), "the other": Step(ticket(TWO), TWO), **GATHERED}, obliging
    ),
}
"""Two wake-ups each: short enough for all ways."""
UP_TO = {"two tickets": 2}
"""How often a wake-up comes at the most, where all ways are too many for every day."""
LARGE = {
    "an approval": Scenario(
        {"assigned": Step(ticket()), "approved": Step(approve()), **GATHERED}, obliging
    ),
    "two tickets": SHORT["two tickets"],
    "a near miss and a rejection": SCENARIOS["rejection"],
    "two tickets, one rejected": Scenario(
        {
            "assigned": Step(ticket()),
            "the other": Step(ticket(TWO), TWO),
            "rejected": Step(say("/reject no"), ONE),
            **GATHERED,
        },
        obliging,
    ),
}
LONG = {name: one for name, one in SCENARIOS.items() if bells(one)}


def delivered(scenario: Scenario, folder: Path, posts: Iterable[tuple[Post, bool]]) -> Delivered:
    """All these ways, each held against how it goes when every wake-up comes once and at once."""
    told, ends = Delivered(), Course(scenario, folder).whole().ends
    for post, queue in posts:
        one = History(scenario, folder, post, queue=queue).play(ends)
        one.wrong = [f"{post}, {queue=}: {what}" for what in one.wrong]
        told.add(one)
    return told


def both(posts: Iterable[Post]) -> Iterable[tuple[Post, bool]]:
    return ((post, queue) for post in posts for queue in (False, True))


def by_chance(name: str, count: int) -> Iterable[tuple[Post, bool]]:
    for number in range(count):
        chance = Chance(SEED, "delivery", name, number)
        yield some_post(LONG[name], chance), number % 2 == 1


def line(name: str, histories: int, told: Delivered, seconds: float) -> str:
    """One row of the table."""
    return (
        f"{name}: {histories} histories, {told.bells} wake-ups, {told.lost} lost, "
        f"{told.copies} copies, {told.late} late, {told.replaced} replaced, {told.runs} runs, "
        f"{told.healed} steps healed by the sweep, {len(told.wrong)} wrong in {seconds:.0f} s, "
        f"seed {SEED}"
    )


def test_the_ways_are_all_ways_and_each_once() -> None:
    posts = [tuple(map(tuple, post.values())) for post in every_post(SHORT["two tickets"])]
    assert len(set(posts)) == len(posts)
    counts = {tuple(map(len, post)) for post in posts}
    assert any(second and first and min(second) < min(first) for first, second in posts)
    assert counts == {(a, b) for a in range(MOST + 1) for b in range(MOST + 1)}


@pytest.mark.parametrize("name", SHORT)
def test_every_delivery_of_a_short_history_leads_to_the_same_end(tmp_path: Path, name: str) -> None:
    posts = every_post(SHORT[name], UP_TO.get(name, MOST))
    told = delivered(SHORT[name], tmp_path, both(posts))
    assert not told.wrong, "\n".join(told.wrong[:5])
    assert min(told.lost, told.late, told.healed, told.replaced) > 0


@pytest.mark.parametrize("name", LONG)
def test_some_deliveries_of_a_long_history_lead_to_the_same_end(tmp_path: Path, name: str) -> None:
    told = delivered(LONG[name], tmp_path, by_chance(name, 12))
    assert not told.wrong, "\n".join(told.wrong[:5])
    assert told.copies > told.bells - told.lost


# ── the long ones ────────────────────────────────────────────────────────────────────────

TEN_THOUSAND = -(-10_000 // len(LONG))
"""Histories of each scenario: together ten thousand."""


@pytest.mark.soak
@pytest.mark.parametrize("name", LONG)
def test_ten_thousand_deliveries_lead_to_the_same_end(
    tmp_path: Path, name: str, record_property: Told
) -> None:
    began = time.monotonic()
    told = delivered(LONG[name], tmp_path, by_chance(name, TEN_THOUSAND))
    record_property("told", line(name, TEN_THOUSAND, told, time.monotonic() - began))
    assert not told.wrong, "\n".join(told.wrong[:5])


@pytest.mark.soak
@pytest.mark.parametrize("name", LARGE)
def test_every_delivery_of_two_or_three_wake_ups_leads_to_the_same_end(
    tmp_path: Path, name: str, record_property: Told
) -> None:
    began = time.monotonic()
    posts = list(both(every_post(LARGE[name])))
    told = delivered(LARGE[name], tmp_path, posts)
    record_property("told", line(name, len(posts), told, time.monotonic() - began))
    assert not told.wrong, "\n".join(told.wrong[:5])
