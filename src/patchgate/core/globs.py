"""Patterns over repository paths, and how file systems fold one path onto another.

The language is small. A pattern is anchored at the repository's root and compared component by
component: `*` is any run of characters inside one component, `?` any one of them, and a component
that is `**` stands for any number of components, none included. A trailing `/` means everything
below. A leading `/` or `./` says nothing. Everything else is itself: brackets too, since
`app/[id]/page.tsx` is a file.

Matching looks back to the last star alone, so its cost is at most the product of both lengths.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""HFS+ compares names without these: `.g\\u200cit` is `.git` there (git's utf8.c lists them)."""


_ENDINGS = re.compile(r"[. ](?:/|\Z)|:")
"""What Windows drops from a name."""


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern, ready to match."""

    text: str
    parts: tuple[str, ...]
    folded: bool

    def matches(self, path: str) -> bool:
        """Whether the pattern names this path."""
        return _sequence(_split(path, folded=self.folded), self.parts, _same_component, "**")

    def shadowed_by(self, path: str) -> bool:
        """Whether something at this path would stand in for the folders that the pattern names."""
        parts = _split(path, folded=self.folded)
        plain = self.parts[: _plain_length(self.parts)]
        return len(parts) < len(self.parts) and plain[: len(parts)] == tuple(parts)

    @property
    def names_everything(self) -> bool:
        """Whether it begins with a component of stars alone and so bounds nothing by folder."""
        return set(self.parts[0]) == {"*"}


@lru_cache(maxsize=2_048)
def compile_glob(pattern: str, *, folded: bool = False) -> Glob:
    """Read a pattern; `folded` compares as the most forgiving file systems do. ValueError."""
    text = pattern.strip()
    if text.endswith("/"):
        text += "**"
    parts = _split(text.removeprefix("./").removeprefix("/"), folded=folded)
    if not parts or "" in parts:
        raise ValueError(f"{pattern!r} is no pattern: it has an empty component")
    return Glob(pattern, tuple(parts), folded)


def first_match(globs: Sequence[Glob], path: str) -> Glob | None:
    """The first pattern that names the path."""
    return next((glob for glob in globs if glob.matches(path)), None)


@lru_cache(maxsize=8_192)
def fold(component: str) -> str:
    """A path component as case-blind and Windows or macOS file systems see it.

    Letters lose their case, ignorable characters go, and so do trailing dots, trailing spaces and
    what follows a colon (an NTFS stream).
    """
    plain = _IGNORED_BY_HFS.sub("", unicodedata.normalize("NFC", component).casefold())
    head, colon, _ = plain.partition(":")
    bare = (head if colon and head else plain).rstrip(". ")
    return bare or plain


def collisions(added: Sequence[str], everything: Sequence[str]) -> list[tuple[str, str]]:
    """Added paths, each with another that a forgiving file system takes for it or its folder.

    `everything` holds files and folders of the whole tree, the added ones too.
    """
    wanted: dict[str, dict[str, str]] = {}
    for path in added:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            here = "/".join(parts[:end])
            wanted.setdefault(_folded(here), {}).setdefault(here, path)
    found: dict[tuple[str, str], None] = {}
    for other in everything:
        ours = wanted.get(_folded(other))
        for here, path in (ours or {}).items():
            if here != other:
                found[path, other] = None
    return list(found)


def _folded(path: str) -> str:
    """A whole path as forgiving file systems see it; plain ones in one step."""
    if path.isascii() and not _ENDINGS.search(path):
        return path.lower()
    return "/".join(fold(part) for part in path.split("/"))


def _split(path: str, *, folded: bool) -> list[str]:
    parts = path.split("/")
    return [fold(part) for part in parts] if folded else parts


def _plain_length(parts: Sequence[str]) -> int:
    wild = (at for at, part in enumerate(parts) if "*" in part or "?" in part)
    return next(wild, len(parts))


def _same_component(part: str, pattern: str) -> bool:
    return part == pattern or (
        ("*" in pattern or "?" in pattern) and _sequence(part, pattern, _same_character, "*")
    )


def _same_character(char: str, pattern: str) -> bool:
    return pattern == "?" or char == pattern


def _sequence(
    items: Sequence[str], pattern: Sequence[str], same: Callable[[str, str], bool], star: str
) -> bool:
    """Whether the items follow the pattern, where `star` takes any number of them."""
    at = want = 0
    last_star, resume = -1, 0
    while at < len(items):
        if want < len(pattern) and pattern[want] == star:
            last_star, resume = want, at
            want += 1
        elif want < len(pattern) and same(items[at], pattern[want]):
            at += 1
            want += 1
        elif last_star >= 0:
            resume += 1
            at, want = resume, last_star + 1
        else:
            return False
    return all(item == star for item in pattern[want:])
