"""A plain work tree for the propose and check rooms, and git's own view of it.

What a work tree's `.git` says is not believed: a configuration there can name programs that git
would run. So diffs and patches are made with a git directory of our own, which lies elsewhere and
vanishes; of `.git` only the objects are read, and those are named by their content.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patchgate.adapters.git.cache import SHA, GitHost
from patchgate.adapters.git.process import run_git, try_git
from patchgate.adapters.git.trees import SHOWN, said_first
from patchgate.core.ids import RepoName, Sha
from patchgate.errors import MalformedError, NotFoundError, UsageError


def checkout(host: GitHost, repo: RepoName, commit: Sha, *, into: Path) -> None:
    """Write a commit's files into an empty directory, as a repository of that one commit.

    The repository in it knows no remote, no credential and no history.
    """
    if not SHA.fullmatch(commit):
        raise MalformedError(f"{commit!r} is not a full commit id")
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty", "Name a directory that does not exist yet.")
    into.mkdir(parents=True, exist_ok=True)
    place = into.absolute()
    git_dir = place / ".git"
    run_git(["init", "--quiet", "--template=", "--initial-branch=base", str(place)])
    fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"]
    run_git(
        [*fetch, "--depth=1", host.url(repo), commit],
        git_dir=git_dir,
        env=host.env(),
        timeout=host.timeout,
    )
    run_git(["update-ref", "--no-deref", "HEAD", commit], git_dir=git_dir)
    work = {"GIT_WORK_TREE": str(place)}
    run_git(["read-tree", "--reset", "-u", commit], git_dir=git_dir, env=work)


class Worktree:
    """A checkout, seen from outside; `start` is the commit that it was made of."""

    def __init__(self, root: Path, start: Sha) -> None:
        self._root = root.absolute()
        self._start = start
        if not SHA.fullmatch(start):
            raise MalformedError(f"{start!r} is not a full commit id")

    def diff(self) -> bytes:
        """Git's own diff against the start commit, with new and ignored files; may be empty.

        Files that the repository itself ignores count: whatever was written is shown.
        """
        with self._outside() as (git_dir, env):
            work = {**env, "GIT_WORK_TREE": str(self._root)}
            run_git(["add", "--all", "--force", "--", "."], git_dir=git_dir, env=work)
            tree = run_git(["write-tree"], git_dir=git_dir, env=env).decode().strip()
            return run_git([*SHOWN, self._start, tree], git_dir=git_dir, env=env)

    def apply(self, patch: bytes) -> None:
        """Apply a patch to the files, wholly or not at all; MalformedError when git refuses."""
        with self._outside() as (git_dir, env):
            work = {**env, "GIT_WORK_TREE": str(self._root)}
            args = ["apply", "--binary", "--whitespace=nowarn", "-"]
            answer = try_git(args, git_dir=git_dir, env=work, stdin=patch)
        if answer.status != 0:
            raise MalformedError(f"git does not take the patch: {said_first(answer.err)}")

    @contextmanager
    def _outside(self) -> Iterator[tuple[Path, dict[str, str]]]:
        """A git directory that holds the start commit's index, for the length of a block."""
        with tempfile.TemporaryDirectory(prefix="patchgate-") as folder:
            git_dir = Path(folder) / "outside.git"
            run_git(["init", "--quiet", "--bare", "--template=", str(git_dir)])
            objects = self._root / ".git" / "objects"
            env = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)}
            if try_git(["cat-file", "-e", self._start], git_dir=git_dir, env=env).status != 0:
                raise NotFoundError(
                    f"{self._root} does not hold commit {self._start[:12]}",
                    "Check that commit out, with its .git directory.",
                )
            run_git(["read-tree", self._start], git_dir=git_dir, env=env)
            yield git_dir, env
