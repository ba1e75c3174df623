"""A room's own view of a checkout: git's diff of it, made from outside.

The propose room has a checkout and nothing else: no cache, no remote, no credential. What `.git`
says is not believed, for a configuration there can name programs that git would run: its head is
read once, before anybody else touches it, and later only objects, which their content names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patchgate.adapters.git.process import run_git, try_git
from patchgate.adapters.git.trees import PATCH_FORMAT, said_first
from patchgate.errors import MalformedError

PATIENCE = 300.0
"""Seconds that git may take over all files of a checkout."""


class RoomTree:
    """One checkout at its start commit."""

    def __init__(self, folder: Path) -> None:
        """Remember the start tree; NotFoundError when the folder is no checkout."""
        self._folder = folder.absolute()
        self._git = self._folder / ".git"
        head = run_git(["rev-parse", "--verify", "HEAD^{tree}"], git_dir=self._git)
        self._start = head.decode().strip()

    def diff(self) -> bytes:
        """Everything that differs from the start, new and ignored files too; empty: nothing."""
        with self._outside() as (git_dir, env):
            work = {**env, "GIT_WORK_TREE": str(self._folder)}
            add = ["add", "--all", "--force", "--", "."]
            run_git(add, git_dir=git_dir, env=work, timeout=PATIENCE)
            tree = run_git(["write-tree"], git_dir=git_dir, env=env).decode().strip()
            shown = ["-c", "core.quotePath=false", "diff-tree", "-r", *PATCH_FORMAT]
            return run_git([*shown, self._start, tree], git_dir=git_dir, env=env)

    def apply(self, patch: bytes) -> None:
        """Put a patch on the files, wholly or not at all; MalformedError when git refuses."""
        with self._outside() as (git_dir, env):
            work = {**env, "GIT_WORK_TREE": str(self._folder)}
            args = ["apply", "--binary", "--whitespace=nowarn", "-"]
            answer = try_git(args, git_dir=git_dir, env=work, stdin=patch)
        if answer.status != 0:
            raise MalformedError(f"the patch does not apply to the checkout: {_why(answer.err)}")

    @contextmanager
    def _outside(self) -> Iterator[tuple[Path, dict[str, str]]]:
        """A git directory of ours with the start tree as its index, for the length of a block."""
        with tempfile.TemporaryDirectory(prefix="patchgate-room-") as place:
            git_dir = Path(place) / "room.git"
            run_git(["init", "--quiet", "--bare", "--template=", str(git_dir)])
            env = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self._git / "objects")}
            run_git(["read-tree", self._start], git_dir=git_dir, env=env)
            yield git_dir, env


def _why(said: str) -> str:
    return said_first(said).removeprefix("error: ")
