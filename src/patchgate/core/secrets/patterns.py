"""Patterns on a linear-time engine, over UTF-8 bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import re2


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The pattern, once; re2.error when it cannot be used."""
    options = re2.Options()
    options.log_errors = False
    return re2._Regexp(pattern.encode(), options)


def any_of(words: frozenset[bytes]) -> Any:
    """One pattern for any of these words, in any case; None for no words.

    A match goes on to the line's end: one match for each line.
    """
    if not words:
        return None
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    every = b"|".join(re2.escape(word) for word in sorted(words))
    return re2.compile(b"(?:" + every + b")[^\n]*", options)


class Words:
    """Which of some words stand in a text, in any case; all are looked for in one pass."""

    def __init__(self, words: Iterable[bytes]) -> None:
        self._words = (_ALWAYS, *words)
        options = re2.Options()
        options.log_errors = False
        options.literal = True
        options.case_sensitive = False
        options.encoding = re2.Options.Encoding.LATIN1
        self._set = re2.Set.SearchSet(options)
        for word in self._words:
            self._set.Add(word)
        self._set.Compile()

    def found(self, raw: bytes) -> list[bytes]:
        """Those that it holds, in their own order; an engine that gives up raises here."""
        return [self._words[at] for at in sorted(self._set.Match(raw + _ALWAYS)) if at]


_ALWAYS = b"\n"
"""Added to every text and looked for in it, so that no answer is never read as no find."""
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
