"""The doorbell of the control repository: wakes tickets in runs of their own."""

from __future__ import annotations

from typing import Protocol

from patchgate.core.ids import TicketKey


class Doorbell(Protocol):
    """Starts a run that looks at one ticket; it carries the key and nothing else."""

    def ring(self, key: TicketKey) -> None:
        """Have that ticket looked at; returns when the platform took it, not when it is done."""
        ...

    def ring_sweep(self) -> None:
        """Have another sweep follow this one."""
        ...
