"""Many tickets in virtual time: every promise is kept, and a seed plays the same again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from patchgate.standins.simulate import Plans, simulate
from patchgate.standins.simulate.chance import Chance
from patchgate.standins.simulate.fleet import Fleet, Result
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.people import Person
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.scenarios import ONE, approve, obliging, ticket
from patchgate.standins.simulate.telling import told
from patchgate.standins.simulate.time import MINUTE
from patchgate.standins.simulate.wire import Fault, Line, Request
from patchgate.standins.simulate.world import EVE, LEIGH, REPO, World

SMALL = Plans(seed=3, tickets=8, days=1, sweep_minutes=60)


def played(plans: Plans, folder: Path) -> Result:
    result = Fleet(plans, folder).play()
    assert not result.broken, "\n".join([result.broken, *result.history])
    return result


@pytest.mark.parametrize("queue", [False, True], ids=["one pending run", "a queue"])
def test_in_bad_weather_every_promise_is_kept_and_every_ticket_ends(
    tmp_path: Path, queue: bool
) -> None:
    result = played(replace(SMALL, queue=queue, weather=2.0), tmp_path)
    assert result.faults
    assert 0 < sum(result.cut.values()) <= result.bill.sweeps
    assert "killed" in result.cut
    assert any(line.startswith("sweeps: ") and "killed" in line for line in told(result, 1.0))
    assert result.tickets >= SMALL.tickets
    assert set(result.states) <= {"DONE", "REJECTED", "CANCELLED", "FAILED"}


def test_a_seed_plays_the_same_again_event_for_event(tmp_path: Path) -> None:
    first, again = Fleet(SMALL, tmp_path), Fleet(SMALL, tmp_path)
    first.play()
    again.play()
    heads = {name: stream.head for name, stream in first.world.ledger.streams().items()}
    assert heads == {name: stream.head for name, stream in again.world.ledger.streams().items()}
    other = Fleet(replace(SMALL, seed=4), tmp_path)
    other.play()
    assert heads != {name: stream.head for name, stream in other.world.ledger.streams().items()}


def test_on_a_calm_day_no_limit_of_a_service_is_met(tmp_path: Path) -> None:
    result = played(replace(SMALL, weather=0.0), tmp_path)
    assert not result.faults
    assert not result.cut
    assert result.bill.refused == 0


def test_the_command_tells_seed_ends_faults_and_the_bill() -> None:
    said: list[str] = []
    assert simulate(replace(SMALL, tickets=3), said.append) == 0
    text = "\n".join(said)
    for word in ("seed 3", "histories a minute", "ended:", "faults:", "ledger pushes", "runner"):
        assert word in text
    assert "every promise was kept" in text


@pytest.mark.parametrize(
    ("what", "fault", "rung", "killed", "troubles"),
    [
        ("branches", Fault.BROKEN, 0, False, ["ServiceError"]),
        ("search", Fault.GATEWAY, 1, False, ["ServiceError"]),
        ("dispatch", Fault.EXPIRED, 0, False, ["CredentialError"]),
        ("append", Fault.KILL_BEFORE, 1, True, []),
        ("nothing", Fault.BROKEN, 1, False, []),
    ],
)
def test_a_sweep_that_could_not_do_all_tells_what_it_did_and_why_no_more(
    tmp_path: Path, what: str, fault: Fault, rung: int, *, killed: bool, troubles: list[str]
) -> None:
    world = World.new()
    runner = Runner(world, obliging, tmp_path)
    ticket()(world)
    runner.run(ONE)
    world.jira.comment(ONE, "acc-rita", "Nobody heard this bell.", None)

    def sky(request: Request) -> Fault | None:
        return fault if request.what == what else None

    swept = runner.ring_and_gather(lambda run: Line(run, sky=sky), period=60)
    assert len(swept.keys) == rung
    assert swept.ran.killed is killed
    assert [type(error).__name__ for error in swept.ran.troubles] == troubles


def test_a_sweep_rings_for_nobody_who_has_no_news(tmp_path: Path) -> None:
    world = World.new()
    runner = Runner(world, obliging, tmp_path)
    ticket()(world)
    runner.run(ONE)
    assert runner.ring_and_gather(Line, period=60).keys == ()


def requests_of_a_sweep(runner: Runner) -> Counter[str]:
    sent: Counter[str] = Counter()

    def sky(request: Request) -> None:
        sent[request.service] += 1

    runner.ring_and_gather(lambda run: Line(run, sky=sky), period=60)
    return sent


def test_a_sweep_over_many_waiting_tickets_asks_no_more_than_over_one(tmp_path: Path) -> None:
    asked = []
    for number in (1, 20):
        world = World.new()
        runner = Runner(world, obliging, tmp_path)
        for n in range(1, number + 1):
            ticket(f"MWC-{n}")(world)
            runner.run(f"MWC-{n}")
        asked.append(requests_of_a_sweep(runner))
    assert [(one["jira"], one["github"], one["git"]) for one in asked] == [(2, 1, 0)] * 2


def test_a_person_removes_the_branch_that_is_said_to_be_in_the_way(tmp_path: Path) -> None:
    world = World.new()
    runner = Runner(world, obliging, tmp_path)
    world.github.push(REPO, f"ai/{ONE}", {"mine.txt": "by somebody\n"})
    ticket()(world)
    runner.run(ONE)
    assert world.jira.issue(ONE).ticket.status == "Blocked"
    acts: list[str] = []
    person = Person(world, ONE, Chance(1), lambda key, what: acts.append(what), rough=False)
    person.glance()
    assert (REPO, f"ai/{ONE}") not in world.github.branches
    assert acts == ["acc-leigh says '/retry'"]
    runner.run(ONE)
    assert "awaiting-approval" in world.jira.issue(ONE).ticket.labels


def test_a_person_does_what_the_last_reply_says_though_an_old_merge_is_to_be_seen(
    tmp_path: Path,
) -> None:
    """A reopened ticket, held by somebody and moved on: Jira shows it at work, and it is not."""
    world = World.new()
    runner = Runner(world, obliging, tmp_path)
    ticket()(world)
    runner.run(ONE)
    approve()(world)
    runner.run(ONE)
    world.github.close(REPO, 1, by="leigh", merged=True)
    runner.run(ONE)
    assert world.jira.issue(ONE).ticket.status == "Done"
    for who, field, to in (
        (LEIGH, "status", "In Progress"),
        (LEIGH, "assignee", RUNNER),
        (EVE, "status", "Blocked"),
        (EVE, "status", "In Progress"),
    ):
        world.jira.change(ONE, who, field, to)
        runner.run(ONE)
        world.clock.ms += MINUTE  # Jira takes so many writes to one ticket at once
    world.jira.say(ONE, LEIGH, "/approve")
    runner.run(ONE)
    acts: list[str] = []
    person = Person(world, ONE, Chance(1), lambda key, what: acts.append(what), rough=False)
    for _ in range(6):
        person.glance()
    assert acts[0] == "acc-leigh says '/resume'"
    runner.run(ONE)
    assert "awaiting-approval" in world.jira.issue(ONE).ticket.labels


# ── the long ones ────────────────────────────────────────────────────────────────────────


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 21))
def test_a_thousand_tickets_in_the_worst_weather(tmp_path: Path, seed: int) -> None:
    plans = Plans(seed=seed, tickets=50, days=2, weather=1 + seed % 3, queue=seed % 2 == 0)
    played(plans, tmp_path)


@pytest.mark.soak
def test_ten_thousand_tickets_a_day(tmp_path: Path, record_property: pytest.FixtureRequest) -> None:
    plans = Plans(seed=1, tickets=10_000, days=1, weather=0.2, sweep_minutes=120, runners=256)
    result = played(plans, tmp_path)
    record_property("told", "\n".join(result.bill.lines(result.tickets)))  # type: ignore[operator]
