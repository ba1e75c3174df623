"""What is said when the work is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from patchgate.core.events import Approved, ChecksSeen
from patchgate.core.ids import short
from patchgate.core.words.inert import code, dollars, inert, line, link
from patchgate.core.words.pulls import checks_sentence
from patchgate.core.words.shape import bullets, comment, count, what_next

_REOPEN = "To take it up again, reopen the ticket and assign it to the runner."


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """One sub-task in the final summary."""

    key: str
    title: str
    state: str
    pull_url: str = ""
    micro_dollars: int | None = None


def done_comment(
    pull_url: str,
    *,
    merged_by: str,
    commit: str,
    checks: ChecksSeen | None,
    cost: int | None,
    approvals: Sequence[Approved] = (),
) -> str:
    """Merged, and the required checks of what was merged are green; `cost` in micro-dollars."""
    merged = f"{link('The pull request', pull_url)} was merged by {line(merged_by) or 'somebody'}"
    sections = [
        f"{merged} as {code(commit[:12])}.",
        _approved(approvals),
        checks_sentence(checks),
        f"Cost of the models: {dollars(cost)}.",
    ]
    ending = what_next(f"Nothing more. {_REOPEN}")
    return comment("Done", sections, ending=ending)


def final_summary(
    children: Sequence[ChildFacts],
    *,
    cost: int | None,
    runs: int,
    approvals: Sequence[Approved] = (),
) -> str:
    """The parent's last word; `cost` in micro-dollars, None where a price is unknown."""
    done = sum(child.state == "DONE" for child in children)
    sections = [
        f"{done} of {count(len(children), 'sub-task')} done.",
        bullets(map(_child, children), most=100, unit="sub-tasks"),
        _approved(approvals),
        f"{count(runs, 'model run')}; cost: {dollars(cost)}.",
    ]
    ending = what_next(f"Nothing more: this ticket is closed with its sub-tasks. {_REOPEN}")
    return comment("Final summary", sections, ending=ending)


def ended_comment(
    state: Literal["REJECTED", "CANCELLED", "FAILED"], *, by: str, reason: str
) -> str:
    """The end without a merge."""
    heading = {"REJECTED": "Rejected", "CANCELLED": "Cancelled", "FAILED": "Failed"}[state]
    said = f"By {line(by) or 'nobody in particular'}."
    ending = what_next(f"Open branches and pull requests are left as they are. {_REOPEN}")
    return comment(heading, [said, inert(reason, 3_000)], ending=ending)


def _approved(approvals: Sequence[Approved]) -> str:
    """Who approved what, by which evidence: the history, oldest first."""
    told = (
        f"{line(one.approver)} approved {one.what} {code(short(one.subject))} "
        f"({one.evidence.kind} {line(one.evidence.id, 40)}, {line(one.evidence.at, 40)})"
        for one in approvals
    )
    return bullets(told, most=50, unit="approvals")


def _child(child: ChildFacts) -> str:
    pull = f" · {link('pull request', child.pull_url)}" if child.pull_url else ""
    cost = f" · {dollars(child.micro_dollars)}"
    return f"**{line(child.key, 60)}** {line(child.title, 200)}: {line(child.state)}{pull}{cost}"
