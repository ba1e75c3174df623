"""A repository on this machine, only read: its history judged as if each commit were proposed.

Git never runs inside it: a bare folder of ours borrows its objects, so that nothing which that
repository configures (hooks, filters, monitors) is heeded, and nothing is written there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from patchgate.adapters.git.cache import GitCache
from patchgate.adapters.git.judge import applied_patch
from patchgate.adapters.git.process import Bounds, GitAnswer, classify, run_git, try_git
from patchgate.adapters.git.trees import PATCH_FORMAT
from patchgate.core.ids import RepoName, Sha
from patchgate.core.patch import AppliedPatch
from patchgate.errors import NotFoundError, UsageError
from patchgate.ports import Proposed

BETWEEN = "\x1f"
LARGEST = 64 * 1024 * 1024
"""Bytes of a commit's diff that is judged: history is not refused for its size."""


class _Objects(GitCache):
    """The objects of a repository on this machine; there is nothing to fetch from.

    Patches are often put on one commit many times: what was found of it last is kept.
    """

    is_partial = False

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir.absolute()
        self.repo = RepoName("local/repository")
        self._here: set[Sha] = set()
        self._index: tuple[Sha, bytes] | None = None

    def try_online(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        is_bounded: bool = False,
    ) -> GitAnswer:
        """Run git on what is here."""
        timeout = Bounds(120.0) if is_bounded else 120.0
        return try_git(args, git_dir=self.git_dir, env=env, stdin=stdin, timeout=timeout)

    def bring(self, *commits: Sha) -> None:
        """NotFoundError for a commit that is not here."""
        asked = set(commits) - self._here
        missing = [commit for commit, here in self.has(asked).items() if not here] if asked else []
        if missing:
            raise NotFoundError(f"the repository has no commit {missing[0][:12]}")
        self._here |= asked

    def bring_blobs(self, oids: Iterable[str]) -> None:
        """Everything is here already."""

    def begin_index(self, start: Sha, env: Mapping[str, str]) -> None:
        """The tree of a commit as the index that the environment names."""
        place = Path(env["GIT_INDEX_FILE"])
        if self._index is None or self._index[0] != start:
            super().begin_index(start, env)
            self._index = start, place.read_bytes()
        else:
            place.write_bytes(self._index[1])


class LocalHistory:
    """Commits of a repository on this machine, as patches."""

    def __init__(self, cache: GitCache, heads: Mapping[str, str]) -> None:
        self.cache = cache
        self._heads = heads

    def commit(self, name: str) -> Sha:
        """The commit that a name stands for (`HEAD~2`, a branch, a tag); UsageError if none."""
        first, rest = self._split(name)
        known = self._heads.get(first, first)
        wanted = f"{known}{rest}^{{commit}}"
        args = ["rev-parse", "--verify", "--quiet", "--end-of-options", wanted]
        answer = try_git(args, git_dir=self.cache.git_dir)
        if answer.status != 0:
            raise UsageError(f"the repository has no commit {name!r}")
        return Sha(answer.out.decode().strip())

    def _split(self, name: str) -> tuple[str, str]:
        end = next((at for at, char in enumerate(name) if char in "~^"), len(name))
        return name[:end] or "HEAD", name[end:]

    def change(self, spec: str) -> Proposed:
        """`A..B` as one pull request from where they part; a commit as what it changed."""
        old, dots, new = spec.partition("..")
        if dots:
            end = self.commit(new.lstrip(".") or "HEAD")
            args = ["merge-base", self.commit(old or "HEAD"), end]
            start = Sha(run_git(args, git_dir=self.cache.git_dir).decode().split()[0])
        else:
            end = self.commit(spec)
            start = self.commit(f"{end}^")
        return Proposed(end, start, spec, self._diff(start, end))

    def commits(self, spec: str, *, since: str = "") -> Iterator[Proposed]:
        """Each commit of a branch's own line, a merge as all that it brought; newest first.

        `spec` is `A..B` or the name of a branch. Commits without a parent or a change are left out.
        """
        old, dots, new = spec.partition("..")
        ends: list[str] = [self.commit((new if dots else old) or "HEAD")]
        ends += [f"^{self.commit(old)}"] if dots else []
        args = ["log", "--first-parent", f"--format=%H{BETWEEN}%P{BETWEEN}%s"]
        args += [f"--since={since}"] if since else []
        listing = run_git([*args, *ends], git_dir=self.cache.git_dir).decode(errors="replace")
        for line in listing.splitlines():
            sha, parents, subject = line.split(BETWEEN, 2)
            if parents:
                start = Sha(parents.split()[0])
                patch = self._diff(start, Sha(sha))
                if patch:
                    yield Proposed(Sha(sha), start, subject, patch)

    def apply(self, start: Sha, patch: bytes) -> AppliedPatch:
        """The tree that a patch gives (see `judge`)."""
        return applied_patch(self.cache, start, patch, limit=LARGEST)

    def tree(self, commit: Sha) -> Sha:
        """The tree of a commit."""
        out = run_git(["rev-parse", f"{commit}^{{tree}}"], git_dir=self.cache.git_dir)
        return Sha(out.decode().strip())

    def file(self, commit: Sha, path: str) -> bytes | None:
        """A file of a commit; None where there is none."""
        args = ["cat-file", "blob", f"{commit}:{path}"]
        answer = try_git(args, git_dir=self.cache.git_dir)
        return answer.out if answer.status == 0 else None

    def _diff(self, old: Sha, new: Sha) -> bytes:
        return self.cache.local(["diff-tree", "-r", *PATCH_FORMAT, old, new])


@contextmanager
def local_history(folder: Path) -> Iterator[LocalHistory]:
    """The history of the repository that a folder lies in; UsageError where there is none."""
    objects, heads = _looked(folder)
    with tempfile.TemporaryDirectory(prefix="patchgate-") as place:
        git_dir = Path(place) / "borrowed.git"
        run_git(["init", "--quiet", "--bare", "--template=", str(git_dir)])
        (git_dir / "objects" / "info").mkdir(exist_ok=True)
        (git_dir / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        yield LocalHistory(_Objects(git_dir), heads)


def _looked(folder: Path) -> tuple[Path, dict[str, str]]:
    """Where its objects lie, and what its names stand for."""
    at = ["-C", str(folder.absolute())]
    answer = try_git([*at, "rev-parse", "--git-path", "objects"])
    if answer.status != 0:
        raise UsageError(f"{folder} lies in no git repository")
    objects = (folder.absolute() / answer.out.decode().rstrip("\n")).resolve()
    listing = run_git([*at, "for-each-ref", "--format=%(refname) %(objectname)"]).decode()
    heads: dict[str, str] = {}
    for line in listing.splitlines():
        name, _, oid = line.rpartition(" ")
        heads[name] = oid
        for prefix in ("refs/remotes/", "refs/tags/", "refs/heads/"):
            if name.startswith(prefix):
                heads[name.removeprefix(prefix)] = oid
    head = try_git([*at, "rev-parse", "--verify", "--quiet", "HEAD"])
    if head.status == 0:
        heads["HEAD"] = head.out.decode().strip()
    return objects, heads


@contextmanager
def made_history(stream: bytes) -> Iterator[LocalHistory]:
    """A history that `git fast-import` makes of a stream, in a folder that vanishes."""
    with tempfile.TemporaryDirectory(prefix="patchgate-") as place:
        git_dir = Path(place) / "made.git"
        run_git(["init", "--quiet", "--bare", "--template=", str(git_dir)])
        args = ["fast-import", "--quiet"]
        answer = try_git(args, git_dir=git_dir, stdin=stream)
        if answer.status != 0:
            raise classify(args, answer)
        _, heads = _looked(git_dir)
        yield LocalHistory(_Objects(git_dir), heads)
