"""Patches by chance: whatever the judge accepts, plain git writes exactly what was shown.

`make test` plays a few, `make fuzz` 100,000 (`PATCHGATE_FUZZ_SEED`, `PATCHGATE_FUZZ_SECONDS` for
each of its ten parts); a failure prints the seed and the patch that repeat it.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from patchgate.adapters.git.local import LocalHistory, made_history
from patchgate.core.globs import compile_globs
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import judge
from patchgate.core.policy.difflines import diff_files
from patchgate.core.policy.paths import unsafe_path
from patchgate.errors import MalformedError
from tests.adapters import hostile
from tests.adapters.test_hostile import EVIL, POLICY, seed

PARTS = 10
FUZZING = settings.default is not None and settings.default.max_examples >= 3_000
EACH = 10_000 if FUZZING else 12
SECONDS = float(os.environ.get("PATCHGATE_FUZZ_SECONDS", "600"))
FIRST_SEED = int(os.environ.get("PATCHGATE_FUZZ_SEED", "20"))
BLOCKING = compile_globs(tuple(
    glob for rule in POLICY.rules
    if rule.kind in ("frozen_paths", "git_files", "dependency_manifests")
    for glob in rule.globs), folded=True)  # fmt: skip
SMALL = [p for row in hostile.classes(EVIL).values() for p in row if len(p) < 3_000]
GOOD = [hostile.GOOD, hostile.adding("More."), hostile.new("docs/new.md", b"one\ntwo\n"),
        hostile.gone("Dir/file.txt", b"plain\n"), hostile.moved("README.md", "docs/readme.md"),
        hostile.edit("README.md", hostile.README, b"# Other\n")]  # fmt: skip
WORDS = (b"a/", b"b/", b"../", b"/dev/null", b".git/", b"\\056", b'"', b"\t", b"\r", b"\n",
         b"README.md", b"src/cart.py", b".github/workflows/x.yml", b"100755", b"120000", b"@@",
         b"--- ", b"+++ ", b"rename to ", b"copy from ", b"deleted file mode 100644\n", b"\0",
         b"\\ No newline at end of file\n", b"diff --git ", b"index 0000000..1111111", b"-1,2 +1,2",
         b"new mode 100644\n", "\u202e".encode(), b"\xff", b"docs/")  # fmt: skip


def patches(chance: random.Random) -> Iterator[bytes]:
    """Patches, most of them nearly good, each changed in a few places."""
    while True:
        base = chance.choice(GOOD if chance.random() < 0.6 else SMALL)
        if chance.random() < 0.3:
            base += chance.choice(GOOD)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            base = _changed(base, chance)
        yield base


def _changed(patch: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(patch) + 1)
    how = chance.randrange(7)
    if how == 0:
        return patch[:at] + chance.choice(WORDS) + patch[at:]
    if how == 1:
        return patch[:at] + bytes([chance.randrange(256)]) + patch[at + 1 :]
    if how == 2:
        old = chance.choice([word for word in WORDS if word in patch] or [b"\n"])
        return patch.replace(old, chance.choice(WORDS), 1)
    lines = patch.splitlines(keepends=True) or [b"\n"]
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    if how == 3:
        lines.insert(two, lines[one])
    elif how == 4:
        del lines[one]
    elif how == 5:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines.insert(one, chance.choice((b"+", b"-", b" ")) + chance.choice(WORDS) + b"\n")
    return b"".join(lines)


def written_by_plain_git(history: LocalHistory, patch: bytes, place: Path) -> set[str]:
    """The paths that a git of its own, told nothing but the patch, changes in the index.

    `place` holds the index of `main`, which plain git has read there.
    """
    env = {**os.environ, "GIT_DIR": str(history.cache.git_dir),
           "GIT_INDEX_FILE": str(place / "now"), "GIT_OBJECT_DIRECTORY": str(place),
           "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(history.cache.git_dir / "objects")}  # fmt: skip

    def git(*args: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(["git", *args], env=env, input=stdin, capture_output=True,
                              check=True).stdout  # fmt: skip

    if not (place / "main").exists():
        git("read-tree", "main")
        shutil.copy(place / "now", place / "main")
    shutil.copy(place / "main", place / "now")
    git("apply", "--cached", "--binary", "-", stdin=patch)
    listing = git("diff-index", "--cached", "--name-only", "--no-renames", "-z", "main")
    return {name.decode("utf-8", "surrogateescape") for name in listing.split(b"\0")[:-1]}


def amiss(history: LocalHistory, patch: bytes, applied: AppliedPatch, place: Path) -> str:
    """Why an accepted patch should not have been; empty when all is well."""
    written = written_by_plain_git(history, patch, place)
    shown = {file.path for file in diff_files(applied.rendered)}
    empty = {c.path for c in applied.changes if not c.added and not c.removed}
    if written != set(applied.paths):
        return f"judged {sorted(applied.paths)}, written {sorted(written)}"
    if not written - empty <= shown <= written:
        return f"shown {sorted(shown)}, written {sorted(written)}"
    bad = [path for path in written if unsafe_path(path) or BLOCKING.matches(path)]
    return f"accepted {bad}" if bad else ""


@pytest.mark.parametrize("part", range(PARTS if FUZZING else 1))
def test_nothing_accepted_writes_a_path_that_was_not_shown(
    part: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    first = FIRST_SEED + part
    chance = random.Random(first)  # noqa: S311 - to be repeated by its seed
    ends = time.monotonic() + SECONDS
    said: Counter[str] = Counter()
    with made_history(seed()) as history:
        start = history.commit("main")
        for number, patch in zip(range(EACH), patches(chance), strict=False):
            if time.monotonic() > ends:
                break
            try:
                applied = history.apply(start, patch)
            except MalformedError:
                said["REFUSE"] += 1
                continue
            level = judge(applied, POLICY, scope=None).level
            said[level] += 1
            if level == "ACCEPT":
                why = amiss(history, patch, applied, tmp_path)
                assert not why, f"seed {first}, patch {number}: {why}\n{patch!r}"
            if FUZZING and number % 1_000 == 999:
                sys.stderr.write(f"seed {first}: {number + 1} patches, {dict(said)}\n")
    record_property("told", f"judge fuzz, seed {first}: {said.total()} patches, {dict(said)}")
    assert said["ACCEPT"] > 0
    assert said["REFUSE"] > 0
    assert not os.path.lexists(EVIL)
