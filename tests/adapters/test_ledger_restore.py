"""Restoring from clones and exports: only what is proven, and never at the price of an event."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from patchgate.adapters.git.process import run_git
from patchgate.adapters.ledger import Action, Restoration, verify_repository
from patchgate.adapters.ledger.restore import Step
from patchgate.core.chain import Anchor, Link
from patchgate.core.ids import StreamId, TicketKey
from patchgate.errors import LedgerError, NotFoundError
from tests.adapters.ledger_remote import (
    EVENTS_PATH,
    LEDGER_REF,
    LONG,
    LONG_DIGEST,
    STREAM_REF,
    LedgerRemote,
    numbers_of,
    said,
)

LONG_NAME = LONG_DIGEST.removeprefix("sha256:")


class World(LedgerRemote):
    """A remote whose tickets keep heads."""

    heads: tuple[str, ...] = ()

    def clone(self) -> Path:
        place = self.folder / f"clone-{len(list(self.folder.glob('clone-*')))}"
        run_git(["clone", "--quiet", "--mirror", self.remote.url, str(place)])
        return place

    def restore(self, *places: Path, write: bool = True) -> list[Step]:
        work = Restoration(self.ledger(), self.outside)
        steps = work.plan(places)
        if write:
            work.write(steps)
        return steps

    def outside(self, _: StreamId, __: Sequence[Link]) -> list[Anchor]:
        return [Anchor("the ticket", head) for head in self.heads]

    def delete(self, ref: str) -> None:
        run_git(["update-ref", "-d", ref], git_dir=self.git_dir)

    def another(self, *numbers: int) -> None:
        ledger = self.ledger(may_initialise=True)
        key = TicketKey("MWC-2")
        ledger.gather(ledger.append(ledger.open(key, "10002"), said(*numbers), {}))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.create()
    return world


def actions(steps: Sequence[Step]) -> dict[str, Action]:
    return {str(step.stream): step.action for step in steps}


RESTORED = {"MWC-1-10001": Action.RESTORE}
REFUSED = {"MWC-1-10001": Action.REFUSE}


def test_a_whole_ledger_is_left_as_it_is(world: World) -> None:
    world.another(1)
    world.begun(1, 2)
    clone, before = world.clone(), world.refs()

    assert world.restore(clone) == []
    assert world.refs() == before


def test_an_edited_event_is_restored_and_what_came_after_the_copy_is_kept(world: World) -> None:
    stream = world.begun(1, 2, blobs={LONG_DIGEST: LONG})
    clone = world.clone()
    world.ledger().append(stream, said(3, 4), {})
    bad = world.refs()[STREAM_REF]
    world.put(STREAM_REF, "events/000001.json", b"{}\n")

    steps = world.restore(clone)

    assert actions(steps) == RESTORED
    assert numbers_of(world.read()) == [1, 2, 3, 4]
    assert world.ledger().blob(world.read(), LONG_DIGEST) == LONG
    assert verify_repository(world.git_dir) == []
    run_git(["merge-base", "--is-ancestor", bad, STREAM_REF], git_dir=world.git_dir)


def test_a_copy_that_ends_before_the_damage_is_refused(world: World) -> None:
    stream = world.begun(1, 2)
    clone = world.clone()
    world.ledger().append(stream, said(3, 4), {})
    world.put(STREAM_REF, "events/000003.json", b"{}\n")
    before = world.refs()

    (step,) = world.restore(clone)

    assert (step.action, "ends at event 2, before that" in step.why) == (Action.REFUSE, True)
    assert world.refs() == before


def test_forged_events_behind_the_head_on_the_ticket_are_dropped(world: World) -> None:
    stream = world.begun(1, 2)
    clone = world.clone()
    world.put(STREAM_REF, "events/000003.json", b"{}\n")
    assert actions(world.restore(clone, write=False)) == REFUSED
    world.heads = (stream.head,)

    assert actions(world.restore(clone)) == RESTORED
    assert numbers_of(world.read()) == [1, 2]


def test_a_stream_that_was_cut_is_continued(world: World) -> None:
    short = world.begun(1, 2)
    world.ledger().append(short, said(3), {})
    clone = world.clone()
    run_git(["update-ref", STREAM_REF, str(short.commit)], git_dir=world.git_dir)

    (step,) = world.restore(clone)

    assert "cut after event 2" in step.why
    assert numbers_of(world.read()) == [1, 2, 3]


@pytest.mark.parametrize(("vouched", "wanted"), [(False, REFUSED), (True, RESTORED)])
def test_of_two_sound_histories_only_a_head_outside_decides(
    world: World, vouched: bool, wanted: dict[str, Action]
) -> None:
    honest = world.begun(1, 2)
    clone = world.clone()
    world.delete(STREAM_REF)
    world.begun(1, 9)
    world.heads = (honest.head,) if vouched else ()

    assert actions(world.restore(clone)) == wanted
    assert numbers_of(world.read()) == ([1, 2] if vouched else [1, 9])


def test_a_missing_ledger_branch_comes_back_with_every_stream(world: World) -> None:
    world.another(7, 8)
    world.gathered(1, 2, blobs={LONG_DIGEST: LONG})
    clone = world.clone()
    world.delete(LEDGER_REF)

    steps = world.restore(clone)

    assert actions(steps) == {**RESTORED, "MWC-2-10002": Action.RESTORE}
    assert numbers_of(world.read()) == [1, 2]
    assert world.ledger().blob(world.read(), LONG_DIGEST) == LONG
    assert verify_repository(world.git_dir) == []


def test_damage_on_the_ledger_branch_is_mended_beside_newer_streams(world: World) -> None:
    world.gathered(1, 2, blobs={LONG_DIGEST: LONG})
    clone = world.clone()
    world.another(5)
    world.put(LEDGER_REF, EVENTS_PATH, b"nothing\n")
    world.put(LEDGER_REF, f"MWC/0000/MWC-1-10001/{LONG_NAME}", b"changed")
    world.put(LEDGER_REF, "stranger.txt", b"hello")

    assert actions(world.restore(clone)) == RESTORED
    assert numbers_of(world.read()) == [1, 2]
    again = world.ledger().read(TicketKey("MWC-2"), "10002")
    assert again is not None
    assert numbers_of(again) == [5]
    assert verify_repository(world.git_dir) == []


def test_a_damaged_copy_restores_nothing(world: World) -> None:
    world.gathered(1, 2)
    clone = world.clone()
    bad = LedgerRemote(world.folder / "bad")
    bad.folder.mkdir()
    bad.create()
    run_git(["fetch", "--quiet", str(clone), "+refs/heads/*:refs/heads/*"], git_dir=bad.git_dir)
    bad.put(LEDGER_REF, EVENTS_PATH, b"nothing\n")
    world.put(LEDGER_REF, EVENTS_PATH, b"other\n")

    assert actions(world.restore(bad.git_dir)) == REFUSED


def test_exports_alone_do_not_make_a_missing_ledger_branch(world: World) -> None:
    world.another(3)
    live = world.begun(1, 2)
    export = world.folder / "one.tar"
    export.write_bytes(world.ledger().export(TicketKey("MWC-1"), "10001"))
    world.delete(LEDGER_REF)

    with pytest.raises(LedgerError, match="no copy holds it"):
        world.restore(export)
    assert world.refs() == {STREAM_REF: live.commit}


def test_a_place_that_is_no_copy_is_named(world: World, tmp_path: Path) -> None:
    world.begun(1)
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises((NotFoundError, LedgerError), match=str(tmp_path)):
            world.restore(place)
