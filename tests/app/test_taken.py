"""A branch of our name that is somebody else's: said before a model is asked, and got out of."""

from __future__ import annotations

from pathlib import Path

from patchgate.core.ids import RepoName
from patchgate.standins.simulate.github import Tree
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.running import Ran, Runner
from patchgate.standins.simulate.scenarios import ONE, obliging, ticket
from patchgate.standins.simulate.thinking import Brief, Thought
from patchgate.standins.simulate.time import MINUTE
from patchgate.standins.simulate.world import LEIGH, REPO, World

BRANCH = (RepoName(REPO), f"ai/{ONE}")


class Story:
    """One ticket, and how often a model was asked about it."""

    def __init__(self, folder: Path) -> None:
        self.world = World.new()
        self.asked = 0
        self.runner = Runner(self.world, self._think, folder)
        ticket()(self.world)

    def _think(self, brief: Brief, tree: Tree) -> Thought:
        self.asked += 1
        return obliging(brief, tree)

    def push(self) -> None:
        """Somebody has a branch of our name, without our commit."""
        self.world.github.branches.pop(BRANCH, None)
        self.world.github.push(*BRANCH, {"mine.txt": "mine\n"})

    def says(self, text: str) -> Ran:
        """The approver comments, and the ticket is looked at."""
        self.world.clock.ms += MINUTE
        self.world.jira.say(ONE, LEIGH, text)
        return self.runner.run(ONE)

    def told(self) -> str:
        """Our last comment."""
        said = self.world.jira.issue(ONE).comments
        return [c.body for c in said if c.author == RUNNER][-1]

    @property
    def status(self) -> str:
        return self.world.jira.issue(ONE).ticket.status


def test_changes_after_a_branch_was_taken_ask_no_model_until_it_is_out_of_the_way(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.runner.run(ONE)
    story.push()
    story.says("/approve")
    assert "the write gate refused (taken)" in story.told()
    asked = story.asked
    (trouble,) = story.says("/changes shorter").troubles
    assert (story.asked, trouble.exit_code, story.status) == (asked, 9, "Blocked")
    assert f"branch ai/{ONE} of {REPO}" in story.told()
    assert "Rename or remove it" in story.told()
    assert story.runner.run(ONE).troubles == [], "it is said once"
    del story.world.github.branches[BRANCH]
    assert story.says("/resume").troubles == []
    assert (story.asked, "Patch for approval" in story.told()) == (asked + 1, True)


def test_a_branch_that_was_there_before_the_ticket_is_told_of_before_anything_is_paid(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path)
    story.push()
    story.runner.run(ONE)
    assert (story.asked, story.status) == (0, "Blocked")
    assert "is not ours" in story.told()
