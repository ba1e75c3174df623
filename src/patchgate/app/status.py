"""`patchgate status`: where a ticket stands, since when, what it waits for and from whom."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import zip_longest

from patchgate.app.desk import Desk
from patchgate.app.narrate import dollars, narrate
from patchgate.app.opening import check_anchor
from patchgate.app.project import read_project, stopped_by
from patchgate.app.sweep import ticket_of
from patchgate.core.approval import moment
from patchgate.core.decide import decide
from patchgate.core.ids import TicketKey, short
from patchgate.core.rules import ChildNow, World
from patchgate.core.state import State, Workflow
from patchgate.errors import NotFoundError

LABEL = 14
"""Columns of what stands before each line of a standing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One ticket's standing in words."""

    key: str
    state: str
    since: str
    waits_for: str
    whom: str
    details: tuple[tuple[str, str], ...]
    """Label and text of each further line."""

    def lines(self, *, whole: bool, width: int = 0) -> list[str]:
        """As the terminal shows it: two lines, or all; broken between words to a width, if any."""
        head = f"{self.key}  {self.state}  since {self.since}"
        waits = f"{self.waits_for} ({self.whom})" if self.whom else self.waits_for
        rows = [("waits for", waits), *self.details]
        shown = rows[: None if whole else 1]
        return [head, *(line for label, text in shown for line in _row(label, text, width))]


def _row(label: str, text: str, width: int) -> list[str]:
    """A labelled text; further lines stand under its first."""
    room = max(width - LABEL - 2, LABEL) if width else 0
    parts = [text]
    if room:
        parts = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"  {name:<{LABEL}}{part}" for name, part in zip_longest([label], parts, fillvalue="")]


def standing(desk: Desk, key: TicketKey) -> Standing:
    """Where one ticket stands, from its stream alone; NotFoundError when it has none."""
    held = next((s for s in desk.ledger.open_streams() if ticket_of(s)[0] == key), None)
    if held is not None:
        stream = desk.ledger.read(*ticket_of(held))
    else:
        look = desk.tracker.look(key)
        stream = desk.ledger.read(look.ticket.key, look.ticket.issue_id)
        check_anchor(stream, look)
    if stream is None:
        raise NotFoundError(
            f"{key} has no stream on the ledger: the runner has never taken it up",
            "Assign it to the runner; then the doorbell or the next sweep starts the work.",
        )
    return describe(desk, desk.folds.of(stream))


def describe(desk: Desk, w: Workflow) -> Standing:
    """A workflow in words."""
    project = read_project(desk, w.stream.partition("-")[0])
    world = World(
        now=desk.now(),
        children=_active_child(desk, w),
        stopped=stopped_by("", project),
        gone=f"Jira has not shown it since {said_when(desk, w.unseen_since)}"
        if w.unseen_since
        else "",
    )
    step = decide(w, world, desk.rules)
    if w.parked is not None and not project.stopped:
        what, whom = "a word how to go on", "a person"
    elif step.waiting is not None:
        what, whom = step.waiting.what, step.waiting.whom
    else:
        what, whom = "the next wake-up, which has something to do", "patchgate"
    since = said_when(desk, w.since) if w.since else "its first event"
    return Standing(w.key, w.state.value, since, what, whom, tuple(_details(w)))


def _active_child(desk: Desk, w: Workflow) -> dict[int, ChildNow]:
    """The sub-task at work as its own stream has it; it has none before its first wake-up."""
    child = next((c for c in w.children if c.ordinal == w.active and c.key), None)
    if child is None:
        return {}
    stream = desk.ledger.read(TicketKey(child.key), child.issue_id)
    return {child.ordinal: ChildNow(desk.folds.of(stream).state if stream else State.INGESTED)}


def projects(desk: Desk) -> list[str]:
    """One line for each project: whether it is stopped, and when the last sweep went through."""
    found = []
    for name in desk.settings.jira.projects:
        project = read_project(desk, name)
        swept = f"last sweep {said_when(desk, project.swept)}" if project.swept else "never swept"
        stopped = f"STOPPED: {project.stopped}; " if project.stopped else ""
        found.append(f"{name}: {stopped}{swept}")
    return found


def said_when(desk: Desk, at: str) -> str:
    """A moment as people read it, with how long ago it was."""
    then = moment(at)
    minutes = int((desk.clock.now() - then).total_seconds()) // 60
    if minutes < 1:
        ago = "just now"
    elif minutes < 120:
        ago = f"{minutes} min ago"
    elif minutes < 48 * 60:
        ago = f"{minutes // 60} hours ago"
    else:
        ago = f"{minutes // (24 * 60)} days ago"
    return f"{then:%Y-%m-%d %H:%M} UTC, {ago}"


def _details(w: Workflow) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if w.parked:
        lines.append(("stopped", f"{w.parked.reason} ({w.parked.code})"))
        lines.append(("to go on", w.parked.advice))
    where = f"{w.repo}@{w.base_branch}, mode {w.mode}, generation {w.generation}"
    lines.append(("repository", where))
    if w.plan:
        grant = w.grant_for(w.plan.plan)
        by = f", approved by {grant.approver}" if grant else ""
        lines.append(("plan", f"{short(w.plan.plan)}, {len(w.plan.items)} sub-tasks{by}"))
    for child in w.children:
        mark = child.ended or ("active" if child.ordinal == w.active else "waiting")
        name = child.key or "(not yet created)"
        lines.append((f"sub-task {child.ordinal}", f"{name}: {mark}"))
    if w.patch:
        size = f"{len(w.patch.paths)} files, +{w.patch.added} -{w.patch.removed}"
        lines.append(("patch", f"{short(w.patch.patch)}, attempt {w.attempt}: {size}"))
    if w.review:
        lines += [("review", text) for _, text in narrate(w.review)]
    if w.pull:
        checks = w.checks.level if w.checks else "not read yet"
        pull = f"#{w.pull.number} ({w.pull.state}), checks {checks}: {w.pull.url}"
        lines.append(("pull request", pull))
    if w.trouble and not w.is_over:
        lines.append(("trouble", f"{w.trouble.effect}: {w.trouble.reason}"))
    known = "at least " if w.money.uncertain else ""
    spent = f"{w.money.runs} runs, {w.money.tokens} tokens, {known}{dollars(w.money.spent)}"
    lines.append(("models", spent))
    return lines
