"""Events of older versions → the present one: ledgers are kept for years, and must always fold.

Each kind of event carries its own version, `v`. A change that an older line does not satisfy (a
field renamed, required or gone, another meaning) makes the next version of that kind: its model
says so, and a step in `UPCASTERS` makes of version n what version n+1 would have recorded. A new
field with a default needs none. Lines on the ledger are never rewritten: the hash chain holds what
was written, and each reading lifts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from patchgate.core.events import KINDS

Raw = Mapping[str, object]
"""An event as JSON has it."""
Step = Callable[[Raw], Raw]
"""One version further; it sets neither `v` nor anything that it does not know."""

UPCASTERS: Mapping[tuple[str, int], Step] = MappingProxyType({})
"""(Kind, version n) → the step to version n+1. All kinds are at version 1: nothing to lift yet."""


class NewerVersionError(ValueError):
    """An event that a later patchgate wrote."""


def current_version(kind: str) -> int:
    """The version in which this patchgate writes that kind; 0 for a kind that it does not know."""
    model = KINDS.get(kind)
    return int(model.model_fields["v"].default) if model else 0


def upcast(raw: Raw, steps: Mapping[tuple[str, int], Step] = UPCASTERS) -> Raw:
    """The event in the present version of its kind; NewerVersionError beyond that.

    What is not an event of a known kind is handed back as it is, for the reader to refuse.
    """
    kind, version = raw.get("kind"), raw.get("v")
    if not isinstance(kind, str) or type(version) is not int:
        return raw
    while (kind, version) in steps:
        lifted = steps[kind, version](raw)
        version += 1
        raw = {**lifted, "v": version}
        kind = str(raw.get("kind", ""))
    known = current_version(kind)
    if version > known > 0:
        raise NewerVersionError(
            f"written by a newer patchgate: version {version} of `{kind}`, known here is {known}"
        )
    return raw
