"""Where the rules find secrets in a text; what is found is named, and never repeated."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from patchgate.core.ids import Digest, digest_json
from patchgate.core.secrets.model import Allowlist, SecretRule
from patchgate.core.secrets.patterns import Words, any_of, compiled, stays_on_its_line

HIDDEN = "***"
MAX_LINE = 2_000
"""Bytes of a line around a find that an allow-list may look at, on each side."""


@dataclass(frozen=True, slots=True)
class SecretFound:
    """One secret: which rule, which line of the text (from 1), and what may be shown of it."""

    rule: str
    line: int
    evidence: str
    """The public beginning of such tokens, if there is one, and the length; nothing else."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    rule: SecretRule
    start: int
    end: int
    whole: tuple[int, int]


class SecretRules:
    """Rules ready to find; the cost is linear in the text."""

    def __init__(self, rules: Sequence[SecretRule], allowlists: Sequence[Allowlist] = ()) -> None:
        self.rules = tuple(rules)
        self.allowlists = tuple(allowlists)

    def __len__(self) -> int:
        return len(self.rules)

    def digest(self) -> Digest:
        """What these rules are, for an approval to rest on."""
        every = (*self.rules, *self.allowlists)
        return digest_json([one.model_dump(mode="json") for one in every])

    def find(self, text: str, path: str = "") -> tuple[SecretFound, ...]:
        """Every secret in the text, in order; `path` is the file's, where rules ask for it."""
        raw = text.encode("utf-8", "surrogatepass")
        found = sorted(self._spans(raw, path, generic=True), key=lambda span: span.start)
        lines = _Lines(raw)
        return tuple(
            SecretFound(
                rule=span.rule.id,
                line=lines.of(span.start),
                evidence=_masked(span.rule, raw[span.start : span.end]),
                description=span.rule.description,
            )
            for span in found
        )

    def hide(self, text: str) -> str:
        """The text with `***` in place of what has a token's own shape; guesses are left alone."""
        if not self.rules:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        found = sorted(self._spans(raw, "", generic=False), key=lambda span: span.start)
        if not found:
            return text
        shown, at = [], 0
        for span in found:
            shown += [raw[at : span.start], HIDDEN.encode()]
            at = span.end
        return b"".join([*shown, raw[at:]]).decode("utf-8", "surrogatepass")

    # ── how it is done ───────────────────────────────────────────────────────────────────

    @cached_property
    def _words(self) -> dict[bytes, list[SecretRule]]:
        """Rules by keyword, in lower case."""
        words: dict[bytes, list[SecretRule]] = {}
        for rule in self.rules:
            for word in rule.keywords:
                words.setdefault(word.lower().encode(), []).append(rule)
        return words

    @cached_property
    def _any_word(self) -> Any:
        return any_of(frozenset(self._words))

    @cached_property
    def _every_word(self) -> Words:
        return Words(self._words)

    @cached_property
    def _order(self) -> dict[str, int]:
        """Rules with a shape of their own come before guesses, then as in the file."""
        ranked = sorted(self.rules, key=lambda rule: rule.is_generic)
        return {rule.id: place for place, rule in enumerate(ranked)}

    @cached_property
    def _wordless(self) -> tuple[SecretRule, ...]:
        return tuple(rule for rule in self.rules if not rule.keywords)

    @cached_property
    def _any_wordless(self) -> Any:
        return compiled("|".join(f"(?:{rule.regex})" for rule in self._wordless))

    def _tried(self, raw: bytes) -> list[SecretRule]:
        """The rules that the text's words call for, and those without words that one look finds."""
        tried: dict[str, SecretRule] = {}
        if self._wordless and self._any_wordless.search(raw) is not None:
            tried |= {rule.id: rule for rule in self._wordless}
        for word in self._every_word.found(raw):
            tried |= {rule.id: rule for rule in self._words[word]}
        return sorted(tried.values(), key=lambda rule: self._order[rule.id])

    def _spans(self, raw: bytes, path: str, *, generic: bool) -> Iterator[_Span]:
        """What the rules find, without what overlaps with a find of an earlier rule."""
        if any(self._is_allowed_path(one, path) for one in self.allowlists if not one.target_rules):
            return
        taken: list[tuple[int, int]] = []
        near = _Near(raw, self._any_word)
        for rule in self._tried(raw):
            if rule.is_generic and not generic:
                continue
            for span in self._of_rule(rule, near, path):
                if not any(start < span.end and span.start < end for start, end in taken):
                    taken.append((span.start, span.end))
                    yield span

    def _of_rule(self, rule: SecretRule, near: _Near, path: str) -> Iterator[_Span]:
        raw = near.raw
        if rule.path and compiled(rule.path).search(path.encode()) is None:
            return
        mine = [a for a in self.allowlists if not a.target_rules or rule.id in a.target_rules]
        allowlists = (*rule.allowlists, *mine)
        on_lines = bool(rule.keywords) and stays_on_its_line(rule.regex)
        for match in compiled(rule.regex).finditer(near.text if on_lines else raw):
            moved = near.moved(match.start()) if on_lines else 0
            start, end = (at + moved for at in _secret_span(rule, match))
            span = _Span(rule, start, end, (match.start() + moved, match.end() + moved))
            if end <= start or (rule.entropy and entropy(raw[start:end]) < rule.entropy):
                continue
            if not any(_allows(one, span, raw, path) for one in allowlists):
                yield span

    @staticmethod
    def _is_allowed_path(allowed: Allowlist, path: str) -> bool:
        """Whether a list that says nothing else takes this file out."""
        bare = not allowed.regexes and not allowed.stopwords
        return (bare or allowed.condition == "OR") and _fits(allowed.paths, path.encode())


def entropy(secret: bytes) -> float:
    """Shannon entropy in bits per character."""
    size = len(secret)
    counts = Counter(secret).values()
    return -sum(n / size * math.log2(n / size) for n in counts) if size else 0.0


def _secret_span(rule: SecretRule, match: Any) -> tuple[int, int]:
    """The group that the rule names, else the first that took part, else the whole match."""
    groups = len(match.groups())
    numbers = (rule.secret_group,) if rule.secret_group else tuple(range(1, groups + 1))
    for number in numbers:
        start, end = match.span(number)
        if start >= 0:
            return start, end
    begin, finish = match.span()
    return begin, finish


def _allows(allowed: Allowlist, span: _Span, raw: bytes, path: str) -> bool:
    secret = raw[span.start : span.end]
    target = {"secret": secret, "match": raw[slice(*span.whole)]}.get(allowed.regex_target)
    if target is None:
        target = _line_around(raw, span.start)
    word = secret.lower()
    answers = [
        said
        for asked, said in (
            (allowed.regexes, any(compiled(p).search(target) for p in allowed.regexes)),
            (allowed.stopwords, any(w.lower().encode() in word for w in allowed.stopwords)),
            (allowed.paths, _fits(allowed.paths, path.encode())),
        )
        if asked
    ]
    return bool(answers) and (all(answers) if allowed.condition == "AND" else any(answers))


def _fits(patterns: Sequence[str], path: bytes) -> bool:
    return bool(path) and any(compiled(pattern).search(path) for pattern in patterns)


def _line_around(raw: bytes, at: int) -> bytes:
    start = raw.rfind(b"\n", max(0, at - MAX_LINE), at) + 1
    end = raw.find(b"\n", at, at + MAX_LINE)
    return raw[start or max(0, at - MAX_LINE) : end if end >= 0 else at + MAX_LINE]


class _Near:
    """The lines of a text that hold a keyword, one after the other, and where they come from."""

    def __init__(self, raw: bytes, any_word: Any) -> None:
        self.raw = raw
        self._any_word = any_word
        self._here: list[int] = []
        self._moved: list[int] = []

    @cached_property
    def text(self) -> bytes:
        """Those lines; gathered when a rule first asks."""
        lines: list[bytes] = []
        size = 0
        for found in self._any_word.finditer(self.raw) if self._any_word is not None else ():
            start, end = self.raw.rfind(b"\n", 0, found.start()) + 1, found.end()
            lines.append(self.raw[start:end])
            self._here.append(size)
            self._moved.append(start - size)
            size += end - start + 1
        return b"\n".join(lines)

    def moved(self, at: int) -> int:
        """How far the line at this offset stands from its place in the whole text."""
        return self._moved[bisect_right(self._here, at) - 1]


class _Lines:
    """Line numbers for rising offsets, counted once."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at, self._line = raw, 0, 1

    def of(self, offset: int) -> int:
        self._line += self._raw.count(b"\n", self._at, offset)
        self._at = offset
        return self._line


def _masked(rule: SecretRule, secret: bytes) -> str:
    """`ghp_… (40 characters)`: of a token nothing but what every such token begins with."""
    size = f"({len(secret.decode('utf-8', 'replace'))} characters)"
    low = secret.lower()
    known = [word for word in rule.keywords if low.startswith(word.lower().encode())]
    begin = max(known, key=len, default="")
    if rule.is_generic or len(begin) * 3 > len(secret):
        return f"… {size}"
    return f"{secret[: len(begin)].decode('utf-8', 'replace')}… {size}"
