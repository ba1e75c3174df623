from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from patchgate.standins.models import Script, parse_script
from patchgate.standins.world import LEIGH, REQUIRED_CHECK, RUNNER
from tests.e2e.forks import Forks
from tests.e2e.kills import Killer, Mode, Runner, Start, begin
from tests.e2e.lives import POLITE, SHOP, Life, edits, living, script

KEY = "MWC-1"
FIRST = edits(("greet.py", '"Hello "', '"Good day "'))
SECOND = edits(("greet.py", '"Good day "', '"A very good day "'), summary="Politer still")
STEPS = (
    "assigned",
    "approved",
    "green",
    "handed back",
    "approved again",
    "green again",
    "merged",
    "swept",
)


class Stage:
    """One ticket's life step by step, each with the world in which its run is due."""

    def __init__(self, life: Life, forks: Forks) -> None:
        self.life = life
        self.runner = Runner(life.world, forks, life.folder, (KEY,))
        self._starts: list[Start] = []
        self._left = life.world.snapshot()

    def at(self, step: str) -> Start:
        """The start of that step; the steps before it are played once."""
        while len(self._starts) <= STEPS.index(step):
            self.life.world.restore(self._left)
            name = STEPS[len(self._starts)]
            self._act(name)
            self._starts.append(begin(self.runner, "sweep" if name == "swept" else "run"))
            self._left = self.life.world.snapshot()
        return self._starts[STEPS.index(step)]

    def _act(self, step: str) -> None:
        world, leigh = self.life.world, self.life.world.at_jira(LEIGH)
        match step:
            case "assigned":
                self.life.ticket()
            case "approved" | "approved again":
                leigh.comment(KEY, f"/approve {self.life.digest(KEY)}")
            case "green" | "green again":
                world.github.report_checks(SHOP, self.life.head(), {REQUIRED_CHECK: "success"})
            case "handed back":
                _answers(world.anthropic, SECOND)
                leigh.comment(KEY, "A very good day, please.")
                leigh.assign(KEY, RUNNER.jira)
            case "merged":
                world.github.as_user(LEIGH.github).merge(SHOP, 1)


def _answers(service: object, *answers: object) -> None:
    service.state.script = parse_script(script(*answers))  # type: ignore


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    forks = Forks()
    with living(tmp_path_factory.mktemp("kills"), FIRST) as life:
        yield Stage(life, forks)
    forks.close()


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_in_a_ticket_s_life_the_sweep_brings_the_same_end(
    stage: Stage, step: str
) -> None:
    start = stage.at(step)
    killer = Killer(stage.runner, start)
    wrong: list[str] = []
    for ordinal in range(1, len(start.effects) + 1):
        wrong += killer.around(ordinal)
    print(step, len(start.effects), killer.kills, len(killer.healed))
    assert not wrong, f"{step}:\n" + "\n".join(wrong)
