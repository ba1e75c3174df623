"""Wake-ups that come never, once, twice or three times, late, and in any order: the same end.

A history is a scenario with its wake-ups delivered in one certain way. People act when they see
that the step before was taken (after a while, or after the sweep where every wake-up of it was
lost); copies that are late then arrive between later acts, in the middle of other runs too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.standins.simulate.actions import Actions
from patchgate.standins.simulate.audit import Audit, BrokenPromiseError
from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.picture import Picture, differences, picture
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.scenarios import SWEEP, Scenario
from patchgate.standins.simulate.schedule import Schedule, Strand
from patchgate.standins.simulate.time import HOUR, MINUTE, SECOND
from patchgate.standins.simulate.wire import Line, Request
from patchgate.standins.simulate.world import World

MOST = 3
"""How often one wake-up is delivered at the most."""
GAP = 6 * MINUTE
"""Between two acts of people."""
RUNNERS = 4
Post = Mapping[str, Sequence[int]]
"""For each step: when the copies of its wake-up arrive, in milliseconds after its act."""


@dataclass(slots=True)
class Delivered:
    """How one history went."""

    bells: int = 0
    lost: int = 0
    copies: int = 0
    late: int = 0
    """Copies that came after the next act."""
    runs: int = 0
    replaced: int = 0
    """Arrivals that a later one pushed out of their group."""
    healed: int = 0
    """Steps that only the sweep took."""
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Delivered) -> None:
        """Count another history in."""
        for name in ("bells", "lost", "copies", "late", "runs", "replaced", "healed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong


class History:
    """One scenario with one way of delivery."""

    def __init__(self, scenario: Scenario, folder: Path, post: Post, *, queue: bool) -> None:
        """`queue`: whether a concurrency group keeps all arrivals, or one."""
        self.scenario = scenario
        self.post = post
        self.told = Delivered()
        self.world = World.new(scenario.configuration)
        self.audit = Audit(self.world)
        self.schedule = Schedule(self.world.clock)
        self._runner = Runner(self.world, scenario.thinker, folder)
        self._requests = 0
        self._actions = Actions(
            self.schedule, self._play, group_of=self._group_of, runners=RUNNERS, queue=queue
        )

    def play(self, ends: Sequence[Picture]) -> Delivered:
        """All steps and what is late; `ends`: how the world looks after each step, swept."""
        told = self.told
        try:
            for number, name in enumerate(self.scenario.steps):
                self._step(name, ends[number])
            self.schedule.run(self.world.clock.ms + HOUR)
            self._sweep()
            self._compare(ends[-1], "the end", hidden="")
            told.wrong += self.audit.at_rest()
        except BrokenPromiseError as broken:
            told.wrong.append(str(broken))
        told.runs, told.replaced = self.world.runs.started, self._actions.replaced
        return told

    def _step(self, name: str, wanted: Picture) -> None:
        step = self.scenario.steps[name]
        step.act(self.world)
        if step.rings == SWEEP:
            self._sweep()
        else:
            self._ring(step.rings, self.post[name])
        self.schedule.run(self.world.clock.ms + GAP)
        differs = self._differs(wanted)
        if differs:
            self._until_idle()
            differs = self._differs(wanted)
        if differs:
            self.told.healed += 1
            self._sweep()
            self._compare(wanted, f"step {name!r}, swept")

    def _ring(self, key: str, post: Sequence[int]) -> None:
        told = self.told
        told.bells += 1
        told.lost += not post
        told.copies += len(post)
        told.late += sum(1 for ms in post if ms > GAP)
        for ms in post:
            self.schedule.after(ms, lambda: self._actions.arrive(key))

    def _sweep(self) -> None:
        self._actions.arrive(SWEEP)
        self._until_idle()

    def _until_idle(self) -> None:
        self.schedule.run(self.world.clock.ms + HOUR, quiet=lambda: self._actions.is_idle)

    def _differs(self, wanted: Picture, hidden: str = "open") -> list[str]:
        """That an ended stream still waits to be gathered, people do not see."""
        found = picture(self.world)
        return differences({**wanted, hidden: ()}, {**found, hidden: ()})

    def _compare(self, wanted: Picture, where: str, *, hidden: str = "open") -> None:
        self.told.wrong += [f"{where}: {d}" for d in self._differs(wanted, hidden)]

    # ── runs ─────────────────────────────────────────────────────────────────────────────

    def _group_of(self, key: str) -> str:
        issue = self.world.jira.issues.get(key)
        return (issue.ticket.parent if issue else None) or key

    def _play(self, key: str, strand: Strand) -> None:
        def line(run: str) -> Line:
            return Line(run, watch=self.audit, passing=lambda one: self._pass(one, strand))

        if key == SWEEP:
            self._runner.ring_and_gather(line, period=60, arrives=self._actions.arrive)
        else:
            self._runner.run(key, line)

    def _pass(self, request: Request, strand: Strand) -> None:
        """Slow services: a run takes long enough for others to arrive in its middle."""
        self._requests += 1
        slow = MINUTE if request.service == "model" else self._requests * 7_919 % (3 * SECOND)
        strand.wait(200 + slow)


# ── ways of delivery ─────────────────────────────────────────────────────────────────────


def bells(scenario: Scenario) -> list[str]:
    """The steps that ring."""
    return [name for name, step in scenario.steps.items() if step.rings != SWEEP]


def every_post(scenario: Scenario, most: int = MOST) -> Iterator[Post]:
    """Each wake-up up to `most` times, each copy after its own act or after any later one.

    Where wake-ups of different tickets come after the same act, both orders are given.
    """
    ringing = bells(scenario)
    ways = [
        [
            slots
            for times in range(most + 1)
            for slots in itertools.combinations_with_replacement(range(n, len(ringing)), times)
        ]
        for n in range(len(ringing))
    ]
    for chosen in itertools.product(*ways):
        met = {
            (slot, scenario.steps[name].rings)
            for name, slots in zip(ringing, chosen, strict=True)
            for slot in slots
        }
        for order in (1, -1) if len(met) > len({slot for slot, _ in met}) else (1,):
            yield {
                name: [_moment(slot - n, n * order, copy) for copy, slot in enumerate(chosen[n])]
                for n, name in enumerate(ringing)
            }


def _moment(slots: int, place: int, copy: int) -> int:
    """Close enough that the first run is still on when the last copy comes."""
    return slots * GAP + (20 + 4 * place + copy) * SECOND


def some_post(scenario: Scenario, chance: Chance) -> Post:
    """A way by chance: most copies soon, some after later acts."""

    def copy() -> int:
        soon = chance.hits(0.6)
        return chance.between(1, 40) * SECOND if soon else chance.between(0, 4 * GAP)

    return {name: [copy() for _ in range(chance.between(0, MOST))] for name in bells(scenario)}
