"""A sub-task that has ended: its last words are said, and who speaks to it is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchgate.standins.simulate.audit import Audit
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.running import Runner
from patchgate.standins.simulate.scenarios import ONE, SCENARIOS, SWEEP, THREE, TWO
from patchgate.standins.simulate.time import MINUTE
from patchgate.standins.simulate.wire import Fault, Line, Request
from patchgate.standins.simulate.world import LEIGH, World

FEATURE = SCENARIOS["a parent with two sub-tasks"]


class Story:
    """A parent whose first sub-task has ended and whose second is at work."""

    def __init__(self, folder: Path, until: str = "first merged") -> None:
        self.world = World.new(FEATURE.configuration)
        self.runner = Runner(self.world, FEATURE.thinker, folder, self._line)
        self.audit = Audit(self.world)
        for name, step in FEATURE.steps.items():
            self.world.clock.ms += MINUTE
            step.act(self.world)
            self.runner.run(step.rings)
            if name == until:
                break
        assert until != "first merged" or self.world.jira.issue(TWO).ticket.status == "Done"

    def _line(self, run: str) -> Line:
        return Line(run, watch=self.audit)

    def said(self, key: str = TWO) -> list[str]:
        """Our comments on a ticket."""
        return [c.body for c in self.world.jira.issue(key).comments if c.author == RUNNER]

    def issue_id(self, key: str) -> str:
        return self.world.jira.issue(key).ticket.issue_id

    @property
    def open(self) -> set[str]:
        return {name.rpartition("-")[0] for name in self.world.ledger.live}


def test_a_near_miss_on_an_ended_sub_task_is_answered(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.world.jira.say(TWO, LEIGH, "/aprove")
    story.runner.run(TWO)
    assert "Did you mean `/approve`?" in story.said()[-1]
    assert story.world.jira.issue(ONE).ticket.status == "In Progress"


def test_a_sub_task_that_has_ended_is_not_taken_up_again_and_says_so_once(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.world.jira.change(TWO, LEIGH, "status", "In Progress")
    story.world.jira.change(TWO, LEIGH, "assignee", RUNNER)
    story.runner.run(TWO)
    before = story.said()
    assert "what is left of a sub-task is another ticket" in before[-1]
    story.runner.run(TWO)
    assert story.said() == before


def test_a_reply_that_a_dead_run_owed_on_an_ended_sub_task_is_given_by_the_sweep(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.world.jira.say(TWO, LEIGH, "/aprove")

    def dies(request: Request) -> Fault | None:
        return Fault.KILL_BEFORE if request.what == "comment" else None

    assert story.runner.run(TWO, lambda run: Line(run, sky=dies)).killed
    before = story.said()
    story.world.clock.ms += 60 * MINUTE  # Jira's search names it no more
    story.runner.sweep()
    assert len(story.said()) == len(before) + 1
    assert TWO not in story.open
    story.runner.sweep()
    assert len(story.said()) == len(before) + 1


def test_a_wake_up_of_an_ended_sub_task_that_owes_nothing_writes_nothing(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.runner.run(TWO)
    story.audit.counts.clear()
    story.runner.run(TWO)
    assert set(story.audit.counts) <= {"jira GET", "github GET", "ledger GET"}


def test_an_ended_sub_task_is_spoken_to_after_the_end_of_its_parent_too(tmp_path: Path) -> None:
    story = Story(tmp_path)
    names = list(FEATURE.steps)
    for name in names[names.index("first merged") + 1 :]:
        story.world.clock.ms += MINUTE
        FEATURE.steps[name].act(story.world)
        if FEATURE.steps[name].rings != SWEEP:
            story.runner.run(FEATURE.steps[name].rings)
    story.runner.sweep()
    assert not story.open - {"MWC"}
    story.world.jira.say(TWO, LEIGH, "/changes shorter")
    story.runner.run(TWO)
    assert "what is left of a sub-task is another ticket" in story.said()[-1]
    story.runner.sweep()
    assert TWO not in story.open


@pytest.mark.parametrize("unrecorded", [1, 2])
def test_a_sub_task_that_its_parent_has_not_recorded_yet_is_no_ticket_of_its_own(
    tmp_path: Path, unrecorded: int
) -> None:
    """The run died after it made the sub-task; the sub-task rings before its parent does."""
    story = Story(tmp_path, until="plan handed back")
    made: list[Request] = []

    def dies(request: Request) -> Fault | None:
        made.extend([request] if request.what == "sub-task" else [])
        return Fault.KILL_AFTER if len(made) == unrecorded else None

    story.world.jira.change(ONE, LEIGH, "status", "In Progress")
    assert story.runner.run(ONE, lambda run: Line(run, sky=dies)).killed
    last = (TWO, THREE)[unrecorded - 1]
    assert last in story.world.jira.issues
    story.runner.run(last)
    for key in (TWO, THREE):
        name = story.world.ledger.named.get(story.issue_id(key))
        assert name is None or story.audit.books[name].w.parent == ONE
    assert "approve" in story.said(TWO)[-1]


def test_a_sub_task_of_a_person_is_a_ticket_of_its_own(tmp_path: Path) -> None:
    story = Story(tmp_path)
    own = "MWC-9"
    story.world.jira.create(own, reporter=LEIGH, parent=ONE)
    story.world.jira.change(own, LEIGH, "assignee", RUNNER)
    story.runner.run(own)
    name = story.world.ledger.named[story.issue_id(own)]
    assert not story.audit.books[name].w.parent
