"""A plain work tree for the propose and check rooms, and git's own diff of it.

What a work tree says about itself is not believed: its `.git/config` can name programs that git
would run. So its diff is made with the cache's own git directory, which lies elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from patchgate.adapters.git.cache import GitCache
from patchgate.adapters.git.judge import scratch
from patchgate.adapters.git.process import run_git
from patchgate.adapters.git.trees import entries, rendered
from patchgate.core.ids import Sha
from patchgate.errors import UsageError

BASE = {
    "GIT_AUTHOR_NAME": "patchgate",
    "GIT_AUTHOR_EMAIL": "base@patchgate.invalid",
    "GIT_AUTHOR_DATE": "@0 +0000",
    "GIT_COMMITTER_NAME": "patchgate",
    "GIT_COMMITTER_EMAIL": "base@patchgate.invalid",
    "GIT_COMMITTER_DATE": "@0 +0000",
}


def checkout(cache: GitCache, commit: Sha, into: Path) -> None:
    """Write a commit's files into an empty directory, as a repository with one base commit.

    The repository in it is complete and knows no remote, no credential and no history.
    """
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty")
    into.mkdir(parents=True, exist_ok=True)
    cache.bring(commit)
    blobs = [entry.oid for entry in entries(cache, commit) if entry.is_blob]
    cache.bring_blobs(blobs)
    git_dir = into.absolute() / ".git"
    run_git(["init", "--quiet", "--template=", "--initial-branch=base", str(into.absolute())])
    _copy_objects(cache, commit, git_dir)
    tree = cache.local(["rev-parse", "--verify", f"{commit}^{{tree}}"]).decode().strip()
    message = f"Base {commit}\n".encode()
    base = run_git(["commit-tree", tree], git_dir=git_dir, env=BASE, stdin=message)
    run_git(["update-ref", "refs/heads/base", base.decode().strip()], git_dir=git_dir)
    work = {"GIT_WORK_TREE": str(into.absolute())}
    run_git(["read-tree", "--reset", "-u", "HEAD"], git_dir=git_dir, env=work)


def diff(cache: GitCache, worktree: Path, base: Sha) -> bytes:
    """Git's own diff of a work tree against its base commit, with new and ignored files.

    Nothing that lies in the work tree's `.git` is read. Empty when nothing was changed.
    """
    with scratch(cache) as place:
        place.cache.local(["read-tree", base], env=place.env)
        work = {**place.env, "GIT_WORK_TREE": str(worktree.absolute())}
        place.cache.local(["add", "--all", "--force", "--", "."], env=work)
        tree = place.cache.local(["write-tree", "--missing-ok"], env=place.env).decode().strip()
        return rendered(cache, base, tree, env=place.env)


def _copy_objects(cache: GitCache, commit: Sha, git_dir: Path) -> None:
    """One pack with the commit's tree and files, and nothing else."""
    tree = cache.local(["rev-parse", "--verify", f"{commit}^{{tree}}"])
    pack = cache.local(["pack-objects", "--revs", "--stdout", "--quiet"], stdin=tree)
    run_git(["unpack-objects", "-q"], git_dir=git_dir, stdin=pack)
