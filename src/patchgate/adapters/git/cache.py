"""A bare cache of one repository: commits without history and without contents, until needed.

The cache itself knows no remote: looking into it (`local`) never reaches the network. Only
`online` may, from `partial.git` within, which shares the objects; it is told address and
credential each time, so that neither lies on disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from patchgate.adapters.git.listing import listed
from patchgate.adapters.git.process import (
    Bounds,
    GitAnswer,
    classify,
    credential_env,
    run_git,
    try_git,
)
from patchgate.adapters.git.reader import ObjectReader
from patchgate.core.ids import RepoName, Sha
from patchgate.errors import ConfigError, MalformedError, NotFoundError, ServiceError

HEADS = "refs/heads/"
LATELY = 64
"""How many commits back ancestry is looked for before the whole history is asked for."""
REPO_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class GitHost:
    """Where repositories lie (`https://github.com`), and who we are there."""

    server: str
    token: Callable[[], str] | None = None
    """Gives a valid token each time; None reads without one."""
    timeout: float = 120.0
    """Seconds that one exchange may take."""

    def url(self, repo: RepoName) -> str:
        """The address of a repository, without any credential."""
        if not REPO_NAME.fullmatch(repo) or ".." in repo:
            raise ConfigError(f"{repo!r} is not a repository's owner/name")
        return f"{self.server.rstrip('/')}/{repo}.git"

    def env(self) -> dict[str, str]:
        """The environment that carries the credential to this server alone."""
        return credential_env(self.server, self.token()) if self.token else {}


@dataclass(frozen=True, slots=True)
class Tips:
    """What one look at the remote shows: the default branch, its head, and the branch asked for."""

    default_branch: str
    default: Sha | None
    branch: Sha | None


class GitCache:
    """One repository's objects in a directory of ours (created if need be)."""

    is_partial = True
    """Whether contents may have to be fetched."""

    def __init__(self, git_dir: Path, host: GitHost, repo: RepoName) -> None:
        self.git_dir = git_dir.absolute()
        self.repo = repo
        self.url = host.url(repo)
        self._host = host
        self._partial = self.git_dir / "partial.git"
        if not (self._partial / "HEAD").exists():
            self._create()

    def local(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> bytes:
        """Run git on what is here."""
        return run_git(args, git_dir=self.git_dir, env=env, stdin=stdin)

    def online(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> bytes:
        """Run git where it may fetch what is missing."""
        answer = self.try_online(args, env=env, stdin=stdin)
        if answer.status != 0:
            raise classify(args, answer)
        return answer.out

    def try_online(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        is_bounded: bool = False,
    ) -> GitAnswer:
        """The same where a status other than 0 is an answer; bounded for what strangers wrote."""
        remote = (f"remote.origin.url={self.url}", "remote.origin.promisor=true")
        return try_git(
            [*(part for setting in remote for part in ("-c", setting)), *args],
            git_dir=self._partial,
            env={**self._host.env(), **self._objects, **(env or {})},
            stdin=stdin,
            timeout=Bounds(self._host.timeout) if is_bounded else self._host.timeout,
        )

    def begin_index(self, start: Sha, env: Mapping[str, str]) -> None:
        """The tree of a commit that is here, as the index that the environment names."""
        self.local(["read-tree", start], env=env)

    def tips(self, branch: str) -> Tips:
        """The default branch and one branch as they are now, in one look."""
        wanted = HEADS + branch
        env, timeout = self._host.env(), self._host.timeout
        default, shas = "", {}
        for line in listed(self.url, ("HEAD", wanted), option="--symref", env=env, timeout=timeout):
            value, _, name = line.partition("\t")
            if value.startswith("ref: "):
                default = value.removeprefix(f"ref: {HEADS}")
            else:
                shas[name] = Sha(value)
        return Tips(default, shas.get("HEAD"), shas.get(wanted))

    def has(self, oids: Iterable[str]) -> dict[str, bool]:
        """Which objects are here already."""
        return self._reader.has(oids)

    @cached_property
    def _reader(self) -> ObjectReader:
        return ObjectReader(self.git_dir)

    def bring(self, *commits: Sha) -> None:
        """See that commits and their trees are here; NotFoundError when the remote lacks one."""
        for commit in commits:
            if not SHA.fullmatch(commit):
                raise MalformedError(f"{commit!r} is not a full commit id")
        missing = [commit for commit, here in self.has(commits).items() if not here]
        if missing:
            self._fetch(["--depth=1", "--filter=blob:none"], missing)

    def bring_blobs(self, oids: Iterable[str]) -> None:
        """See that file contents are here, all in one exchange."""
        missing = [oid for oid, here in self.has(oids).items() if not here]
        if missing:
            self._fetch(["--filter=blob:none"], missing)

    def is_ancestor(self, older: Sha, newer: Sha) -> bool:
        """Whether `older` is reachable from `newer`; looks at late commits first."""
        if older == newer:
            return True
        history = self._history()
        if history.has([newer])[newer] and history.reaches(older, newer):
            return True
        history.bring_history(newer, ["--depth", str(LATELY)])
        if history.reaches(older, newer):
            return True
        if not (history.git_dir / "shallow").exists():
            return False
        history.bring_history(newer, ["--unshallow"])
        return history.reaches(older, newer)

    def bring_history(self, commit: Sha, depth: Sequence[str]) -> None:
        """Fetch commits alone, without trees."""
        self._fetch([*depth, "--filter=tree:0"], [commit])

    def reaches(self, older: Sha, newer: Sha) -> bool:
        """Whether `older` is here and an ancestor of `newer`, as far as history is here."""
        if not self.has([older])[older]:
            return False
        args = ["merge-base", "--is-ancestor", older, newer]
        answer = try_git(args, git_dir=self.git_dir)
        if answer.status not in (0, 1):
            raise ServiceError(f"git merge-base in {self.repo}: {answer.err.strip()}")
        return answer.status == 0

    def _history(self) -> GitCache:
        """The commits alone, apart from the trees: a shallow fetch there must not cut these."""
        return GitCache(self.git_dir / "history.git", self._host, self.repo)

    def _create(self) -> None:
        self.git_dir.mkdir(parents=True, exist_ok=True)
        init = ["init", "--quiet", "--bare", "--template="]
        run_git([*init, str(self.git_dir)])
        shallow = self.git_dir / "shallow"
        if not shallow.is_symlink():
            shallow.symlink_to("partial.git/shallow")
        # Last: by its HEAD the next run knows that all is there.
        run_git([*init, str(self._partial)])

    @property
    def _objects(self) -> dict[str, str]:
        return {"GIT_OBJECT_DIRECTORY": str(self.git_dir / "objects")}

    def _fetch(self, options: Sequence[str], oids: Sequence[str]) -> None:
        args = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]
        args += ["--no-write-fetch-head", "--recurse-submodules=no", *options]
        stdin = "".join(f"{oid}\n" for oid in oids).encode()
        try:
            self.online([*args, "--stdin", "origin"], stdin=stdin)
        except NotFoundError as exc:
            names = ", ".join(oid[:12] for oid in oids[:3])
            raise NotFoundError(f"{self.repo} has no {names}: {exc.message}") from exc
