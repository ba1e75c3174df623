"""The last look at Markdown that goes out: whatever in it would still act is made inert.

Our own words are put together from inert parts (`inert`); this is for what slipped through, so
that no new sentence can forget it. On text that is inert already it changes nothing.
"""

from __future__ import annotations

import re

from patchgate.core.characters import visible

_KEPT = re.compile(
    r"""
      ^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n`]*\n                # a code block …
        (?:.*\n)*?[ ]{0,3}(?P=fence)[`~]*[ \t]*$              # … and its end
    | (?P<tick>(?<!`)`+(?!`))(?:[^\n]|\n(?!\n))*?(?<!`)(?P=tick)(?!`)    # a code span
    | \\[^@\#\n]                                              # what is escaped
    | ^<!--\ patchgate:eid=[0-9a-f]{16}\ -->$                 # our own mark
    """,
    re.VERBOSE | re.MULTILINE,
)
_ALIVE = re.compile(
    r"""
      !(?=\[)                                                 # an image
    | <(?=[A-Za-z/!?])                                        # HTML, an address in angle brackets
    | (?<![\w`/@.])@(?=[A-Za-z0-9])                           # a mention
    | \[(?=~[^\]\s]*\])                                       # a mention in Jira's older markup
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
    shown, at = [], 0
    for found in _KEPT.finditer(text):
        shown += [_tamed(text[at : found.start()]), found.group()]
        at = found.end()
    return "".join([*shown, _tamed(text[at:])])


def _tamed(prose: str) -> str:
    return _ALIVE.sub(lambda found: f"{found.group()} ", prose)
