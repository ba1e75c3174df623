"""Random and cooperative people: how the property tests get to every corner of the workflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from tests.core.stories import (
    ANN,
    EVE,
    LEIGH,
    REX,
    RULES,
    Answer,
    Judgement,
    Story,
)

from patchgate.core.events import Mode
from patchgate.core.proposal import Outcome, Task
from patchgate.core.state import State

Action = Callable[[Story], object]


def _approve(story: Story) -> None:
    if story.w.subject:
        story.approve()


def _checks(level: str) -> Action:
    def act(story: Story) -> None:
        if story.remote:
            story.ci(level, f"{level} test")  # type: ignore[arg-type]  # one of the levels below

    return act


def _pull(state: str) -> Action:
    def act(story: Story) -> None:
        if story.remote and story.remote.state != "merged":
            story.remote.state = state  # type: ignore[assignment]  # one of the states below

    return act


def _push(story: Story) -> None:
    if story.remote and story.remote.state == "open":
        story.push()


def _again(story: Story) -> None:
    """The services deliver once more what was seen."""
    story.unseen += [x for x in story.events if hasattr(x, "evidence") and hasattr(x, "fact")][-3:]


def _next(task: Task, answer: Answer) -> Action:
    return lambda story: story.will(task, answer)


def _mend(story: Story) -> None:
    story.missing_statuses, story.failing, story.world_extra = frozenset(), {}, {}


def _in_world(name: str, value: object) -> Action:
    return lambda story: story.world_extra.update({name: value})


def _judge(judgement: Judgement) -> Action:
    return lambda story: story.judgements.append(judgement)


ACTIONS: dict[str, Action] = {
    "wake": lambda s: s.wake(),
    "look": lambda s: s.look(),
    "drive": lambda s: s.drive(),
    "approve": _approve,
    "approve bare": lambda s: s.say(ANN, "approve"),
    "changes": lambda s: s.say(REX, "changes", "more"),
    "reject": lambda s: s.say(LEIGH, "reject"),
    "ask": lambda s: s.say(REX, "ask", "why?"),
    "retry": lambda s: s.say(REX, "retry"),
    "stop": lambda s: s.say(LEIGH, "stop"),
    "resume": lambda s: s.say(LEIGH, "resume"),
    "override": lambda s: s.say(LEIGH, "override", "ci-files because"),
    "stranger": lambda s: s.say(EVE, "approve"),
    "near miss": lambda s: s.mistype(EVE, "/aprove", "approve"),
    "assign": lambda s: s.assign(LEIGH),
    "assign by stranger": lambda s: s.assign(EVE),
    "assign away": lambda s: s.assign(EVE, to=EVE),
    "to In Progress": lambda s: s.move(LEIGH, "In Progress"),
    "to Blocked": lambda s: s.move(EVE, "Blocked"),
    "to Backlog": lambda s: s.move(EVE, "Backlog"),
    "to Done": lambda s: s.move(REX, "Done"),
    "review": lambda s: s.review("rex-gh", "changes_requested"),
    "rewrite": lambda s: s.rewrite(f"text {s.clock.ticks}"),
    "green": _checks("green"),
    "red": _checks("red"),
    "unknown": _checks("unknown"),
    "not required": _checks("not-required"),
    "merge": _pull("merged"),
    "close": _pull("closed"),
    "reopen": _pull("open"),
    "push": _push,
    "seen again": _again,
    "escalate": _judge(Judgement("ESCALATE", ("ci-files",))),
    "refuse": _judge(Judgement("REFUSE", ("secrets",))),
    "wider": _judge(Judgement(wider=True)),
    "no go": _next(Task.TRIAGE, Answer(triage="NO_GO")),
    "defer": _next(Task.TRIAGE, Answer(triage="DEFER")),
    "invalid": _next(Task.IMPLEMENT, Answer(Outcome.INVALID, "x")),
    "question": _next(Task.IMPLEMENT, Answer(Outcome.QUESTION, questions=("how?",))),
    "same patch": _next(Task.IMPLEMENT, Answer(text="same")),
    "lost": _next(Task.IMPLEMENT, Answer(lost=True)),
    "items": _next(Task.PLAN, Answer(items=("first", "second"))),
    "review blocks": _next(Task.REVIEW, Answer(review="block")),
    "review fails": _next(Task.REVIEW, Answer(Outcome.REFUSED)),
    "review lost": _next(Task.REVIEW, Answer(lost=True)),
    "override review": lambda s: s.say(LEIGH, "override", "model-review because"),
    "answer fails": _next(Task.ANSWER, Answer(Outcome.FAILED)),
    "gate refuses": lambda s: s.gate_refuses.append("base-moved"),
    "no status": lambda s: setattr(s, "missing_statuses", frozenset({"In Progress", "Blocked"})),
    "comment fails": lambda s: s.failing.update(comment=(2, False)),
    "comment fails for good": lambda s: s.failing.update(comment=(1, True)),
    "pull fails for good": lambda s: s.failing.update({"pull-request": (1, True)}),
    "show fails": lambda s: s.failing.update(show=(6, False)),
    "run dies": lambda s: setattr(s, "forgets", 1),
    "stopped": _in_world("stopped", "by Ann"),
    "breaker": _in_world("failures_in_row", 3),
    "date comes": _in_world("wake", True),
    "gone": _in_world("gone", "nobody knows it"),
    "a week passes": lambda s: s.clock.days(8),
    "mend": _mend,
}


def begin(kind: int) -> Story:
    """One of the kinds of tickets, just assigned."""
    modes: tuple[Mode, ...] = ("patchset", "plan", "request")
    reviews: tuple[Literal["off", "advise", "block"], ...] = ("off", "advise", "block")
    rules = replace(RULES, review=reviews[kind // 24 % 3])
    plan, triage = kind // 3 % 2 == 1, kind // 6 % 2 == 1
    story = Story(rules, mode=modes[kind % 3], plan=plan, triage=triage)
    return story.open((LEIGH, EVE)[kind // 12 % 2])


KINDS = 72


def active(story: Story) -> Story:
    """The sub-task at work, or the ticket itself."""
    return story.children.get(story.w.active, story)


def walk(story: Story, steps: list[tuple[str, bool]]) -> Story:
    """Act step by step; True acts on the sub-task at work where there is one."""
    for name, below in steps:
        who = active(story) if below else story
        if name == "help":
            help_on(who)
        else:
            ACTIONS[name](who)
    return story


def mended(story: Story) -> Story:
    """Services, models and the world of the ticket and its sub-tasks work from here on."""
    for each in (story, *story.children.values()):
        _mend(each)
        each.answers.clear()
        each.judgements.clear()
        each.gate_refuses.clear()
        each.forgets = 0
        each.wake()
    return story


def help_on(story: Story) -> None:
    """What a person who wants it done does next, from Jira, GitHub, or by waiting for CI."""
    w = story.w
    if w.is_merged and w.state is not State.STOPPED:
        story.ci("green")
    elif w.is_parked:
        _help_parked(story)
    elif w.state is State.INGESTED and not w.started:
        story.assign(LEIGH)
    elif w.subject:
        story.approve(ANN)
    elif w.state in (State.VERIFYING_CI, State.PR_OPEN):
        story.ci("green")
    elif w.state is State.READY_TO_MERGE:
        story.merge()
    elif w.active:
        help_on(active(story))


def _help_parked(story: Story) -> None:
    w = story.w
    remade = w.state is State.BLOCKED_POLICY or (w.parked and w.parked.code == "closed")
    if w.state is State.NEEDS_HUMAN and w.subject:
        story.approve(ANN)
    elif remade:
        story.say(REX, "changes")
    else:
        story.say(LEIGH, "resume")


def to_the_end(story: Story, rounds: int = 60) -> Story:
    """People and services help until the ticket has ended."""
    for _ in range(rounds):
        if story.w.is_over:
            break
        help_on(story)
        story.wake()
    return story
