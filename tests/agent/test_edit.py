from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.agent.edit import replaced
from patchgate.agent.workspace import ToolFault

TEXT = "def one():\n    return 1\n\n\ndef two():\n    return 1\n"


def test_the_one_occurrence_is_replaced() -> None:
    assert replaced(TEXT, "def two():", "def zwei():", path="a.py") == TEXT.replace("two", "zwei")


def test_several_occurrences_are_counted_and_placed() -> None:
    with pytest.raises(ToolFault, match="occurs 2 times, at lines 2, 6"):
        replaced(TEXT, "    return 1", "    return 2", path="a.py")


def test_overlapping_occurrences_are_several() -> None:
    with pytest.raises(ToolFault, match="occurs 2 times"):
        replaced("aaa", "aa", "b", path="a")


def test_a_near_miss_names_the_nearest_line() -> None:
    with pytest.raises(ToolFault, match=r"The nearest line is 5: 'def two\(\):'"):
        replaced(TEXT, "def twoo():\n", "x", path="a.py")


def test_wrong_white_space_is_told_apart() -> None:
    with pytest.raises(ToolFault, match=r"like line 2, .* white space or a later line differs"):
        replaced(TEXT, "\treturn 1\n\n\ndef two", "x", path="a.py")


def test_something_else_altogether_has_no_hint() -> None:
    with pytest.raises(ToolFault, match="No line is like"):
        replaced(TEXT, "zzzzzzzzzzzz", "x", path="a.py")


def test_an_anchor_with_plain_ends_fits_windows_ends() -> None:
    assert replaced("a\r\nb\r\nc\r\n", "a\nb\n", "a\nB\nB\n", path="a") == "a\r\nB\r\nB\r\nc\r\n"


@pytest.mark.parametrize(("old", "new"), [("", "x"), ("one", "one")])
def test_an_edit_that_is_none_is_refused(old: str, new: str) -> None:
    with pytest.raises(ToolFault):
        replaced(TEXT, old, new, path="a.py")


@given(
    before=st.text(alphabet="ab\n"), old=st.text(min_size=1), new=st.text(), after=st.text("ab\n")
)
def test_an_edit_changes_exactly_its_anchor_or_nothing(
    before: str, old: str, new: str, after: str
) -> None:
    text = before + old + after
    if "\r" in text + new:
        return
    try:
        result = replaced(text, old, new, path="a")
    except ToolFault:
        once = text.count(old) == 1 and text.find(old, text.find(old) + 1) < 0
        assert old == new or not once
    else:
        assert result == before + new + after
