"""The ledger's objects: a bare cache on this machine and one remote.

The cache itself knows of no remote, so that looking into it never fetches anything by itself;
`partial.git` inside shares its objects and does all fetching, each object by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.adapters.git.listing import listed
from patchgate.adapters.git.process import run_git
from patchgate.adapters.ledger.objects import Objects, oid_lines
from patchgate.core.ids import Sha
from patchgate.errors import LostRaceError, ServiceError


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the ledger lies; `env` carries the credential (`credential_env`)."""

    url: str
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    """Seconds that one exchange may take."""


@dataclass(frozen=True, slots=True)
class Move:
    """One branch to be moved from `expected` (None: absent) to `new` (None: delete)."""

    ref: str
    new: Sha | None
    expected: Sha | None


class ObjectStore(Objects):
    """The objects in a cache directory (created if need be), and their exchange with a remote."""

    def __init__(self, cache: Path, remote: Remote) -> None:
        super().__init__(cache)
        self.remote = remote
        self._partial = self.git_dir / "partial.git"
        self._objects = {"GIT_OBJECT_DIRECTORY": str(self.git_dir / "objects")}
        if not (self._partial / "HEAD").exists():
            self._create()

    def refs(self, *patterns: str) -> dict[str, Sha]:
        """The remote's branches that match, by full name, as they are now."""
        url, env, timeout = self.remote.url, self.remote.env, self.remote.timeout
        lines = listed(url, patterns, option="--heads", env=env, timeout=timeout)
        pairs = (line.split("\t") for line in lines)
        return {name: Sha(oid) for oid, name in pairs}

    def bring_commit(self, commit: Sha, *, filtered: str) -> None:
        """Bring one commit without its history, less what the filter leaves out."""
        self.bring_commits([commit], filtered=filtered)

    def bring_commits(self, commits: Iterable[Sha], *, filtered: str) -> None:
        """The same for many, in one exchange."""
        missing = [oid for oid, here in self.has(commits).items() if not here]
        if missing:
            self._fetch(["--depth=1", f"--filter={filtered}"], missing)

    def bring(self, oids: Iterable[Sha]) -> None:
        """Bring exactly these trees and blobs, unless they are here."""
        missing = [oid for oid, here in self.has(oids).items() if not here]
        if missing:
            self._fetch(["--filter=tree:0"], missing)

    def mirror(self, refs: Mapping[str, Sha]) -> None:
        """Bring everything that these branches hold now, without history, and keep their names."""
        if refs:
            self._fetch(["--depth=1", "--refetch", "--no-filter"], list(refs.values()))
        gone = self.local_refs("refs/heads/").keys() - refs.keys()
        orders = [f"update {ref} {commit}\n" for ref, commit in refs.items()]
        orders += [f"delete {ref}\n" for ref in sorted(gone)]
        self._local(["update-ref", "--stdin"], "".join(orders).encode())

    def adopt(self, repository: Path, commits: Sequence[Sha]) -> None:
        """Bring commits without their history from a repository on this machine."""
        args = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]
        args += ["--no-write-fetch-head", "--depth=1", "--no-filter", "--stdin"]
        run_git(
            [*args, f"file://{repository.absolute()}"],
            git_dir=self._partial,
            env=self._objects,
            stdin=oid_lines(commits),
            timeout=self.remote.timeout,
        )

    def push(self, ref: str, new: Sha | None, *, expected: Sha | None) -> None:
        """Move one branch from `expected` (None: absent) to `new` (None: delete), or not at all.

        LostRaceError when it is elsewhere. After an exchange that broke off, the remote is asked.
        """
        args = ["push", "--porcelain", "--no-thin", f"--force-with-lease={ref}:{expected or ''}"]
        args += [self.remote.url, f"{new or ''}:{ref}"]
        try:
            run_git(args, git_dir=self.git_dir, env=self.remote.env, timeout=self.remote.timeout)
        except (ServiceError, LostRaceError) as exc:
            if self.refs(ref).get(ref) == new:
                return
            if isinstance(exc, LostRaceError):
                raise LostRaceError(f"{ref} moved between our read and our push") from exc
            raise

    def push_all(self, moves: Sequence[Move]) -> set[str]:
        """Move many branches in one exchange, each by itself; the refs that somebody else moved."""
        if len(moves) > 1:
            return self._push_many(moves)
        for move in moves:
            try:
                self.push(move.ref, move.new, expected=move.expected)
            except LostRaceError:
                return {move.ref}
        return set()

    def _push_many(self, moves: Sequence[Move]) -> set[str]:
        args = ["push", "--porcelain", "--no-thin"]
        args += [f"--force-with-lease={move.ref}:{move.expected or ''}" for move in moves]
        args += [self.remote.url, *(f"{move.new or ''}:{move.ref}" for move in moves)]
        try:
            run_git(args, git_dir=self.git_dir, env=self.remote.env, timeout=self.remote.timeout)
        except (ServiceError, LostRaceError) as exc:
            now = self.refs(*(move.ref for move in moves))
            failed = {move.ref for move in moves if now.get(move.ref) != move.new}
            if failed and isinstance(exc, ServiceError):
                raise
            return failed
        return set()

    def _fetch(self, options: Sequence[str], oids: Sequence[Sha]) -> None:
        # Told each time, so that no address lies on disk; that it holds objects back is what
        # lets it fetch single ones.
        args = ["-c", f"remote.origin.url={self.remote.url}", "-c", "remote.origin.promisor=true"]
        args += ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]
        args += ["--no-write-fetch-head", *options, "--stdin", "origin"]
        run_git(
            args,
            git_dir=self._partial,
            env={**self.remote.env, **self._objects},
            stdin=oid_lines(oids),
            timeout=self.remote.timeout,
        )

    def _create(self) -> None:
        _make_bare(self.git_dir)
        shallow = self.git_dir / "shallow"
        if not shallow.is_symlink():
            shallow.symlink_to("partial.git/shallow")
        _make_bare(self._partial)  # last: by its HEAD the next run knows that all is there


def _make_bare(place: Path) -> None:
    """An empty bare repository: what `git init` makes, without the price of starting it.

    `HEAD` comes last and at once: without it git sees no repository, and the next run makes it.
    """
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (place / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n", "utf-8")
    unfinished = place / f"HEAD.{os.getpid()}"
    unfinished.write_text("ref: refs/heads/main\n", "utf-8")
    unfinished.replace(place / "HEAD")
