"""The story: a ticket's way to Done, with a rework, a person's commit, an override, a review."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml
from rich.console import Console

from patchgate.errors import UsageError
from patchgate.standins.demo.driver import Driver, environment
from patchgate.standins.demo.reckoning import Expected, leave, reckon
from patchgate.standins.demo.screen import Screen
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.models import Script, parse_script
from patchgate.standins.world import (
    CONTROL,
    LEIGH,
    PROJECT,
    REQUIRED_CHECK,
    ROBIN,
    RUNNER,
    SAM,
    SETTINGS_PATH,
    Account,
    Target,
    World,
)

SHOP = "acme/shop"
SUMMARY = "Voucher codes at the till"
DESCRIPTION = """\
The newsletter will carry voucher codes. SPRING10 takes 10 % off the basket until 2026-12-31, \
WELCOME5 takes £5 off.

The till takes a code with `--voucher CODE`, and says clearly why it does not take one."""
ON_THE_PLAN = (
    "People copy codes in lower case and with blanks around them; that has to work. And when a "
    "code ran out, say on which day."
)
ON_THE_PATCH = (
    "10 % of £4.25 is 42.5p. We always round in the customer's favour, so 43p off. Please change "
    "that, and the test with it."
)
CHANGELOG_LINE = "- The till takes the voucher codes of the newsletter."
REVIEW = "review: advise\n"
WHY_IT_MAY = "the plan forgot the changelog, and customers read it"
OVERRIDE = re.compile(r"/override ([a-z][a-z0-9-]+) ")
DIGEST = re.compile(r"/approve ([0-9a-f]{6,64})")


class StoryError(Exception):
    """Patchgate did not do what the story tells next."""


def play(keep: Path | None = None, pause: bool = False, console: Console | None = None) -> int:
    """Play the demo; 0 when everything came out as told, 1 with what differs otherwise.

    With `keep`, the world is left in that folder, which must be empty or new.
    """
    console = console or Console(highlight=False)
    with kept_folder(keep) as root:
        with World(root, target=Target(sample(), SHOP), script=_script()) as world:
            story = Story(world, root / "rooms", Screen(console, names(), pause=pause))
            try:
                expected = story.tell()
            except StoryError as error:
                console.print(f"[bold red]the story stops here:[/] {error}")
                return 1
            problems = reckon(story.driver, expected, console, seconds=story.seconds)
            if keep is not None:
                leave(story.driver, root)
        if keep is not None:
            console.print("The world is left as bare repositories, ledger and Jira's state in")
            console.print(str(root), soft_wrap=True)
    return 1 if problems else 0


@contextmanager
def kept_folder(keep: Path | None) -> Iterator[Path]:
    """A new or empty folder that stays, or one that vanishes."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="patchgate-demo-") as place:
            yield Path(place)
        return
    if keep.exists() and any(keep.iterdir()):
        raise UsageError(f"{keep} is not empty", "Name a new folder, or empty this one.")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


def sample() -> dict[str, str]:
    """The files of the demo's target repository."""
    text = (resources.files(__package__) / "sample.yml").read_text(encoding="utf-8")
    files: dict[str, str] = yaml.safe_load(text)
    return files


def _script() -> Script:
    text = (resources.files(__package__) / "answers.yml").read_text(encoding="utf-8")
    return parse_script(text, name="the demo's answers")


def names() -> dict[str, str]:
    """Account ids of the world's people, as the terminal shows them."""
    return {person.jira: person.name for person in (RUNNER, LEIGH, ROBIN, SAM)}


@dataclass
class Story:
    """Tells the story on a world; the driver plays the rooms."""

    world: World
    folder: Path
    screen: Screen

    def __post_init__(self) -> None:
        listener = self.screen.listener()
        self.driver = Driver(self.world, environment(self.world), self.folder, listener)
        self.seconds = 0.0

    def tell(self) -> Expected:
        """From the ticket's assignment to its end; what has to be true then."""
        began = time.monotonic()
        self._introduce()
        self._plan()
        self._revise()
        untouched = self._approve_plan()
        self._first_patch()
        human = self._rework()
        self._merge("MWC-2", 1)
        self._second()
        self._merge("MWC-3", 2)
        self.seconds = time.monotonic() - began
        return Expected(PROJECT, SHOP, ("MWC-2", "MWC-3"), human_commit=human, untouched=untouched)

    # ── acts ─────────────────────────────────────────────────────────────────────────────

    def _introduce(self) -> None:
        screen = self.screen
        screen.note(
            "Jira, GitHub (REST and git) and both model services are stand-ins on loopback; "
            "patchgate, its rooms, git and the client libraries are real.",
            "",
        )
        screen.note(
            "The models' answers were written by hand: this shows the way, not a model's wit."
        )

    def _plan(self) -> None:
        screen, robin = self.screen, self.world.at_jira(ROBIN)
        screen.chapter("A ticket is assigned to the AI Runner")
        robin.create(PROJECT, "Story", SUMMARY, DESCRIPTION)
        screen.person(ROBIN.name, f"writes MWC-1, “{SUMMARY}”, and assigns it to {RUNNER.name}")
        robin.assign("MWC-1", RUNNER.jira)
        self._settle("MWC-1")

    def _revise(self) -> None:
        leigh = self.world.at_jira(LEIGH)
        self.screen.chapter("The reviewer reads the plan and wants more")
        self._show("MWC-1", "MWC-1 in Jira, as Leigh reads it")
        self.screen.person(LEIGH.name, f"comments and assigns MWC-1 to {RUNNER.name}", ON_THE_PLAN)
        leigh.comment("MWC-1", ON_THE_PLAN)
        leigh.assign("MWC-1", RUNNER.jira)
        self._settle("MWC-1")

    def _approve_plan(self) -> bool:
        self.screen.chapter("The reviewer approves the plan by moving the ticket")
        self.screen.person(LEIGH.name, "moves MWC-1 from Plan Review to In Progress")
        self.world.at_jira(LEIGH).transition("MWC-1", "In Progress")
        self._settle("MWC-1", "MWC-2", "MWC-3")
        return self._untouched()

    def _untouched(self) -> bool:
        """Whether GitHub holds nothing of ours but the ledger; said either way."""
        hub = self.world.github
        shop = sorted(hub.refs(SHOP))
        control = [name for name in hub.refs("acme/control") if "/patchgate/" not in name]
        clean = shop == control == ["refs/heads/main"] and not hub.pulls(SHOP)
        if clean:
            self.screen.fact(f"{SHOP} still has main and nothing else: only the ledger was written")
        else:
            self.screen.note(f"{SHOP} has {', '.join(shop)}", "bold red")
        return clean

    def _first_patch(self) -> None:
        self.screen.chapter("The approver reads the patch and approves exactly that")
        self._approve("MWC-2", ROBIN)
        self._ci(1)
        self._settle("MWC-2")

    def _rework(self) -> str:
        screen, leigh = self.screen, self.world.at_jira(LEIGH)
        screen.chapter("A person's own commit, and a rework on the same branch")
        log = self.world.github.tree(SHOP, "ai/MWC-2")["CHANGELOG.md"].decode()
        screen.person(LEIGH.name, "pushes a commit of their own to ai/MWC-2: the changelog")
        human = self.world.github.as_user(LEIGH.github).push(
            SHOP, "ai/MWC-2", {"CHANGELOG.md": f"{log}{CHANGELOG_LINE}\n"}, "Tell the customers"
        )
        screen.person(LEIGH.name, f"comments and assigns MWC-2 to {RUNNER.name}", ON_THE_PATCH)
        leigh.comment("MWC-2", ON_THE_PATCH)
        leigh.assign("MWC-2", RUNNER.jira)
        self._settle("MWC-2")
        self._approve("MWC-2", ROBIN)
        self._ci(1)
        self._settle("MWC-2")
        return human

    def _ask_for_reviews(self) -> None:
        """From here on a second model reads each patch before a person is asked."""
        text = self.world.github.tree(CONTROL, "main")[SETTINGS_PATH].decode()
        self.screen.person(LEIGH.name, f"adds `{REVIEW.strip()}` to {SETTINGS_PATH}")
        self.world.github.as_user(LEIGH.github).push(
            CONTROL, "main", {SETTINGS_PATH: f"{text}{REVIEW}"}, "Have patches reviewed"
        )

    def _second(self) -> None:
        self.screen.chapter("The next patch leaves the plan: the policy blocks it")
        self._ask_for_reviews()
        self._override("MWC-3", ROBIN)
        self.screen.chapter("Lifted for this one patch and reviewed, it still needs its approval")
        self._approve("MWC-3", LEIGH)
        self._ci(2)
        self._settle("MWC-3")

    def _merge(self, key: str, number: int) -> None:
        self.screen.chapter(f"{LEIGH.name} merges #{number}")
        self.screen.person(LEIGH.name, f"merges {SHOP}#{number} on GitHub")
        self.world.github.as_user(LEIGH.github).merge(SHOP, number)
        self._settle(key, "MWC-1")

    # ── what several acts do ─────────────────────────────────────────────────────────────

    def _approve(self, key: str, who: Account) -> None:
        text = self._show(key, f"{key} in Jira, as {who.name} reads it")
        found = DIGEST.search(text)
        command = f"/approve {found[1]}" if found else "/approve"
        self.screen.person(who.name, f"comments on {key}", command)
        self.world.at_jira(who).comment(key, command)
        self._settle(key)

    def _override(self, key: str, who: Account) -> None:
        """An approver lifts what blocks a patch, after the runner said which rule it is."""
        text = self._show(key, f"{key} in Jira, as {who.name} reads it")
        found = OVERRIDE.search(text)
        if found is None:
            raise StoryError(f"{key} is not blocked by a rule that can be overridden")
        command = f"/override {found[1]} {WHY_IT_MAY}"
        self.screen.person(who.name, f"comments on {key}", command)
        self.world.at_jira(who).comment(key, command)
        self._settle(key)

    def _ci(self, number: int) -> None:
        """The repository's CI, at work for real on the head of the pull request."""
        pulls = {p.number: p.pull for p in self.world.github.pulls(SHOP)}
        pull = pulls.get(number)
        if pull is None:
            raise StoryError(f"{SHOP} has no pull request #{number}")
        head = pull.head_sha
        with tempfile.TemporaryDirectory() as place:
            for path, content in self.world.github.tree(SHOP, head).items():
                (Path(place) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(place) / path).write_bytes(content)
            ran = subprocess.run(
                [sys.executable, "-m", "unittest", "-q"],
                cwd=place,
                capture_output=True,
                check=False,
                timeout=60,
            )
        verdict = "failure" if ran.returncode else "success"
        self.screen.person("CI", f"ran the tests on {head[:12]} and reports: {verdict}")
        self.world.github.report_checks(SHOP, head, {REQUIRED_CHECK: verdict})

    def _settle(self, *keys: str) -> None:
        status = self.driver.settle()
        if status:
            raise StoryError(f"a run ended with status {status}; its lines are above")
        shown = []
        for key in keys:
            issue = self.world.jira.issue(key)
            who = names().get(issue.assignee or "", "nobody")
            shown.append(f"{key} shows {issue.status}, assigned to {who}")
        self.screen.fact(f"Jira: {'; '.join(shown)}")

    def _show(self, key: str, title: str) -> str:
        """The runner's latest comment as the stand-in renders it."""
        comments = [c for c in self.world.jira.issue(key).comments if c.author == RUNNER.jira]
        if not comments:
            return ""
        self.screen.document(title, comments[-1].body)
        return adf_to_text(comments[-1].body)
