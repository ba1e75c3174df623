"""Plausible token counts and a prompt cache, the same for both wires."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CHARACTERS_PER_TOKEN = 4


def count(value: Any) -> int:
    """Tokens of a JSON value or a text, at least one."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return max(1, -(-len(text) // CHARACTERS_PER_TOKEN))


@dataclass(frozen=True)
class Prompt:
    """Input tokens of one request, apart by what the cache did with them."""

    plain: int
    read: int
    written: int

    @property
    def total(self) -> int:
        """All input tokens."""
        return self.plain + self.read + self.written


def meter(
    blocks: Sequence[Any], marks: Sequence[int], cache: set[str], *, model: str, minimum: int
) -> Prompt:
    """Charge a request made of `blocks` and remember its prefixes in `cache`.

    `marks` are the indexes after which the prefix is to be cached. A prefix shorter than
    `minimum` tokens is not cached; any cached prefix up to the last mark is read.
    """
    running, tokens, prefixes = hashlib.sha256(model.encode()), 0, []
    for block in blocks:
        running.update(json.dumps(_bare(block), sort_keys=True).encode() + b"\0")
        tokens += count(_bare(block))
        prefixes.append((running.hexdigest(), tokens))
    if not marks or prefixes[max(marks)][1] < minimum:
        return Prompt(plain=tokens, read=0, written=0)
    reach = prefixes[: max(marks) + 1]
    read = max((size for digest, size in reach if digest in cache), default=0)
    cache.update(prefixes[mark][0] for mark in marks if prefixes[mark][1] >= minimum)
    return Prompt(plain=tokens - reach[-1][1], read=read, written=reach[-1][1] - read)


def _bare(block: Any) -> Any:
    """A block without its cache marks: moving a mark does not change the prefix."""
    if isinstance(block, dict):
        return {key: _bare(value) for key, value in block.items() if key != "cache_control"}
    if isinstance(block, list):
        return [_bare(value) for value in block]
    return block
