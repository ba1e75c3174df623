"""The clock."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time outside adapters."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...
