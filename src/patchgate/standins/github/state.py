"""What GitHub knows beside git: people, tokens, pull requests, issues, checks, runs, protection.

Refs, commits, trees and contents live in the bare repositories; here is everything else, as plain
dataclasses that copy deeply. Times are ISO 8601 strings in UTC with whole seconds, as GitHub's are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

EVERYWHERE = "*"
"""The key of permissions that hold in every repository."""


def stamp(moment: datetime) -> str:
    """A moment as GitHub writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Account:
    """A person or a bot; `collaborator` lets it be asked for reviews."""

    login: str
    id: int
    kind: str = "User"
    collaborator: bool = True


@dataclass
class Token:
    """What a bearer may do: permissions by repository, `none`, `read` or `write` each."""

    login: str
    permissions: dict[str, dict[str, str]]
    workflow: bool = False
    default: bool = False
    """The token of an Actions run: its events start nothing, and it is limited per hour."""
    installation: int | None = None
    expires: datetime | None = None

    def level(self, repository: str, permission: str) -> str:
        """`none`, `read` or `write`; whoever may do anything may read the metadata."""
        held = self.permissions.get(repository, self.permissions.get(EVERYWHERE, {}))
        if permission == "metadata":
            return "read" if any(v != "none" for v in held.values()) else "none"
        return held.get(permission, "none")


@dataclass
class App:
    """A registered GitHub App with its one installation."""

    id: int
    slug: str
    public_key: str
    permissions: dict[str, str]
    installation: int
    repositories: tuple[str, ...]
    """Full names that the installation covers."""


@dataclass
class Comment:
    """A conversation comment of an issue or pull request."""

    id: int
    login: str
    body: str
    created_at: str
    updated_at: str


@dataclass
class Review:
    """A submitted review of a pull request."""

    id: int
    login: str
    state: str
    body: str
    commit_id: str
    submitted_at: str


@dataclass
class Pull:
    """What a pull request has beyond an issue; shas are fixed once it is closed."""

    head: str
    base: str
    draft: bool
    head_sha: str
    base_sha: str
    reviewers: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    merged_by: str | None = None
    merged_at: str | None = None
    merge_commit: str | None = None


@dataclass
class Issue:
    """An issue, or the issue side of a pull request."""

    number: int
    id: int
    login: str
    title: str
    body: str | None
    created_at: str
    updated_at: str
    state: str = "open"
    closed_at: str | None = None
    closed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    pull: Pull | None = None


@dataclass
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str
    description: str | None


@dataclass
class Status:
    """A commit status."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    login: str
    created_at: str


@dataclass
class Check:
    """A check run."""

    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    app: str
    started_at: str
    completed_at: str | None
    details_url: str | None = None
    external_id: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None


@dataclass
class Suite:
    """The check runs that one app made for one commit."""

    id: int
    sha: str
    branch: str | None
    app: str
    created_at: str
    updated_at: str


@dataclass
class Protection:
    """What a protected branch asks for; `by_ruleset` shows it as a rule, not as protection."""

    required_checks: tuple[str, ...] = ()
    strict: bool = False
    direct_pushes: bool = False
    by_ruleset: bool = False


@dataclass
class WorkflowRun:
    """One run of Actions, as far as its liveness goes."""

    id: int
    number: int
    name: str
    path: str
    event: str
    branch: str
    sha: str
    login: str
    status: str
    conclusion: str | None
    created_at: str
    updated_at: str
    title: str = ""
    """What `run-name` made of the event; empty: the name."""
    triggered_by: list[str] = field(default_factory=list)
    """Who started each attempt: the actor the first, whoever asked for it each further one."""

    @property
    def attempt(self) -> int:
        """The number of the present attempt."""
        return max(len(self.triggered_by), 1)


@dataclass
class Variable:
    """An Actions variable of a repository."""

    name: str
    value: str
    created_at: str
    updated_at: str


@dataclass
class Repository:
    """One repository's facts beside git."""

    owner: str
    name: str
    id: int
    default_branch: str
    private: bool
    created_at: str
    pushed_at: str
    last_number: int = 0
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    suites: list[Suite] = field(default_factory=list)
    protections: dict[str, Protection] = field(default_factory=dict)
    runs: list[WorkflowRun] = field(default_factory=list)
    variables: dict[str, Variable] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    def next_number(self) -> int:
        """The next number; issues and pull requests share them."""
        self.last_number += 1
        return self.last_number

    def open_pulls(self) -> list[Issue]:
        """The open pull requests, oldest first."""
        return [i for i in self.issues.values() if i.pull and i.state == "open"]


@dataclass
class World:
    """Everything that a snapshot copies beside the bare repositories."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    """By full name in lower case: names compare without case."""
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    last_id: int = 1000
    spent: dict[str, list[float]] = field(default_factory=dict)
    """Moments of counted requests: by token (all) and by login (those that create content)."""

    def next_id(self) -> int:
        """An id that was never given before."""
        self.last_id += 1
        return self.last_id
