"""Commands in comments: `/approve 3f2a91c0`, `patchgate retry`, and what nearly is one.

A command stands at the start of the comment's first line that is not empty. Everything else is
ordinary talk: quotations, code blocks, lists, words in mid-sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from patchgate.core.events import Verb

VERBS: tuple[Verb, ...] = get_args(Verb)
NAMING: frozenset[Verb] = frozenset({"approve", "override"})
"""Verbs whose argument begins with a name (a digest, a rule) that people paste as code."""

_INVISIBLE = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")
_CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1")
_SLASH = re.compile(r"\\?/(\S+)(.*)", re.DOTALL)
_NAMED = re.compile(r"patchgate\s+(\S+)(.*)", re.DOTALL | re.IGNORECASE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Command:
    """What a comment asks for; the argument runs to the comment's end, trimmed."""

    verb: Verb
    argument: str = ""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A first word that looks like a command and is none."""

    word: str
    """As it was typed, with its slash."""
    nearest: Verb


@lru_cache(maxsize=256)
def parse(body: str) -> Command | NearMiss | None:
    """The command at the start of a Markdown comment, a near miss, or None for ordinary talk."""
    first, rest = _first_line(body.translate(_INVISIBLE))
    found = _SLASH.fullmatch(first) or _NAMED.fullmatch(first)
    if found is None:
        return None
    word, argument = _unescaped(found[1]), f"{found[2]}\n{rest}".strip()
    verb = next((verb for verb in VERBS if verb == word.lower()), None)
    if verb is not None:
        return Command(verb, _bare_name(argument) if verb in NAMING else argument)
    nearest = _nearest(word.lower())
    if nearest is None:
        return None
    return NearMiss(f"/{word}" if found.re is _SLASH else word, nearest)


def _first_line(body: str) -> tuple[str, str]:
    """The first line with something in it, out of its code span, and all that follows."""
    lines = body.splitlines()
    at = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    line = lines[at].rstrip() if at < len(lines) else ""
    if line.startswith(("    ", "\t")):
        return "", ""
    span = _CODE_SPAN.fullmatch(line.strip())
    return (span[2] if span else line).strip(), "\n".join(lines[at + 1 :])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def _bare_name(argument: str) -> str:
    """The argument with its first word out of backticks and Markdown escapes."""
    name = re.match(r"\S+", argument)
    if name is None:
        return argument
    return _unescaped(name[0].strip("`")) + argument[name.end() :]


def _nearest(word: str) -> Verb | None:
    """The verb that was meant: close by, or carried on (`retrying`); short ones allow less."""
    if not word.isalpha() or len(word) > 20:
        word = re.sub(r"[.,:;!?]+$", "", word[:21])
        if not word.isalpha() or len(word) > 20:
            return None
    ranked = sorted((_distance(word, verb), verb) for verb in VERBS)
    distance, verb = ranked[0]
    if distance <= min(2, len(verb) // 3):
        return verb
    return next((v for v in VERBS if len(v) > 3 and word.startswith(v)), None)


def _distance(left: str, right: str) -> int:
    """How many letters must be added, dropped, replaced or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and b == left[i - 2]:
                least = min(least, older[j - 2] + 1)
            row.append(least)
    return row[-1]
