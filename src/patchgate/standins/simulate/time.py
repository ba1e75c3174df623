"""Time that passes only when the simulation lets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from patchgate.ports import Clock

BEGIN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class VirtualClock(Clock):
    """Milliseconds since the beginning; no two stamps are the same."""

    def __init__(self, ms: int = 0) -> None:
        self.ms = ms

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return BEGIN + timedelta(milliseconds=self.ms)

    def stamp(self) -> str:
        """A new moment, as the platforms write it."""
        self.ms += 1
        return self.last()

    def last(self) -> str:
        """The present moment, as the platforms write it."""
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
