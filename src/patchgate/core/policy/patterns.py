"""Regular expressions that people write: RE2, whose time grows with the text alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

import re2


class Found(Protocol):
    """What a search gives."""

    def group(self) -> str:
        """The text that was found."""

    def start(self) -> int:
        """Where it begins."""


class Expression(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> Found | None:
        """The first place where it is found."""


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


def first_found(patterns: Sequence[Expression], text: str) -> str | None:
    """The text that the first of the patterns finds, or None."""
    return next((found.group() for one in patterns if (found := one.search(text))), None)
