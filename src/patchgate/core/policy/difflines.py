"""Git's own diff of two trees, read once: each file's added and removed lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

_HUNK = re.compile(r"@@ -[0-9]+(?:,([0-9]+))? \+[0-9]+(?:,([0-9]+))? @@")
_ESCAPE = re.compile(r'\\([abfnrtv"\\]|[0-7]{3})')
_LETTERS = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, '"': 34, "\\": 92}
NOWHERE = "/dev/null"


@dataclass
class DiffFile:
    """The lines of one file, without their `+` and `-`; a new kind of file has two of these."""

    path: str
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        """What it adds, as one text."""
        return "\n".join(self.added)

    @cached_property
    def odd(self) -> list[str]:
        """The added lines that are more than plain text."""
        if is_plain(self.text):
            return []
        return [x for x in self.added if not ((x.isascii() and x.isprintable()) or is_plain(x))]

    @cached_property
    def raw(self) -> bytes:
        """What it adds, as UTF-8."""
        return self.text.encode("utf-8", "surrogatepass")


_CONTROLS = {code for code in range(32) if chr(code) not in "\n\t"} | {127}
_TABLE = bytes.maketrans(bytes(_CONTROLS), b"\x00" * len(_CONTROLS))


def is_plain(text: str) -> bool:
    """Whether a text is ASCII without control characters: nothing can hide in it."""
    return text.isascii() and b"\0" not in text.encode("ascii").translate(_TABLE)


def diff_files(rendered: str) -> list[DiffFile]:
    """Every file with lines, in the diff's order; hunks are counted as git counts them."""
    return list(_files(rendered))


def _files(rendered: str) -> Iterator[DiffFile]:
    old_path = ""
    file: DiffFile | None = None
    lines = iter(rendered.split("\n"))
    for line in lines:
        if line.startswith("--- "):
            old_path = _named(line[4:])
        elif line.startswith("+++ "):
            name = _named(line[4:])
            if file is not None:
                yield file
            file = DiffFile(old_path if name == NOWHERE else name)
        elif line.startswith("@@ ") and (hunk := _HUNK.match(line)):
            file = file if file is not None else DiffFile("")
            old, new = (int(count or 1) for count in hunk.groups())
            _hunk(lines, file, old, new)
    if file is not None:
        yield file


def _hunk(lines: Iterator[str], file: DiffFile, old: int, new: int) -> None:
    add, remove = file.added.append, file.removed.append
    while old > 0 or new > 0:
        line = next(lines, None)
        if line is None:
            return
        mark = line[:1]
        if mark == "+":
            new -= 1
            add(line[1:])
        elif mark == "-":
            old -= 1
            remove(line[1:])
        elif mark != "\\":
            old -= 1
            new -= 1


def _named(name: str) -> str:
    """A path of a header, without its side and its quotes."""
    name = name.rstrip("\t")
    if name.startswith('"'):
        name = _unquoted(name[1:-1])
    return name if name == NOWHERE else name[2:]


def _unquoted(name: str) -> str:
    out = bytearray()
    at = 0
    for found in _ESCAPE.finditer(name):
        out += name[at : found.start()].encode(errors="surrogateescape")
        what = found.group(1)
        out.append(_LETTERS[what] if what in _LETTERS else int(what, 8) & 0xFF)
        at = found.end()
    out += name[at:].encode(errors="surrogateescape")
    return out.decode(errors="surrogateescape")
