"""How the histories were made: real runs on the loopback world, and bugs played in memory again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from patchgate.core import chain
from patchgate.standins.simulate import Plans
from patchgate.standins.simulate import scenarios as simulated
from patchgate.standins.simulate.crashing import Course
from patchgate.standins.simulate.fleet import Fleet
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.scenarios import ONE, TWO, Scenario, Step
from patchgate.standins.simulate.wire import Fault
from patchgate.standins.simulate.world import LEIGH, World
from tests.e2e.kills import chains
from tests.e2e.scenarios import SCENARIOS, staged
from tests.histories.replay import RECORDED, slug
from tests.histories.scrubbing import scrubbed

FEATURE = simulated.SCENARIOS["a parent with two sub-tasks"]


def record(name: str) -> Path:
    """Play that history and keep it."""
    with tempfile.TemporaryDirectory() as folder:
        if name in SCENARIOS:
            content = _really(name, Path(folder))
        else:
            content = _in_memory(IN_MEMORY[name](Path(folder)))
    path = RECORDED / f"{slug(name)}.jsonl"
    path.write_bytes(content)
    return path


def everything() -> list[str]:
    """What there is to record: each scenario that is played with real git, and each bug found."""
    return [*SCENARIOS, *IN_MEMORY]


def _really(name: str, folder: Path) -> bytes:
    with staged(folder, SCENARIOS[name]) as stage:
        stage.at(list(stage.steps)[-1])
        return scrubbed(chains(stage.life.world))


def _in_memory(world: World) -> bytes:
    streams = world.ledger.streams().items()
    return scrubbed({n: chain.link(s.events, chain.origin(n)) for n, s in streams})


# ── in memory ─────────────────────────────────────────────────────────────────────────────────


def _played(scenario: Scenario, folder: Path) -> World:
    course = Course(scenario, folder)
    assert not course.whole().wrong
    return course.world


def _last_word_of_a_sub_task(folder: Path) -> World:
    """A run died before a sub-task's last comment; another had met it there."""
    whole = Course(FEATURE, folder).whole()
    effects = [n for n, r in enumerate(whole.requests, 1) if r.is_effect and r.target == TWO]
    last = [n for n in effects if whole.requests[n - 1].what == "comment"][-1]
    course = Course(FEATURE, folder)
    assert not course.met(last, whole.ends, dies=True).wrong
    return course.world


def _planned_ticket_taken_up_again(folder: Path) -> World:
    """After its end, a planned ticket began again under the plan of its last life."""

    def reopen(world: World) -> None:
        world.jira.change(ONE, LEIGH, "status", "In Progress")
        world.jira.change(ONE, LEIGH, "assignee", RUNNER)

    steps = {**FEATURE.steps, "reopened": Step(reopen), "rejected": Step(simulated.say("/reject"))}
    return _played(Scenario(steps, FEATURE.thinker), folder)


def _word_to_an_ended_sub_task(folder: Path) -> World:
    """What people said to a sub-task after its end was never heard."""

    def speak(world: World) -> None:
        world.jira.say(TWO, LEIGH, "/aprove")
        world.jira.change(TWO, LEIGH, "status", "In Progress")
        world.jira.change(TWO, LEIGH, "assignee", RUNNER)

    steps: dict[str, Step] = {}
    for name, step in FEATURE.steps.items():
        steps[name] = step
        if name == "first merged":
            steps["spoken to"] = Step(speak, TWO)
    return _played(Scenario(steps, FEATURE.thinker), folder)


def _search_cut_off(folder: Path) -> World:
    """Jira could not be searched, and the sweep woke nobody."""
    scenario = simulated.SCENARIOS["a sweep of many"]
    whole = Course(scenario, folder).whole()
    searches = [n for n, r in enumerate(whole.requests, 1) if r.what == "search"]
    course = Course(scenario, folder)
    assert not course.under(searches[1], Fault.GATEWAY, whole.ends).wrong
    return course.world


def _a_rough_day(folder: Path) -> World:
    """Lost runs, failed effects, people in the way: what no scenario has."""
    fleet = Fleet(Plans(seed=22, tickets=4, days=1, weather=2.0, sweep_minutes=120), folder)
    assert not fleet.play().broken
    return fleet.world


def _sub_task_before_its_parent_says_so(folder: Path) -> World:
    """A sub-task rang before its parent had recorded it, and became a ticket of its own."""
    fleet = Fleet(Plans(seed=26, tickets=4, days=1, weather=2.0, sweep_minutes=120, only=4), folder)
    assert not fleet.play().broken
    return fleet.world


def _scenario(name: str) -> Callable[[Path], World]:
    return lambda folder: _played(simulated.SCENARIOS[name], folder)


IN_MEMORY: Mapping[str, Callable[[Path], World]] = {
    "bug last word of a sub-task": _last_word_of_a_sub_task,
    "bug planned ticket taken up again": _planned_ticket_taken_up_again,
    "bug word to an ended sub-task": _word_to_an_ended_sub_task,
    "bug search cut off": _search_cut_off,
    "bug sub-task before its parent says so": _sub_task_before_its_parent_says_so,
    "a rough day": _a_rough_day,
    "attempts that fail": _scenario("attempts that fail"),
    "deferred": _scenario("deferred to another day"),
    "a patch as an attachment": _scenario("a patch as an attachment"),
}
"""What once went wrong, as it goes since, and what the scenarios of real runs do not have."""
