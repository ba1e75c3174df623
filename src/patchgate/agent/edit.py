"""Anchored replacement: the anchor matches exactly once, or the reason says where it might."""

from __future__ import annotations

import difflib

from patchgate.agent.workspace import ToolFault, lines_of

HINT_LINES = 20_000
"""Files with more lines get no hint: looking for it would cost too much."""
SHOWN = 160


def replaced(text: str, old: str, new: str, *, path: str) -> str:
    """`text` with its one occurrence of `old` replaced; ToolFault otherwise.

    An anchor written with plain line ends fits a file with Windows line ends.
    """
    if not old:
        raise ToolFault("`old` is empty; use create_file for a new file")
    if "\r\n" in text and "\r\n" not in old:
        old, new = old.replace("\n", "\r\n"), new.replace("\r\n", "\n").replace("\n", "\r\n")
    if old == new:
        raise ToolFault("`old` and `new` are equal: nothing would change")
    found = text.count(old)
    if found == 1 and text.find(old, text.find(old) + 1) < 0:
        return text.replace(old, new)
    if found == 0:
        raise ToolFault(f"{path}: `old` does not occur. {_nearest(text, old)}")
    starts = _starts(text, old)
    lines = ", ".join(str(line) for line in starts[:10])
    raise ToolFault(
        f"{path}: `old` occurs {len(starts)} times, at lines {lines}; "
        "add neighbouring lines until it occurs once"
    )


def _starts(text: str, old: str) -> list[int]:
    """The lines at which `old` occurs, overlapping occurrences too."""
    lines, at = [], text.find(old)
    while at >= 0:
        lines.append(text.count("\n", 0, at) + 1)
        at = text.find(old, at + 1)
    return lines


def _nearest(text: str, old: str) -> str:
    """Where the anchor's first line might be meant to be."""
    wanted = next((line for line in lines_of(old) if line.strip()), "").strip()
    lines = lines_of(text)
    if not wanted or len(lines) > HINT_LINES:
        return "Read the file again and copy the lines exactly."
    stripped = [line.strip() for line in lines]
    if wanted in stripped:
        number = stripped.index(wanted) + 1
        return (
            f"Its first line is like line {number}, {lines[number - 1][:SHOWN]!r}: "
            "white space or a later line differs."
        )
    close = difflib.get_close_matches(wanted[:SHOWN], [s[:SHOWN] for s in stripped], 1, 0.6)
    if not close:
        return "No line is like its first line; read the file again."
    number = [s[:SHOWN] for s in stripped].index(close[0]) + 1
    return f"The nearest line is {number}: {lines[number - 1][:SHOWN]!r}"
