"""Old histories are decided as they were, on every commit."""

from __future__ import annotations

import difflib

import pytest

from patchgate.core.events import KINDS
from patchgate.core.state import State
from tests.e2e.scenarios import SCENARIOS
from tests.histories.recording import everything
from tests.histories.replay import DECIDED, RECORDED, kinds, load, names, slug, states, told
from tests.histories.scrubbing import LEFT

RARE_STATES = frozenset({State.CANCELLED, State.FAILED})
RARE_KINDS = frozenset(
    {
        "checks-started",
        "evidence-received",
        "patch-reviewed",
        "project-resumed",
        "project-stopped",
        "status-unreachable",
        "ticket-unseen",
    }
)
"""What these histories need not hold."""


@pytest.mark.parametrize("name", names())
def test_a_recorded_history_is_decided_as_it_was(name: str) -> None:
    before, now = (DECIDED / f"{name}.txt").read_text("utf-8"), told(load(name))
    changes = difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=0)
    shown = "\n".join(list(changes)[:20])
    advice = "if it is meant: `python -m tests.histories`, and read the diff"
    if now != before:
        pytest.fail(f"{name} is decided otherwise ({advice}):\n{shown}", pytrace=False)


def test_there_is_a_history_for_each_scenario_and_for_each_bug() -> None:
    assert set(names()) == set(map(slug, everything()))
    assert set(SCENARIOS) < set(everything())


def test_the_histories_hold_every_state_and_nearly_every_kind_of_event() -> None:
    loaded = [load(name) for name in names()]
    assert set().union(*map(states, loaded)) >= set(State) - RARE_STATES
    assert set().union(*map(kinds, loaded)) >= set(KINDS) - RARE_KINDS


@pytest.mark.parametrize("name", names())
def test_no_history_holds_a_secret_or_a_place_of_a_machine(name: str) -> None:
    text = (RECORDED / f"{name}.jsonl").read_text("utf-8")
    assert not LEFT.search(text)
