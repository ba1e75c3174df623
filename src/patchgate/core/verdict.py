"""A check's answer as a tree that explains itself: level, reason and the answers below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from patchgate.core.characters import visible

T = TypeVar("T")


class Level(StrEnum):
    """From harmless to final; UNKNOWN (nothing was checked) is worse than a warning."""

    PASS = "PASS"  # noqa: S105 - the word of a gate, no password
    WARN = "WARN"
    UNKNOWN = "UNKNOWN"
    BLOCK = "BLOCK"
    REFUSE = "REFUSE"


_ORDER = tuple(Level)


def worst(levels: Sequence[Level]) -> Level:
    """The level that counts for them all; of none: UNKNOWN."""
    return max(levels, key=_ORDER.index, default=Level.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says; `reason` is a sentence with its evidence."""

    name: str
    level: Level
    reason: str
    children: tuple[Verdict, ...] = ()

    @property
    def passed(self) -> bool:
        """True for PASS and WARN alone: what was not checked has not passed."""
        return self.level in (Level.PASS, Level.WARN)


def compose(name: str, children: Sequence[Verdict]) -> Verdict:
    """One verdict of many: the worst child decides and gives the reason; no child is UNKNOWN."""
    level = worst([child.level for child in children])
    if not children:
        return Verdict(name, level, "nothing was checked")
    decisive = [child for child in children if child.level is level]
    if level is Level.PASS:
        reason = f"{_checks(len(children))} passed"
    else:
        reason = "; ".join(f"{child.name}: {child.reason}" for child in decisive)
    return Verdict(name, level, reason, tuple(children))


def guarded(name: str, check: Callable[[], Verdict]) -> Verdict:
    """What the check says; a check that raises blocks, by its name and the error's."""
    result = attempt(check)
    if isinstance(result, Exception):
        return Verdict(name, Level.BLOCK, f"{name} could not be checked: {describe(result)}")
    return result


def attempt(check: Callable[[], T]) -> T | Exception:
    """What the check gives, or what broke it: whoever asks must block on that, never pass."""
    try:
        return check()
    except Exception as error:
        return error


def describe(error: Exception) -> str:
    """The error's kind and message on one short line."""
    text = visible(" ".join(str(error).split())[:200])
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def explain(verdict: Verdict, depth: int = 0) -> Iterator[str]:
    """The tree as lines, two spaces for each level down."""
    yield f"{'  ' * depth}{verdict.level} {verdict.name}: {verdict.reason}"
    for child in verdict.children:
        yield from explain(child, depth + 1)


def _checks(count: int) -> str:
    return "one check" if count == 1 else f"{count} checks"
