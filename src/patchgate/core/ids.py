"""Names of things: keys, digests and effect identities, and how they are made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NewType, cast

import rfc8785

TicketKey = NewType("TicketKey", str)
"""A Jira issue key such as `MWC-1`."""
StreamId = NewType("StreamId", str)
"""`<key at opening>-<immutable issue id>`, such as `MWC-1-10001`; `<PROJECT>-project` for one."""
AccountId = NewType("AccountId", str)
"""A Jira account id or a GitHub login: whatever the platform's own record names."""
RepoName = NewType("RepoName", str)
"""`owner/name`."""
Sha = NewType("Sha", str)
"""A full git object id in lower-case hex."""
Digest = NewType("Digest", str)
"""`sha256:` and 64 hex digits."""
Eid = NewType("Eid", str)
"""The identity of one outside effect: 16 hex digits that survive a crash."""
FactId = NewType("FactId", str)
"""The identity of an outside fact, given by the platform: `jira:comment:10010`."""

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

SHORT = 12
"""How many hex digits of a digest people are shown, and may type."""


EXACT = 2**53
"""Whole numbers below it are the same in every reader of JSON."""

_write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of a JSON value (dictionaries, lists, strings, integers, booleans, None).

    What the standard library writes in the same way it writes in a fifth of the time; fractions,
    large numbers, names beyond ASCII and half surrogate pairs are left to the RFC's own library.
    """
    if _is_plain(value):
        try:
            return _write(value).encode()
        except UnicodeEncodeError:
            pass  # the library below says what is wrong with it
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # the library's own recursive alias


_ATOMS = frozenset({str, bool, type(None)})


def _is_plain(value: object) -> bool:
    # Asked for each event that is recorded or checked: plain loops take a third of the time.
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.__class__ is not str or not name.isascii():
                return False
            if inner.__class__ not in _ATOMS and not _is_plain(inner):
                return False
        return True
    if isinstance(value, list | tuple):
        for inner in value:  # noqa: SIM110 - `all` over a generator takes twice as long
            if inner.__class__ not in _ATOMS and not _is_plain(inner):
                return False
        return True
    kind = value.__class__
    return kind in _ATOMS or (kind is int and -EXACT < cast("int", value) < EXACT)


def digest_bytes(data: bytes) -> Digest:
    """The digest of raw bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def digest_json(value: object) -> Digest:
    """The digest of a JSON value in canonical form."""
    return digest_bytes(canonical(value))


def short(digest: str) -> str:
    """The first hex digits of a digest, as people see and type them."""
    return digest.removeprefix("sha256:")[:SHORT]


def matches(typed: str, digest: str) -> bool:
    """Whether what a person typed names this digest (at least eight hex digits of it)."""
    wanted = typed.strip().lower().removeprefix("sha256:")
    return len(wanted) >= 8 and digest.removeprefix("sha256:").startswith(wanted)


@lru_cache(maxsize=4096)
def effect_id(
    stream: StreamId, generation: int, *, attempt: int, kind: str, target: str, ordinal: int = 0
) -> Eid:
    """The identity of an effect: never a run id, never regenerated text (DESIGN.md §3)."""
    parts = [stream, generation, attempt, kind, target, ordinal]
    return Eid(hashlib.sha256(canonical(parts)).hexdigest()[:16])
