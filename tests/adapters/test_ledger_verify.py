"""Verification in a clone finds every change; a cold read fetches one stream and no other."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.adapters.git.process import run_git
from patchgate.adapters.ledger import show, verify_repository
from patchgate.adapters.ledger.names import address
from patchgate.adapters.ledger.objects import Objects
from patchgate.core.chain import Finding, join_lines, link, origin, tail, tip_bytes
from patchgate.core.ids import StreamId, TicketKey, canonical, digest_bytes
from patchgate.errors import LedgerError, NotFoundError
from tests.adapters.ledger_remote import (
    EVENTS_PATH,
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

STREAM = StreamId("MWC-1-10001")
COUNT = 30


@pytest.fixture
def world(tmp_path: Path) -> LedgerRemote:
    world = LedgerRemote(tmp_path)
    world.create()
    return world


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> LedgerRemote:
    """A gathered stream of thirty events, changed and put back by the tests below."""
    world = LedgerRemote(tmp_path_factory.mktemp("long"))
    world.create()
    world.gathered(*range(COUNT))
    return world


def edit(lines: list[bytes], at: int) -> list[bytes]:
    value = json.loads(lines[at])
    value["event"]["tickets"] = 999
    return [*lines[:at], canonical(value), *lines[at + 1 :]]


def delete(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def swap(lines: list[bytes], at: int) -> list[bytes]:
    first, second = sorted((at, (at + 1) % COUNT))
    changed = list(lines)
    changed[first], changed[second] = changed[second], changed[first]
    return changed


def insert(lines: list[bytes], at: int) -> list[bytes]:
    value = json.loads(lines[at])
    value["event"]["tickets"] = 777
    return [*lines[:at], canonical(value), *lines[at:]]


@pytest.mark.parametrize("at", range(COUNT))
@pytest.mark.parametrize("change", [edit, delete, swap, insert], ids=lambda one: one.__name__)
def test_verify_catches_a_commit_that_changes_one_event(
    long: LedgerRemote, change: Callable[[list[bytes], int], list[bytes]], at: int
) -> None:
    honest = long.get(LEDGER_REF, EVENTS_PATH)
    long.put(LEDGER_REF, EVENTS_PATH, b"\n".join(change(honest.split(b"\n")[:-1], at)) + b"\n")

    (found,) = verify_repository(long.git_dir)

    long.put(LEDGER_REF, EVENTS_PATH, honest)
    wrapped = change is swap and at == COUNT - 1
    assert (found.stream, found.seq) == (STREAM, 1 if wrapped else at + 1)
    assert verify_repository(long.git_dir) == []


def test_verify_finds_nothing_wrong_with_live_gathered_and_reopened_streams(
    world: LedgerRemote,
) -> None:
    closed = world.gathered(1, 2, blobs={LONG_DIGEST: LONG})
    ledger = world.ledger()
    ledger.append(closed, said(3), {})
    ledger.append(ledger.open(TicketKey("MWC-2"), "10002"), said(1), {LONG_DIGEST: LONG})

    assert ledger.verify() == []
    assert ledger.verify(STREAM) == []


def test_verify_reads_an_ordinary_clone(world: LedgerRemote, tmp_path: Path) -> None:
    world.gathered(1, 2)
    clone = tmp_path / "clone"
    run_git(["clone", "--quiet", "--no-checkout", world.remote.url, str(clone)])
    assert verify_repository(clone / ".git") == []

    world.put(LEDGER_REF, EVENTS_PATH, b"")
    run_git(["fetch", "--quiet", "origin"], git_dir=clone / ".git")

    assert [one.seq for one in verify_repository(clone / ".git")] == [1]


def test_verify_names_a_stream_that_is_nowhere(world: LedgerRemote) -> None:
    world.gathered(1)

    (found,) = world.ledger().verify(StreamId("MWC-9-9"))

    assert found == Finding(StreamId("MWC-9-9"), 0, "there is no such stream")


def test_verify_of_a_repository_without_a_ledger_is_an_error(world: LedgerRemote) -> None:
    with pytest.raises(LedgerError, match="no ledger branch"):
        verify_repository(world.git_dir)


@pytest.mark.parametrize(
    ("ref", "folder"),
    [(STREAM_REF, "blobs"), (LEDGER_REF, "MWC/0000/MWC-1-10001")],
    ids=["live", "gathered"],
)
def test_verify_finds_a_changed_artifact(world: LedgerRemote, ref: str, folder: str) -> None:
    stream = world.begun(1, blobs={LONG_DIGEST: LONG})
    if ref == LEDGER_REF:
        world.ledger().gather(stream)
    world.put(ref, f"{folder}/{LONG_DIGEST.removeprefix('sha256:')}", b"changed")

    (found,) = world.ledger().verify()

    assert found.stream == STREAM
    assert "has another content" in found.problem


def test_a_damaged_artifact_is_not_gathered(world: LedgerRemote) -> None:
    world.begun(1, blobs={LONG_DIGEST: LONG})
    world.put(STREAM_REF, f"blobs/{LONG_DIGEST.removeprefix('sha256:')}", b"changed")

    with pytest.raises(LedgerError, match="has another content"):
        world.ledger().gather(world.read())
    assert STREAM_REF in world.refs()


@pytest.mark.parametrize(
    ("ref", "path", "words"),
    [
        (LEDGER_REF, "MWC/0000/MWC-5-50.jsonl", "has a file on the ledger branch but no index"),
        (LEDGER_REF, "OTHER/MWC-1-10001.jsonl", "belongs to no stream"),
        (LEDGER_REF, "index/12/10002.json", "belongs to no stream"),
        (LEDGER_REF, "notes.txt", "belongs to no stream"),
        (STREAM_REF, "notes.txt", "not what we write"),
    ],
)
def test_verify_names_files_that_we_did_not_write(
    world: LedgerRemote, ref: str, path: str, words: str
) -> None:
    world.begun(1)
    world.put(ref, path, b"")

    (found,) = world.ledger().verify()

    assert words in found.problem


def test_verify_finds_a_fork_between_the_live_and_the_ledger_branch(world: LedgerRemote) -> None:
    closed = world.gathered(1, 2)
    world.ledger().append(closed, said(3), {})
    start = origin(STREAM)
    forged = link(said(1, 9, 4), start)
    world.put(LEDGER_REF, EVENTS_PATH, join_lines(forged))
    world.put(LEDGER_REF, "index/11/10001.json", tip_bytes(STREAM, tail(forged, start)))

    (found,) = world.ledger().verify()

    assert (found.stream, found.seq) == (STREAM, 3)


def test_export_holds_lines_tip_and_artifacts_and_is_the_same_every_time(
    world: LedgerRemote,
) -> None:
    world.gathered(1, 2, blobs={LONG_DIGEST: LONG})

    exported = world.ledger().export(KEY, ID)

    assert exported == world.ledger().export(KEY, ID)
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        files = {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar}
    assert files == {
        "MWC-1-10001/events.jsonl": world.get(LEDGER_REF, EVENTS_PATH),
        "MWC-1-10001/tip.json": world.get(LEDGER_REF, "index/11/10001.json"),
        f"MWC-1-10001/blobs/{LONG_DIGEST.removeprefix('sha256:')}": LONG,
    }


def test_export_of_a_ticket_without_a_stream_is_an_error(world: LedgerRemote) -> None:
    world.gathered(1)

    with pytest.raises(NotFoundError, match="MWC-2"):
        world.ledger().export(TicketKey("MWC-2"), "10002")


def test_show_has_one_line_for_each_event(world: LedgerRemote) -> None:
    world.begun(4, 5)
    reading = world.ledger().read_links(KEY, ID)
    assert reading is not None

    lines = show(reading.links)

    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert all("sweep-done" in line for line in lines)
    assert '{"tickets":5}' in lines[1]


# ── what a cold read costs ───────────────────────────────────────────────────────────────


def many_streams(world: LedgerRemote, count: int) -> None:
    """Gather streams as one import: thirty events each, by the paths of the format."""
    orders = [b"commit refs/heads/patchgate/ledger\ncommitter x <x@y> 1 +0000\ndata 0\n"]
    for number in range(1, count + 1):
        home = address(f"MWC-{number}", str(10_000 + number))
        links = link(said(*range(number, number + COUNT)), origin(home.stream))
        tip = tip_bytes(home.stream, tail(links, origin(home.stream)))
        for path, data in ((home.events_path, join_lines(links)), (home.index_path, tip)):
            orders.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    run_git(["fast-import", "--quiet"], git_dir=world.git_dir, stdin=b"".join(orders))


def cost(world: LedgerRemote, number: int) -> tuple[int, int]:
    """Objects and bytes that a fresh cache holds after one cold read."""
    ledger = world.ledger()
    stream = ledger.read(TicketKey(f"MWC-{number}"), str(10_000 + number))
    assert stream is not None
    assert numbers_of(stream) == list(range(number, number + COUNT))
    listing = run_git(
        ["cat-file", "--batch-all-objects", "--batch-check"], git_dir=ledger.store.git_dir
    )
    rows = [line.split() for line in listing.decode().splitlines()]
    assert sum(kind == "blob" for _, kind, _ in rows) == 2
    return len(rows), sum(int(size) for _, _, size in rows)


def test_a_cold_read_brings_two_files_and_the_trees_on_the_way_however_many_streams(
    world: LedgerRemote, tmp_path: Path
) -> None:
    few = LedgerRemote(tmp_path / "few")
    few.folder.mkdir()
    few.create()
    many_streams(few, 30)
    many_streams(world, 1500)

    objects, size = cost(few, 7)
    more_objects, more_size = cost(world, 7)

    assert objects == 8  # commit, root, index, its folder, project, hundred, tip, events
    assert more_objects == 8
    assert more_size - size < 100_000  # the longer lists of names, and nothing else


def test_a_cold_read_of_a_live_stream_brings_neither_other_streams_nor_long_patches(
    world: LedgerRemote,
) -> None:
    stream = world.begun(1, 2, blobs={LONG_DIGEST: LONG})
    writer = world.ledger()
    other = writer.append(writer.open(TicketKey("MWC-2"), "10002"), said(9), {})
    ledger = world.ledger()

    assert ledger.read(KEY, ID) == stream

    here = Objects(ledger.store.git_dir)
    patch = Objects(world.git_dir).walk(world.refs()[STREAM_REF])
    (long_oid,) = [entry.oid for path, entry in patch.items() if path.startswith("blobs/")]
    wanted = [other.commit, world.refs()[LEDGER_REF], long_oid]
    assert here.has(oid for oid in wanted if oid) == dict.fromkeys(wanted, False)
    assert digest_bytes(ledger.blob(stream, LONG_DIGEST)) == LONG_DIGEST
