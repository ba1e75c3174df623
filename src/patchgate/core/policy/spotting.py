"""What the policy asks of whoever finds credentials in text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from patchgate.core.ids import Digest


class Spotted(Protocol):
    """One thing that looks like a credential."""

    @property
    def rule(self) -> str:
        """Which form it has."""

    @property
    def line(self) -> int:
        """The line of the text, from 1."""

    @property
    def evidence(self) -> str:
        """What of it may be shown: masked."""


class SecretFinder(Protocol):
    """Finds credentials in text and never repeats them."""

    def find(self, text: str, path: str = "") -> Sequence[Spotted]:
        """Everything that looks like one."""

    def digest(self) -> Digest:
        """Of its rules."""
