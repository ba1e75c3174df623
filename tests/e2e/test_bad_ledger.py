"""The ledger's branches deleted, rewritten or edited by hand: refused, told, restorable."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from patchgate.standins.world import CONTROL, LEIGH
from tests.e2e.terminal import Build, Terminal, terminal, worked

__all__ = ["terminal", "worked"]

LEDGER = "patchgate/ledger"


def live_of(t: Terminal, key: str) -> str:
    (name,) = [r for r in t.refs() if r.startswith(f"refs/heads/patchgate/live/{key}-")]
    return name.removeprefix("refs/heads/")


def deleted_ledger(t: Terminal, live: str) -> None:
    t.world.github.as_user(LEIGH.github).delete_branch(CONTROL, LEDGER)


def deleted_live(t: Terminal, live: str) -> None:
    t.world.github.as_user(LEIGH.github).delete_branch(CONTROL, live)


def deleted_all(t: Terminal, live: str) -> None:
    deleted_ledger(t, live)
    deleted_live(t, live)


def edited_event(t: Terminal, live: str) -> None:
    t.world.github.as_user(LEIGH.github).push(CONTROL, live, {"events/000003.json": "{}\n"}, "x")


def added_file(t: Terminal, live: str) -> None:
    t.world.github.as_user(LEIGH.github).push(CONTROL, live, {"note.txt": "hi\n"}, "x")


def rewritten_live(t: Terminal, live: str) -> None:
    main = t.refs()["refs/heads/main"]
    t.world.github.as_user(LEIGH.github).move_branch(CONTROL, live, main)


DAMAGE = [deleted_ledger, deleted_live, deleted_all, edited_event, added_file, rewritten_live]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_ledger_stops_its_ticket_everywhere_and_heals_when_restored(
    worked: tuple[Terminal, str], damage: Callable[[Terminal, str], None]
) -> None:
    t, key = worked
    t.approve(key)
    good = t.refs()
    issue = t.world.jira.issue(key)
    before = (issue.status, issue.assignee, t.comments(key))
    clone = clone_of(t)
    damage(t, live_of(t, key))
    broken = t.refs()
    for command in (["status", key], ["ledger", "verify", key, "--online"]):
        said = t.patchgate(*command)
        assert (said.code, "Traceback" in said.text, "next:" in said.err) == (7, False, True)
    assert t.tick(key).complains(7, "ledger")
    issue = t.world.jira.issue(key)
    assert (issue.status, issue.assignee, t.comments(key)) == before
    assert t.refs() == broken
    told = t.patchgate("ledger", "restore", str(clone))
    assert (told.code, t.refs()) == (0, broken)
    done = t.patchgate("ledger", "restore", str(clone), "--write")
    assert (done.code, "are in it" in done.out or "is made again" in told.out) == (0, True), done
    assert t.refs().keys() == good.keys()
    assert t.patchgate("ledger", "verify", "--online").code == 0
    assert t.tick(key).code == 0
    assert "#1 (open)" in t.patchgate("status", key).out
    assert "refs/heads/ai/MWC-1" in t.refs("acme/shop")


def clone_of(t: Terminal) -> Path:
    """A mirror of the control repository, as anybody may keep one."""
    bare = next((t.world.root / "github").rglob("control.git"))
    place = t.folder / f"clone-{len(list(t.folder.glob('clone-*')))}"
    subprocess.run(["git", "clone", "-q", "--mirror", str(bare), str(place)], check=True)
    return place


def test_a_copy_that_is_too_old_for_the_head_on_the_ticket_restores_nothing(
    worked: tuple[Terminal, str],
) -> None:
    t, key = worked
    old = clone_of(t)
    t.approve(key)
    t.tick(key)
    new = clone_of(t)
    deleted_live(t, live_of(t, key))
    broken = t.refs()
    said = t.patchgate("ledger", "restore", str(old), "--write")
    assert (said.code, "which no event here has" in said.out, t.refs()) == (7, True, broken)
    said = t.patchgate("ledger", "restore", str(old), str(new), "--write")
    assert (said.code, "it is gone" in said.out) == (0, True)
    assert t.tick(key).code == 0


def test_an_export_brings_its_stream_back_and_is_refused_when_it_was_changed(
    worked: tuple[Terminal, str],
) -> None:
    t, key = worked
    export = t.folder / "mwc-1.tar"
    assert t.patchgate("ledger", "export", key, str(export)).code == 0
    deleted_live(t, live_of(t, key))
    forged = t.folder / "forged.tar"
    forged.write_bytes(export.read_bytes().replace(b"Good day", b"Bad, day"))
    assert forged.read_bytes() != export.read_bytes()
    assert t.patchgate("ledger", "restore", str(forged), "--write").complains(
        7, "not what its name"
    )
    junk = t.folder / "junk.tar"
    junk.write_bytes(b"no tar at all")
    assert t.patchgate("ledger", "restore", str(junk)).complains(6, "no export")
    assert t.patchgate("ledger", "restore", str(export), "--write").code == 0
    assert t.patchgate("ledger", "verify", "--online").code == 0
    assert t.tick(key).code == 0


def test_one_damaged_stream_stops_no_other_ticket_in_the_sweep(terminal: Build) -> None:
    t = terminal()
    bad, good = t.ticket(), t.ticket()
    t.run(bad)
    t.run(good)
    edited_event(t, live_of(t, bad))
    t.approve(good)
    said = t.patchgate("sweep", room=None)
    assert said.code == 7
    assert f"refs/heads/ai/{good}" in t.refs("acme/shop")
    assert t.patchgate("status").code == 7
    assert good in t.patchgate("status").out


def test_a_rewritten_ledger_branch_is_found_by_verify_and_by_a_gathered_ticket(
    worked: tuple[Terminal, str],
) -> None:
    t, key = worked
    t.world.at_jira(LEIGH).comment(key, "/reject not now")
    t.tick(key)
    assert t.patchgate("sweep", room=None).code == 0
    assert not any("live/MWC-1-" in name for name in t.refs())
    main = t.refs()["refs/heads/main"]
    t.world.github.as_user(LEIGH.github).move_branch(CONTROL, LEDGER, main)
    assert t.patchgate("ledger", "verify").code == 7
    assert t.tick(key).complains(7, "no stream of it can be found")


def test_verify_of_a_ledger_that_is_not_there_does_not_pass(terminal: Build) -> None:
    t = terminal()
    assert t.patchgate("ledger", "verify").complains(5, LEDGER, "nothing could be checked")
    assert t.patchgate("ledger", "verify", "--clone", "/no/clone").complains(5, "/no/clone")


def test_sweep_status_and_verify_go_on_beside_a_projects_own_stream(
    worked: tuple[Terminal, str],
) -> None:
    t, key = worked
    for _ in range(2):
        assert t.patchgate("sweep", room=None).code == 0
    said = t.patchgate("status")
    assert (said.code, key in said.out, "last sweep" in said.out) == (0, True, True)
    assert t.patchgate("ledger", "verify", "--online").code == 0


def test_a_clone_is_verified_without_any_service(terminal: Build, tmp_path: Path) -> None:
    t = terminal()
    t.run(t.ticket())
    bare = next((t.world.root / "github").rglob("control.git"))
    subprocess.run(["git", "clone", "-q", "--mirror", str(bare), str(tmp_path / "c")], check=True)
    before = t.world.github.requests_seen()
    said = t.patchgate("ledger", "verify", "--clone", str(tmp_path / "c"))
    assert (said.code, "every chain" in said.out) == (0, True)
    assert t.world.github.requests_seen() == before
