"""A room's own view of a checkout: git's diff of it, by a git directory that the room keeps.

The propose room has a checkout and nothing else: no cache, no remote, no credential. What the
checkout's `.git` holds is read once, before anybody else touches it; after that the index and
new objects lie elsewhere, where the model's tools cannot reach.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from patchgate.adapters.git.process import run_git, try_git
from patchgate.adapters.git.trees import PATCH_FORMAT
from patchgate.errors import MalformedError


class RoomTree:
    """One checkout at its start commit."""

    def __init__(self, folder: Path) -> None:
        """Remember the start tree; NotFoundError when the folder is no checkout."""
        self._folder = folder.absolute()
        self._place = tempfile.TemporaryDirectory(prefix="patchgate-room-")
        root = Path(self._place.name)
        self._git_dir = root / "room.git"
        run_git(["init", "--quiet", "--bare", "--template=", str(self._git_dir)])
        source = self._folder / ".git"
        alternates = self._git_dir / "objects" / "info" / "alternates"
        alternates.parent.mkdir(parents=True, exist_ok=True)
        alternates.write_text(f"{source / 'objects'}\n", encoding="utf-8")
        found = run_git(["rev-parse", "--verify", "HEAD^{tree}"], git_dir=source)
        self._start = found.decode().strip()
        self._index = {"GIT_INDEX_FILE": str(root / "index")}
        self._work = {**self._index, "GIT_WORK_TREE": str(self._folder)}

    def diff(self) -> bytes:
        """Everything that differs from the start, new and ignored files too; empty: nothing."""
        run_git(["read-tree", self._start], git_dir=self._git_dir, env=self._index)
        add = ["add", "--all", "--force", "--", "."]
        run_git(add, git_dir=self._git_dir, env=self._work, timeout=300)
        tree = run_git(["write-tree"], git_dir=self._git_dir, env=self._index).decode().strip()
        args = ["-c", "core.quotePath=false", "diff-tree", "-r", *PATCH_FORMAT]
        return run_git([*args, self._start, tree], git_dir=self._git_dir)

    def apply(self, patch: bytes) -> None:
        """Put a patch on the checkout; MalformedError when git does not take it."""
        run_git(["read-tree", self._start], git_dir=self._git_dir, env=self._index)
        args = ["apply", "--cached", "--binary", "--whitespace=nowarn", "-"]
        answer = try_git(args, git_dir=self._git_dir, env=self._index, stdin=patch)
        if answer.status:
            first = answer.err.splitlines()[0] if answer.err else "no reason given"
            raise MalformedError(f"the patch does not apply to the checkout: {first}")
        tree = run_git(["write-tree"], git_dir=self._git_dir, env=self._index).decode().strip()
        run_git(["read-tree", self._start], git_dir=self._git_dir, env=self._index)
        update = ["read-tree", "--reset", "-u", tree]
        run_git(update, git_dir=self._git_dir, env=self._work, timeout=300)
