"""The ledger over a real git remote: races, crashes, cold reads, and what is never guessed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.adapters.git.process import run_git
from patchgate.adapters.ledger import GitLedger, Remote
from patchgate.adapters.ledger.names import address
from patchgate.core.ids import TicketKey
from patchgate.errors import (
    CredentialError,
    LedgerError,
    LostRaceError,
    MalformedError,
    NotFoundError,
    ServiceError,
)
from tests.adapters.ledger_remote import (
    ID,
    KEY,
    LEDGER_REF,
    LONG,
    LONG_DIGEST,
    STREAM_REF,
    LedgerRemote,
    numbers_of,
    said,
)

VERBS = frozenset(
    {"cat-file", "ls-tree", "hash-object", "mktree", "commit-tree", "push", "fetch", "ls-remote"}
)


@pytest.fixture
def world(tmp_path: Path) -> LedgerRemote:
    world = LedgerRemote(tmp_path)
    world.create()
    return world


# ── one stream ───────────────────────────────────────────────────────────────────────────


def test_what_was_appended_is_read_cold_by_another(world: LedgerRemote) -> None:
    stream = world.begun(1, 2)
    stream = world.ledger().append(stream, said(3), {})

    assert world.read() == stream
    assert numbers_of(stream) == [1, 2, 3]
    assert stream.commit == world.refs()[STREAM_REF]


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What git was started for since the last call: each process costs as much as a request."""
    log, shim = tmp_path / "git.log", tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")

    def verbs() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        return [next((word for word in line.split() if word in VERBS), line) for line in lines]

    return verbs


def test_the_second_of_two_pushes_asks_git_nothing_that_it_knows(
    world: LedgerRemote, ran: Callable[[], list[str]]
) -> None:
    """A tick with effects pushes twice."""
    ledger = world.ledger(may_initialise=True)
    stream = ledger.append(ledger.open(KEY, ID), said(1), {})
    ran()

    stream = ledger.append(stream, said(2), {})

    assert ran() == ["hash-object", "commit-tree", "push"]
    assert world.read() == stream


def test_a_ticket_and_its_project_are_read_from_one_look_at_the_branches(
    world: LedgerRemote, ran: Callable[[], list[str]]
) -> None:
    ledger, project = world.ledger(may_initialise=True), (TicketKey("MWC-project"), "0")
    stream = ledger.append(ledger.open(KEY, ID), said(1), {})
    stopped = ledger.append(ledger.open(*project), said(2), {})
    ran()

    assert ledger.read_together([(KEY, ID), project]) == [stream, stopped]
    assert ran().count("ls-remote") == 1
    assert ledger.read_together([(KEY, ID), (TicketKey("ABC-project"), "0")]) == [stream, None]
    assert ran().count("ls-remote") == 1


def test_of_several_a_gathered_stream_is_looked_for_again_before_it_counts(
    world: LedgerRemote, ran: Callable[[], list[str]]
) -> None:
    world.gathered(1)
    ran()

    closed, none = world.ledger().read_together([(KEY, ID), (TicketKey("MWC-9"), "10009")])

    assert closed is not None
    assert (closed.closed, numbers_of(closed), none) == (True, [1], None)
    assert ran().count("ls-remote") == 3


def test_an_append_goes_on_from_the_tip_by_fast_forward(world: LedgerRemote) -> None:
    first = world.begun(1)
    second = world.ledger().append(first, said(2), {})

    parents = run_git(["rev-list", "--parents", "-n1", str(second.commit)], git_dir=world.git_dir)

    assert parents.decode().split() == [second.commit, first.commit]


def test_a_read_by_the_new_key_of_a_moved_ticket_finds_its_stream(world: LedgerRemote) -> None:
    stream = world.begun(1)

    assert world.ledger().read(TicketKey("NEW-77"), ID) == stream
    world.ledger().gather(stream)
    moved = world.ledger().read(TicketKey("NEW-77"), ID)
    assert moved is not None
    assert (moved.id, moved.closed, numbers_of(moved)) == ("MWC-1-10001", True, [1])


def test_another_ticket_with_the_same_key_has_its_own_stream(world: LedgerRemote) -> None:
    world.gathered(1)
    ledger = world.ledger()

    assert ledger.read(KEY, "20001") is None
    ledger.gather(ledger.append(ledger.open(KEY, "20001"), said(5), {}))

    assert numbers_of(world.read()) == [1]
    again = ledger.read(KEY, "20001")
    assert again is not None
    assert numbers_of(again) == [5]


def test_artifacts_come_back_by_digest_from_live_and_gathered_streams(world: LedgerRemote) -> None:
    stream = world.begun(1, blobs={LONG_DIGEST: LONG})
    assert world.ledger().blob(stream, LONG_DIGEST) == LONG

    world.ledger().gather(stream)

    assert world.ledger().blob(world.read(), LONG_DIGEST) == LONG
    assert world.ledger().blob(stream, LONG_DIGEST) == LONG


def test_an_artifact_that_is_absent_or_not_its_digest_is_refused(world: LedgerRemote) -> None:
    stream = world.begun(1)
    ledger = world.ledger()

    with pytest.raises(LedgerError, match="no artifact"):
        ledger.blob(stream, LONG_DIGEST)
    with pytest.raises(LedgerError, match="another content"):
        ledger.append(stream, said(2), {LONG_DIGEST: b"something else"})
    assert world.read() == stream


def test_a_changed_artifact_is_refused_when_it_is_read(world: LedgerRemote) -> None:
    world.begun(1, blobs={LONG_DIGEST: LONG})
    world.put(STREAM_REF, f"blobs/{LONG_DIGEST.removeprefix('sha256:')}", b"changed")

    with pytest.raises(LedgerError, match="another content"):
        world.ledger().blob(world.read(), LONG_DIGEST)


def test_a_project_stream_is_read_appended_and_gathered_like_a_tickets(world: LedgerRemote) -> None:
    key = TicketKey("MWC-project")
    ledger = world.ledger(may_initialise=True)
    one = ledger.append(ledger.open(key, "0"), said(1), {})
    other = ledger.append(ledger.open(TicketKey("ABC-project"), "0"), said(9), {})

    assert ledger.read(key, "0") == one
    ledger.gather(one)
    again = ledger.read(key, "0")

    assert again is not None
    assert (again.id, numbers_of(again), again.closed) == ("MWC-project", [1], True)
    assert ledger.read(TicketKey("ABC-project"), "0") == other
    assert ledger.open_streams() == ["ABC-project"]


@pytest.mark.parametrize(
    ("key", "issue_id"),
    [("../x", "1"), ("MWC-1", "x"), ("MWC-1", ""), ("MWC-1", "0"), ("mwc-1", "1"), ("MWC-", "1")],
)
def test_a_key_that_could_leave_its_folder_names_no_stream(
    world: LedgerRemote, key: str, issue_id: str
) -> None:
    with pytest.raises(MalformedError):
        world.ledger().read(TicketKey(key), issue_id)


# ── who was first ────────────────────────────────────────────────────────────────────────


def test_of_two_appends_to_one_stream_one_wins_and_the_other_sees_it(world: LedgerRemote) -> None:
    stream = world.begun(1)
    one, other = world.ledger(), world.ledger()

    won = one.append(stream, said(2), {})
    with pytest.raises(LostRaceError):
        other.append(stream, said(3), {})

    seen = other.read(KEY, ID)
    assert seen == won
    assert numbers_of(other.append(won, said(3), {})) == [1, 2, 3]


def test_two_writers_of_the_very_same_events_do_not_both_win(world: LedgerRemote) -> None:
    stream = world.begun(1)
    world.ledger().append(stream, said(2), {})

    with pytest.raises(LostRaceError):
        world.ledger().append(stream, said(2), {})


def test_of_two_openings_of_one_stream_one_wins(world: LedgerRemote) -> None:
    ledger = world.ledger()
    empty = ledger.open(KEY, ID)
    world.begun(1)

    with pytest.raises(LostRaceError):
        ledger.append(empty, said(2), {})
    assert numbers_of(world.read()) == [1]


def test_openings_under_the_old_and_the_new_key_do_not_both_stand(world: LedgerRemote) -> None:
    world.begun(1)
    ledger = world.ledger()

    with pytest.raises(LostRaceError):
        ledger.append(ledger.open(TicketKey("NEW-77"), ID), said(2), {})

    assert numbers_of(world.read()) == [1]
    assert sorted(world.refs()) == [LEDGER_REF, STREAM_REF]


def test_streams_of_different_tickets_never_collide(world: LedgerRemote) -> None:
    first = world.begun(1)
    one, other = world.ledger(), world.ledger()
    second = other.open(TicketKey("MWC-2"), "10002")

    first = one.append(first, said(2), {})
    second = other.append(second, said(7), {})
    first = one.append(first, said(3), {})

    assert numbers_of(first) == [1, 2, 3]
    assert numbers_of(second) == [7]


def test_a_stream_that_came_and_went_meanwhile_is_not_begun_again(world: LedgerRemote) -> None:
    ledger = world.ledger()
    empty = ledger.open(KEY, ID)
    world.gathered(1)

    with pytest.raises(LostRaceError):
        ledger.append(empty, said(2), {})

    assert numbers_of(world.read()) == [1]
    assert STREAM_REF not in world.refs()


def test_a_stream_reopened_and_gathered_meanwhile_is_not_reopened_at_its_old_end(
    world: LedgerRemote,
) -> None:
    stale = world.gathered(1)
    ledger = world.ledger()
    ledger.gather(ledger.append(stale, said(2), {}))

    with pytest.raises(LostRaceError):
        world.ledger().append(stale, said(3), {})

    assert numbers_of(world.read()) == [1, 2]


def test_a_push_that_broke_off_after_it_was_done_is_found_done(world: LedgerRemote) -> None:
    stream = world.begun(1)
    world.hook("post-receive", "kill -9 $PPID")

    stream = world.ledger().append(stream, said(2), {})

    assert stream.commit == world.refs()[STREAM_REF]
    assert world.read() == stream


def test_a_push_that_broke_off_before_it_was_done_is_an_error(world: LedgerRemote) -> None:
    stream = world.begun(1)
    world.hook("pre-receive", "kill -9 $PPID")

    with pytest.raises(ServiceError):
        world.ledger().append(stream, said(2), {})
    assert world.read() == stream


def test_a_push_refused_by_a_rule_asks_for_another_credential(world: LedgerRemote) -> None:
    stream = world.begun(1)
    world.hook("pre-receive", "echo 'GH013: Repository rule violations found' >&2; exit 1")

    with pytest.raises(CredentialError, match="GH013"):
        world.ledger().append(stream, said(2), {})


def test_a_remote_that_is_not_there_is_an_error_and_not_emptiness(tmp_path: Path) -> None:
    ledger = GitLedger(
        Remote(f"file://{tmp_path}/nothing.git"), tmp_path / "cache", may_initialise=True
    )

    with pytest.raises(NotFoundError):
        ledger.read(KEY, ID)


# ── where things lie ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "issue_id", "events", "index"),
    [
        ("MWC-7", "10001", "MWC/0000/MWC-7-10001.jsonl", "index/11/10001.json"),
        ("MWC-1234", "255", "MWC/0012/MWC-1234-255.jsonl", "index/ff/255.json"),
        ("MWC-1234567", "256", "MWC/12345/MWC-1234567-256.jsonl", "index/00/256.json"),
        ("MWC-project", "0", "MWC/project/MWC-project.jsonl", "index/project/MWC-project.json"),
    ],
)
def test_a_folder_holds_a_hundred_tickets(key: str, issue_id: str, events: str, index: str) -> None:
    home = address(key, issue_id)
    assert (home.events_path, home.index_path) == (events, index)
