"""The last look at Markdown that goes out: whatever in it would still act is made inert.

Our own words are put together from inert parts (`inert`); this is for what slipped through, so
that no new sentence can forget it. On text that is inert already it changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from patchgate.core.characters import visible

_KEPT = re.compile(
    r"""
      (?P<tick>(?<!`)`+(?!`))(?:[^\n]|\n(?!\n))*?(?<!`)(?P=tick)(?!`)    # a code span
    | \\[^@\#\n]                                              # what is escaped
    | ^<!--\ patchgate:eid=[0-9a-f]{16}\ -->$                 # our own mark
    """,
    re.VERBOSE | re.MULTILINE,
)
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})[^\n`]*\n")
"""Where a code block begins, if it ends."""
_ALIVE = re.compile(
    r"""
      !(?=\[)                                                 # an image
    | <(?=[A-Za-z/!?])                                        # HTML, an address in angle brackets
    | (?<![\w`/@.])@(?=[A-Za-z0-9])                           # a mention
    | \[(?=~[^\]\s]{0,200}\])                                     # a mention in Jira's older markup
    | \b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b[:\s]+     # what closes an issue
        (?:(?:[\w.-]+/[\w.-]+)?\\?\#(?=[0-9])|GH-(?=[0-9])|https?://(?=\S+/(?:issues|pull)/[0-9]))
    """,
    re.VERBOSE | re.IGNORECASE,
)


def tame(markdown: str) -> str:
    """The Markdown with images, HTML, mentions, closing words and hidden characters inert.

    A space goes in where each begins: it still reads as it was written, and nothing reads it as
    an order.
    """
    text = visible(markdown.replace("\r\n", "\n"))
    return "".join(part if is_block else _outside(part) for is_block, part in _blocks(text))


def _blocks(text: str) -> Iterator[tuple[bool, str]]:
    """(is a code block, its lines) in order; what opens a block and ends nowhere is prose."""
    lines = text.splitlines(keepends=True)
    hopeless: dict[str, int] = {}
    begin = at = 0
    while at < len(lines):
        after = _after_block(lines, at, hopeless)
        if after:
            yield False, "".join(lines[begin:at])
            yield True, "".join(lines[at:after])
            begin = at = after
        else:
            at += 1
    yield False, "".join(lines[begin:])


def _after_block(lines: Sequence[str], at: int, hopeless: dict[str, int]) -> int:
    """The line after the block that begins here; 0 where none does.

    `hopeless` keeps the length from which on a fence of that character ends nowhere any more:
    without it a text of nothing but openings would be read through for each of them.
    """
    opening = _FENCE.match(lines[at])
    if opening is None:
        return 0
    fence = opening.group(1)
    if len(fence) >= hopeless.get(fence[0], len(fence) + 1):
        return 0
    for number in range(at + 1, len(lines)):
        bare = lines[number].rstrip(" \t\n")
        closing = bare.lstrip(" ")
        if closing.startswith(fence) and len(bare) - len(closing) < 4 and not closing.strip("`~"):
            return number + 1
    hopeless[fence[0]] = len(fence)
    return 0


def _outside(text: str) -> str:
    """Text outside of code blocks, its code spans and escapes kept."""
    shown, at = [], 0
    for found in _KEPT.finditer(text):
        shown += [_tamed(text[at : found.start()]), found.group()]
        at = found.end()
    return "".join([*shown, _tamed(text[at:])])


def _tamed(prose: str) -> str:
    return _ALIVE.sub(lambda found: f"{found.group()} ", prose)
