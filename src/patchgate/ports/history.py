"""A repository on this machine whose history is judged, and never written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from patchgate.core.ids import Sha
from patchgate.core.patch import AppliedPatch


@dataclass(frozen=True, slots=True)
class Proposed:
    """A commit as a patch on the one before it."""

    commit: Sha
    start: Sha
    subject: str
    patch: bytes


class LocalHistory(Protocol):
    """Commits of one repository, as patches."""

    def commit(self, name: str) -> Sha:
        """The commit that a name stands for; UsageError if there is none."""

    def change(self, spec: str) -> Proposed:
        """`A..B` as one pull request from where they part; a commit as what it changed."""

    def commits(self, spec: str, *, since: str = "") -> Iterator[Proposed]:
        """Each commit of a branch's own line, newest first."""

    def apply(self, start: Sha, patch: bytes) -> AppliedPatch:
        """The tree that a patch gives on a commit; MalformedError where git refuses it."""

    def tree(self, commit: Sha) -> Sha:
        """The tree of a commit."""

    def file(self, commit: Sha, path: str) -> bytes | None:
        """A file of a commit; None where there is none."""
