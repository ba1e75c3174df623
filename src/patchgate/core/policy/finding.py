"""What each kind of rule finds in a patch: (path, words) pairs, in git's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from patchgate.core.policy import (
    boundaries,
    content,
    credentials,
    dependencies,
    hidden,
    lookalikes,
    protected,
    sizes,
    testing,
    texts,
)
from patchgate.core.policy.case import Case, Found
from patchgate.core.policy.model import Kind, Rule

Finder = Callable[[Rule, Case], Iterator[Found]]


def find(rule: Rule, case: Case) -> list[Found]:
    """Everything that the rule has against the patch."""
    return list(FINDERS[rule.kind](rule, case))


FINDERS: Mapping[Kind, Finder] = MappingProxyType(
    {
        Kind.MAX_FILES: sizes.files,
        Kind.MAX_LINES: sizes.lines,
        Kind.MAX_BYTES: sizes.size,
        Kind.FROZEN_PATHS: protected.touched,
        Kind.GIT_FILES: protected.touched,
        Kind.DEPENDENCY_MANIFESTS: dependencies.changed,
        Kind.DELETED_TESTS: testing.lost,
        Kind.WEAKENED_TESTS: testing.weakened,
        Kind.TESTS_REQUIRED: testing.missing,
        Kind.SYMLINK: content.symlinks,
        Kind.SUBMODULE: content.submodules,
        Kind.MODE_CHANGE: content.modes,
        Kind.BINARY: content.binaries,
        Kind.CASE_COLLISION: content.collisions,
        Kind.UNPORTABLE_NAME: content.unportable_names,
        Kind.BIDI_CHARACTERS: hidden.bidi,
        Kind.INVISIBLE_CHARACTERS: hidden.invisible,
        Kind.LOOKALIKES: lookalikes.lookalikes,
        Kind.SECRETS: credentials.secrets,
        Kind.FORBIDDEN_TEXT: texts.forbidden,
        Kind.BOUNDARIES: boundaries.crossed,
        Kind.SAFE_OPERATION: texts.unsafe_operation,
        Kind.SCOPE: protected.strays,
        Kind.PATH_SAFETY: content.unsafe_paths,
    }
)
