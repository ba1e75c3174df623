"""Virtual time with many things going on: events in order, and strands that can wait in between.

A strand is a thread that runs only while everybody else stands still, so that code written for
one run at a time (the product's) can be interleaved at every request, the same way for a seed.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable

from patchgate.standins.simulate.time import VirtualClock
from patchgate.standins.simulate.wire import KilledError


class Schedule:
    """What happens when; nothing happens by itself."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.happened = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        """When, in which order of asking, and what."""
        self._turn = 0
        self._strands: set[Strand] = set()

    def after(self, ms: int, act: Callable[[], None]) -> None:
        """Let something happen that many milliseconds from now."""
        self._turn += 1
        heapq.heappush(self._due, (self.clock.ms + max(0, ms), self._turn, act))

    def next_ms(self) -> int | None:
        """When the next thing happens."""
        return self._due[0][0] if self._due else None

    def run(self, until: int, *, quiet: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen that is due by then, or until it is quiet."""
        try:
            while self._due and self._due[0][0] <= until and not quiet():
                ms, _, act = heapq.heappop(self._due)
                self.clock.ms = max(self.clock.ms, ms)
                self.happened += 1
                act()
        except BaseException:
            self._end_all()
            raise
        self.clock.ms = max(self.clock.ms, until) if not quiet() else self.clock.ms

    def strand(self, body: Callable[[Strand], None], ended: Callable[[], None]) -> None:
        """Begin something that takes time; `ended` is called when it is over."""
        strand = Strand(self, body, ended)
        self._strands.add(strand)
        strand.go_on()

    def forget(self, strand: Strand) -> None:
        """It is over."""
        self._strands.discard(strand)

    def _end_all(self) -> None:
        """Leave no thread behind."""
        for strand in list(self._strands):
            strand.abandon()


class Strand:
    """Something that takes time, on a thread of its own."""

    def __init__(
        self, schedule: Schedule, body: Callable[[Strand], None], ended: Callable[[], None]
    ) -> None:
        self._schedule = schedule
        self._body = body
        self._ended = ended
        # Each is released once for each time that it is acquired: a lock does, and is quick.
        self._mine, self._theirs = threading.Lock(), threading.Lock()
        self._mine.acquire()
        self._theirs.acquire()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._over = self._abandoned = False
        self._error: BaseException | None = None

    def go_on(self) -> None:
        """Let it run until it waits or is over; what it raises is raised here."""
        if not self._thread.ident:
            self._thread.start()
        else:
            self._mine.release()
        self._theirs.acquire()
        if self._over:
            self._schedule.forget(self)
            if self._error is not None:
                raise self._error
            self._ended()

    def wait(self, ms: int) -> None:
        """Let time pass, from inside; what is due before then happens first."""
        schedule = self._schedule
        coming, now = schedule.next_ms(), schedule.clock.ms
        if coming is None or coming > now + ms:
            schedule.clock.ms = now + ms
            return
        schedule.after(ms, self.go_on)
        self._theirs.release()
        self._mine.acquire()
        if self._abandoned:
            raise KilledError

    def abandon(self) -> None:
        """End it where it waits."""
        if self._thread.ident and not self._over:
            self._abandoned = True
            self._mine.release()
            self._thread.join()

    def _live(self) -> None:
        try:
            self._body(self)
        except KilledError:
            pass
        except BaseException as error:
            self._error = error
        self._over = True
        self._theirs.release()
