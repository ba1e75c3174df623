"""A sweep wakes so many; whoever waits has a turn within two rounds, whatever happens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from patchgate.app.action.sweeping import NAMED, Swept
from patchgate.app.project import read_project
from patchgate.app.sweep import heartbeat, in_turn
from patchgate.core.fold import fold
from patchgate.core.ids import TicketKey
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.running import Swept as Rung
from patchgate.standins.simulate.scenarios import SWEEP, approve, obliging, ticket
from patchgate.standins.simulate.time import HOUR, MINUTE
from patchgate.standins.simulate.wire import Fault, Line, Request
from patchgate.standins.simulate.world import REPO, Configuration, World

ONE = Configuration(extra="limits: {wake_ups_per_sweep: 1}\n")


@dataclass(slots=True)
class Office:
    """Tickets that nobody works, so that all of them wait, and the sweeps over them."""

    folder: Path
    world: World
    heard: list[str] = field(default_factory=list)
    """What Actions was asked for, in order."""
    sent: list[Request] = field(default_factory=list)

    def assign(self, *numbers: int) -> None:
        for number in numbers:
            ticket(f"MWC-{number}")(self.world)

    def sweep(self, fault: Fault | None = None, at: str = "") -> Rung:
        """One sweep; `fault` happens at each request whose target is `at`."""
        self.world.clock.ms += MINUTE
        self.heard.clear()
        self.sent.clear()
        runner = Runner(self.world, obliging, self.folder)

        def sky(request: Request) -> Fault | None:
            self.sent.append(request)
            return fault if request.target == at else None

        def way(run: str) -> Line:
            return Line(run, sky=sky)

        return runner.ring_and_gather(way, period=30, arrives=self.heard.append)


def keys(*numbers: int) -> tuple[str, ...]:
    return tuple(f"MWC-{number}" for number in numbers)


def test_a_sweep_wakes_so_many_and_another_goes_on_with_the_rest(tmp_path: Path) -> None:
    office = Office(tmp_path, World.new())
    office.assign(*range(1, 9))
    for rung in (range(1, 4), range(4, 7)):
        swept = office.sweep()
        assert swept.keys == keys(*rung)
        assert office.heard == [*keys(*rung), SWEEP]
        assert "which follows at once: MWC-" in swept.said
    assert office.sweep().keys == keys(7, 8)
    assert office.heard == [*keys(7, 8)]  # each had a turn: the schedule begins the next round
    assert office.sweep().keys == keys(1, 2, 3)


def test_a_few_are_woken_at_once_and_nothing_more_is_recorded_than_a_heartbeat(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, World.new())
    office.assign(1, 2, 3)
    for _ in range(2):
        office.sweep()
        assert office.heard == [*keys(1, 2, 3)]
    (project,) = office.world.ledger.streams().values()
    assert len(project.events) == 1


def test_whoever_waits_has_a_turn_within_two_rounds_though_others_push_in(tmp_path: Path) -> None:
    office = Office(tmp_path, World.new())
    first = range(100, 112)
    office.assign(*first)
    sweeps, turns = 2 * (len(first) + 16) // 3, Counter[str]()
    for number in range(sweeps):
        if number < 8:
            office.assign(90 - number, 200 + number)
        turns.update(office.sweep().keys)
    assert min(turns[key] for key in keys(*first)) >= 1
    assert max(turns.values()) <= 3


@pytest.mark.parametrize("number", [4, 5, 6])
def test_the_sweep_after_a_killed_one_begins_where_that_began(tmp_path: Path, number: int) -> None:
    office = Office(tmp_path, World.new())
    office.assign(*range(1, 9))
    assert office.sweep().keys == keys(1, 2, 3)
    killed = office.sweep(Fault.KILL_AFTER, f"MWC-{number}")
    assert killed.ran.killed
    assert killed.keys == keys(*range(4, number + 1))
    assert office.sweep().keys == keys(4, 5, 6)


def test_a_fresh_ticket_that_is_put_off_for_hours_is_found_when_its_turn_comes(
    tmp_path: Path,
) -> None:
    """Only Jira's search knows it: the search reaches back to where the round began."""
    office = Office(tmp_path, World.new())
    office.assign(*range(1, 9))
    rung: list[str] = []
    for _ in range(3):
        rung += office.sweep().keys
        office.world.clock.ms += 3 * HOUR  # the call for the next sweep was lost, and schedules
    assert rung == list(keys(*range(1, 9)))


def test_a_sweep_whose_successor_cannot_be_called_says_so_and_its_work_counts(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, World.new())
    office.assign(1, 2, 3, 4)
    swept = office.sweep(Fault.EXPIRED, SWEEP)
    assert swept.keys == keys(1, 2, 3)
    assert [type(error).__name__ for error in swept.ran.troubles] == ["CredentialError"]
    assert swept.said.endswith("put off to the next sweep, which the schedule brings: MWC-4.")
    assert office.sweep().keys == keys(4)


def test_bells_that_fail_are_turns_too_so_that_the_next_sweep_tries_others(tmp_path: Path) -> None:
    office = Office(tmp_path, World.new(ONE))
    office.assign(1, 2)
    assert office.sweep(Fault.BROKEN, "MWC-1").keys == ()
    assert office.sweep().keys == keys(2)


def test_a_sweep_asks_github_only_until_so_many_want_a_wake_up(tmp_path: Path) -> None:
    office = Office(tmp_path, World.new(ONE))
    runner = Runner(office.world, obliging, tmp_path)
    for key in keys(1, 2, 3, 4):
        ticket(key)(office.world)
        runner.run(key)
        approve(key)(office.world)
        runner.run(key)
    assert len(office.world.github.pulls) == 4
    for pull in list(office.world.github.pulls.values())[1:]:
        office.world.github.write(REPO, pull.number, "robin", "/changes shorter, please")
    assert office.sweep().keys == keys(2)
    asked = [r.thing for r in office.sent if r.what == "pulls"]
    assert asked == [f"{REPO}:ai/{key}" for key in keys(1, 2)]
    assert office.heard == ["MWC-2", SWEEP]


def test_turns_go_by_the_age_of_tickets_from_the_last_one_on() -> None:
    waiting = [TicketKey(key) for key in ("B-2", "A-10", "A-9", "B-1")]
    assert in_turn(waiting, "") == ["A-9", "A-10", "B-1", "B-2"]
    assert in_turn(waiting, "A-10") == ["B-1", "B-2"]
    assert in_turn(waiting, "A-9") == ["A-10", "B-1", "B-2"]
    assert in_turn(waiting, "C-1") == ["A-9", "A-10", "B-1", "B-2"]


def test_the_first_project_keeps_whose_turn_it_was_and_when_the_round_began() -> None:
    world = World.new(
        Configuration(
            modes=("patchset",) * 2, projects=("AB", "CD"), repositories=("acme/a", "acme/c")
        )
    )
    desk = world.desk(Line("a sweep"))
    heartbeat(desk, 1, "AB-7")
    began = desk.now()
    world.clock.ms += MINUTE
    heartbeat(desk, 1, "CD-2")
    assert (read_project(desk, "AB").through, read_project(desk, "CD").through) == ("CD-2", "")
    world.clock.ms += MINUTE
    heartbeat(desk, 1)
    known = read_project(desk, "AB")
    assert (known.through, known.since, known.swept) == ("", began, desk.now())


def test_a_summary_names_who_was_put_off() -> None:
    swept = Swept(keys(1), keys(*range(2, NAMED + 5)), (), (), None)
    assert swept.said.startswith(
        f"1 ticket woken (MWC-1), 0 ended streams gathered. Not looked at: {NAMED + 3} tickets, "
        "put off to the next sweep, which follows at once: MWC-2, MWC-3"
    )
    assert swept.said.endswith(" and 3 more.")


def test_a_ticket_whose_course_went_another_way_than_was_foreseen_is_left_asleep(
    tmp_path: Path,
) -> None:
    """Its run announced how Jira would show pending checks; none were required, so it never did."""
    office = Office(tmp_path, World.new())
    runner = Runner(office.world, obliging, tmp_path)
    ticket("MWC-1")(office.world)
    runner.run("MWC-1")
    approve("MWC-1")(office.world)
    runner.run("MWC-1")
    (stream,) = (s for name, s in office.world.ledger.streams().items() if name.startswith("MWC-1"))
    assert fold(stream.events).claims
    assert office.sweep().keys == ()
