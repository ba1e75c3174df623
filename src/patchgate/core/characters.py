"""Characters that deceive a reader: found, named, and made visible.

Which ones: everything that Unicode files under control, format, surrogate, private use and line or
paragraph separator, the variation selectors, the letters that have no ink, and what is kept free
for such characters or never becomes one: it is drawn as nothing, and whole texts fit into it.
Bidirectional controls are those of
https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters, the free ones those of
https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt.
"""

from __future__ import annotations

import re
import unicodedata

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Reorders what follows: the Trojan-Source characters."""
_INKLESS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
)
_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_KEPT = frozenset("\n\t")
_JOINER, _AS_EMOJI = "\u200d", "\ufe0f"
_SUSPECT = re.compile(r"[^\x20-\x7e\n\t]")


def is_hidden(char: str) -> bool:
    """Whether a character shows nothing of itself (line feed and tab are fine)."""
    if char in _KEPT:
        return False
    return (
        unicodedata.category(char) in _HIDING
        or char in _INKLESS
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0000" <= char <= "\U000e0fff"
        or "\ufff0" <= char <= "\ufff8"
        or "\ufdd0" <= char <= "\ufdef"
        or char == "\u2065"
        or ord(char) & 0xFFFE == 0xFFFE
    )


def hidden_at(text: str) -> list[int]:
    """Where hidden characters stand; what an emoji needs after its symbol is not counted."""
    found = [m.start() for m in _SUSPECT.finditer(text) if is_hidden(m.group())]
    return [at for at in found if not _belongs_to_emoji(text, at)]


def visible(text: str) -> str:
    """The text with every hidden character written out, such as ⟨U+202E⟩."""
    shown = list(text)
    for at in hidden_at(text):
        shown[at] = name(text[at])
    return "".join(shown)


def name(char: str) -> str:
    """How a hidden character is written out."""
    return f"⟨U+{ord(char):04X}⟩"


def _belongs_to_emoji(text: str, at: int) -> bool:
    """U+FE0F after a symbol; U+200D between the symbols of one emoji."""
    before = text[at - 1 : at]
    if text[at] == _AS_EMOJI:
        return _is_symbol(before)
    if text[at] == _JOINER:
        return (before == _AS_EMOJI or _is_symbol(before)) and _is_symbol(text[at + 1 : at + 2])
    return False


def _is_symbol(char: str) -> bool:
    return bool(char) and not char.isascii() and unicodedata.category(char) in ("So", "Sk")
