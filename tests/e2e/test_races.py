"""Runs that meet, and wake-ups that come twice, late, in another order or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from patchgate.app.doorbell import rung
from patchgate.standins.http import StandIn
from patchgate.standins.world import LEIGH, REQUIRED_CHECK, RUNNER, Bell
from tests.e2e.answers import edits
from tests.e2e.forks import Forks
from tests.e2e.kills import SWEEP, Effect, Runner, Watch, chains, damage, differences, picture
from tests.e2e.lives import SHOP, Life, living

KEY, OTHER = "MWC-1", "MWC-2"
EFFECTS = 13
"""Of the run from an assignment to a patch for approval."""
GOOD_DAY = edits(("greet.py", '"Hello "', '"Good day "'))


@dataclass
class Meeting(Watch):
    """Holds one effect of a run back until something else has happened."""

    then: Callable[[], object] = lambda: None
    wrong: list[BaseException] = field(default_factory=list)

    def _before(self, service: StandIn) -> Any:
        def hook(_: int, method: str, path: str) -> None:
            with self._lock:
                self.effects.append(Effect(service.service, method, path))
                due = len(self.effects) == self.ordinal
            if due:
                try:
                    self.then()
                except BaseException as error:
                    self.wrong.append(error)
                    raise

        return hook


@dataclass
class Place:
    """A life whose runs are processes of their own, two of which may be on at once."""

    life: Life
    first: Runner
    second: Runner
    effects: list[Effect] = field(default_factory=list)
    """What the first run of KEY does when nobody disturbs it, in order."""
    wanted: Any = None
    """The picture after that run."""

    def run(self, what: str = KEY, *, by: Runner | None = None) -> list[Effect]:
        """One run to its good end; what it did outside."""
        self.life.world.rule.settle()
        runner = by or self.first
        watch = Watch(self.life.world, runner.forks)
        assert runner.play(what, watch) == 0
        return watch.effects

    def rehearse(self) -> None:
        """Learn what one undisturbed run does; the world is as before then."""
        world = self.life.world
        world.rule.settle()
        start = world.snapshot()
        self.effects, self.wanted = self.run(), picture(world)
        world.restore(start)

    def meet(self, ordinal: int, then: Callable[[], object]) -> None:
        """A run of KEY, and before its effect of that number something else."""
        meeting = Meeting(self.life.world, self.first.forks, ordinal, then=then)
        code = self.first.play(KEY, meeting)
        assert (code, meeting.wrong) == (0, [])
        assert len(meeting.effects) >= ordinal

    def sound(self) -> None:
        """Nothing is damaged, nothing is there twice, nothing is left to do."""
        assert damage(self.life.world, {}) == []
        assert self.run() == []

    def kinds(self, key: str = KEY) -> list[str]:
        """The kinds of the ticket's events."""
        (links,) = (c for name, c in chains(self.life.world).items() if name.startswith(f"{key}-1"))
        return [one.event.kind for one in links]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root, one, two = tmp_path_factory.mktemp("races"), Forks(), Forks()
    with living(root, GOOD_DAY) as life:
        first, second = Runner(life.world, one, root / "one"), Runner(life.world, two, root / "two")
        place = Place(life, first, second)
        place.life.ticket()
        place.rehearse()
        yield place
    one.close()
    two.close()


@pytest.fixture
def place(kept: Place) -> Iterator[Place]:
    """One ticket that was just assigned; the next test finds it so again."""
    world = kept.life.world
    world.rule.settle()
    start = world.snapshot()
    yield kept
    world.restore(start)


def approve(place: Place) -> None:
    text = f"/approve {place.life.digest(KEY)}"
    place.life.world.at_jira(LEIGH).comment(KEY, text)


def check(place: Place) -> None:
    world = place.life.world
    world.github.report_checks(SHOP, place.life.head(), {REQUIRED_CHECK: "success"})


def woken(place: Place, bell: Bell) -> tuple[str, ...]:
    """The tickets that a workflow started by this event would run for."""
    event = place.first.folder / "event.json"
    event.write_text(json.dumps(bell.payload), "utf-8")
    return rung(place.life.env, (), event, bell.event)


# ── two runs at once ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ordinal", range(1, EFFECTS + 1))
def test_two_runs_of_one_ticket_do_what_one_does_wherever_they_meet(
    place: Place, ordinal: int
) -> None:
    place.meet(ordinal, lambda: place.run(by=place.second))
    assert not differences(place.wanted, picture(place.life.world))
    place.sound()


def test_the_meetings_are_at_all_effects_of_a_run(place: Place) -> None:
    assert len(place.effects) == EFFECTS, place.effects


def test_of_two_runs_that_start_together_one_works_and_both_end_well(place: Place) -> None:
    other = threading.Thread(target=place.run, kwargs={"by": place.second})
    place.life.world.rule.settle()
    other.start()
    code = place.first.play(KEY)
    other.join(60)
    assert code == 0
    assert "ended" not in place.second.last_log
    assert not differences(place.wanted, picture(place.life.world))
    place.sound()


@pytest.mark.soak
def test_eight_runs_of_one_ticket_at_once_do_what_one_does_and_all_end_well(
    place: Place, tmp_path: Path
) -> None:
    world = place.life.world
    world.rule.settle()
    forks = [Forks() for _ in range(8)]
    runners = [Runner(world, one, tmp_path / str(n)) for n, one in enumerate(forks)]
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda r=r: codes.append(r.play(KEY, may_end_with=range(256))))
        for r in runners
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    for one in forks:
        one.close()
    said = "\n".join(runner.last_log for runner in runners)
    assert codes == [0] * 8, said
    assert not differences(place.wanted, picture(world))
    place.sound()


def test_two_tickets_at_once_do_not_disturb_each_other(place: Place) -> None:
    world = place.life.world
    world.at_jira(LEIGH).create("MWC", "Task", "Greet politely, too", "Say good day.")
    world.at_jira(LEIGH).assign(OTHER, RUNNER.jira)
    place.meet(2, lambda: place.run(OTHER, by=place.second))
    assert place.kinds(KEY) == place.kinds(OTHER)
    assert place.life.shows(KEY) == place.life.shows(OTHER) == ("In Progress", LEIGH.name)
    place.sound()


# ── wake-ups ─────────────────────────────────────────────────────────────────────────────


def test_the_same_wake_up_three_times_does_its_work_once(place: Place) -> None:
    assert place.run()
    assert place.run() == []
    assert place.run() == []
    place.sound()


def test_a_wake_up_during_a_run_is_not_lost(place: Place) -> None:
    asked = next(n for n, e in enumerate(place.effects, 1) if e.service == "anthropic")

    def stop() -> None:
        place.life.world.at_jira(LEIGH).comment(KEY, "/stop")
        place.run(by=place.second)

    place.meet(asked, stop)
    assert place.life.state(KEY) == "STOPPED"
    place.life.world.at_jira(LEIGH).comment(KEY, "/resume")
    place.run()
    assert place.life.state(KEY) == "WAITING_USER_APPROVAL"
    assert place.kinds().count("patch-proposed") == 1
    place.sound()


def test_a_run_looks_again_before_it_leaves_and_needs_no_second_bell(place: Place) -> None:
    last = len(place.effects) - 1  # the very last is the anchor, which keeps what this look saw
    place.meet(last, lambda: place.life.world.at_jira(LEIGH).comment(KEY, "/stop"))
    assert place.life.state(KEY) == "STOPPED"
    place.sound()


def test_what_happens_after_a_run_without_a_bell_is_found_by_the_sweep(place: Place) -> None:
    place.run()
    place.life.world.at_jira(LEIGH).comment(KEY, "/stop")
    place.life.world.bells()
    assert place.life.state(KEY) == "WAITING_USER_APPROVAL"
    place.run(SWEEP)
    assert place.life.state(KEY) == "STOPPED"


def test_a_lost_doorbell_is_healed_by_the_sweep(place: Place) -> None:
    place.life.world.bells()
    place.run(SWEEP)
    assert not differences(place.wanted, picture(place.life.world))
    place.sound()


def test_every_bell_of_a_life_lost_the_sweep_alone_brings_it_to_its_end(place: Place) -> None:
    world = place.life.world
    place.run(SWEEP)
    for act in (approve, check):
        act(place)
        place.run(SWEEP)
    world.github.as_user(LEIGH.github).merge(SHOP, 1)
    place.run(SWEEP)
    assert place.life.shows(KEY)[0] == "Done"
    assert picture(world)["open"] == []
    place.sound()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["as sent", "reversed"])
def test_the_order_of_wake_ups_does_not_matter(place: Place, order: tuple[int, int]) -> None:
    world = place.life.world
    place.run()
    approve(place)
    place.run()
    world.bells()
    check(place)
    world.at_jira(LEIGH).comment(KEY, "/ask Is it polite?")
    world.rule.settle()
    bells = sorted(world.bells(), key=lambda bell: bell.event)
    assert [bell.event for bell in bells] == ["check_suite", "repository_dispatch"]
    for number in order:
        assert woken(place, bells[number]) == (KEY,)
        place.run(KEY)
    assert place.life.shows(KEY) == ("In Testing", LEIGH.name)
    place.sound()


def test_a_run_of_an_old_event_does_nothing(place: Place) -> None:
    world = place.life.world
    old = world.bells()
    place.run()
    approve(place)
    place.run()
    check(place)
    place.run()
    assert [woken(place, bell) for bell in old] == [(KEY,)]
    assert place.run(KEY) == []
    world.github.as_user(LEIGH.github).merge(SHOP, 1)
    place.run()
    place.run(SWEEP)
    assert place.run(KEY) == []
    place.sound()
