"""Fences that keep untrusted text apart from instructions."""

from __future__ import annotations

import hashlib

LIMIT = 100_000
"""Characters of one fenced text; what is longer is cut, and says so."""


def fence(name: str, text: str, limit: int = LIMIT) -> str:
    """The text between two lines that cannot occur in it.

    The delimiter is made from the text's own digest: equal input renders equally, and
    nobody can write a text that closes its fence.
    """
    note = ""
    if len(text) > limit:
        note = f"\n({len(text) - limit} more characters are not shown.)"
        text = text[:limit]
    mark = _mark(text)
    return f"<data-{mark} name={name!r}>\n{text}\n</data-{mark}>{note}"


def _mark(text: str) -> str:
    seed = text
    while True:
        mark = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        if mark not in text:
            return mark
        seed += mark
