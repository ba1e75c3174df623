"""Regular expressions that people write: RE2, whose time grows with the text alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Protocol, cast

import re2


class Found(Protocol):
    """What a search gives."""

    def group(self) -> str | bytes:
        """The text that was found, of the searched text's type."""

    def groups(self) -> tuple[str | None, ...]:
        """What its groups found; None for one that took no part."""

    def start(self) -> int:
        """Where it begins."""


class Expression(Protocol):
    """A compiled pattern."""

    def search(self, text: str | bytes) -> Found | None:
        """The first place where it is found."""

    def match(self, text: str) -> Found | None:
        """The same at the beginning alone."""

    def finditer(self, text: str) -> Iterator[Found]:
        """Every place where it is found."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Expression:
    """Read a pattern; ValueError says what is wrong with it (RE2 has no look-around)."""
    options = re2.Options()
    options.log_errors = False
    try:
        return cast("Expression", re2.compile(pattern, options=options))
    except re2.error as error:
        said = error.args[0] if error.args else ""
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(f"the pattern {pattern!r} does not compile: {text}") from error


def first_found(patterns: Sequence[Expression], text: bytes) -> str | None:
    """The text that the first of the patterns finds in UTF-8, or None."""
    for one in patterns:
        found = one.search(text)
        if found is not None:
            return cast("bytes", found.group()).decode("utf-8", "replace")
    return None


class ByLines(Protocol):
    """A compiled pattern of ours that meets a line at most once."""

    def finditer(self, text: bytes) -> Iterator[FoundLine]:
        """Each line where it is found."""


class FoundLine(Protocol):
    """A line, or its rest from where the pattern was found."""

    def group(self) -> bytes:
        """The text of it."""


def by_lines(pattern: str, *, whole: bool = False) -> ByLines:
    """A pattern of ours that finds lines (with `whole` from their beginning) in UTF-8 bytes."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    begin = r"[^\n]*" if whole else ""
    return cast("ByLines", re2.compile(f"{begin}(?:{pattern})[^\\n]*".encode(), options))


def lines_with(pattern: ByLines, text: bytes) -> int:
    """In how many lines it is found."""
    return sum(1 for _ in pattern.finditer(text))
