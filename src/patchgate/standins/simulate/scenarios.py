"""The scenarios that are crashed and delivered in every way: what people do, and what runs then."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from patchgate.core.plan import Criterion, Plan, PlannedFile, Triage, TriageChoice, WorkItem
from patchgate.core.proposal import Outcome, Task
from patchgate.ports import Pull
from patchgate.standins.simulate.github import Tree
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.thinking import Brief, Thinker, Thought
from patchgate.standins.simulate.world import (
    EVE,
    GITHUB,
    LEIGH,
    PROJECT,
    REPO,
    ROBIN,
    Configuration,
    World,
)

Act = Callable[[World], None]
SWEEP = "sweep"
ONE, TWO, THREE = (f"{PROJECT}-{n}" for n in (1, 2, 3))
APPROVE = re.compile(r"/approve ([0-9a-f]{8,64})")


@dataclass(frozen=True, slots=True)
class Step:
    """What happens outside, and whom the doorbell names then (SWEEP: nobody rings)."""

    act: Act
    rings: str = ONE


@dataclass(frozen=True, slots=True)
class Scenario:
    """One life, or several, from the assignment to the end."""

    steps: Mapping[str, Step]
    thinker: Thinker
    configuration: Configuration = field(default_factory=Configuration)


# ── models ───────────────────────────────────────────────────────────────────────────────


def writes(brief: Brief, tree: Tree, path: str = "", more: str = "") -> Thought:
    """A patch that follows from what the brief says, and not from which attempt it is."""
    name = path or f"src/{brief['key'].lower()}.py"
    said = [one["text"] for one in brief["feedback"] if one["kind"] != "failure"]
    before = hashlib.sha256(tree.get(name, "").encode()).hexdigest()[:8]
    text = f"# {brief['summary']} on {before}\n" + "".join(f"# {line!r}\n" for line in said) + more
    return Thought(files={name: text}, summary=f"Writes {name}")


def obliging(brief: Brief, tree: Tree) -> Thought:
    """Answers everything at once."""
    match brief["task"]:
        case Task.IMPLEMENT:
            return writes(brief, tree)
        case Task.PLAN:
            return Thought(plan=plan(1))
        case Task.TRIAGE:
            return Thought(triage=Triage(decision=TriageChoice.GO, reason="clear"))
        case _:
            return Thought(summary="Because it was asked for.")


def plan(items: int, words: str = "Change the source.") -> Plan:
    """A plan of so many sub-tasks; one item stands for none."""
    one = Criterion(id="AC1", text="It works.")
    pieces = tuple(
        WorkItem(title=f"Piece {n}", description=f"Do {n}.", files=("src/*",), acceptance=("AC1",))
        for n in range(1, items + 1)
    )
    return Plan(
        approach=words,
        files=(PlannedFile(path="src/*", action="modify"),),
        acceptance=(one,),
        items=pieces if items > 1 else (),
    )


def planner(items: int) -> Thinker:
    """Plans that many sub-tasks; another plan when a person asked for changes."""

    def think(brief: Brief, tree: Tree) -> Thought:
        if brief["task"] != Task.PLAN:
            return obliging(brief, tree)
        said = [one["text"] for one in brief["feedback"] if one["kind"] == "changes"]
        return Thought(plan=plan(items, " ".join(["Change the source.", *said])))

    return think


def meddler(brief: Brief, tree: Tree) -> Thought:
    """Touches what the policy protects."""
    return writes(brief, tree, path=".github/workflows/ci.yml")


def failing(brief: Brief, tree: Tree) -> Thought:
    """Fails until a person says more; each time otherwise."""
    if brief["task"] != Task.IMPLEMENT or any(x["kind"] == "changes" for x in brief["feedback"]):
        return obliging(brief, tree)
    return Thought(Outcome.INVALID, f"no answer in run {brief['ordinal']}")


def asking(brief: Brief, tree: Tree) -> Thought:
    """Asks before it changes anything, until somebody commented."""
    if brief["task"] == Task.IMPLEMENT and not brief["comments"]:
        return Thought(Outcome.QUESTION, "it asks", questions=("Which greeting?",))
    return obliging(brief, tree)


def deferring(brief: Brief, tree: Tree) -> Thought:
    """Would rather wait for a date."""
    if brief["task"] == Task.TRIAGE:
        wait = Triage(decision=TriageChoice.DEFER, reason="later", wake_on="2026-11-24")
        return Thought(triage=wait)
    return obliging(brief, tree)


def verbose(brief: Brief, tree: Tree) -> Thought:
    """A patch too long for a comment."""
    return writes(brief, tree, more=f"# {'filler ' * 20}\n" * 150)


# ── people ───────────────────────────────────────────────────────────────────────────────


def ticket(key: str = ONE, *, kind: str = "Task", by: str = LEIGH) -> Act:
    """Somebody writes a ticket and gives it to the runner."""

    def act(world: World) -> None:
        world.jira.create(key, reporter=by, kind=kind)
        world.jira.change(key, by, "assignee", RUNNER)

    return act


def digest(world: World, key: str) -> str:
    """What our last comment on the ticket offers for approval."""
    ours = [c.body for c in world.jira.issue(key).comments if c.author == RUNNER]
    offers = [found for body in ours for found in APPROVE.findall(body)]
    return offers[-1] if offers else ""


def approve(key: str = ONE, by: str = LEIGH) -> Act:
    """Somebody approves what was shown last, by its digest."""
    return lambda world: void(world.jira.say(key, by, f"/approve {digest(world, key)}"))


def say(text: str, key: str = ONE, by: str = LEIGH) -> Act:
    """Somebody comments."""
    return lambda world: void(world.jira.say(key, by, text))


def move(status: str, key: str = ONE, by: str = LEIGH) -> Act:
    """Somebody moves the ticket."""
    return lambda world: void(world.jira.change(key, by, "status", status))


def hand_back(text: str, key: str = ONE, by: str = LEIGH) -> Act:
    """Somebody comments and gives it back to the runner."""

    def act(world: World) -> None:
        world.jira.say(key, by, text)
        world.jira.change(key, by, "assignee", RUNNER)

    return act


def pull_of(world: World, key: str) -> Pull:
    """The newest pull request of a ticket."""
    return world.github.pulls_of(REPO, f"ai/{key}")[0]


def checks(level: str, key: str = ONE) -> Act:
    """CI reports on the head of the ticket's pull request."""
    return lambda world: world.github.report(
        pull_of(world, key).head, "green" if level == "green" else "red"
    )


def close(key: str = ONE, *, merged: bool) -> Act:
    """Somebody merges or closes the pull request."""

    def act(world: World) -> None:
        by = GITHUB[LEIGH]
        world.github.close(REPO, pull_of(world, key).number, by=by, merged=merged)

    return act


def push_and_hand_back(world: World) -> None:
    """A person's own commit on our branch, then a word and the assignment."""
    world.github.push(REPO, f"ai/{ONE}", {"NEWS.md": "By hand.\n"})
    hand_back("Evening, please.")(world)


def several(*acts: Act) -> Act:
    """One after the other."""

    def act(world: World) -> None:
        for one in acts:
            one(world)

    return act


def tomorrow(world: World) -> None:
    """A day goes by."""
    world.clock.ms += 24 * 3_600_000


def void(result: object) -> None:
    """Nothing."""


def nothing(world: World) -> None:
    """The sweep comes by itself."""


MERGED = {
    "approved": Step(approve()),
    "green": Step(checks("green")),
    "merged": Step(close(merged=True)),
    "gathered": Step(nothing, SWEEP),
}
"""How a patch that waits for its approval comes to a good end."""

SCENARIOS: Mapping[str, Scenario] = {
    "one ticket, each patch approved": Scenario({"assigned": Step(ticket()), **MERGED}, obliging),
    "one ticket under an approved plan": Scenario(
        {
            "assigned": Step(ticket(kind="Story", by=EVE)),
            "plan approved": Step(move("In Progress")),
            "green": Step(checks("green")),
            "merged": Step(close(merged=True)),
            "gathered": Step(nothing, SWEEP),
        },
        planner(1),
        Configuration(modes=("plan",)),
    ),
    "one ticket under an approved request": Scenario(
        {
            "assigned by a stranger": Step(ticket(by=EVE)),
            "request approved": Step(say("/approve")),
            "green": Step(checks("green")),
            "merged": Step(close(merged=True)),
            "gathered": Step(nothing, SWEEP),
        },
        obliging,
        Configuration(modes=("request",)),
    ),
    "a parent with two sub-tasks": Scenario(
        {
            "assigned": Step(ticket(kind="Story")),
            "plan handed back": Step(hand_back("And the evening?")),
            "plan approved": Step(move("In Progress")),
            "first approved": Step(approve(TWO), TWO),
            "first green": Step(checks("green", TWO), TWO),
            "first merged": Step(close(TWO, merged=True), TWO),
            "second approved": Step(approve(THREE, ROBIN), THREE),
            "second merged": Step(close(THREE, merged=True), THREE),
            "gathered": Step(nothing, SWEEP),
        },
        planner(2),
    ),
    "rework on the same pull request": Scenario(
        {
            "assigned": Step(ticket()),
            "changes": Step(say("/changes shorter")),
            "approved first": Step(approve()),
            "green first": Step(checks("green")),
            "handed back": Step(push_and_hand_back),
            **MERGED,
        },
        obliging,
    ),
    "red checks": Scenario(
        {
            "assigned": Step(ticket()),
            "approved first": Step(approve()),
            "red": Step(checks("red")),
            **MERGED,
        },
        obliging,
    ),
    "rejection": Scenario(
        {
            "assigned": Step(ticket()),
            "a near miss": Step(say("/aprove", by=ROBIN)),
            "rejected": Step(say("/reject not like this")),
            "gathered": Step(nothing, SWEEP),
        },
        obliging,
    ),
    "override of a blocked rule": Scenario(
        {
            "assigned": Step(ticket()),
            "overridden": Step(say("/override ci-configuration we want it")),
            **MERGED,
        },
        meddler,
    ),
    "stop and resume": Scenario(
        {
            "assigned": Step(ticket()),
            "stopped": Step(say("/stop")),
            "resumed": Step(say("/resume")),
            "approved": Step(approve()),
            "held": Step(move("Blocked")),
            "let go": Step(
                several(
                    move("In Progress"),
                    lambda world: void(world.jira.change(ONE, LEIGH, "assignee", RUNNER)),
                )
            ),
            "green": Step(checks("green")),
            "merged": Step(close(merged=True)),
            "gathered": Step(nothing, SWEEP),
        },
        obliging,
    ),
    "closed unmerged": Scenario(
        {
            "assigned": Step(ticket()),
            "approved first": Step(approve()),
            "closed": Step(close(merged=False)),
            "changes": Step(say("/changes another way")),
            **MERGED,
        },
        obliging,
    ),
    "gathered and taken up again": Scenario(
        {
            "assigned": Step(ticket()),
            **MERGED,
            "reopened": Step(
                several(
                    move("In Progress"),
                    lambda world: void(world.jira.change(ONE, LEIGH, "assignee", RUNNER)),
                )
            ),
            "rejected": Step(say("/reject")),
            "gathered again": Step(nothing, SWEEP),
        },
        obliging,
    ),
    "a sweep of many": Scenario(
        {
            "nobody rings": Step(several(ticket(), ticket(TWO), ticket(THREE)), SWEEP),
            "approved": Step(several(*(approve(k) for k in (ONE, TWO, THREE))), SWEEP),
            "decided": Step(
                several(close(ONE, merged=True), close(TWO, merged=False), say("/stop", THREE)),
                SWEEP,
            ),
            "ended": Step(several(say("/reject", TWO), say("/reject", THREE)), SWEEP),
            "gathered": Step(nothing, SWEEP),
        },
        obliging,
    ),
    "attempts that fail": Scenario(
        {
            "assigned": Step(ticket()),
            "a question of a person": Step(say("/ask why?")),
            "advice": Step(say("/changes do it by hand")),
            **MERGED,
        },
        failing,
    ),
    "a question of the model": Scenario(
        {
            "assigned": Step(ticket()),
            "answered": Step(several(say("Good day."), say("/resume"))),
            **MERGED,
        },
        asking,
    ),
    "deferred to another day": Scenario(
        {
            "assigned": Step(ticket()),
            "agreed": Step(say("/approve")),
            "the day comes": Step(tomorrow, SWEEP),
            **MERGED,
        },
        deferring,
        Configuration(triage=True),
    ),
    "a patch as an attachment": Scenario({"assigned": Step(ticket()), **MERGED}, verbose),
}
