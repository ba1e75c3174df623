"""A sweep wakes so many a minute; whoever waits has a turn within two rounds, whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from patchgate.app.action.sweeping import MINUTES, NAMED, Swept
from patchgate.app.project import read_project
from patchgate.app.sweep import heartbeat, in_turn
from patchgate.core.ids import TicketKey
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.running import Swept as Rung
from patchgate.standins.simulate.scenarios import SWEEP, obliging, ticket
from patchgate.standins.simulate.time import HOUR, MINUTE
from patchgate.standins.simulate.wire import Fault, Line, Request
from patchgate.standins.simulate.world import Configuration, World

ONE_A_MINUTE = Configuration(extra="limits: {wake_ups_per_minute: 1}\n")
TWO_A_MINUTE = Configuration(extra="limits: {wake_ups_per_minute: 2}\n")


@dataclass(slots=True)
class Office:
    """Tickets that nobody works, so that all of them wait, and the sweeps over them."""

    folder: Path
    world: World
    heard: list[str] = field(default_factory=list)
    """What Actions was asked for, and how long a sweep waited, in order."""

    def assign(self, *numbers: int) -> None:
        for number in numbers:
            ticket(f"MWC-{number}")(self.world)

    def sweep(self, fault: Fault | None = None, at: str = "") -> Rung:
        """One sweep; `fault` happens at each request whose target is `at`."""
        self.world.clock.ms += MINUTE
        runner = Runner(self.world, obliging, self.folder)

        def sky(request: Request) -> Fault | None:
            return fault if request.target == at else None

        return runner.ring_and_gather(
            lambda run: Line(run, sky=sky),
            period=30,
            arrives=self.heard.append,
            pause=lambda seconds: self.heard.append(f"{seconds} s"),
        )


def keys(*numbers: int) -> tuple[str, ...]:
    return tuple(f"MWC-{number}" for number in numbers)


def test_a_sweep_wakes_so_many_a_minute_and_another_goes_on_with_the_rest(tmp_path: Path) -> None:
    office = Office(tmp_path, World.new(TWO_A_MINUTE))
    most = 2 * MINUTES
    office.assign(*range(1, most + 4))

    assert office.sweep().keys == keys(*range(1, most + 1))
    assert office.heard[:5] == ["MWC-1", "MWC-2", "60 s", "MWC-3", "MWC-4"]
    assert office.heard.count("60 s") == MINUTES - 1
    assert office.heard[-1] == SWEEP
    office.heard.clear()
    assert office.sweep().keys == keys(*range(most + 1, most + 4))
    assert SWEEP not in office.heard  # each had a turn: the schedule begins the next round
    assert office.sweep().keys == keys(*range(1, most + 1))


def test_a_few_are_woken_at_once_and_nothing_more_is_recorded_than_a_heartbeat(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, World.new())
    office.assign(1, 2, 3)
    office.sweep()
    office.sweep()
    assert office.heard == [*keys(1, 2, 3), *keys(1, 2, 3)]
    (project,) = office.world.ledger.streams().values()
    assert len(project.events) == 1


def test_whoever_waits_has_a_turn_within_two_rounds_though_others_push_in(tmp_path: Path) -> None:
    office = Office(tmp_path, World.new(ONE_A_MINUTE))
    first = range(100, 130)
    office.assign(*first)
    turns = dict.fromkeys(keys(*first), 0)
    rounds = -(-60 // MINUTES)  # so many sweeps go through all who ever wait here
    for number in range(2 * rounds):
        office.assign(90 - number, 200 + number)
        for key in office.sweep().keys:
            turns[key] = turns.get(key, 0) + 1
    assert min(turns[key] for key in keys(*first)) >= 1
    assert max(turns.values()) <= 3


@pytest.mark.parametrize("number", [1, 5, MINUTES])
def test_the_sweep_after_a_killed_one_begins_where_that_began(tmp_path: Path, number: int) -> None:
    office = Office(tmp_path, World.new(ONE_A_MINUTE))
    office.assign(*range(1, 21))
    assert office.sweep().keys == keys(*range(1, 9))
    killed = office.sweep(Fault.KILL_AFTER, f"MWC-{8 + number}")
    assert killed.ran.killed
    assert killed.keys == keys(*range(9, 9 + number))
    assert office.sweep().keys == keys(*range(9, 17))


def test_a_fresh_ticket_that_is_put_off_for_hours_is_found_when_its_turn_comes(
    tmp_path: Path,
) -> None:
    """Only Jira's search knows it: the search reaches back to where the round began."""
    office = Office(tmp_path, World.new(ONE_A_MINUTE))
    office.assign(*range(1, 21))
    rung: list[str] = []
    for _ in range(3):
        rung += office.sweep().keys
        office.world.clock.ms += 3 * HOUR  # the call for the next sweep was lost, and schedules
    assert rung == list(keys(*range(1, 21)))


def test_a_sweep_whose_successor_cannot_be_called_says_so_and_its_work_counts(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, World.new(ONE_A_MINUTE))
    office.assign(*range(1, 11))
    swept = office.sweep(Fault.EXPIRED, SWEEP)
    assert swept.keys == keys(*range(1, 9))
    assert [type(error).__name__ for error in swept.ran.troubles] == ["CredentialError"]
    assert office.sweep().keys == keys(9, 10)


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
        f"1 ticket woken (MWC-1), 0 ended streams gathered. {NAMED + 3} put off to the next sweep, "
        "which follows at once: MWC-2, MWC-3"
    )
    assert swept.said.endswith(" and 3 more.")
