"""Events of older versions fold for ever; those of a newer one are refused in clear words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest
from tests.core.stories import at_blocked, at_merge, parent_with_two

from patchgate.core import events as e
from patchgate.core.chain import Finding, Link, Tail, origin, parse_chain, sound
from patchgate.core.events import KINDS
from patchgate.core.events.versions import UPCASTERS, Raw, Step, current_version, upcast
from patchgate.core.fold import fold
from patchgate.core.ids import StreamId, canonical, digest_bytes
from patchgate.errors import LedgerError

STREAM = StreamId("MWC-1-10001")
AT = "2026-11-21T10:00:00.000Z"


def lines(*events: Mapping[str, object]) -> list[bytes]:
    """Well chained, whatever they hold."""
    made, prev = [], origin(STREAM).head
    for seq, event in enumerate(events, 1):
        made.append(canonical({"event": event, "prev": prev, "seq": seq}))
        prev = digest_bytes(made[-1])
    return made


def events_of(found: tuple[Link, ...] | Finding) -> list[e.Event]:
    assert not isinstance(found, Finding), str(found)
    return [one.event for one in found]


@pytest.mark.parametrize(
    "history", [at_merge, at_blocked, parent_with_two], ids=["merge", "blocked", "parent"]
)
def test_what_was_written_before_a_field_existed_reads_as_its_default(history: object) -> None:
    assert callable(history)
    events = history().events
    older = [{**x.model_dump(mode="json", exclude_defaults=True), "kind": x.kind, "v": x.v}
             for x in events]  # fmt: skip
    assert older != [x.model_dump(mode="json") for x in events]
    read = events_of(parse_chain(STREAM, lines(*older), origin(STREAM)))
    assert read == events
    assert fold(read) == fold(events)


# ── a version before the first: there is none in use, so these are made up ───────────────


def _named_anew(raw: Raw) -> Raw:
    """Version 0 was called `swept`."""
    return {**raw, "kind": "sweep-done"}


def _counted(raw: Raw) -> Raw:
    """Version -1 named its tickets and did not count them."""
    rest = {name: value for name, value in raw.items() if name != "keys"}
    keys = raw["keys"]
    assert isinstance(keys, list)
    return {**rest, "tickets": len(keys)}


STEPS: Mapping[tuple[str, int], Step] = {("swept", -1): _counted, ("swept", 0): _named_anew}
OLDEST = {"kind": "swept", "v": -1, "at": AT, "keys": ["MWC-1", "MWC-2"]}
OLDER = {"kind": "swept", "v": 0, "at": AT, "tickets": 2}
NOW = {"kind": "sweep-done", "v": 1, "at": AT, "tickets": 2}


@pytest.mark.parametrize("raw", [OLDEST, OLDER, NOW], ids=["oldest", "older", "now"])
def test_an_older_event_is_lifted_version_by_version(raw: Raw) -> None:
    before = dict(raw)
    assert upcast(raw, STEPS) == NOW
    assert raw == before


def test_a_stream_of_three_versions_reads_as_one_and_keeps_its_hashes() -> None:
    written = lines(OLDEST, OLDER, NOW)
    found = parse_chain(STREAM, written, origin(STREAM), steps=STEPS)
    assert events_of(found) == [e.SweepDone(at=AT, tickets=2)] * 3
    assert not isinstance(found, Finding)
    assert [one.line for one in found] == written
    assert [one.digest for one in found] == [digest_bytes(line) for line in written]


def test_a_changed_event_of_an_older_version_is_found_as_any_other() -> None:
    written = lines(OLDEST, OLDER, NOW)
    written[1] = written[1].replace(b'"tickets":2', b'"tickets":3')
    found = parse_chain(STREAM, written, origin(STREAM), steps=STEPS)
    assert isinstance(found, Finding)
    assert (found.seq, found.newer) == (2, False)


@pytest.mark.parametrize("raw", [OLDER, {"kind": "sweep-done", "v": 0, "at": AT, "tickets": 2}])
def test_an_older_version_without_a_step_is_refused(raw: Raw) -> None:
    found = parse_chain(STREAM, lines(raw), origin(STREAM))
    assert isinstance(found, Finding)
    assert "unknown kind or schema" in found.problem


# ── newer ────────────────────────────────────────────────────────────────────────────────


def test_an_event_of_a_newer_version_is_refused_with_the_way_on_and_is_no_damage() -> None:
    newer = {**NOW, "v": 2, "unheard": "of"}
    found = parse_chain(STREAM, lines(NOW, newer), origin(STREAM))
    assert isinstance(found, Finding)
    assert found.newer
    assert str(found) == (
        "MWC-1-10001, event 2: written by a newer patchgate: version 2 of `sweep-done`, "
        "known here is 1"
    )
    with pytest.raises(LedgerError, match="the ledger holds what this patchgate cannot") as caught:
        sound(found)
    assert "damaged" not in caught.value.message
    assert caught.value.advice.startswith("Use the patchgate that wrote it")


def test_a_newer_version_hides_no_damage_before_it() -> None:
    written = lines(NOW, {**NOW, "v": 2})
    written[0] = written[0].replace(b'"tickets":2', b'"tickets":3')
    found = parse_chain(STREAM, written, Tail(0, origin(STREAM).head))
    assert isinstance(found, Finding)
    assert (found.seq, found.newer) == (1, False)


# ── the table ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_one_version_and_every_earlier_one_has_a_step(kind: str) -> None:
    field = KINDS[kind].model_fields["v"]
    assert get_args(field.annotation) == (field.default,) == (current_version(kind),)
    missing = [n for n in range(1, current_version(kind)) if (kind, n) not in UPCASTERS]
    assert not missing, f"no step from version {missing} of {kind}"


def test_no_step_leads_beyond_the_present_version() -> None:
    assert all(n < current_version(kind) for kind, n in UPCASTERS if kind in KINDS)
