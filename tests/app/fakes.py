"""The outside world of these tests: Jira and ledger of the simulator, with a line that never fails.

Every doing takes one second of the clock, so that the order of things shows in their times.
"""

from __future__ import annotations

import hashlib

from patchgate.core.ids import Json, RepoName, Sha, canonical
from patchgate.standins.simulate.jira import RUNNER, JiraSite, MemoryTracker
from patchgate.standins.simulate.ledger import LedgerStore, MemoryLedger
from patchgate.standins.simulate.time import HOUR, SECOND, VirtualClock
from patchgate.standins.simulate.wire import Line

__all__ = ["RUNNER", "FakeClock", "FakeLedger", "FakeTracker", "repo", "sha"]


class FakeClock(VirtualClock):
    """A clock that moves when somebody does something; it begins on 21 November at nine."""

    def __init__(self) -> None:
        super().__init__(-45 * HOUR)

    def stamp(self) -> str:
        """One second later, as Jira writes it."""
        self.ms += SECOND
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def tick(self) -> str:
        """The same: somebody did something."""
        return self.stamp()


class FakeTracker(JiraSite, MemoryTracker):
    """A Jira and the port to it in one."""

    def __init__(self, clock: FakeClock) -> None:
        JiraSite.__init__(self, clock)
        MemoryTracker.__init__(self, self, Line("run-1"))


class FakeLedger(LedgerStore, MemoryLedger):
    """A ledger and the port to it in one."""

    def __init__(self) -> None:
        LedgerStore.__init__(self)
        MemoryLedger.__init__(self, self, Line("run-1"))


def sha(*parts: Json) -> Sha:
    """An object id that its content names."""
    return Sha(hashlib.sha1(canonical(list(parts)), usedforsecurity=False).hexdigest())


def repo(name: str = "acme/shop") -> RepoName:
    """The repository of these tests."""
    return RepoName(name)
