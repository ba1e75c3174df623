"""A plain work tree of one commit, for the propose and check rooms."""

from __future__ import annotations

from pathlib import Path

from patchgate.adapters.git.cache import SHA, GitHost
from patchgate.adapters.git.process import run_git
from patchgate.core.ids import RepoName, Sha
from patchgate.errors import MalformedError, UsageError


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
