"""Real commits through the judge: the tree that it finds is the commit's own.

This checkout's history is one source. `PATCHGATE_HISTORIES` may name a folder with more: git
repositories, and unpacked Debian sources (`dpkg-source --skip-patches -x`), whose patch series
become commits. Nothing of them is kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from patchgate.adapters.git.local import LocalHistory, local_history
from patchgate.core.ids import Sha
from patchgate.core.policy import judge
from patchgate.errors import MalformedError
from tests.adapters.test_hostile import POLICY

ROOT = Path(__file__).resolve().parents[2]
MOST = int(os.environ.get("PATCHGATE_COMMITS", "400"))
"""Commits of each history."""
DOCUMENTED = ("path-safety", "bidi-characters")
"""What the standard pack refuses; besides these, only a patch that cannot be read safely."""
UNREADABLE = ("cannot be shown safely", "more than 64 MiB")
WHO = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false",
       "-c", "core.autocrlf=false", "-c", "core.safecrlf=false")  # fmt: skip


def histories(scratch: Path) -> Iterator[Path]:
    """This checkout, and what the environment names."""
    yield ROOT
    named = os.environ.get("PATCHGATE_HISTORIES")
    for folder in sorted(Path(named).iterdir()) if named else []:
        if (folder / ".git").exists() or (folder / "HEAD").exists():
            yield folder
        elif (folder / "debian" / "patches" / "series").exists():
            yield as_commits(folder, scratch / folder.name)


def as_commits(source: Path, into: Path) -> Path:
    """A Debian source as a repository: the upstream tree, then one commit for each patch."""
    shutil.copytree(source, into, symlinks=True, ignore=shutil.ignore_patterns("debian"))

    def git(*args: str, stdin: bytes = b"") -> int:
        return subprocess.run(["git", "-C", str(into), *WHO, *args], input=stdin,
                              capture_output=True).returncode  # fmt: skip

    git("init", "-q")
    git("add", "-A", "-f")
    git("commit", "-qm", "upstream")
    series = (source / "debian" / "patches" / "series").read_text("utf-8", "replace")
    for line in series.splitlines():
        name = line.split("#")[0].split()[:1]
        patch = source / "debian" / "patches" / name[0] if name else None
        if patch and patch.is_file():
            subprocess.run(["patch", "-p1", "-s", "-f", "-E", "--no-backup-if-mismatch"],
                           cwd=into, stdin=patch.open("rb"), capture_output=True)  # fmt: skip
            git("add", "-A", "-f")
            git("commit", "-qm", f"Apply {name[0]}")
    return into


def renaming(history: LocalHistory, start: Sha, commit: Sha) -> bytes:
    """The commit as people send it, with renames and copies told as such."""
    args = ["diff-tree", "-r", "-p", "--binary", "--full-index", "-M", "-C", start, commit]
    return subprocess.run(["git", *args], env={**os.environ, "GIT_DIR": str(history.cache.git_dir)},
                          capture_output=True, check=True).stdout  # fmt: skip


@pytest.mark.soak
def test_real_commits_give_their_own_tree_and_none_is_refused_unforeseen(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    said: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for place in histories(tmp_path):
        with local_history(place) as history:
            for change in islice(history.commits("HEAD"), MOST):
                patch = renaming(history, change.start, change.commit)
                try:
                    applied = history.apply(change.start, patch)
                except MalformedError as error:
                    said["unreadable"] += 1
                    if not any(why in error.message for why in UNREADABLE):
                        pytest.fail(f"{place.name} {change.commit}: {error.message}")
                    continue
                assert applied.tree == history.tree(change.commit), change.commit
                result = judge(applied, POLICY, scope=None)
                said[result.level] += 1
                found = {v.rule for v in result.violations if v.severity != "WARN"}
                rules.update(found)
                if result.level == "REFUSE":
                    assert found & set(DOCUMENTED), change.commit
        sys.stderr.write(f"{place.name}: {dict(said)}\n")
    rate = said["ESCALATE"] / said.total()
    told = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
    record_property(
        "told", f"real commits: {said.total()}, {dict(said)}, {rate:.1%} escalated ({told})"
    )
    assert said["ACCEPT"] > 0
