"""Hidden characters in the lines that a patch adds, read from git's own diff of the two trees."""

from __future__ import annotations

import re
from collections.abc import Iterator

from patchgate.core.characters import BIDI, hidden_at, name

_HUNK = re.compile(r"@@ -[0-9]+(?:,([0-9]+))? \+[0-9]+(?:,([0-9]+))? @@")


def bidi_in(rendered: str) -> Iterator[tuple[str, str]]:
    """Path and words for each added line with a bidirectional control."""
    for path, line in added_lines(rendered):
        found = next((char for char in line if char in BIDI), None)
        if found:
            yield path, f"adds {name(found)}, which reorders what a reader sees"


def invisible_in(rendered: str) -> Iterator[tuple[str, str]]:
    """Path and words for each added line with another hidden character (a final CR is none)."""
    for path, line in added_lines(rendered):
        text = line.removesuffix("\r")
        found = next((text[at] for at in hidden_at(text) if text[at] not in BIDI), None)
        if found:
            yield path, f"adds {name(found)}, which a reader does not see"


def added_lines(rendered: str) -> Iterator[tuple[str, str]]:
    """(path as the diff's header has it, line without its `+`), hunks counted as git counts."""
    path = ""
    old = new = 0
    for line in rendered.split("\n"):
        if old > 0 or new > 0:
            if line.startswith("+"):
                new -= 1
                yield path, line[1:]
            elif line.startswith("-"):
                old -= 1
            elif not line.startswith("\\"):
                old, new = old - 1, new - 1
        elif line.startswith("+++ "):
            path = line[4:].removeprefix("b/").rstrip("\t")
        elif hunk := _HUNK.match(line):
            old, new = (int(count or 1) for count in hunk.groups())
