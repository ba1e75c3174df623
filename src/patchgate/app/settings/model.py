"""The typed settings: frozen, complete, and nothing unknown in them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from patchgate.app.settings.parts import (
    ApprovalSettings,
    CheckSettings,
    CommitSettings,
    LedgerSettings,
    LimitSettings,
    ModelReview,
    Person,
    PlanSettings,
    PullRequestSettings,
    RouteRule,
    Separation,
    StatusNames,
    Transitions,
    Words,
)
from patchgate.core.plan import Record
from patchgate.core.proposal import ModelChoice
from patchgate.errors import CredentialError

__all__ = [
    "JiraSettings",
    "ModelSettings",
    "Person",
    "Provider",
    "Role",
    "RouteRule",
    "Settings",
    "StatusNames",
]

Provider = Literal["anthropic", "openai"]
Role = Literal["triager", "planner", "implementer", "reviewer"]


class JiraSettings(Record):
    """The Jira Cloud site."""

    url: str = Field(
        "", pattern=r"^(https?://[^\s/]+[^\s]*)?$", description="Site; else `JIRA_BASE_URL`."
    )
    cloud_id: str = Field("", description="Cloud id, for OAuth; else it is asked for.")
    token_url: str = Field(
        "https://auth.atlassian.com/oauth/token", description="Where OAuth tokens are fetched."
    )
    resources_url: str = Field(
        "https://api.atlassian.com/oauth/token/accessible-resources",
        description="Where the cloud id is asked for.",
    )
    projects: Words = Field(min_length=1, description="Keys of the projects that are served.")
    runner: str = Field(min_length=1, description="Account id of the AI Runner.")
    statuses: StatusNames = Field(
        default_factory=StatusNames, description="Names of the six statuses."
    )
    transitions: Transitions = Field(
        default_factory=Transitions, description="Transition ids or names, where needed."
    )
    transition_fields: dict[str, JsonValue] = Field(
        default_factory=dict, description="Values for fields that transitions require."
    )
    request_fields: Words = Field(
        (), description="Custom fields that belong to the request (read, routed on, approved)."
    )

    def via(self) -> Mapping[str, str]:
        """Status name → the transition (id or name) that settings prefer."""
        wanted = self.transitions.model_dump()
        names = self.statuses.model_dump()
        return {names[slot]: transition for slot, transition in wanted.items() if transition}


class ModelSettings(Record):
    """Which model plays which role."""

    triager: ModelChoice = Field(
        ModelChoice(provider="openai", model="gpt-6-sol"), description="Judges a new ticket."
    )
    planner: ModelChoice = Field(
        ModelChoice(provider="openai", model="gpt-6-sol"), description="Writes the plan."
    )
    implementer: ModelChoice = Field(
        ModelChoice(provider="anthropic", model="claude-sonnet-5-5"),
        description="Writes the patches.",
    )
    reviewer: ModelChoice = Field(
        ModelChoice(provider="openai", model="gpt-6-sol"),
        description="Reads a patch before people do, where `review` is on.",
    )
    openai: str = Field(
        "gpt-6-sol", min_length=1, description="Plays a role whose own provider has no key."
    )
    anthropic: str = Field(
        "claude-sonnet-5-5",
        min_length=1,
        description="Plays a role whose own provider has no key.",
    )

    def choice(self, role: Role, keys: frozenset[Provider]) -> ModelChoice:
        """The model of a role, or the other provider's when only that one's key is there."""
        wanted: ModelChoice = getattr(self, role)
        if wanted.provider in keys:
            return wanted
        if "anthropic" in keys:
            return ModelChoice(provider="anthropic", model=self.anthropic)
        if "openai" in keys:
            return ModelChoice(provider="openai", model=self.openai)
        raise CredentialError(
            f"no model key for the {role}", "Set ANTHROPIC_API_KEY or OPENAI_API_KEY."
        )


class Settings(Record):
    """Everything that `.github/patchgate.yml` says."""

    version: Literal[1] = Field(description="Version of this file's format.")
    jira: JiraSettings = Field(description="The Jira Cloud site.")
    people: tuple[Person, ...] = Field(min_length=1, description="Persons and their accounts.")
    reviewer: str = Field(description="Name of the person whom finished work is assigned to.")
    approvers: Words = Field(min_length=1, description="Names of those who may approve.")
    doorbell: str = Field(
        "", description="GitHub login whose token Jira rings with; that account may not approve."
    )
    separation: Separation = Field(
        "off", description="`strict`: who asked for the work may not approve it."
    )
    routes: tuple[RouteRule, ...] = Field(min_length=1, description="Ticket → repository.")
    approval: ApprovalSettings = Field(
        default_factory=ApprovalSettings, description="What an approval binds."
    )
    plan: PlanSettings = Field(default_factory=PlanSettings, description="Who needs a plan.")
    triage: bool = Field(False, description="Let a model judge GO, NO_GO or DEFER first.")
    review: ModelReview = Field(
        "off",
        description="A second model reads each patch before a person is asked. `advise`: the "
        "approver sees what it found. `block`: a blocking finding sends the patch back once; after "
        "that, or without a review, an approver has to override `model-review`.",
    )
    models: ModelSettings = Field(
        default_factory=ModelSettings, description="Which model plays which role."
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="Where automation stops."
    )
    in_testing_when: Literal["ci_passed", "pr_opened"] = Field(
        "ci_passed", description="When a ticket moves to the in testing status."
    )
    allow_no_required_checks: bool = Field(
        True, description="Accept a repository whose base branch requires no checks."
    )
    branch_prefix: str = Field(
        "ai/",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/$",
        description="Branches are this and the ticket key.",
    )
    commit: CommitSettings = Field(
        default_factory=CommitSettings, description="How commits are worded."
    )
    pull_request: PullRequestSettings = Field(
        default_factory=PullRequestSettings, description="How pull requests are opened."
    )
    checks: CheckSettings = Field(
        default_factory=CheckSettings, description="What runs on a proposed patch."
    )
    policy: str = Field(
        "standard", min_length=1, description="A shipped pack, or a path in this repository."
    )
    secret_rules: str = Field(
        "", description="Path in this repository of a rule file for secrets; else the shipped one."
    )
    ledger: LedgerSettings = Field(
        default_factory=LedgerSettings, description="Where the record is kept."
    )

    @field_validator("branch_prefix")
    @classmethod
    def _keeps_off_the_ledger(cls, prefix: str) -> str:
        if prefix == "patchgate/":
            raise ValueError("should not be `patchgate/`: the ledger lives there")
        return prefix

    @model_validator(mode="after")
    def _known_people(self) -> Self:
        names = [person.name for person in self.people]
        if len(set(names)) != len(names):
            raise ValueError("people: two persons of one name")
        for key, name in [("reviewer", self.reviewer), *(("approvers", n) for n in self.approvers)]:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"{key}: {name!r} is nobody in `people`{hint}")
        if not self.person(self.reviewer).jira:
            raise ValueError(f"reviewer: {self.reviewer!r} has no `jira` account in `people`")
        return self

    @model_validator(mode="after")
    def _runner_never_approves(self) -> Self:
        for name in self.approvers:
            if self.person(name).jira == self.jira.runner:
                raise ValueError(f"approvers: {name!r} is the AI Runner, who may not approve")
            github = self.person(name).github
            if github and github.casefold() == self.doorbell.casefold():
                raise ValueError(
                    f"approvers: {name!r} is the doorbell's account: whoever can edit "
                    "the Jira rule holds its token"
                )
        return self

    def person(self, name: str) -> Person:
        """The person of that name; every name in these settings is known."""
        return next(person for person in self.people if person.name == name)

    def approver(self, *, jira: str = "", github: str = "") -> Person | None:
        """The approver whose account this is (GitHub logins in any case), or None."""
        for name in self.approvers:
            person = self.person(name)
            if jira and person.jira == jira:
                return person
            if github and person.github.casefold() == github.casefold():
                return person
        return None

    def plan_needed(self, issue_type: str, rule: RouteRule) -> bool:
        """Whether a ticket of that type on that route gets a plan first."""
        by_type = {k.casefold(): v for k, v in self.plan.issue_types.items()}
        general = by_type.get(issue_type.casefold(), self.plan.default)
        return (rule.plan or general) == "required"
