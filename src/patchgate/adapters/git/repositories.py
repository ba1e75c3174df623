"""The git half of the forge: one cache for each target repository, a reader and a writer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from patchgate.adapters.git.cache import GitCache, GitHost
from patchgate.adapters.git.commit import CommitRules, author_of, facts_of, push_commit
from patchgate.adapters.git.judge import LARGEST_PATCH, applied_patch
from patchgate.adapters.git.trees import entries, touched
from patchgate.adapters.git.worktree import checkout
from patchgate.core.ids import RepoName, Sha, digest_bytes
from patchgate.core.patch import EXECUTABLE, REGULAR, AppliedPatch
from patchgate.errors import NotFoundError
from patchgate.ports import CommitFacts, CommitOrder


class GitReader:
    """Reads target repositories; caches lie below `caches`, one directory for each."""

    def __init__(self, host: GitHost, caches: Path, *, largest_patch: int = LARGEST_PATCH) -> None:
        self._host = host
        self._caches = caches
        self._largest_patch = largest_patch
        self._known: dict[str, GitCache] = {}
        self._applied: AppliedPatch | None = None

    def cache(self, repo: RepoName) -> GitCache:
        """The repository's cache."""
        if repo not in self._known:
            self._host.url(repo)
            git_dir = self._caches / f"{repo.replace('/', '+').lower()}.git"
            self._known[repo] = GitCache(git_dir, self._host, repo)
        return self._known[repo]

    def default_branch(self, repo: RepoName) -> str:
        """The name of the default branch; NotFoundError where there is none."""
        return self.default_head(repo)[0]

    def default_head(self, repo: RepoName) -> tuple[str, Sha]:
        """The default branch and its commit, in one look; NotFoundError where there is none."""
        tips = self.cache(repo).tips("")
        if not tips.default_branch or tips.default is None:
            raise NotFoundError(f"{repo} has no default branch", "Push a first commit to it.")
        return tips.default_branch, tips.default

    def branch_head(self, repo: RepoName, branch: str) -> Sha | None:
        """The commit that a branch points to now, or None."""
        return self.cache(repo).tips(branch).branch

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        """A regular file of a commit; None where there is none of that name (a link is none)."""
        cache = self.cache(repo)
        cache.bring(commit)
        for entry in entries(cache, commit):
            if entry.path == path and entry.mode in (REGULAR, EXECUTABLE):
                cache.bring_blobs([entry.oid])
                return cache.local(["cat-file", "blob", entry.oid])
        return None

    def author_of(self, repo: RepoName, commit: Sha) -> str:
        """The author's e-mail of a commit."""
        return author_of(self.cache(repo), commit)

    def commit_facts(self, repo: RepoName, commit: Sha, us: CommitRules) -> CommitFacts:
        """What a commit is made of; ours are those that `us` made."""
        cache = self.cache(repo)
        cache.bring(commit)
        return facts_of(cache.local(["cat-file", "commit", commit]), us)

    def is_ancestor(self, repo: RepoName, older: Sha, newer: Sha) -> bool:
        """Whether `older` is reachable from `newer`."""
        return self.cache(repo).is_ancestor(older, newer)

    def apply(self, repo: RepoName, start: Sha, patch: bytes) -> AppliedPatch:
        """The tree that a patch gives on the start commit (see `judge`).

        Both are named by their content, so what they gave last is not asked of git again: a
        wake-up judges a patch, shows it and names its tree.
        """
        last = self._applied
        if last is None or (last.start, last.patch) != (start, digest_bytes(patch)):
            last = applied_patch(self.cache(repo), start, patch, limit=self._largest_patch)
            self._applied = last
        return last

    def same_blobs(self, repo: RepoName, one: Sha, two: Sha, *, paths: Sequence[str]) -> bool:
        """Whether every path has the same blob and mode, or is absent, in both commits.

        A path that is a file here and a folder there is not the same.
        """
        cache = self.cache(repo)
        cache.bring(one, two)
        asked = set(paths)
        for path in touched(cache, one, two):
            parts = path.split("/")
            if asked & {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}:
                return False
            if any(other.startswith(f"{path}/") for other in asked):
                return False
        return True

    def checkout(self, repo: RepoName, commit: Sha, into: Path) -> None:
        """A plain work tree of a commit in an empty directory, without credentials."""
        checkout(self._host, repo, commit, into=into)


class GitWriter:
    """Pushes commits onto branches of ours; shares the reader's caches."""

    def __init__(self, reader: GitReader, rules: CommitRules) -> None:
        self._reader = reader
        self._rules = rules

    def push_commit(self, order: CommitOrder) -> Sha:
        """Commit and push (see `commit`)."""
        return push_commit(self._reader.cache(order.repo), order, self._rules)
