from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.core.verdict import Level, Verdict, compose, explain, guarded

LEVELS = st.sampled_from(Level)


def of(level: Level, name: str = "check") -> Verdict:
    return Verdict(name, level, f"{name} said {level}")


def test_nothing_checked_is_unknown_and_has_not_passed() -> None:
    empty = compose("gates", [])
    assert (empty.level, empty.reason) == (Level.UNKNOWN, "nothing was checked")
    assert not empty.passed


@pytest.mark.parametrize(
    ("level", "passed"),
    [
        (Level.PASS, True),
        (Level.WARN, True),
        (Level.UNKNOWN, False),
        (Level.BLOCK, False),
        (Level.REFUSE, False),
    ],
)
def test_only_pass_and_warn_have_passed(level: Level, passed: bool) -> None:
    assert of(level).passed is passed
    assert compose("all", [of(Level.PASS), of(level)]).passed is passed


@given(st.lists(LEVELS, min_size=1))
def test_the_worst_child_decides_in_any_order(levels: list[Level]) -> None:
    order = [Level.PASS, Level.WARN, Level.UNKNOWN, Level.BLOCK, Level.REFUSE]
    expected = max(levels, key=order.index)
    assert compose("all", [of(level) for level in levels]).level is expected


def test_the_reason_names_every_child_that_decided() -> None:
    whole = compose("all", [of(Level.BLOCK, "a"), of(Level.PASS, "b"), of(Level.BLOCK, "c")])
    assert whole.reason == "a: a said BLOCK; c: c said BLOCK"
    assert [child.name for child in whole.children] == ["a", "b", "c"]


def test_a_check_that_raises_blocks_and_is_named() -> None:
    def broken() -> Verdict:
        raise ValueError("no \u202esuch key")

    verdict = guarded("frozen paths", broken)
    assert verdict.level is Level.BLOCK
    assert verdict.reason.startswith("frozen paths could not be checked: ValueError")
    assert "⟨U+202E⟩" in verdict.reason


def test_a_check_that_answers_is_left_alone() -> None:
    assert guarded("x", lambda: of(Level.WARN)) == of(Level.WARN)


def test_the_tree_explains_itself_line_by_line() -> None:
    inner = compose("inner", [of(Level.WARN, "leaf")])
    assert list(explain(compose("outer", [inner]))) == [
        "WARN outer: inner: leaf: leaf said WARN",
        "  WARN inner: leaf: leaf said WARN",
        "    WARN leaf: leaf said WARN",
    ]
