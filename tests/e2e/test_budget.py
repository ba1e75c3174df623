"""What one ticket costs in requests, pushes, modules and tokens; counts only, never seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks import ledger, life, prompt, wakeup

from tests.e2e.answers import POLITE
from tests.e2e.lives import LEIGH, Life, living

MOST = 60
"""Requests of one ticket with one pull request, for each service."""


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, life.Spent]:
    return life.measure(tmp_path_factory.mktemp("life"))


def test_one_life_stays_inside_the_budget_of_requests(spent: dict[str, life.Spent]) -> None:
    assert 0 < spent["life"].jira <= MOST
    assert 0 < spent["life"].github <= MOST


def test_git_exchanges_of_one_life_stay_few(spent: dict[str, life.Spent]) -> None:
    assert spent["life"].git <= 2 * 50


def test_a_wake_up_with_nothing_to_do_pushes_and_writes_nothing(
    spent: dict[str, life.Spent],
) -> None:
    assert spent["nothing"].pushes == 0
    assert spent["nothing"].jira == 2
    assert spent["nothing"].git <= 2 * 3


@pytest.mark.parametrize(
    ("act", "ticks", "besides"),
    [
        pytest.param("propose", 2, 1, id="two ticks, and the ledger branch begins"),
        pytest.param("approve", 1, 1, id="one tick, and the patch itself"),
        pytest.param("checks", 1, 0, id="one tick"),
        pytest.param("merge", 1, 0, id="the last tick"),
    ],
)
def test_a_tick_pushes_the_ledger_twice_at_most(
    spent: dict[str, life.Spent], act: str, ticks: int, besides: int
) -> None:
    assert 0 < spent[act].pushes <= 2 * ticks + besides


@contextmanager
def _waiting(root: Path) -> Iterator[tuple[Life, str]]:
    with living(root, POLITE) as alive:
        key = alive.ticket()
        alive.settle()
        yield alive, key


def test_a_wake_up_that_only_observes_pushes_once(tmp_path: Path) -> None:
    with _waiting(tmp_path) as (alive, key):
        before = alive.counts()["pushes"]
        alive.world.at_jira(LEIGH).edit(key, summary="Greet more politely")
        alive.run(key)
        assert alive.counts()["pushes"] == before + 1


def test_only_the_libraries_that_are_used_are_loaded(tmp_path: Path) -> None:
    found = wakeup.measure(tmp_path, rounds=1)
    assert found.loaded == ("jira",)
    assert found.requests["github"] == 0
    assert found.pushes == 0


def test_an_implement_task_pays_little_before_its_first_word(tmp_path: Path) -> None:
    found = prompt.measure(tmp_path)
    assert found.total <= 1_500
    assert found.identical


def test_a_stream_is_found_among_many_with_as_many_exchanges(tmp_path: Path) -> None:
    small, large = ledger.measure(tmp_path, (100, 5_000), rounds=1)
    assert large.requests == small.requests
