"""Which characters count as hidden: an emoji's own parts do not, the same ones elsewhere do."""

from __future__ import annotations

import pytest

from patchgate.core.characters import hidden_at, is_hidden, visible

HEART, WOMAN, TONE = "\u2764", "\U0001f469", "\U0001f3fd"
AS_EMOJI, JOINER = "\ufe0f", "\u200d"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (HEART + AS_EMOJI, []),
        (WOMAN + TONE + JOINER + HEART, []),
        (WOMAN + JOINER + HEART + AS_EMOJI + JOINER + WOMAN, []),
        (AS_EMOJI, [0]),
        (JOINER + HEART, [0]),
        ("a" + AS_EMOJI, [1]),
        ("\u0436" + AS_EMOJI, [1]),
        (AS_EMOJI + AS_EMOJI, [0, 1]),
        (HEART + JOINER, [1]),
        (HEART + JOINER + "a", [1]),
        ("a" + JOINER + HEART, [1]),
        ("a" + AS_EMOJI + JOINER + HEART, [1]),
        (HEART + JOINER + JOINER + HEART, [1, 2]),
        (HEART + "\u200b" + HEART, [1]),
        ("$" + AS_EMOJI, [1]),
    ],
    ids=ascii,
)
def test_a_joiner_or_selector_counts_unless_it_belongs_to_an_emoji(
    text: str, hidden: list[int]
) -> None:
    assert hidden_at(text) == hidden
    assert visible(text).count("⟨U+") == len(hidden)


@pytest.mark.parametrize(
    ("code", "hidden"),
    [(0xFDFF, False), (0xFE00, True), (0xFE0F, True), (0xFE10, False), (0xE0000, True),
     (0xE0080, True), (0xE01EF, True), (0xE01F0, True), (0xE0FFF, True), (0xE1000, False),
     (0x2064, True), (0x2065, True), (0x2070, False), (0xFFEF, False), (0xFFF0, True),
     (0xFFF8, True), (0xFFFC, False), (0xFFFE, True), (0x1FFFF, True), (0x1FFFD, False),
     (0xFDCF, False), (0xFDD0, True), (0xFDEF, True), (0xFDF0, False), (0x1D159, True),
     (0x0A, False), (0x09, False), (0x0D, True), (0x2028, True), (0x3164, True), (0x20, False)],
)  # fmt: skip
def test_the_ranges_end_where_unicode_ends_them(code: int, hidden: bool) -> None:
    assert is_hidden(chr(code)) is hidden
