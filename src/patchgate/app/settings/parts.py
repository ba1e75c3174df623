"""The smaller sections of the settings: each field's description is its documentation."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from patchgate.core.events.base import Mode
from patchgate.core.plan import Record
from patchgate.core.proposal import Limits

REPOSITORY = r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$"
BRANCH = r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _word_off(value: object) -> object:
    return "off" if value is False else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""A list of words; a single word may stand without the list."""
Separation = Annotated[Literal["off", "strict"], BeforeValidator(_word_off)]
"""YAML 1.1 reads a bare `off` as a boolean."""
ModelReview = Annotated[Literal["off", "advise", "block"], BeforeValidator(_word_off)]
WorkflowFiles = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml$")], ...],
    BeforeValidator(_listed),
    Field(max_length=10),
]
"""File names of workflows, without their folder."""
PlanNeed = Literal["required", "none"]


class StatusNames(Record):
    """What your Jira workflow calls the six statuses."""

    backlog: str = Field("Backlog", min_length=1, description="Not started, or planning.")
    plan_review: str = Field("Plan Review", min_length=1, description="A plan waits for a person.")
    in_progress: str = Field("In Progress", min_length=1, description="Approved and worked on.")
    in_testing: str = Field("In Testing", min_length=1, description="A pull request is ready.")
    done: str = Field("Done", min_length=1, description="Merged, with green checks.")
    blocked: str = Field("Blocked", min_length=1, description="Waits for a person's decision.")


class Transitions(Record):
    """Transition ids or names to prefer; without one, it is found by the target status."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True
    )

    backlog: str = Field("", description="Transition to the backlog status.")
    plan_review: str = Field("", description="Transition to the plan review status.")
    in_progress: str = Field("", description="Transition to the in progress status.")
    in_testing: str = Field("", description="Transition to the in testing status.")
    done: str = Field("", description="Transition to the done status.")
    blocked: str = Field("", description="Transition to the blocked status.")


class Person(Record):
    """One person and their accounts."""

    name: str = Field(min_length=1, description="How the rest of this file names the person.")
    jira: str = Field("", description="Jira account id (never a name or an e-mail address).")
    github: str = Field("", description="GitHub login.")


class Match(Record):
    """Conditions of a route: all that are given must hold; of a list, one member suffices."""

    project: Words = Field((), description="Jira project keys.")
    labels: Words = Field((), description="Labels of the ticket.")
    components: Words = Field((), description="Components of the ticket.")
    issue_types: Words = Field((), description="Names of issue types.")
    fields: dict[str, Words] = Field(
        default_factory=dict, description="Custom field id → accepted values."
    )


class RouteRule(Record):
    """Where tickets that match go; the first match wins."""

    match: Match = Field(default_factory=Match, description="Which tickets; empty: every ticket.")
    repository: str = Field(pattern=REPOSITORY, description="Target repository, `owner/name`.")
    base_branch: str | None = Field(
        None, pattern=BRANCH, description="Branch to work from; default: the repository's own."
    )
    approval: Mode | None = Field(None, description="Approval mode here, instead of the general.")
    plan: PlanNeed | None = Field(None, description="Whether a plan is needed here.")


class ApprovalSettings(Record):
    """What a person's approval binds."""

    mode: Mode = Field(
        "patchset",
        description="`patchset`: every patch by digest. `plan`: the plan; patches must stay "
        "inside it. `request`: the ticket's text; draft pull requests only.",
    )
    wakes_ci: bool = Field(
        False,
        description="In modes `plan` and `request` pull requests are opened with the default "
        "token of the Actions run, which starts no CI; `true`: with your own token, which does.",
    )


class PlanSettings(Record):
    """Which tickets get a plan that a person approves first."""

    default: PlanNeed = Field("required", description="For issue types that are not listed.")
    issue_types: dict[str, PlanNeed] = Field(
        default_factory=dict, description="Issue type → whether a plan is needed."
    )


class RunLimits(Record):
    """Where each model task stops."""

    triage: Limits = Field(
        Limits(steps=10, max_tokens=4_000, micro_dollars=300_000, seconds=180),
        description="Limits of one triage.",
    )
    plan: Limits = Field(
        Limits(steps=40, max_tokens=16_000, micro_dollars=1_500_000, seconds=900),
        description="Limits of one planning run.",
    )
    implement: Limits = Field(
        Limits(steps=80, max_tokens=16_000, micro_dollars=3_000_000, seconds=1_800),
        description="Limits of one attempt at an item.",
    )
    review: Limits = Field(
        Limits(steps=15, max_tokens=8_000, micro_dollars=500_000, seconds=300),
        description="Limits of one review of a patch.",
    )


class PatchLimits(Record):
    """How large a patch may be before a person has to allow it."""

    files: int = Field(30, ge=1, description="Files touched.")
    lines: int = Field(1_500, ge=1, description="Lines added and removed.")
    bytes: int = Field(400_000, ge=1, description="Size of the patch.")


class LimitSettings(Record):
    """Where automation stops and asks a person."""

    attempts: int = Field(3, ge=1, le=20, description="Failed attempts per item.")
    consecutive_failures: int = Field(
        3, ge=1, le=50, description="Items of a project that fail in a row before it stops."
    )
    ticket_micro_dollars: int = Field(
        10_000_000, ge=0, description="Model cost of a ticket, in millionths of a dollar."
    )
    wake_ups_per_sweep: int = Field(
        3,
        ge=1,
        le=1_000,
        description="Tickets that one sweep wakes before another follows, about a minute later; "
        "each makes about two pushes of the ledger, of which GitHub advises six a minute at most.",
    )
    runs: RunLimits = Field(default_factory=RunLimits, description="Limits of one model task.")
    patch: PatchLimits = Field(default_factory=PatchLimits, description="Limits of one patch.")


class CommitSettings(Record):
    """How commits are worded."""

    subject: str = Field(
        "{key}: {summary}",
        max_length=200,
        description="First line; begins with `{key}`, may use `{summary}`.",
    )

    @field_validator("subject")
    @classmethod
    def _names_the_ticket(cls, subject: str) -> str:
        names = {name for _, name, _, _ in Formatter().parse(subject) if name is not None}
        if not subject.startswith("{key}") or "\n" in subject:
            raise ValueError("should be one line that begins with {key}")
        if names - {"key", "summary"}:
            raise ValueError("should use no other names than {key} and {summary}")
        return subject


class PullRequestSettings(Record):
    """How pull requests are opened."""

    labels: Words = Field(("patchgate",), description="Labels put on every pull request.")
    draft: bool = Field(False, description="Open as a draft (mode `request` always does).")
    ci_workflows: WorkflowFiles = Field(
        (),
        description="Workflow files, such as `ci.yml`, that are started on our branch by "
        "`workflow_dispatch` where the default token opened the pull request, which starts no CI; "
        "only for a patch that a person approved.",
    )


class CheckSettings(Record):
    """What the `check` room runs on a proposed patch, without any secret."""

    commands: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = Field(
        (), description="Commands as lists of words; no shell reads them."
    )
    timeout: int = Field(900, ge=1, le=21_600, description="Seconds for all of them together.")


class LedgerSettings(Record):
    """Where the record is kept."""

    repository: str | None = Field(
        None, pattern=REPOSITORY, description="Default: the control repository itself."
    )
    branch: str = Field(
        "patchgate/ledger",
        pattern=r"^patchgate/[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Branch of gathered streams.",
    )
