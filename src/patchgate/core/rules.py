"""What `decide` may know besides the workflow: the rules (from settings) and the world (just seen).

Both are plain frozen values; nothing here reads a clock, a file or the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from patchgate.core.events import Mode, Platform
from patchgate.core.ids import Digest, FactId
from patchgate.core.proposal import Task
from patchgate.core.state import State


@dataclass(frozen=True, slots=True)
class Statuses:
    """The Jira names of the six statuses."""

    backlog: str = "Backlog"
    plan_review: str = "Plan Review"
    in_progress: str = "In Progress"
    in_testing: str = "In Testing"
    done: str = "Done"
    blocked: str = "Blocked"


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of the settings that decisions rest on."""

    statuses: Statuses
    runner: Mapping[Platform, str]
    """Our own account on each platform: never an approver."""
    approvers: Mapping[tuple[Platform, str], str]
    """(platform, account) → the person's name; GitHub logins in lower case."""
    reviewers: Mapping[tuple[Platform, str], str]
    """Who else may comment commands that approve nothing."""
    reviewer: str
    """Jira account that reviews (assignee)."""
    approver: str
    """Jira account that is asked for approval (assignee)."""
    policy: Digest
    branch_prefix: str = "ai/"
    separation: bool = False
    max_attempts: int = 3
    max_consecutive_failures: int = 3
    ticket_cap: int = 20_000_000
    """Micro-dollars for one ticket; reached: a person decides."""
    reserve: Mapping[Task, int] = field(default_factory=dict)
    """Micro-dollars set aside for one run of each task."""
    review: Literal["off", "advise", "block"] = "off"
    """Whether a second model reads a patch first, and whether its blocking findings hold it up."""
    in_testing_when: str = "ci_passed"
    ci_workflows: tuple[str, ...] = ()
    """Workflows to be started on our branch where its pull request starts none by itself."""
    quiet: bool = False
    """Modes `plan` and `request` write with the default token of Actions, which starts no CI."""
    allow_not_required: bool = True
    attach_over: int = 20_000
    """A rendered patch longer than this (characters) is attached to the ticket as a file."""

    def person(self, platform: Platform, account: str) -> str:
        """The name of an approver with that account, or empty."""
        return self.approvers.get((platform, _same_case(platform, account)), "")

    def may_command(self, platform: Platform, account: str) -> bool:
        """Whether that account may give commands that approve nothing."""
        who = (platform, _same_case(platform, account))
        return who in self.approvers or who in self.reviewers

    def writes_quietly(self, mode: Mode) -> bool:
        """Whether pull requests of that mode are written with the default token."""
        return self.quiet and mode != "patchset"

    def is_runner(self, platform: Platform, account: str) -> bool:
        """Whether that account is our own."""
        return self.runner.get(platform) == _same_case(platform, account)


def _same_case(platform: Platform, account: str) -> str:
    """GitHub logins are the same in any case; Jira account ids are not."""
    return account if platform == "jira" else account.casefold()


@dataclass(frozen=True, slots=True)
class TicketNow:
    """The ticket as Jira shows it this moment."""

    status: str
    assignee: str
    labels: frozenset[str]
    last_move: FactId | None
    """The latest change of status or assignee that was not ours."""


@dataclass(frozen=True, slots=True)
class ChildNow:
    """A child's own workflow, as its stream tells."""

    state: State
    cost: int = 0
    runs: int = 0
    pull: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What was seen just now and is not a fact on the ledger."""

    now: str
    ticket: TicketNow | None = None
    gone: str = ""
    """Why the ticket can no longer be seen; empty when it can."""
    stopped: str = ""
    """Why the project is stopped; empty when it is not."""
    failures_in_row: int = 0
    run_ended: bool = False
    """The run that holds the reservation is over (asked of that run, not of the clock)."""
    parent_state: State | None = None
    children: Mapping[int, ChildNow] = field(default_factory=dict)
    wake: bool = False
    """What a deferred ticket waits for has happened."""
    patch_length: int = 0
    """Characters of the rendered patch."""
