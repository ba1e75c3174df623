"""A session: what is recorded is folded at once and pushed by compare-and-swap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.app.stage import KEY, NOW, Stage

from patchgate.app.desk import Journal, Line
from patchgate.app.session import Session
from patchgate.core import events as e
from patchgate.core.ids import TicketKey, digest_bytes
from patchgate.core.state import State
from patchgate.errors import LedgerError, LostRaceError

STARTED = e.WorkStarted(at=NOW, next="execute")


def test_what_is_recorded_shows_at_once_and_reaches_the_ledger_with_the_push() -> None:
    stage = Stage()
    session = stage.session()
    session.record(STARTED)
    digest = session.keep(b"an artifact")
    assert session.w.state is State.EXECUTING
    held = stage.ledger.read(TicketKey(KEY), stage.issue_id)
    assert held is not None
    assert STARTED not in held.events
    with pytest.raises(LedgerError):
        stage.ledger.blob(held, digest)
    session.push()
    held = stage.ledger.read(TicketKey(KEY), stage.issue_id)
    assert held is not None
    assert held.events[-1] == STARTED
    assert held.head == session.stream.head
    assert stage.ledger.blob(held, digest) == b"an artifact"


def test_a_push_of_nothing_adds_nothing() -> None:
    session = Stage().session()
    before = session.stream
    session.push()
    assert session.stream == before


def test_who_pushes_second_loses_the_race_and_overwrites_nothing() -> None:
    stage = Stage()
    mine = stage.session()
    stream = stage.ledger.read(TicketKey(KEY), stage.issue_id)
    assert stream is not None
    theirs = Session(mine.desk, stream)
    theirs.record(STARTED)
    theirs.push()
    mine.record(e.Parked(at=NOW, state="STOPPED", code="stop", reason="", advice=""))
    with pytest.raises(LostRaceError):
        mine.push()
    held = stage.ledger.read(TicketKey(KEY), stage.issue_id)
    assert held is not None
    assert held.events[-1] == STARTED


def test_an_artifact_comes_from_memory_before_the_push_and_from_the_ledger_after() -> None:
    stage = Stage()
    session = stage.session()
    digest = session.keep(b"text")
    assert session.blob(digest) == b"text"
    session.record(STARTED)
    session.push()
    assert Session(session.desk, session.stream).blob(digest) == b"text"
    with pytest.raises(LedgerError):
        session.blob(digest_bytes(b"never kept"))


def test_each_event_that_means_something_is_told_with_the_ticket_s_name() -> None:
    told: list[Line] = []
    session = Stage().session()
    session.desk = replace(session.desk, journal=Journal(told.append))
    session.record(e.Resumed(at=NOW, by="Leigh"), STARTED)
    assert [(line.key, line.kind) for line in told] == [(KEY, "decide")]
    assert "Leigh" in told[0].text


def test_an_empty_stream_is_named_by_its_key() -> None:
    stage = Stage()
    session = Session(stage.desk(), stage.ledger.open(TicketKey("NEW-7"), "10099"))
    assert session.name == "NEW-7"
