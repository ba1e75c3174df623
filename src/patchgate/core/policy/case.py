"""What a rule is asked about: the patch, its lines read once, its scope and its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from patchgate.core.globs import compile_globs
from patchgate.core.patch import AppliedPatch, FileChange
from patchgate.core.policy.difflines import DiffFile, diff_files, is_plain
from patchgate.core.policy.model import Rule
from patchgate.core.policy.spotting import SecretFinder

Found = tuple[str, str]
"""A path (empty: the whole patch) and what is the matter with it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a patch is expected to stay: the globs of the plan or of the plan's item."""

    globs: tuple[str, ...]

    def outside(self, patch: AppliedPatch) -> tuple[str, ...]:
        """The paths of the patch that no glob names."""
        globs = compile_globs(tuple(glob for glob in self.globs if glob.strip(" ./")))
        return tuple(path for path in patch.paths if not globs.matches(path))


@dataclass(frozen=True)
class Case:
    """One patch before the policy."""

    patch: AppliedPatch
    scope: Scope | None = None
    """None: the ticket has no plan."""
    words: str = ""
    """What the proposal says of itself; the approver reads it too."""
    secrets: SecretFinder | None = None
    """Finds credentials; None: no rules for them were loaded."""

    @cached_property
    def files(self) -> list[DiffFile]:
        """The files of the diff that have lines."""
        return diff_files(self.patch.rendered)

    @cached_property
    def is_plain(self) -> bool:
        """Whether nothing can hide in the whole diff."""
        return is_plain(self.patch.rendered)

    @cached_property
    def plain_names(self) -> frozenset[str]:
        """Every ASCII name that stands in the diff."""
        return frozenset(_ASCII_NAME.findall(self.patch.rendered))

    def changes(self, rule: Rule) -> Iterator[FileChange]:
        """The changes that the rule is about: under its globs, where it has some, not exempt."""
        applies = _Applies(rule)
        return (change for change in self.patch.changes if applies(change.path))

    def lines(self, rule: Rule) -> Iterator[DiffFile]:
        """The same for the files of the diff."""
        applies = _Applies(rule)
        return (file for file in self.files if applies(file.path))


class _Applies:
    """Whether a rule is about a path."""

    def __init__(self, rule: Rule) -> None:
        self._globs = compile_globs(rule.globs) if rule.globs else None
        self._exempt = compile_globs(rule.exempt) if rule.exempt else None

    def __call__(self, path: str) -> bool:
        wanted = self._globs is None or self._globs.matches(path)
        return wanted and not (self._exempt is not None and self._exempt.matches(path))


_ASCII_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
