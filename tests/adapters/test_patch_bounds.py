"""A patch that asks too much of git is refused as its own fault, soon and in little memory."""

from __future__ import annotations

import base64
import resource
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from patchgate.adapters.git.cache import GitCache
from patchgate.adapters.git.local import made_history
from patchgate.adapters.git.process import Bounds, GitAnswer, run_git, try_git
from patchgate.adapters.git.scratch import Scratch, scratch
from patchgate.errors import MalformedError, ServiceError
from tests.adapters import hostile
from tests.adapters.test_hostile import seed

MIB = 1 << 20


def unpacking(size: int) -> bytes:
    """A binary file of that many zeros: a thousandth of it as a patch."""
    packed = zlib.compress(bytes(size), 9)
    lines = (packed[at : at + 52] for at in range(0, len(packed), 52))
    text = b"".join(_length(line) + _coded(line) + b"\n" for line in lines)
    head = hostile.binary("zeros.bin").partition(b"literal")[0]
    return head + b"literal %d\n" % size + text + b"\nliteral 0\nHcmV?d00001\n\n"


def _length(line: bytes) -> bytes:
    return bytes([len(line) + (64 if len(line) <= 26 else 70)])


def _coded(line: bytes) -> bytes:
    return base64.b85encode(line + bytes(-len(line) % 4))


def moving(lines: int, hunks: int) -> bytes:
    """A new file, and hunks of which each moves all lines behind it."""
    body = hostile.new("z", b"x\n" * lines)
    parts = (b"@@ -%d,2 +%d,3 @@\n x\n+k\n x\n" % (2 * n + 2, 3 * n + 2) for n in range(hunks))
    return body + b"diff --git a/z b/z\n--- a/z\n+++ b/z\n" + b"".join(parts)


class Ends(GitCache):
    """A cache whose git ends like this, whatever it is asked."""

    def __init__(self, answer: GitAnswer) -> None:
        self.answer = answer

    def try_online(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        is_bounded: bool = False,
    ) -> GitAnswer:
        return self.answer


def test_git_is_held_to_the_memory_that_it_was_given(tmp_path: Path) -> None:
    run_git(["init", "--quiet", str(tmp_path)])
    args, patch = ["apply", "--cached", "-"], unpacking(12 * MIB)
    given = {"GIT_WORK_TREE": str(tmp_path), "GIT_DIR": str(tmp_path / ".git")}
    held = try_git(args, env=given, stdin=patch, timeout=Bounds(memory=8 * MIB))
    free = try_git(args, env=given, stdin=patch)
    assert held.status > 0
    assert "memory" in held.err
    assert "incorrect result" in free.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (GitAnswer(-11, b"", ""), "ended by SIGSEGV"),
        (GitAnswer(-24, b"", ""), "ended by SIGXCPU"),
        (GitAnswer(128, b"", "fatal: Out of memory, malloc failed"), "out of memory"),
        (GitAnswer(1, b"", "error: out of memory"), "out of memory"),
        (GitAnswer(128, b"", "fatal: mmap failed: Cannot allocate memory"), "out of memory"),
    ],
)
def test_a_git_that_breaks_down_over_a_patch_is_the_patchs_fault(
    answer: GitAnswer, said: str
) -> None:
    place = Scratch(Ends(answer), {})
    for asked in (place.online, place.try_online):
        with pytest.raises(MalformedError, match=said):
            asked(["apply"])


def test_any_other_failure_of_git_is_no_fault_of_the_patch() -> None:
    place = Scratch(Ends(GitAnswer(128, b"", "fatal: unable to access: out of luck")), {})
    assert place.try_online(["apply"]).status == 128
    with pytest.raises(ServiceError):
        place.online(["diff-tree"])
    said = GitAnswer(0, b"", "warning: a file named out of memory")
    assert Scratch(Ends(said), {}).online(["diff-tree"]) == b""


def test_a_local_git_in_a_scratch_place_is_judged_alike(tmp_path: Path) -> None:
    with made_history(seed()) as history, scratch(history.cache) as place:
        with pytest.raises(ServiceError):
            place.local(["cat-file", "blob", "no-such-thing"])
        with pytest.raises(MalformedError, match="ended by SIGKILL"):
            place.local(["-c", "alias.x=!kill -9 $PPID", "x"])
        assert place.local(["cat-file", "blob", "main:README.md"]) == hostile.README


@pytest.mark.soak
@pytest.mark.parametrize(
    "made",
    [
        lambda: hostile.new("a/" * 20_000 + "x"),
        lambda: hostile.new("a/" * 100_000 + "x"),
        lambda: unpacking(2048 * MIB),
        lambda: moving(600_000, 40_000),
    ],
    ids=["folders that break its stack", "folders that eat memory", "zeros", "hunks"],
)
def test_what_would_eat_the_machine_is_refused(made: Callable[[], bytes]) -> None:
    with made_history(seed()) as history:
        start, began = history.commit("main"), time.monotonic()
        with pytest.raises(MalformedError, match="asks too much of git"):
            history.apply(start, made())
    assert time.monotonic() - began < 120
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_000_000
