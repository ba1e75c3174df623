"""No hostile patch is accepted, and none leaves a byte anywhere but in its vanished scratch."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchgate.adapters.git.local import LocalHistory, made_history
from patchgate.core.policy import PolicyResult, judge
from patchgate.errors import MalformedError
from tests.adapters import hostile
from tests.core.patches import standard

EVIL_NAME = "evil-that-must-not-be"
EVIL = f"/tmp/{EVIL_NAME}"  # noqa: S108 - a path that a hostile patch names; it is never made
ALL = hostile.classes(EVIL)
POLICY = standard()


def seed() -> bytes:
    """The repository for `git fast-import`."""
    out = b"commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
    for path, (mode, content) in hostile.SEED.items():
        if mode == "160000":
            out += f"M {mode} {content.decode()} {path}\n".encode()
        else:
            out += f"M {mode} inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
    return out + b"\n"


class Court:
    """The judge before one repository, and a look at everything around it."""

    def __init__(self, history: LocalHistory, place: Path) -> None:
        self.history = history
        self.start = history.commit("main")
        self.place = place

    def judged(self, patch: bytes) -> PolicyResult | str:
        try:
            applied = self.history.apply(self.start, patch)
        except MalformedError as error:
            return error.message
        return judge(applied, POLICY, scope=None)

    def level(self, patch: bytes) -> str:
        said = self.judged(patch)
        return "REFUSE" if isinstance(said, str) else said.level

    def seen(self) -> str:
        """Everything below the place: names, modes, contents."""
        found = hashlib.sha256()
        for path in sorted(self.place.rglob("*")):
            state = path.lstat()
            found.update(f"{path} {state.st_mode}\n".encode())
            if path.is_file():
                found.update(path.read_bytes())
        return found.hexdigest()


@pytest.fixture
def court(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Court]:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    with made_history(seed()) as history:
        yield Court(history, place)


def test_there_are_enough_classes_and_patches() -> None:
    assert len(ALL) >= 40
    assert all(len(set(patches)) >= 5 for patches in ALL.values()), [
        name for name, patches in ALL.items() if len(set(patches)) < 5
    ]
    assert len({patch for patches in ALL.values() for patch in patches}) >= 200


def test_a_good_change_is_accepted(court: Court) -> None:
    assert court.level(hostile.GOOD + hostile.adding("More.")) == "ACCEPT"


@pytest.mark.covers("S2.145")
def test_one_patch_of_each_hostile_class_is_not_accepted_and_leaves_nothing(court: Court) -> None:
    before = court.seen()
    accepted = [name for name, patches in ALL.items() if court.level(patches[0]) == "ACCEPT"]
    assert accepted == []
    assert court.seen() == before
    assert not os.path.lexists(EVIL)


@pytest.mark.soak
@pytest.mark.parametrize("name", ALL)
def test_no_hostile_patch_is_accepted_in_any_clothes(court: Court, name: str) -> None:
    before = court.seen()
    accepted = []
    for patch in ALL[name]:
        lone = name in hostile.ALONE or len(patch) > 10_000
        clothes = [patch] if lone else [patch, *hostile.wrapped(patch)]
        accepted += [one for one in clothes if court.level(one) == "ACCEPT"]
    assert accepted == []
    assert court.seen() == before
    assert not os.path.lexists(EVIL)


def test_a_patch_of_100_mb_is_refused_before_it_is_read(court: Court) -> None:
    count = 34_000_000
    head = b"diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,%d @@\n"
    patch = head % count + b"+x\n" * count
    assert len(patch) > 100_000_000
    began = time.process_time()
    assert "at most" in str(court.judged(patch))
    assert time.process_time() - began < 1
