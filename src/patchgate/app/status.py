"""`patchgate status`: where a ticket stands, since when, what it waits for and from whom."""

from __future__ import annotations

from dataclasses import dataclass

from patchgate.app.desk import Desk
from patchgate.app.narrate import dollars
from patchgate.core.decide import decide
from patchgate.core.fold import fold
from patchgate.core.ids import TicketKey, short
from patchgate.core.rules import ChildNow, World
from patchgate.core.state import State, Workflow
from patchgate.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Standing:
    """One ticket's standing in words."""

    key: str
    state: str
    since: str
    waits_for: str
    whom: str
    details: tuple[str, ...]


def standing(desk: Desk, key: TicketKey) -> Standing:
    """Where one ticket stands, from its stream alone; NotFoundError when it has none."""
    look = desk.tracker.look(key)
    stream = desk.ledger.read(look.ticket.key, look.ticket.issue_id)
    if stream is None:
        raise NotFoundError(
            f"{key} has no stream on the ledger: the runner has never taken it up",
            "Assign it to the runner; then the doorbell or the next sweep starts the work.",
        )
    return describe(desk, fold(stream.events))


def describe(desk: Desk, w: Workflow) -> Standing:
    """A workflow in words."""
    world = World(
        now=desk.now(), children={w.active: ChildNow(State.EXECUTING)} if w.active else {}
    )
    step = decide(w, world, desk.rules)
    if step.waiting is not None:
        what, whom = step.waiting.what, step.waiting.whom
    else:
        what, whom = "the next wake-up, which has something to do", "patchgate"
    return Standing(w.key, w.state.value, w.since, what, whom, tuple(_details(w)))


def _details(w: Workflow) -> list[str]:
    lines = [f"repository {w.repo}@{w.base_branch}, mode {w.mode}, generation {w.generation}"]
    if w.plan:
        grant = w.grant_for(w.plan.plan)
        by = f", approved by {grant.approver}" if grant else ""
        lines.append(f"plan {short(w.plan.plan)}, {len(w.plan.items)} sub-tasks{by}")
    for child in w.children:
        mark = child.ended or ("active" if child.ordinal == w.active else "waiting")
        lines.append(f"sub-task {child.ordinal} {child.key or '(not yet created)'}: {mark}")
    if w.patch:
        size = f"{len(w.patch.paths)} files, +{w.patch.added} -{w.patch.removed}"
        lines.append(f"patch {short(w.patch.patch)}, attempt {w.attempt}: {size}")
    if w.pull:
        checks = w.checks.level if w.checks else "not read yet"
        lines.append(
            f"pull request #{w.pull.number} ({w.pull.state}), checks {checks}: {w.pull.url}"
        )
    if w.parked:
        lines.append(f"parked ({w.parked.code}): {w.parked.reason}; to go on: {w.parked.advice}")
    if w.trouble and not w.is_over:
        lines.append(f"last trouble: {w.trouble.effect}: {w.trouble.reason}")
    known = "at least " if w.money.uncertain else ""
    lines.append(
        f"{w.money.runs} model runs, {w.money.tokens} tokens, {known}{dollars(w.money.spent)}"
    )
    return lines
