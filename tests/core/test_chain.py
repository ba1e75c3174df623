"""The chain finds every single change of a line, and anchors find what a chain cannot."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchgate.core.chain import (
    Anchor,
    Finding,
    Link,
    Tail,
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
from patchgate.core.events import Event, Parked, SweepDone
from patchgate.core.ids import Digest, StreamId, canonical, digest_bytes
from patchgate.errors import LedgerError, MalformedError

STREAM = StreamId("MWC-1-10001")
COUNT = 30


def events(count: int = COUNT) -> list[Event]:
    return [SweepDone(at="2026-11-21T10:00:00Z", tickets=number) for number in range(count)]


def chained(count: int = COUNT) -> tuple[Link, ...]:
    return link(events(count), origin(STREAM))


def first_fault(lines: list[bytes]) -> Finding | None:
    """What reading says of a file whose tip is still that of the honest stream."""
    links = parse_chain(STREAM, lines, origin(STREAM))
    if isinstance(links, Finding):
        return links
    honest = tip_bytes(STREAM, tail(chained(), origin(STREAM)))
    return check_tip(STREAM, honest, tail(links, origin(STREAM)))


def edited(line: bytes, **changes: object) -> bytes:
    return canonical({**json.loads(line), **changes})


def edit(lines: list[bytes], at: int) -> list[bytes]:
    event = {**json.loads(lines[at])["event"], "tickets": 999}
    return [*lines[:at], edited(lines[at], event=event), *lines[at + 1 :]]


def delete(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def swap(lines: list[bytes], at: int) -> list[bytes]:
    other = (at + 1) % len(lines)
    changed = list(lines)
    changed[at], changed[other] = changed[other], changed[at]
    return changed


def double(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def forge(lines: list[bytes], at: int) -> list[bytes]:
    """Insert an event that fits what stands before it."""
    forged = {**json.loads(lines[at])["event"], "tickets": 777}
    return [*lines[:at], edited(lines[at], event=forged), *lines[at:]]


def unlink(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], edited(lines[at], prev=digest_bytes(b"?")), *lines[at + 1 :]]


def spaced(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at].replace(b",", b", ", 1), *lines[at + 1 :]]


@pytest.mark.parametrize("at", range(COUNT))
@pytest.mark.parametrize("change", [edit, delete, spaced, unlink], ids=lambda one: one.__name__)
def test_every_change_of_one_line_is_found_and_named(
    change: Callable[[list[bytes], int], list[bytes]], at: int
) -> None:
    lines = [one.line for one in chained()]

    found = first_fault(change(lines, at))

    assert found is not None
    last = change is unlink and at == COUNT - 1
    assert found.seq == (at if last else at + 1)  # a last line vouches for neither neighbour


@pytest.mark.parametrize("at", range(COUNT))
@pytest.mark.parametrize("change", [swap, double, forge], ids=lambda one: one.__name__)
def test_every_swap_and_insertion_is_found_and_named(
    change: Callable[[list[bytes], int], list[bytes]], at: int
) -> None:
    lines = [one.line for one in chained()]

    found = first_fault(change(lines, at))

    assert found is not None
    wrapped = change is swap and at == COUNT - 1
    assert found.seq == (1 if wrapped else at + 1)


def test_an_unchanged_chain_has_no_fault() -> None:
    assert first_fault([one.line for one in chained()]) is None


@given(
    st.lists(
        st.one_of(
            st.builds(
                SweepDone, at=st.just("2026-11-21T10:00:00Z"), tickets=st.integers(0, 2**53 - 1)
            ),
            st.builds(
                Parked,
                at=st.just("2026-11-21T10:00:00Z"),
                state=st.just("NEEDS_HUMAN"),
                code=st.text(max_size=8),
                reason=st.text(),
                advice=st.text(),
            ),
        ),
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_events_come_back_from_their_lines_wherever_they_are_appended(
    some: list[Event], at: int
) -> None:
    first = link(some[:at], origin(STREAM))
    both = first + link(some[at:], tail(first, origin(STREAM)))

    read = sound(parse_file(STREAM, join_lines(both), origin(STREAM)))

    assert read == both == link(some, origin(STREAM))
    assert [one.event for one in read] == some


@pytest.mark.parametrize("number", [2**53, -(2**60)])
def test_an_event_without_a_canonical_form_is_refused_before_it_is_written(number: int) -> None:
    event = SweepDone(at="2026-11-21T10:00:00Z", tickets=number)

    with pytest.raises(MalformedError, match=r"event 3 \(sweep-done\)"):
        link([event], tail(chained(2), origin(STREAM)))


def test_the_first_prev_is_the_digest_of_the_stream_id() -> None:
    (first,) = link(events(1), origin(STREAM))

    assert first.prev == digest_bytes(b"MWC-1-10001")
    assert first.digest == digest_bytes(first.line)
    assert json.loads(first.line).keys() == {"seq", "prev", "event"}


def test_a_chain_of_another_stream_is_refused_at_its_first_event() -> None:
    found = parse_chain(StreamId("MWC-2-10002"), [chained()[0].line], origin(StreamId("MWC-2-1")))

    assert isinstance(found, Finding)
    assert (found.stream, found.seq) == ("MWC-2-10002", 1)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a ledger line"),
        (b'{"seq":1}', "not a ledger line"),
        (b'{"event":{},"prev":"x","seq":1}', "not a ledger line"),
    ],
    ids=["empty", "not-utf-8", "deep", "a-list", "no-event", "bad-digest"],
)
def test_a_line_that_is_none_is_named_with_its_reason(line: bytes, words: str) -> None:
    found = parse_chain(STREAM, [chained(1)[0].line, line], origin(STREAM))

    assert isinstance(found, Finding)
    assert found.seq == 2
    assert words in found.problem


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "never-heard-of", "v": 1, "at": "2026-11-21T10:00:00Z"},
        {"kind": "sweep-done", "v": 0, "at": "2026-11-21T10:00:00Z", "tickets": 1},
        {"kind": "sweep-done", "v": 1, "at": "2026-11-21T10:00:00Z", "tickets": "1"},
        {"kind": "sweep-done", "v": 1, "at": "2026-11-21T10:00:00Z", "tickets": 1, "more": 1},
    ],
    ids=["kind", "version", "type", "field"],
)
def test_a_well_chained_event_of_unknown_schema_is_refused(event: dict[str, object]) -> None:
    line = canonical({"seq": 1, "prev": origin(STREAM).head, "event": event})

    found = parse_chain(STREAM, [line], origin(STREAM))

    assert isinstance(found, Finding)
    assert found.seq == 1
    assert "unknown kind or schema" in found.problem


def test_a_number_in_quotes_is_no_number_of_an_event() -> None:
    line = edited(chained(2)[1].line, seq="2")

    found = parse_chain(STREAM, [chained(1)[0].line, line], origin(STREAM))

    assert isinstance(found, Finding)
    assert "not a ledger line: seq" in found.problem


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**60])
def test_a_number_beyond_what_is_exact_is_never_taken_on_the_short_way(number: int) -> None:
    head = origin(STREAM).head
    event = f'{{"at":"2026-11-21T10:00:00Z","kind":"sweep-done","tickets":{number},"v":1}}'
    line = f'{{"event":{event},"prev":"{head}","seq":1}}'.encode()

    assert isinstance(parse_chain(STREAM, [line], origin(STREAM)), Finding)


def test_a_file_cut_inside_a_line_names_that_line() -> None:
    found = parse_file(STREAM, join_lines(chained(3))[:-1], origin(STREAM))

    assert isinstance(found, Finding)
    assert (found.seq, found.problem) == (3, "the line is cut off")


@pytest.mark.parametrize(
    ("tip", "seq", "words"),
    [
        (b"{}", 0, "cannot be read"),
        (b"nonsense", 0, "cannot be read"),
        (tip_bytes(StreamId("MWC-2-2"), tail(chained(3), origin(STREAM))), 0, "another stream"),
        (tip_bytes(STREAM, tail(chained(5), origin(STREAM))), 4, "counts 5"),
        (tip_bytes(STREAM, tail(chained(2), origin(STREAM))), 3, "counts 2"),
        (tip_bytes(STREAM, origin(STREAM)), 1, "counts 0"),
        (tip_bytes(STREAM, Tail(3, digest_bytes(b"?"))), 3, "another head"),
    ],
    ids=["empty", "not-json", "other-stream", "cut", "grown", "of-nothing", "last-edited"],
)
def test_a_tip_that_does_not_fit_is_named(tip: bytes, seq: int, words: str) -> None:
    found = check_tip(STREAM, tip, tail(chained(3), origin(STREAM)))

    assert found is not None
    assert found.seq == seq
    assert words in found.problem


def heads(count: int = COUNT) -> tuple[Digest, ...]:
    return prefix_heads(STREAM, chained(count))


@pytest.mark.parametrize("length", range(COUNT + 1))
def test_the_head_of_every_prefix_is_a_sound_anchor(length: int) -> None:
    anchor = Anchor("issue property", heads()[length], at_least=length)

    assert verify_anchors(STREAM, heads(), [anchor]) == []


@pytest.mark.parametrize("kept", range(COUNT))
def test_an_anchor_finds_every_truncation(kept: int) -> None:
    (found,) = verify_anchors(STREAM, heads(kept), [Anchor("pull request", heads()[-1])])

    assert "pull request" in found.problem
    assert "cut or rewritten" in found.problem


@pytest.mark.parametrize("at", range(COUNT))
def test_an_anchor_finds_a_stream_that_was_rewritten_and_chained_anew(at: int) -> None:
    others = events()
    others[at] = SweepDone(at="2026-11-21T10:00:00Z", tickets=999)
    forged = prefix_heads(STREAM, link(others, origin(STREAM)))

    assert len(verify_anchors(STREAM, forged, [Anchor("commit trailer", heads()[-1])])) == 1


def test_an_anchor_that_covers_too_little_is_named() -> None:
    (found,) = verify_anchors(STREAM, heads(), [Anchor("run summary", heads()[3], at_least=7)])

    assert found.seq == 4
    assert "covers 3 events, but must cover 7" in found.problem


def test_a_finding_becomes_an_error_that_names_stream_and_event() -> None:
    with pytest.raises(LedgerError, match="MWC-1-10001, event 7: gone"):
        sound(Finding(STREAM, 7, "gone"))
