"""The hash chain of a stream: how events become lines, and how lines are judged.

A line is the canonical JSON of `{"seq": n, "prev": digest, "event": {...}}`; its digest is the next
line's `prev`, and the last one's is the stream's head. The first `prev` is the digest of the stream
id. A *tip* beside the lines names their number and head. A chain proves consistency, not
authorship: whoever rewrites lines and tip together is caught only by `verify_anchors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import from_json, to_json

from patchgate.core.events import EVENT, KINDS, Event
from patchgate.core.events.versions import UPCASTERS, NewerVersionError, Step, upcast
from patchgate.core.ids import EXACT, Digest, StreamId, canonical, digest_bytes, short
from patchgate.core.plan import Record
from patchgate.errors import LedgerError, MalformedError

DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"
UNCHAINED = "its hash of the event before does not match: one of the two was changed"

T = TypeVar("T")


class Link(NamedTuple):
    """One event in its place; `line` has no line end, `digest` is the next link's `prev`."""

    seq: int
    prev: Digest
    event: Event
    line: bytes
    digest: Digest


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a chain ends so far: the number of its events and its head."""

    count: int
    head: Digest


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a stream; `seq` is the first bad event, 0 for the stream as a whole."""

    stream: StreamId
    seq: int
    problem: str
    newer: bool = False
    """Whether nothing is wrong but that a newer patchgate wrote it."""

    def __str__(self) -> str:
        place = f"event {self.seq}" if self.seq else "stream"
        return f"{self.stream}, {place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head kept outside the ledger: `where` says in words, `at_least` how many events it covers.

    An anchor known to be written after event n cannot honestly name a shorter prefix.
    """

    where: str
    head: str
    at_least: int = 0


class Tip(Record):
    """The record beside the lines: an edit of the last event, or a cut, contradicts it."""

    stream: StreamId
    events: int = Field(ge=0)
    head: Digest = Field(pattern=DIGEST_PATTERN)


class _Line(Record):
    """The shape of a line, before its event is parsed."""

    seq: int = Field(ge=1)
    prev: Digest = Field(pattern=DIGEST_PATTERN)
    event: dict[str, object]


def origin(stream: StreamId) -> Tail:
    """The tail of a chain without events."""
    return Tail(0, digest_bytes(stream.encode()))


def link(events: Iterable[Event], after: Tail) -> tuple[Link, ...]:
    """The events as the links that follow a tail.

    MalformedError for an event that has no canonical form (an integer beyond 2**53, half a
    surrogate pair): it must not reach the ledger.
    """
    links = []
    for event in events:
        links.append(_place(event, after))
        after = Tail(links[-1].seq, links[-1].digest)
    return tuple(links)


def _place(event: Event, after: Tail) -> Link:
    seq = after.count + 1
    try:
        value = {"seq": seq, "prev": after.head, "event": event.model_dump(mode="json")}
        line = canonical(value)
    except ValueError as exc:
        raise MalformedError(f"event {seq} ({event.kind}) has no canonical JSON form") from exc
    return Link(seq, after.head, event, line, digest_bytes(line))


def tail(links: Sequence[Link], after: Tail) -> Tail:
    """The tail after the links (`after` itself when there are none)."""
    return Tail(links[-1].seq, links[-1].digest) if links else after


def join_lines(links: Iterable[Link]) -> bytes:
    """The links as a JSON-lines file."""
    return b"".join(one.line + b"\n" for one in links)


def parse_file(stream: StreamId, data: bytes, after: Tail) -> tuple[Link, ...] | Finding:
    """The links that such a file holds, or its first bad event."""
    if data and not data.endswith(b"\n"):
        return Finding(stream, after.count + data.count(b"\n") + 1, "the line is cut off")
    return parse_chain(stream, data.split(b"\n")[:-1], after)


def parse_chain(
    stream: StreamId,
    lines: Sequence[bytes],
    after: Tail,
    *,
    steps: Mapping[tuple[str, int], Step] = UPCASTERS,
) -> tuple[Link, ...] | Finding:
    """The links that the lines hold after a tail, or the first bad event.

    Events of older versions are lifted to the present one by `steps`; a link's line and digest
    stay those of what was written.
    """
    links: list[Link] = []
    prev = after.head
    for seq, line in enumerate(lines, start=after.count + 1):
        one = _plainly_right(line, seq, prev)
        if one is None:
            found = _parse_with_care(stream, line, Tail(seq - 1, prev), steps)
            if isinstance(found, Finding):
                return _blame(found, lines, links)
            one = found
        links.append(one)
        prev = one.digest
    return tuple(links)


def check_tip(stream: StreamId, data: bytes, end: Tail) -> Finding | None:
    """Hold the record beside the lines against where they end."""
    try:
        tip = Tip.model_validate_json(data, strict=True)
    except ValidationError as exc:
        return Finding(stream, 0, f"its tip cannot be read: {_first(exc)}")
    if tip.stream != stream:
        return Finding(stream, 0, "its tip is that of another stream")
    if tip.events != end.count:
        seq = min(tip.events, end.count) + 1
        return Finding(
            stream, seq, f"there are {end.count} events, but the tip counts {tip.events}"
        )
    if tip.head != end.head:
        return Finding(stream, end.count, "changed: the tip names another head")
    return None


def sound(result: T | Finding) -> T:
    """The result, or LedgerError with the finding that took its place."""
    if isinstance(result, Finding) and result.newer:
        raise LedgerError(
            f"the ledger holds what this patchgate cannot read: {result}",
            "Use the patchgate that wrote it, or a later one; nothing has to be restored.",
        )
    if isinstance(result, Finding):
        raise LedgerError(f"the ledger is damaged: {result}")
    return result


def tip_bytes(stream: StreamId, end: Tail) -> bytes:
    """The record beside the lines, with a line end."""
    return canonical(Tip(stream=stream, events=end.count, head=end.head).model_dump()) + b"\n"


def prefix_heads(stream: StreamId, links: Sequence[Link]) -> tuple[Digest, ...]:
    """The head of every prefix of a whole stream; the first is that of no events."""
    return (origin(stream).head, *(one.digest for one in links))


def verify_anchors(
    stream: StreamId, heads: Sequence[Digest], anchors: Iterable[Anchor]
) -> list[Finding]:
    """Hold the heads of all prefixes against heads from outside: finds truncation and rewriting.

    Every anchor must be the head of a prefix of at least `at_least` events. A finding names the
    first event that no anchor vouches for: what was cut or rewritten begins there or later.
    """
    known = tuple(anchors)
    lengths = {head: count for count, head in enumerate(heads)}
    vouched = max((lengths.get(Digest(one.head), 0) for one in known), default=0)
    findings = []
    for anchor in known:
        covered = lengths.get(Digest(anchor.head))
        if covered is None:
            problem = f"{anchor.where} names head {short(anchor.head)}, which no event here has"
            problem += ": it was cut or rewritten, here or later"
            findings.append(Finding(stream, vouched + 1, problem))
        elif covered < anchor.at_least:
            problem = f"{anchor.where} covers {covered} events, but must cover {anchor.at_least}"
            findings.append(Finding(stream, covered + 1, problem))
    return findings


def _plainly_right(line: bytes, seq: int, prev: Digest) -> Link | None:
    """The link of an ordinary line, without the price of a full parse; None: look with care.

    It accepts nothing that `_parse_with_care` would refuse: the frame is compared byte by byte,
    and the event between is written again and compared. What RFC 8785 treats in a way of its own
    (fractions, large numbers) is left to the other.
    """
    end = b',"prev":"%b","seq":%d}' % (prev.encode(), seq)
    if not (line.startswith(_BEGIN) and line.endswith(end)):
        return None
    body = line[_BEGUN : -len(end)]
    try:
        value = from_json(body, cache_strings="keys")
        if to_json(value) != body or not _plain(value):
            return None
        event: Event = KINDS[value["kind"]].__pydantic_validator__.validate_json(body, strict=True)
    except (ValueError, LookupError, TypeError):
        return None
    return Link(seq, prev, event, line, digest_bytes(line))


_BEGIN = b'{"event":'
_BEGUN = len(_BEGIN)
_SIMPLE = frozenset({str, bool, type(None)})


def _plain(value: object) -> bool:
    """Whether all names inside stand in order, and every number is whole and exact."""
    if isinstance(value, dict):
        if not _in_order(tuple(value)):
            return False
        inner: Iterable[object] = value.values()
    elif isinstance(value, list):
        inner = value
    else:
        return False
    for one in inner:
        if one.__class__ in _SIMPLE:
            continue
        if not (-EXACT < one < EXACT if isinstance(one, int) else _plain(one)):
            return False
    return True


@lru_cache(maxsize=4096)
def _in_order(names: tuple[str, ...]) -> bool:
    """By UTF-16 units, as RFC 8785 wants it."""
    return list(names) == sorted(names, key=lambda name: name.encode("utf-16-be"))


def _parse_with_care(
    stream: StreamId, line: bytes, after: Tail, steps: Mapping[tuple[str, int], Step]
) -> Link | Finding:
    """The link that a line holds in its place, or the first thing wrong with it."""
    expected = after.count + 1
    shape = _shape(line)
    if isinstance(shape, str):
        return Finding(stream, expected, shape)
    if shape.seq != expected:
        seq = min(shape.seq, expected)
        problem = f"number {shape.seq} stands where {expected} belongs: moved, doubled or missing"
        return Finding(stream, seq, problem)
    if shape.prev != after.head:
        return Finding(stream, expected, UNCHAINED)
    try:
        event = EVENT.validate_json(canonical(upcast(shape.event, steps)), strict=True)
    except NewerVersionError as exc:
        return Finding(stream, expected, str(exc), newer=True)
    except ValidationError as exc:
        problem = f"of an unknown kind or schema ({_first(exc)})"
        return Finding(stream, expected, f"{problem}: changed, or written by a newer patchgate")
    return Link(expected, after.head, event, line, digest_bytes(line))


def _shape(line: bytes) -> _Line | str:
    try:
        value = json.loads(line)
        shape = _Line.model_validate(value, strict=True)
        if canonical(value) != line:
            return "not in canonical form"
    except ValidationError as exc:
        return f"not a ledger line: {_first(exc)}"
    except (ValueError, RecursionError):
        return "not JSON"
    return shape


def _blame(found: Finding, lines: Sequence[bytes], links: Sequence[Link]) -> Finding:
    """Of two neighbours that do not match, name the one before when its follower is intact."""
    here = len(links)
    if found.problem != UNCHAINED or here == 0:
        return found
    if here + 1 < len(lines):
        follower = _shape(lines[here + 1])
        if isinstance(follower, str) or follower.prev != digest_bytes(lines[here]):
            return found
    return Finding(found.stream, links[-1].seq, "changed: the next event holds another hash of it")


def _first(exc: ValidationError) -> str:
    """The first complaint without the input: what is on a damaged ledger is not repeated."""
    error = exc.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in error["loc"])
    return f"{place} ({error['type']})" if place else str(error["type"])
