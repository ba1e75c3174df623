"""Killed anywhere: every place where a run of a scenario can end, and what the sweep makes of it.

A run leaves nothing but its effects. So a kill before an effect leaves what a kill after the one
before it leaves, and a kill after an effect was recorded what a kill after that push leaves: every
kill before, after-unrecorded and after-recorded at every effect is a kill in front of some effect.
Each such place is kept as a copy of the world; what goes on from it is the real code again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.core.events import RunLost
from patchgate.standins.simulate.audit import Audit, BrokenPromiseError
from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.picture import Picture, differences, picture
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.scenarios import ONE, SWEEP, Scenario
from patchgate.standins.simulate.time import MINUTE
from patchgate.standins.simulate.wire import Fault, Line, Request
from patchgate.standins.simulate.world import World

SWEEPS = 3
"""After so many, every trouble of a service must be healed."""
LATENCY = 150
"""Milliseconds of each request."""
Trouble = Callable[[Request], Fault | None]
"""What happens when the run sends that request."""


@dataclass(frozen=True, slots=True)
class Site:
    """A world whose run was killed just now."""

    world: World
    audit: Audit
    step: int
    """The step whose run was killed."""
    way: tuple[str, ...]
    """The kills so far, in words."""


@dataclass(slots=True)
class Told:
    """How one course went: what was wrong, and the places where it could have been killed."""

    wrong: list[str] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    ends: list[Picture] = field(default_factory=list)
    """After each step and a sweep; only of a whole course."""
    effects: int = 0
    requests: list[Request] = field(default_factory=list)
    parked: bool = False
    """Whether lost runs used up attempts or money, and a person is asked."""
    sweeps: int = 0
    """How many it took to come to the same end after a fault."""


class Course:
    """One scenario played on from a place to its end."""

    def __init__(self, scenario: Scenario, folder: Path, *, keep: bool = False) -> None:
        """`keep`: remember every place where a run could be killed."""
        self.scenario = scenario
        self.folder = folder
        self.told = Told()
        self._keep = keep
        self._names = list(scenario.steps)
        self._way: tuple[str, ...] = ()
        self._step = 0
        self._notes_ends = False
        self._trouble: tuple[int, Trouble] | None = None
        self._hit = False
        self._heals_always = False
        self._deaf: frozenset[int] = frozenset()

    def _begin(self, world: World, audit: Audit) -> None:
        self.world, self.audit = world, audit
        self._runner = Runner(world, self.scenario.thinker, self.folder, self._line)

    def _line(self, run: str) -> Line:
        return Line(run, sky=self._above, watch=self.audit, passing=self._pass)

    def _pass(self, request: Request) -> None:
        self.world.clock.ms += LATENCY

    def _above(self, request: Request) -> Fault | None:
        self.told.requests.append(request)
        if request.is_effect:
            self.told.effects += 1
            if self._keep:
                self._remember(request)
        if self._trouble and len(self.told.requests) == self._trouble[0]:
            self._hit = True
            return self._trouble[1](request)
        return None

    def _remember(self, request: Request) -> None:
        world = self.world.copy()
        world.runs.ended |= {f"simulated:{n}" for n in range(1, world.runs.started + 1)}
        way = (*self._way, f"{self._names[self._step]}: in front of {request}")
        self.told.sites.append(Site(world, self.audit.copy(world), self._step, way))

    # ── from the beginning, or from a place ──────────────────────────────────────────────

    def whole(self) -> Told:
        """The scenario without a kill."""
        world = World.new(self.scenario.configuration)
        self._begin(world, Audit(world))
        self._notes_ends = True
        return self._guarded(lambda: self._go_on(0))

    def after(self, site: Site, ends: list[Picture]) -> Told:
        """From a kill: the sweep, then everything else; each step is to end as in `ends`."""
        world = site.world.copy()
        self._begin(world, site.audit.copy(world))
        self._way, self._step = site.way, site.step

        def act() -> None:
            self._play(SWEEP)
            if not self._is_used_up(len(site.way)):
                self._compare(ends[site.step], f"step {self._names[site.step]!r}, swept")
                self._go_on(site.step + 1, kills=len(site.way))
            if self.told.parked:
                self.told.wrong += self.audit.at_rest()
            else:
                self._compare(ends[-1], "the end")

        return self._guarded(act)

    def _guarded(self, act: Callable[[], None]) -> Told:
        try:
            act()
        except BrokenPromiseError as broken:
            self.told.wrong.append(str(broken))
        return self.told

    def under(self, ordinal: int, fault: Fault, ends: list[Picture]) -> Told:
        """From the beginning, with a fault at that request; three sweeps may heal it."""
        return self._troubled(ordinal, lambda request: fault, ends)

    def behind(self, lag: int, ends: list[Picture]) -> Told:
        """From the beginning, with a search of Jira that is so many milliseconds behind."""
        world = World.new(self.scenario.configuration)
        world.jira.lag = lag
        self._heals_always = True
        self._begin(world, Audit(world))
        return self._guarded(lambda: self._go_on(0, ends))

    def met(self, ordinal: int, ends: list[Picture], *, dies: bool) -> Told:
        """From the beginning; in front of that request a second run of the ticket comes and goes.

        `dies`: and then the first one is killed. Three sweeps may heal it.
        """

        def meet(request: Request) -> Fault | None:
            step = self.scenario.steps[self._names[self._step]]
            key = ONE if step.rings == SWEEP else step.rings
            self._runner.run(key, lambda run: Line(run, watch=self.audit, passing=self._pass))
            return Fault.KILL_BEFORE if dies else None

        return self._troubled(ordinal, meet, ends)

    def deaf(self, steps: Iterable[int], ends: list[Picture]) -> Told:
        """From the beginning; the doorbells of these steps are lost: sweeps alone find the news."""
        self._deaf = frozenset(steps)
        return self._from_the_beginning(ends)

    def _troubled(self, ordinal: int, trouble: Trouble, ends: list[Picture]) -> Told:
        self._trouble = (ordinal, trouble)
        return self._from_the_beginning(ends)

    def _from_the_beginning(self, ends: list[Picture]) -> Told:
        world = World.new(self.scenario.configuration)
        self._begin(world, Audit(world))

        def act() -> None:
            self._go_on(0, ends)
            self._compare(ends[-1], "the end")

        return self._guarded(act)

    def _go_on(self, step: int, ends: list[Picture] | None = None, *, kills: int = 0) -> None:
        for number in range(step, len(self._names)):
            self._step = number
            due = self.scenario.steps[self._names[number]]
            self.world.clock.ms += MINUTE
            due.act(self.world)
            if number in self._deaf and ends is not None:
                self._heal(ends[number])
                continue
            self._play(due.rings)
            if self._is_used_up(kills):
                return
            if self._notes_ends:
                self.told.ends.append(self._swept())
            if (self._hit or self._heals_always) and ends is not None:
                self._hit = False
                self._heal(ends[number])
        self.told.wrong += self.audit.at_rest()

    def _is_used_up(self, kills: int) -> bool:
        """Whether lost runs used up attempts or money, and a person is asked: an end, too.

        No kill may cost more than one run.
        """
        lost = sum(
            isinstance(event, RunLost)
            for stream in self.world.ledger.streams().values()
            for event in stream.events
        )
        if lost > kills > 0:
            raise BrokenPromiseError(f"{kills} kills cost {lost} runs")
        parked = [book.w.parked for book in self.audit.books.values() if book.w.parked]
        self.told.parked = lost > 0 and any(p.code in ("attempts", "money") for p in parked)
        return self.told.parked and kills > 0

    def _heal(self, wanted: Picture) -> None:
        for _ in range(SWEEPS):
            self._play(SWEEP)
            self.told.sweeps += 1
            if not differences(wanted, picture(self.world)):
                return
        there = "\n  ".join(differences(wanted, picture(self.world))[:6])
        where = f"step {self._names[self._step]!r}, swept {SWEEPS} times"
        raise BrokenPromiseError(f"{where}: {there}")

    def _swept(self) -> Picture:
        """How the world looks after this step and a sweep; nothing of it is kept."""
        world = self.world.copy()
        Runner(world, self.scenario.thinker, self.folder).sweep()
        return picture(world)

    def _play(self, what: str) -> None:
        self.world.clock.ms += MINUTE
        if what == SWEEP:
            self._runner.sweep()
        else:
            self._runner.run(what)

    def _compare(self, wanted: Picture, where: str) -> None:
        self.told.wrong += [f"{where}: {d}" for d in differences(wanted, picture(self.world))]


@dataclass(slots=True)
class Tally:
    """What was tried and what was found."""

    effects: int = 0
    singles: int = 0
    pairs: int = 0
    triples: int = 0
    parked: int = 0
    """Those whose lost runs used up attempts or money: a person is asked."""
    wrong: list[str] = field(default_factory=list)

    def note(self, way: tuple[str, ...], told: Told) -> None:
        """Keep what was wrong, with the kills that led there."""
        if told.wrong:
            there = "\n  then ".join(way)
            self.wrong.append(f"killed {there}\n" + "\n".join(f"  {x}" for x in told.wrong[:6]))


def crashed(
    scenario: Scenario,
    folder: Path,
    *,
    seed: int = 0,
    singles: float = 1.0,
    pairs: float = 0.0,
    triples: float = 0.0,
) -> Iterator[Tally]:
    """Kills of the scenario, healed: shares of the singles, of their pairs, of the pairs' triples.

    Yields the tally so far, after each course.
    """
    tally, chance = Tally(), Chance(seed, *scenario.steps)
    whole = Course(scenario, folder, keep=True).whole()
    tally.wrong += whole.wrong
    tally.effects = whole.effects

    def heal(site: Site, *, keep: bool) -> list[Site]:
        healed = Course(scenario, folder, keep=keep).after(site, whole.ends)
        tally.note(site.way, healed)
        tally.parked += healed.parked
        return healed.sites

    for first in whole.sites:
        if not chance.hits(singles):
            continue
        for second in heal(first, keep=pairs > 0):
            if not chance.hits(pairs):
                continue
            wanted = chance.hits(triples)
            third = heal(second, keep=wanted)
            tally.pairs += 1
            yield tally
            if third:
                heal(chance.one_of(third), keep=False)
                tally.triples += 1
                yield tally
        tally.singles += 1
        yield tally
