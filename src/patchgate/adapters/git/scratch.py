"""A place for a patch of strangers: an index and objects that vanish, and git kept in bounds.

A patch of a few hundred kilobytes can make git use gigabytes, or minutes: by what it unpacks to,
by hunks that each move all lines, by folders a hundred thousand deep. That is the patch's fault
and no service's, so it is told as such.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from patchgate.adapters.git.cache import GitCache
from patchgate.adapters.git.process import Bounds, GitAnswer, classify, try_git
from patchgate.errors import MalformedError

_OUT_OF_MEMORY = ("out of memory", "cannot allocate memory")


@dataclass(frozen=True, slots=True)
class Scratch:
    """An index and an object directory that vanish, on top of a cache's objects."""

    cache: GitCache
    env: dict[str, str]

    def local(self, args: Sequence[str]) -> bytes:
        """Run git on what is here."""
        answer = try_git(args, git_dir=self.cache.git_dir, env=self.env, timeout=Bounds())
        return _out(args, answer)

    def online(self, args: Sequence[str], stdin: bytes = b"") -> bytes:
        """Run git where it may fetch what is missing."""
        return _out(args, self.try_online(args, stdin))

    def try_online(self, args: Sequence[str], stdin: bytes = b"") -> GitAnswer:
        """The same where a status other than 0 is an answer; MalformedError beyond the bounds."""
        answer = self.cache.try_online(args, env=self.env, stdin=stdin, is_bounded=True)
        _check_bounds(answer)
        return answer


@contextmanager
def scratch(cache: GitCache) -> Iterator[Scratch]:
    """A scratch place for the length of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="patchgate-") as folder:
        place = Path(folder)
        (place / "objects").mkdir()
        yield Scratch(
            cache,
            {
                "GIT_INDEX_FILE": str(place / "index"),
                "GIT_OBJECT_DIRECTORY": str(place / "objects"),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(cache.git_dir / "objects"),
            },
        )


def _out(args: Sequence[str], answer: GitAnswer) -> bytes:
    _check_bounds(answer)
    if answer.status != 0:
        raise classify(args, answer)
    return answer.out


def _check_bounds(answer: GitAnswer) -> None:
    """MalformedError when git was ended, or broke down, on what the patch asks of it."""
    if answer.status < 0:
        name = signal.Signals(-answer.status).name
        raise MalformedError(f"the patch asks too much of git, which ended by {name}")
    if answer.status > 0 and any(said in answer.err.lower() for said in _OUT_OF_MEMORY):
        raise MalformedError("the patch asks too much of git, which ran out of memory")
