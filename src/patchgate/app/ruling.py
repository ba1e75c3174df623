"""The part of the settings that decisions rest on: who may do what, and within which limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from patchgate.app.settings import Settings
from patchgate.core.events import Platform
from patchgate.core.policy import Policy
from patchgate.core.proposal import Task
from patchgate.core.rules import Rules, Statuses
from patchgate.ports import ForgeReader


class OwnAccounts(Mapping[Platform, str]):
    """Our account on each platform; GitHub is asked only when somebody wants to know."""

    def __init__(self, jira: str, github: Callable[[], str]) -> None:
        self._jira = jira
        self._github = github

    def __getitem__(self, platform: Platform) -> str:
        if platform == "jira":
            return self._jira
        return self._github().casefold()

    def __iter__(self) -> Iterator[Platform]:
        return iter(("jira", "github", "actions"))

    def __len__(self) -> int:
        return 3


def rules_of(settings: Settings, policy: Policy, forge: ForgeReader) -> Rules:
    """The part of the settings that decisions rest on."""
    runs_limits = settings.limits.runs
    return Rules(
        statuses=Statuses(**settings.jira.statuses.model_dump()),
        runner=OwnAccounts(settings.jira.runner, forge.myself),
        approvers=_accounts(settings, settings.approvers),
        reviewers=_accounts(settings, (settings.reviewer,)),
        reviewer=settings.person(settings.reviewer).jira,
        approver=_first_approver(settings),
        policy=policy.digest(),
        branch_prefix=settings.branch_prefix,
        separation=settings.separation == "strict",
        max_attempts=settings.limits.attempts,
        max_consecutive_failures=settings.limits.consecutive_failures,
        ticket_cap=settings.limits.ticket_micro_dollars,
        reserve={
            Task.TRIAGE: runs_limits.triage.micro_dollars,
            Task.PLAN: runs_limits.plan.micro_dollars,
            Task.ANSWER: runs_limits.triage.micro_dollars,
            Task.IMPLEMENT: runs_limits.implement.micro_dollars,
            Task.REVIEW: runs_limits.review.micro_dollars,
        },
        review=settings.review,
        ci_workflows=settings.pull_request.ci_workflows,
        in_testing_when=settings.in_testing_when,
        allow_not_required=settings.allow_no_required_checks,
    )


def _accounts(settings: Settings, names: Sequence[str]) -> dict[tuple[Platform, str], str]:
    found: dict[tuple[Platform, str], str] = {}
    for name in names:
        person = settings.person(name)
        if person.jira:
            found["jira", person.jira] = name
        if person.github:
            found["github", person.github.casefold()] = name
            found["actions", person.github.casefold()] = name
    return found


def _first_approver(settings: Settings) -> str:
    """Who is asked: the reviewer if they may approve, else the first approver with a Jira login."""
    order = [n for n in settings.approvers if n == settings.reviewer] + list(settings.approvers)
    accounts = [settings.person(name).jira for name in order]
    return next((a for a in accounts if a), settings.person(settings.reviewer).jira)
