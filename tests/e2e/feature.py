"""A feature with two sub-tasks, one of them reworked: its life, with every turn of it kept."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from patchgate.standins.github.state import Issue as GitHubIssue
from patchgate.standins.jira.state import Issue
from tests.e2e.answers import answer, edits, item, plan
from tests.e2e.lives import LEIGH, ROBIN, SHOP, Life

ITEMS = (
    item("Greet politely", "greet.py"),
    item("Greet even more politely", "greet.py", "README.md"),
)
WISH = "Please mention the evening as well."
FEATURE = (
    answer(
        "plan",
        {"tools": [{"name": "read_file", "input": {"path": "greet.py"}}]},
        {"final": plan(*ITEMS, files=["greet.py", "README.md"])},
        run=1,
    ),
    answer(
        "plan",
        {"final": plan(*ITEMS, files=["greet.py", "README.md"], approach="Evenings as well.")},
    ),
    edits(("greet.py", '"Hello "', '"Good day "'), ticket="MWC-2", attempt=1),
    edits(
        ("greet.py", '"Good day "', '"Good evening "'),
        summary="Says good evening",
        ticket="MWC-2",
    ),
    edits(
        ("greet.py", '"Good evening "', '"A very good evening "'),
        ("README.md", "Greets people.", "Greets people politely."),
        summary="Says it better",
        ticket="MWC-3",
    ),
)
PARENT, FIRST, SECOND = "MWC-1", "MWC-2", "MWC-3"


@dataclass(frozen=True)
class Scene:
    """Everything that people could see at one moment."""

    issues: dict[str, Issue]
    pulls: list[GitHubIssue]
    branches: set[str]
    said: dict[str, list[str]]
    shows: dict[str, tuple[str, str]]


@dataclass
class Feature:
    """The life of a feature, as it was seen at its turns."""

    life: Life
    scenes: dict[str, Scene] = field(default_factory=dict)
    human: str = ""

    def keep(self, name: str) -> None:
        """Keep what is to be seen now."""
        life, known = self.life, (PARENT, FIRST, SECOND)
        held = life.world.jira.state
        keys = [k for k in known if any(i.key == k for i in held.issues.values())]
        self.scenes[name] = Scene(
            {key: copy.deepcopy(life.issue(key)) for key in keys},
            copy.deepcopy(life.pulls()),
            life.branches(),
            {key: life.said(key) for key in keys},
            {key: life.shows(key) for key in keys},
        )

    def play(self) -> None:
        """From the ticket's creation to the parent's end."""
        life = self.life
        life.ticket("Politeness", "Customers miss it.", by=ROBIN, kind="Story", assign=False)
        life.world.at_jira(ROBIN).comment(PARENT, "The till prints it, too.")
        life.settle()
        self.keep("written")
        life.hand_back(PARENT, by=ROBIN)
        self.keep("planned")
        life.hand_back(PARENT, WISH)
        self.keep("revised")
        life.move(PARENT, "In Progress")
        self.keep("approved")
        self._first()
        life.merge(1)
        self.keep("first done")
        life.approve(SECOND, by=ROBIN)
        life.ci(number=2)
        self.keep("second tested")
        life.merge(2)
        self.keep("done")

    def _first(self) -> None:
        life = self.life
        life.approve(FIRST)
        self.keep("first open")
        life.ci()
        self.keep("first tested")
        at_github = life.world.github.as_user(LEIGH.github)
        self.human = at_github.push(SHOP, "ai/MWC-2", {"NEWS.md": "Politeness.\n"}, "Tell people")
        at_github.review(SHOP, 1, "APPROVE", "Fine so far.")
        life.settle()
        life.ci()
        life.hand_back(FIRST, "Say good evening instead.")
        self.keep("first reworked")
        life.approve(FIRST)
        life.ci()
        self.keep("first tested again")
