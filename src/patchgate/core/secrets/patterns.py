"""Patterns on a linear-time engine, over UTF-8 bytes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The pattern, once; re2.error when it cannot be used."""
    options = re2.Options()
    options.log_errors = False
    return re2._Regexp(pattern.encode(), options)


def any_of(words: frozenset[bytes], *, rest_of_line: bool = True) -> Any:
    """One pattern for any of these words, in any case, the longest first; None for no words.

    With `rest_of_line` a match goes on to the line's end: one match for each line.
    """
    if not words:
        return None
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    longest = sorted(words, key=lambda word: (-len(word), word))
    every = b"|".join(re2.escape(word) for word in longest)
    return re2.compile(b"(?:" + every + b")[^\n]*" if rest_of_line else every, options)


@lru_cache(maxsize=4096)
def overlapping(word: bytes, words: tuple[bytes, ...]) -> frozenset[bytes]:
    """Those of the words that can begin inside this one, and so be passed over when it is met."""
    return frozenset(
        other
        for other in words
        for at in range(len(word))
        if other != word and word[at:].startswith(other[: len(word) - at])
    )


_MAY_LEAVE_ITS_LINE = re.compile(
    r"""
      \\[snrvaAzZWDQC0-7xpPB]   # classes, escapes and quotes that may stand for a line feed
    | \[\^ | \[\[: | \n        # negated and named classes, a line feed itself
    """,
    re.VERBOSE,
)
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)-?[a-zA-Z]*[:)]")


@lru_cache(maxsize=4096)
def stays_on_its_line(pattern: str) -> bool:
    """Whether no match can hold a line feed or see beyond its line; in doubt False.

    Such a pattern finds the same on the lines with its keyword as on the whole text.
    """
    flags = "".join(found[1] for found in _FLAGS.finditer(pattern))
    anchored = "^" in pattern or "$" in pattern
    if "s" in flags or _MAY_LEAVE_ITS_LINE.search(pattern):
        return False
    return not anchored or "m" in flags
