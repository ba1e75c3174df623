"""Canonical JSON: the quick way writes what RFC 8785's own library writes, or leaves it to it."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from patchgate.core.ids import canonical

texts = st.text(st.characters(codec=None, exclude_categories=[]), max_size=12)
names = st.text(max_size=6) | st.sampled_from(["a", "aa", "ab", "B", "é", "\U00010000", "\ufb33"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats(allow_nan=True)
    | texts
    | st.sampled_from(["\x00\x1f\x7f\u2028", '"\\/', "\ud800", 2**53, -(2**53), 2**53 - 1])
)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_every_value_is_written_as_the_rfc_s_own_library_writes_it(value: Any) -> None:
    try:
        wanted = rfc8785.dumps(value)
    except ValueError as error:
        with pytest.raises(type(error)):
            canonical(value)
    else:
        assert canonical(value) == wanted


def test_a_tuple_is_written_as_a_list_and_names_beyond_ascii_by_their_utf_16_units() -> None:
    assert canonical((1, "\U00010000")) == '[1,"\U00010000"]'.encode()
    assert canonical({"\ufb33": 1, "\U00010000": 2}) == '{"\U00010000":2,"\ufb33":1}'.encode()
