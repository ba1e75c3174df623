"""One run in the simulated world: tick → propose → settle, as `app.run` plays it with processes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from patchgate.app.action.sweeping import sweep
from patchgate.app.desk import Desk, RunFolder, Waits
from patchgate.app.desk import Line as Said
from patchgate.app.sweep import gather, heartbeat, wanted
from patchgate.app.tick import Room, Wakeup
from patchgate.core.ids import TicketKey
from patchgate.core.proposal import Outcome
from patchgate.errors import CredentialError, PatchgateError, ServiceError
from patchgate.ports import Doorbell
from patchgate.standins.simulate.scenarios import SWEEP
from patchgate.standins.simulate.thinking import Thinker, Thought, leave, start_tree
from patchgate.standins.simulate.wire import KilledError, Line, Request
from patchgate.standins.simulate.world import World

_NUMBERS = itertools.count(1)
"""Of the folders of runs: two worlds that go on from one must not share them."""
ROUNDS = 30
"""As many as a real run may have."""
SWEPT_MINUTES = 30
"""How far back the sweep asks Jira for fresh tickets."""


def _unheard(what: object) -> None:
    """No run begins."""


@dataclass(slots=True)
class Ran:
    """How a run went."""

    killed: bool = False
    troubles: list[PatchgateError] = field(default_factory=list)
    waits: dict[str, Waits] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    rounds: int = 0
    minutes: float = 0.0
    """Of the propose rooms."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a scheduled sweep came to."""

    keys: tuple[TicketKey, ...]
    """Those it rang for, whatever became of it then."""
    ran: Ran
    said: str = ""
    """What its summary says; nothing where it was cut short."""


class MemoryBell(Doorbell):
    """Asks Actions for a run of a ticket."""

    def __init__(self, line: Line, arrives: Callable[[str], None]) -> None:
        """`arrives` is told of each ticket (and of `SWEEP`) when Actions has taken the call."""
        self.rung: list[TicketKey] = []
        self._line = line
        self._arrives = arrives

    def ring(self, key: TicketKey) -> None:
        """A run of that ticket is to begin."""

        def act() -> None:
            self.rung.append(key)
            self._arrives(key)

        self._line.send(Request("github", "POST", "dispatch", key), act)

    def ring_sweep(self) -> None:
        """Another sweep is to follow."""
        self._line.send(Request("github", "POST", "dispatch", SWEEP), lambda: self._arrives(SWEEP))


class Runner:
    """Plays runs and sweeps on a world, one at a time or from several threads in turn."""

    def __init__(
        self,
        world: World,
        thinker: Thinker,
        folder: Path,
        line: Callable[[str], Line] | None = None,
    ) -> None:
        """`line` gives a run its way to the services; without it nothing ever goes wrong.

        Files of the rooms lie under `folder`, which nobody empties before the end.
        """
        self.world = world
        self._folder = folder
        self._thinker = thinker
        self._line = line or Line

    def run(self, key: str, line: Callable[[str], Line] | None = None) -> Ran:
        """The rooms for one ticket."""
        name = self.world.runs.begin()
        ran = Ran()
        folder = self._folder / str(next(_NUMBERS))
        try:
            self._rounds(TicketKey(key), (line or self._line)(name), folder, ran)
        except KilledError:
            ran.killed = True
        finally:
            self.world.runs.ended.add(name)
        return ran

    def _rounds(self, key: TicketKey, line: Line, root: Path, ran: Ran) -> None:
        wakeup = self._tick(key, line, RunFolder(root / "round-0"), ran, settling=False)
        for number in range(1, ROUNDS):
            if not wakeup.briefs:
                return
            # A round's settle reads what its propose left, and leaves briefs of its own.
            folder = RunFolder(root / f"round-{number}")
            before = RunFolder(root / f"round-{number - 1}")
            for eid in wakeup.briefs:
                self._propose(before, eid, line, ran)
            if (before.root / "proposals").is_dir():
                folder.root.mkdir(parents=True)
                (before.root / "proposals").rename(folder.root / "proposals")
            ran.rounds = number
            wakeup = self._tick(key, line, folder, ran, settling=True)

    def _tick(
        self, key: TicketKey, line: Line, folder: RunFolder, ran: Ran, *, settling: bool
    ) -> Wakeup:
        try:
            desk = self._desk(line, ran)
            wakeup = Room(desk, folder, settling=settling).work(key)
        except PatchgateError as error:
            ran.troubles.append(error)
            return Wakeup()
        if wakeup.trouble:
            ran.troubles.append(wakeup.trouble)
        ran.waits.update((wait.key, wait) for wait in wakeup.waits)
        return wakeup

    def _desk(self, line: Line, ran: Ran) -> Desk:
        """Settings and policy are read anew by each room."""
        line.send(Request("github", "GET", "settings", "control"), lambda: None)
        return self.world.desk(line, ran.said.append)

    def _propose(self, folder: RunFolder, eid: str, line: Line, ran: Ran) -> None:
        brief = json.loads(folder.brief(eid).read_bytes())
        tree = start_tree(brief, self.world.github)

        def act() -> Thought:
            return self._thinker(brief, tree)

        request = Request("model", "POST", brief["task"], brief["key"])
        try:
            thought = line.send(request, act)
        except (ServiceError, CredentialError) as error:
            thought = Thought(Outcome.FAILED, error.message, dollars=0.0, minutes=0.1)
        ran.minutes += thought.minutes
        leave(folder, eid, thought, self.world.github)

    def sweep(self) -> list[Ran]:
        """Wake what wants it, gather, leave a heartbeat: as `patchgate sweep` does."""
        name = self.world.runs.begin()
        line, ran = self._line(name), Ran()
        done = [ran]
        try:
            desk = self._desk(line, ran)
            late: list[PatchgateError] = []
            keys = wanted(desk, SWEPT_MINUTES, late)
            for key in keys:
                one = self.run(key)
                done.append(one)
                if one.killed:
                    raise KilledError(key)
            gather(desk)
            ran.troubles += late
            if not late:
                heartbeat(desk, len(keys))
        except PatchgateError as error:
            ran.troubles.append(error)
        except KilledError:
            ran.killed = True
        finally:
            self.world.runs.ended.add(name)
        return done

    def ring_and_gather(
        self,
        line: Callable[[str], Line],
        *,
        period: int,
        arrives: Callable[[str], None] = _unheard,
    ) -> Swept:
        """The scheduled sweep of Actions: it rings for tickets and leaves the runs to others."""
        name = self.world.runs.begin()
        way, ran = line(name), Ran()
        bell, said = MemoryBell(way, arrives), ""
        try:
            desk = replace(self._desk(way, ran), bell=bell)
            swept = sweep(desk, period=period)
            said = swept.said
            ran.troubles += [swept.failure] if swept.failure else []
        except PatchgateError as error:
            ran.troubles.append(error)
        except KilledError:
            ran.killed = True
        finally:
            self.world.runs.ended.add(name)
        return Swept(tuple(bell.rung), ran, said)
