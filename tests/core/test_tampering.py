"""A thousand events: whatever is done to one of them, to their order or to their end is found."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patchgate.core import events as e
from patchgate.core.chain import (
    Anchor,
    Finding,
    Link,
    check_tip,
    join_lines,
    link,
    origin,
    parse_chain,
    parse_file,
    prefix_heads,
    sound,
    tail,
    tip_bytes,
    verify_anchors,
)
from patchgate.core.events import EVENT, Event
from patchgate.core.ids import Digest, Eid, StreamId, canonical, digest_bytes

STREAM = StreamId("MWC-1-10001")
COUNT = 1_000
SAMPLE = 41
"""Of how many events one is tried in the short run (the first and the last always are)."""
AT = "2026-11-21T10:00:00.000Z"


def some(chance: random.Random, count: int) -> Iterator[Event]:
    """Events as they come: short and long, nested, with words of every script."""
    for number in range(count):
        eid = Eid(f"{chance.getrandbits(64):016x}")
        options: list[Event] = [
            e.SweepDone(at=AT, tickets=number),
            e.Intended(
                at=AT,
                run="actions:acme/control/7",
                effects=(e.Intent(eid=eid, effect="post-comment", target=f"MWC-{number}"),),
            ),
            e.Parked(
                at=AT,
                state="NEEDS_HUMAN",
                code="question",
                advice="Answer.",
                reason=f"Frage {number}: „Grüße“ an 世界 🙂 or \u2028?",
            ),
            e.EffectFailed(
                at=AT,
                eid=eid,
                effect="put-pull",
                code="service",
                reason=f'{number} "quoted" \\ \t',
                advice="",
                final=False,
            ),
        ]
        yield chance.choice(options)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same again is the point


def chained(seed: int = 1, count: int = COUNT) -> tuple[Link, ...]:
    return link(some(seeded(seed), count), origin(STREAM))


HONEST = chained()
LINES = [one.line for one in HONEST]
HEADS = prefix_heads(STREAM, HONEST)
TIP = tip_bytes(STREAM, tail(HONEST, origin(STREAM)))
PLACES = [
    pytest.param(at, marks=[] if at % SAMPLE == 0 or at == COUNT - 1 else pytest.mark.soak)
    for at in range(COUNT)
]


def changed(line: bytes, **event: object) -> bytes:
    value = json.loads(line)
    return canonical({**value, "event": {**value["event"], **event}})


def edit(at: int) -> list[bytes]:
    return [*LINES[:at], changed(LINES[at], at="2026-11-21T10:00:00.001Z"), *LINES[at + 1 :]]


def delete(at: int) -> list[bytes]:
    return LINES[:at] + LINES[at + 1 :]


def swap(at: int) -> list[bytes]:
    """With some other event, near or far."""
    other = (at + 1 + at * 7 % (COUNT - 1)) % COUNT
    lines = list(LINES)
    lines[at], lines[other] = lines[other], lines[at]
    return lines


def insert(at: int) -> list[bytes]:
    """A forged event that fits what stands before it."""
    forged = changed(LINES[at], at="2026-11-21T10:00:00.002Z")
    return [*LINES[:at], forged, *LINES[at:]]


def first_fault(lines: list[bytes]) -> int | None:
    links = parse_chain(STREAM, lines, origin(STREAM))
    if isinstance(links, Finding):
        return links.seq
    found = check_tip(STREAM, TIP, tail(links, origin(STREAM)))
    return found.seq if found else None


@pytest.mark.parametrize("at", PLACES)
def test_every_edit_deletion_swap_and_insertion_is_found_and_named(at: int) -> None:
    other = (at + 1 + at * 7 % (COUNT - 1)) % COUNT
    assert first_fault(edit(at)) == at + 1
    assert first_fault(delete(at)) == at + 1
    assert first_fault(swap(at)) == min(at, other) + 1
    assert first_fault(insert(at)) == at + 1


@pytest.mark.parametrize("kept", PLACES)
def test_every_truncation_and_every_chain_made_anew_is_found_with_the_anchors(kept: int) -> None:
    assert first_fault(LINES[:kept]) == kept + 1
    anchors = [Anchor("pull request", HEADS[kept // 2]), Anchor("ticket", HEADS[-1])]
    (cut,) = verify_anchors(STREAM, HEADS[: kept + 1], anchors)
    assert (cut.seq, "cut or rewritten" in cut.problem) == (kept // 2 + 1, True)

    others = [one.event for one in HONEST]
    others[kept] = e.SweepDone(at=AT, tickets=9_999)
    tail_of = link(others[kept:], tail(HONEST[:kept], origin(STREAM)))
    forged = (*HONEST[:kept], *tail_of)
    assert isinstance(parse_file(STREAM, join_lines(forged), origin(STREAM)), tuple)
    (rewritten,) = verify_anchors(STREAM, prefix_heads(STREAM, forged), anchors)
    assert rewritten.seq == kept // 2 + 1


def alarms(seeds: range) -> list[object]:
    """What is said of honest streams of every length, against anchors at every place."""
    wrong: list[object] = []
    for seed in seeds:
        chance = seeded(seed)
        links = chained(seed, chance.randrange(1, 60))
        read = parse_file(STREAM, join_lines(links), origin(STREAM))
        if read != links:
            wrong.append((seed, read))
            continue
        end = tail(links, origin(STREAM))
        heads = prefix_heads(STREAM, sound(read))
        anchors = [Anchor("anywhere", head, at_least=n) for n, head in enumerate(heads)]
        wrong += [check_tip(STREAM, tip_bytes(STREAM, end), end) or ()]
        wrong += verify_anchors(STREAM, heads, anchors)
    return [one for one in wrong if one]


def test_no_honest_stream_is_accused() -> None:
    assert alarms(range(40)) == []


@pytest.mark.soak
def test_none_of_a_thousand_honest_streams_is_accused() -> None:
    assert alarms(range(40, 1_040)) == []


# ── the quick look and the careful one ───────────────────────────────────────────────────


def judged(line: bytes) -> bool:
    """The format's own words, read slowly: is this the line of one event after the origin?"""
    try:
        value = json.loads(line)
        if canonical(value) != line or value.keys() != {"event", "prev", "seq"}:
            return False
        EVENT.validate_json(canonical(value["event"]), strict=True)
    except (ValueError, ValidationError, AttributeError, RecursionError):
        return False
    return (value["seq"], value["prev"]) == (1, origin(STREAM).head) and value["seq"] is not True


def framed(event: bytes) -> bytes:
    return b'{"event":%s,"prev":"%s","seq":1}' % (event, origin(STREAM).head.encode())


ODD = [
    framed(text.encode("utf-8", "surrogatepass"))
    for text in (
        '{"at":"x","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":1.0,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":1e2,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":-0,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":9007199254740991,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":9007199254740992,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":true,"v":1}',
        '{"kind":"sweep-done","at":"x","tickets":1,"v":1}',
        '{"at":"x","at":"x","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\\u0041","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\\u001f","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\\u001F","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\\b\\f\\n\\r\\t\\"\\\\/\x7f","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\\/","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\ud800","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"\\ud800","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"🙂","kind":"sweep-done","tickets":1,"v":1}',
        '{"at":"x","kind":"sweep-done","\uffff":1,"\U0001f642":2,"tickets":1,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":1,"v":1} ',
        '{"at":"x","kind":"sweep-done","tickets":NaN,"v":1}',
        '{"at":"x","kind":"sweep-done","tickets":1,"v":1},"more":{}',
        "[]",
        "null",
    )
]


@pytest.mark.parametrize("line", ODD, ids=lambda line: line[9:-90].decode("utf-8", "replace"))
def test_the_quick_look_at_a_line_accepts_what_the_format_says_and_no_more(line: bytes) -> None:
    assert isinstance(parse_chain(STREAM, [line], origin(STREAM)), tuple) == judged(line)


@given(st.integers(0, 10_000), st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3))
def test_the_quick_look_agrees_with_the_format_whatever_bytes_are_changed(
    seed: int, at: int, put: bytes, cut: int
) -> None:
    line = chained(seed, 1)[0].line
    at %= len(line)
    line = line[:at] + put + line[at + cut :]
    assert isinstance(parse_chain(STREAM, [line], origin(STREAM)), tuple) == judged(line)


def test_a_line_is_its_own_digest_however_it_was_read() -> None:
    links = sound(parse_chain(STREAM, LINES, origin(STREAM)))
    assert [one.digest for one in links] == [Digest(digest_bytes(line)) for line in LINES]
    assert links == HONEST
