"""What the ledger never guesses: missing branches, damaged streams, foreign files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.adapters.git.process import run_git
from patchgate.adapters.ledger import Branches, GitLedger
from patchgate.core.ids import TicketKey, digest_bytes
from patchgate.errors import (
    LedgerError,
)
from tests.adapters.ledger_remote import (
    EVENTS_PATH,
    ID,
    KEY,
    LEDGER_REF,
    STREAM_REF,
    LedgerRemote,
    numbers_of,
    said,
)


@pytest.fixture
def world(tmp_path: Path) -> LedgerRemote:
    world = LedgerRemote(tmp_path)
    world.create()
    return world


def test_a_missing_ledger_branch_is_an_error_unless_the_caller_may_begin_one(
    world: LedgerRemote,
) -> None:
    with pytest.raises(LedgerError, match="does not exist"):
        world.ledger().read(KEY, ID)
    assert world.ledger(may_initialise=True).read(KEY, ID) is None
    assert world.refs() == {}


@pytest.mark.parametrize("may_initialise", [False, True])
def test_a_deleted_ledger_branch_beside_live_ones_is_never_taken_for_new(
    world: LedgerRemote, may_initialise: bool
) -> None:
    stream = world.begun(1)
    run_git(["update-ref", "-d", LEDGER_REF], git_dir=world.git_dir)
    ledger = world.ledger(may_initialise=may_initialise)

    for attempt in (
        lambda: ledger.read(TicketKey("MWC-2"), "10002"),
        lambda: ledger.append(ledger.open(TicketKey("MWC-2"), "10002"), said(1), {}),
        lambda: ledger.gather(stream),
        ledger.open_streams,
        ledger.initialise,
    ):
        with pytest.raises(LedgerError, match="is missing, but 1 other branch"):
            attempt()


def test_initialising_twice_keeps_the_branch(world: LedgerRemote) -> None:
    world.ledger(may_initialise=True).initialise()
    before = world.refs()

    world.ledger().initialise()

    assert world.refs() == before
    assert list(before) == [LEDGER_REF]


def test_the_names_of_both_branches_can_be_set(world: LedgerRemote) -> None:
    names = Branches(ledger="records", live="open/tickets")
    ledger = GitLedger(world.remote, world.cache(), branches=names, may_initialise=True)

    stream = ledger.append(ledger.open(KEY, ID), said(1), {})
    assert sorted(world.refs()) == [
        "refs/heads/open/tickets/MWC-1-10001",
        "refs/heads/records",
    ]
    ledger.gather(stream)
    assert sorted(world.refs()) == ["refs/heads/records"]


def test_two_live_branches_of_one_issue_are_an_error(world: LedgerRemote) -> None:
    world.begun(1)
    other = STREAM_REF.replace("MWC-1", "NEW-77")
    run_git(["update-ref", other, world.refs()[STREAM_REF]], git_dir=world.git_dir)

    with pytest.raises(LedgerError, match="two live branches"):
        world.read()


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("events/000002.json", b"not json\n", "event 2: not JSON"),
        ("events/000002.json", b"", "event 2: its file is not one line"),
        ("events/000009.json", b"{}\n", "event 4: missing"),
        ("tip.json", b"{}", "its tip cannot be read"),
        ("more.txt", b"", "stream: its live branch holds .*: not what we write"),
    ],
    ids=["not-json", "empty", "gap", "tip", "stranger"],
)
def test_a_damaged_live_branch_stops_work_and_names_the_event(
    world: LedgerRemote, path: str, content: bytes, words: str
) -> None:
    world.begun(1, 2, 3)
    world.put(STREAM_REF, path, content)

    with pytest.raises(LedgerError, match=words) as caught:
        world.read()
    assert "MWC-1-10001" in caught.value.message


@pytest.mark.parametrize(
    ("path", "change", "words"),
    [
        (EVENTS_PATH, lambda data: data[:-1], "event 3: the line is cut off"),
        (EVENTS_PATH, lambda data: data[: data.index(b"\n") + 1], "event 2: there are 1 events"),
        (EVENTS_PATH, lambda data: data.replace(b":2,", b":9,"), "event 2: changed"),
        ("index/11/10001.json", lambda data: b"{}\n", "index entry .* is damaged"),
    ],
    ids=["cut-line", "truncated", "edited", "index"],
)
def test_a_damaged_ledger_branch_stops_work_and_names_the_event(
    world: LedgerRemote, path: str, change: Callable[[bytes], bytes], words: str
) -> None:
    world.gathered(1, 2, 3)
    changed = change(world.get(LEDGER_REF, path))
    assert changed != world.get(LEDGER_REF, path)
    world.put(LEDGER_REF, path, changed)

    with pytest.raises(LedgerError, match=words):
        world.read()


def test_a_live_branch_that_continues_what_the_ledger_does_not_hold_is_an_error(
    world: LedgerRemote,
) -> None:
    closed = world.gathered(1, 2)
    root = run_git(["rev-list", "--max-parents=0", LEDGER_REF], git_dir=world.git_dir)
    world.ledger().append(closed, said(3), {})
    run_git(["update-ref", LEDGER_REF, root.decode().strip()], git_dir=world.git_dir)

    with pytest.raises(LedgerError, match="event 3: continues event 2"):
        world.read()


def test_a_cache_is_used_again_and_follows_what_others_pushed(world: LedgerRemote) -> None:
    stream = world.begun(1)
    cache = world.cache()
    assert GitLedger(world.remote, cache).read(KEY, ID) == stream
    stream = world.ledger().append(stream, said(2), {})

    assert GitLedger(world.remote, cache).read(KEY, ID) == stream
    world.ledger().gather(stream)
    again = GitLedger(world.remote, cache).read(KEY, ID)
    assert again is not None
    assert (numbers_of(again), again.closed) == ([1, 2], True)


def test_a_digest_of_other_bytes_is_never_offered(world: LedgerRemote) -> None:
    with pytest.raises(LedgerError, match="without an event"):
        world.ledger().append(world.begun(1), [], {digest_bytes(b"x"): b"x"})
