"""Patterns over repository paths, and how file systems fold one path onto another.

The language is small. A pattern is anchored at the repository's root and compared component by
component: `*` is any run of characters inside one component, `?` any one of them, and a component
that is `**` stands for any number of components, none included. A trailing `/` means everything
below. A leading `/` or `./` says nothing. Everything else is itself: brackets too, since
`app/[id]/page.tsx` is a file.

Matching looks back to the last star alone, so its cost is at most the product of both lengths.
Many patterns are one question (`Globs`): those of the usual shapes are looked up, not tried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""HFS+ compares names without these: `.g\\u200cit` is `.git` there (git's utf8.c lists them)."""


_WILD = re.compile(r"[*?]")
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


@dataclass(slots=True)
class Globs:
    """Several patterns, asked together whether one of them names a path."""

    folded: bool
    _paths: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    """Last components: `**/name`."""
    _folders: set[str] = field(default_factory=set)
    """Components anywhere: `**/folder/**`."""
    _below: set[str] = field(default_factory=set)
    """Folders at their place: `a/b/**`."""
    _heads: set[str] = field(default_factory=set)
    """The first component of each of those."""
    _begins: tuple[str, ...] = ()
    """Last components by their beginning: `**/name*`."""
    _ends: tuple[str, ...] = ()
    """Last components by their end: `**/*.name`."""
    _others: list[tuple[str, Glob]] = field(default_factory=list)
    """The rest, each with a text that a path must hold to be named by it."""
    _shadows: set[str] = field(default_factory=set)

    def matches(self, path: str) -> bool:
        """Whether a pattern names this path."""
        text, parts = _cut(path, folded=self.folded)
        name = parts[-1]
        return (
            name in self._names
            or text in self._paths
            or name.startswith(self._begins)
            or name.endswith(self._ends)
            or not self._folders.isdisjoint(parts)
            or (parts[0] in self._heads and not self._below.isdisjoint(_begun(text)))
            or (bool(self._others) and self._named_otherwise(text, path))
        )

    def _named_otherwise(self, text: str, path: str) -> bool:
        return any(needed in text and glob.matches(path) for needed, glob in self._others)

    def shadowed_by(self, path: str) -> bool:
        """Whether something at this path would stand in for the folders that a pattern names."""
        return (_folded(path) if self.folded else path) in self._shadows

    def _add(self, glob: Glob) -> None:
        """Look out for one more pattern."""
        parts = glob.parts
        plain = _plain_length(parts)
        self._shadows |= {"/".join(parts[:n]) for n in range(1, min(plain, len(parts) - 1) + 1)}
        last, inner = parts[-1], parts[1:-1]
        if plain == len(parts):
            self._paths.add("/".join(parts))
        elif last == "**" and plain == len(parts) - 1 > 0:
            self._below.add("/".join(parts[:-1]))
            self._heads.add(parts[0])
        elif parts[0] == last == "**" and len(inner) == 1 and _plain_length(inner) == 1:
            self._folders.add(inner[0])
        elif parts[0] == "**" and len(parts) == 2 and "?" not in last and last != "**":
            self._add_name(last, glob)
        else:
            self._others.append((_needed(parts), glob))

    def _add_name(self, name: str, glob: Glob) -> None:
        bare = name.strip("*")
        if "*" in bare or (name[0] == name[-1] == "*"):
            self._others.append((_needed((name,)), glob))
        elif name[0] == "*":
            self._ends = (*self._ends, bare)
        elif name[-1] == "*":
            self._begins = (*self._begins, bare)
        else:
            self._names.add(name)


@lru_cache(maxsize=512)
def compile_globs(patterns: tuple[str, ...], *, folded: bool = False) -> Globs:
    """Read patterns, to be asked together. ValueError."""
    globs = Globs(folded)
    for pattern in patterns:
        globs._add(compile_glob(pattern, folded=folded))
    return globs


def _begun(text: str) -> Iterator[str]:
    """The path, and each folder that it lies in."""
    at = text.find("/")
    while at >= 0:
        yield text[:at]
        at = text.find("/", at + 1)
    yield text


def _needed(parts: Sequence[str]) -> str:
    """The longest text without a wildcard: every path that is named holds it."""
    return max((text for part in parts for text in _WILD.split(part)), key=len, default="")


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


@lru_cache(maxsize=8_192)
def _folded(path: str) -> str:
    """A whole path as forgiving file systems see it; plain ones in one step."""
    if path.isascii() and not _ENDINGS.search(path):
        return path.lower()
    return "/".join(fold(part) for part in path.split("/"))


@lru_cache(maxsize=8_192)
def _cut(path: str, *, folded: bool) -> tuple[str, tuple[str, ...]]:
    """A path as it is compared, and its components: a policy asks dozens of times for each."""
    text = _folded(path) if folded else path
    return text, tuple(text.split("/"))


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
