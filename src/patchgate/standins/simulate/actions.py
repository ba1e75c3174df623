"""GitHub Actions as far as it matters: bells that get lost, groups that queue, few runners."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.schedule import Schedule, Strand
from patchgate.standins.simulate.time import MINUTE, SECOND

QUEUE_MOST = 100
"""With `queue: max` a group keeps that many; without, one."""
DELIVERIES = {0: 0.1, 1: 0.65, 2: 0.15, 3: 0.1}


@dataclass(slots=True)
class _Group:
    running: bool = False
    pending: deque[str] = field(default_factory=deque)


class Actions:
    """Starts a run for each bell that comes through, one at a time for each ticket."""

    def __init__(
        self,
        schedule: Schedule,
        play: Callable[[str, Strand], None],
        *,
        group_of: Callable[[str], str],
        runners: int,
        queue: bool,
    ) -> None:
        """`group_of`: the concurrency group of a ticket; `queue`: all arrivals wait, not one."""
        self._schedule = schedule
        self._play = play
        self._group_of = group_of
        self._free = runners
        self._most = QUEUE_MOST if queue else 1
        self._groups: dict[str, _Group] = {}
        self._waiting: deque[str] = deque()
        self.replaced = 0
        self.lost = 0
        self.doubled = 0
        self.busy = 0
        """Runs under way."""
        self.queued_most = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits for a runner."""
        return not self.busy and not self._waiting

    def ring(self, key: str, chance: Chance | None) -> None:
        """An event names a ticket; by chance it comes never, twice, late, in another order."""
        if chance is None:
            self.arrive(key)
            return
        times = chance.weighed(DELIVERIES)
        self.lost += times == 0
        self.doubled += times > 1
        for _ in range(times):
            late = (
                chance.between(1, 20) * SECOND
                if chance.hits(0.8)
                else chance.between(1, 30) * MINUTE
            )
            self._schedule.after(late, lambda: self.arrive(key))

    def arrive(self, key: str) -> None:
        """A run of that ticket is asked for."""
        group = self._groups.setdefault(self._group_of(key), _Group())
        if group.running:
            group.pending.append(key)
            while len(group.pending) > self._most:
                group.pending.popleft()
                self.replaced += 1
            return
        group.running = True
        self._waiting.append(key)
        self.queued_most = max(self.queued_most, len(self._waiting))
        self._start()

    def _start(self) -> None:
        while self._free and self._waiting:
            key = self._waiting.popleft()
            self._free -= 1
            self.busy += 1
            self._schedule.after(0, lambda key=key: self._begin(key))  # type: ignore[misc]  # bound now

    def _begin(self, key: str) -> None:
        self._schedule.strand(lambda strand: self._play(key, strand), lambda: self._end(key))

    def _end(self, key: str) -> None:
        self._free += 1
        self.busy -= 1
        group = self._groups[self._group_of(key)]
        if group.pending:
            self._waiting.append(group.pending.popleft())
        else:
            group.running = False
        self._start()
