"""Values that we hold ourselves, in every form in which they could stand in a text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import re2

SHORTEST = 6
"""Characters; a shorter value cannot be told from ordinary words."""
SHORTEST_LINE = 16
"""Characters of a line inside a longer secret (a PEM file) that is looked for by itself."""
HIDDEN = "***"
_BROKEN_LINES = re2.compile(rb"[ \t]*\r?\n[ \t]*[+-]?[ \t]*")
_ESCAPE = re.compile("%[0-9A-F]{2}")
_PADDING = b"={0,2}"
"""What may follow a base64 form; hidden with it."""


class KnownValues:
    """Finds and hides these values: plain, base64, hex, URL-encoded, reversed, JSON-escaped."""

    def __init__(self, named: Mapping[str, str]) -> None:
        """`named` gives each value the name under which it may be spoken of."""
        self.named = dict(named)
        self._names: dict[bytes, str] = {}
        for name, value in named.items():
            for form in forms(value):
                self._names.setdefault(form, name)
        self._pattern = _one_of(self._names)

    def __len__(self) -> int:
        return len(set(self._names.values()))

    @property
    def forms(self) -> tuple[str, ...]:
        """Every form that is looked for, the longest first."""
        every = (form.decode("utf-8", "surrogatepass") for form in self._names)
        return tuple(sorted(every, key=lambda form: (-len(form), form)))

    def found(self, content: bytes | str) -> tuple[str, ...]:
        """The names of the values that it holds, also where one is broken over several lines."""
        if self._pattern is None:
            return ()
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        names = [name for text in (raw, _joined(raw)) for name in self._in(text)]
        return tuple(sorted(set(names)))

    def _in(self, raw: bytes) -> Iterator[str]:
        for match in self._pattern.finditer(raw):
            yield self._names[match.group(1)]

    def hide(self, text: str) -> str:
        """The text with `***` in place of each form of each value."""
        if self._pattern is None:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        if self._pattern.search(raw) is None:
            return text
        return str(self._pattern.sub(HIDDEN.encode(), raw).decode("utf-8", "surrogatepass"))


def forms(secret: str) -> frozenset[bytes]:
    """Every form of one secret; none for one that is too short."""
    found: set[bytes] = set()
    for value in _parts(secret):
        raw = value.encode("utf-8", "surrogatepass")
        escaped = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
        found |= {raw, value[::-1].encode("utf-8", "surrogatepass")}
        found |= {one.encode("utf-8", "surrogatepass") for one in escaped}
        found |= {json.dumps(one)[1:-1].encode() for one in escaped}
        found |= set(_hexed(raw)) | set(_aligned(raw))
        found |= set(_percent(value))
    return frozenset(form for form in found if len(form) >= SHORTEST)


def _parts(secret: str) -> Iterator[str]:
    """The secret, and the longer lines of one that has several."""
    value = secret.strip()
    if len(value) >= SHORTEST:
        yield value
    for line in value.splitlines():
        if len(line) >= SHORTEST_LINE and line != value and not line.startswith("-----"):
            yield line


def _hexed(raw: bytes) -> Iterator[bytes]:
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    yield from (raw.hex(" ").encode(), raw.hex(":").encode())
    yield "".join(f"\\x{byte:02x}" for byte in raw).encode()


def _percent(value: str) -> Iterator[bytes]:
    for coded in (quote(value, safe=""), quote_plus(value), quote(value)):
        yield coded.encode()
        yield _ESCAPE.sub(lambda found: found.group().lower(), coded).encode()
    every = "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))
    yield from (every.encode(), every.lower().encode())


def _aligned(raw: bytes) -> Iterator[bytes]:
    """What of its base64 is the same whatever stands before and after, at each alignment."""
    for shift in range(3):
        first = -(-shift * 8 // 6)
        last = (shift + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * shift + raw)[first:last]
            if len(core) >= SHORTEST + 2:
                yield core


def _one_of(names: Mapping[bytes, str]) -> Any:
    """One pattern whose first group is a form, the longest first; None when there is none."""
    if not names:
        return None
    longest = sorted(names, key=lambda form: (-len(form), form))
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    return re2.compile(
        b"(" + b"|".join(re2.escape(one) for one in longest) + b")" + _PADDING, options
    )


def _joined(raw: bytes) -> bytes:
    """The text with its lines run together, as a diff or a mail would have broken them."""
    return bytes(_BROKEN_LINES.sub(b"", raw)) if b"\n" in raw else b""
