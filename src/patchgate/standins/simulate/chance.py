"""Chance that can be had again: every draw follows from the seed and the names of what draws."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A row of draws; another name is another row, whatever the others draw."""

    def __init__(self, *names: object) -> None:
        self._names = names
        # Not for secrets: what is wanted is the same row again.
        self._random = random.Random("/".join(map(str, names)))  # noqa: S311

    @staticmethod
    def share(*names: object) -> float:
        """One draw between 0 and 1, as evenly spread: for what is asked at every request."""
        name = "/".join(map(str, names)).encode()
        return int.from_bytes(blake2b(name, digest_size=7).digest()) / 2**56

    def of(self, *names: object) -> Chance:
        """The row of something smaller."""
        return Chance(*self._names, *names)

    def hits(self, share: float) -> bool:
        """True in that share of all draws."""
        return self._random.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)

    def one_of(self, choices: Sequence[T]) -> T:
        """One of them, each as likely."""
        return self._random.choice(choices)

    def weighed(self, weights: Mapping[T, float]) -> T:
        """One of them by weight."""
        (found,) = self._random.choices(list(weights), weights=list(weights.values()))
        return found

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of them in another order."""
        return self._random.sample(items, len(items))
