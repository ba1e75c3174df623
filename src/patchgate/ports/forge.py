"""GitHub and git, split into a reader and a writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from patchgate.core.ids import AccountId, Eid, RepoName, Sha
from patchgate.core.patch import AppliedPatch
from patchgate.ports.tracker import Comment, Posted


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request as it is now."""

    number: int
    url: str
    author: AccountId
    title: str
    body: str
    state: Literal["open", "closed", "merged"]
    draft: bool
    head: Sha
    head_branch: str
    base_branch: str
    merged_by: AccountId | None
    merge_sha: Sha | None
    closed_by: AccountId | None
    at: str
    """When it was merged or closed; else when it was opened."""
    labels: frozenset[str]
    warnings: tuple[str, ...] = ()
    """What `put_pull` could not do beside it: reviewers who cannot be asked."""


@dataclass(frozen=True, slots=True)
class Checks:
    """The required checks on one commit, aggregated: red beats pending beats green."""

    head: Sha
    level: Literal["green", "red", "pending", "not-required", "unknown"]
    names: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Review:
    """A pull-request review; `state` in GitHub's words, lower case."""

    id: str
    author: AccountId
    at: str
    state: str
    body: str


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A workflow run as the platform records it; nobody can edit it.

    Everything but `attempt` and `triggered_by` is of the first attempt, whoever runs it again.
    """

    id: int
    event: str
    actor: AccountId
    triggered_by: AccountId
    """Who started the latest attempt."""
    attempt: int
    at: str
    """When it was asked for."""
    branch: str
    title: str
    """What the workflow's `run-name` made of its inputs."""


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """What one commit is made of."""

    tree: Sha
    parents: tuple[Sha, ...]
    message: str
    by_us: bool
    """Whether author and committer bear our name, which anybody can write: no proof of anything."""


class ForgeReader(Protocol):
    """GitHub and git, reading."""

    def myself(self) -> AccountId:
        """Our own login."""
        ...

    def default_branch(self, repo: RepoName) -> str:
        """The name of the default branch; NotFoundError names the repository."""
        ...

    def is_public(self, repo: RepoName) -> bool:
        """Whether anybody may read it, without any credential."""
        ...

    def branch_head(self, repo: RepoName, branch: str) -> Sha | None:
        """The commit that a branch points to, or None."""
        ...

    def read_file(self, repo: RepoName, commit: Sha, path: str) -> bytes | None:
        """One file of a commit; None when the commit has no such file."""
        ...

    def pulls_of(self, repo: RepoName, branch: str) -> list[Pull]:
        """Pull requests whose head is that branch of that repository, newest first."""
        ...

    def checks(self, repo: RepoName, commit: Sha, *, base_branch: str) -> Checks:
        """The required checks of the base branch on that commit."""
        ...

    def is_merged(self, repo: RepoName, number: int) -> bool:
        """Whether that pull request is merged; False when it cannot be seen."""
        ...

    def reviews(self, repo: RepoName, number: int) -> list[Review]:
        """Reviews of a pull request, oldest first."""
        ...

    def comments(self, repo: RepoName, number: int) -> list[Comment]:
        """Conversation comments of a pull request, oldest first."""
        ...

    def started_run(self, repo: RepoName, run_id: int) -> StartedRun:
        """A workflow run; NotFoundError where it is not known (any more)."""
        ...

    def author_of(self, repo: RepoName, commit: Sha) -> str:
        """The author e-mail of a commit."""
        ...

    def commit_facts(self, repo: RepoName, commit: Sha) -> CommitFacts:
        """What a commit is made of."""
        ...

    def is_ancestor(self, repo: RepoName, older: Sha, newer: Sha) -> bool:
        """Whether `older` is reachable from `newer`."""
        ...

    def apply(self, repo: RepoName, start: Sha, patch: bytes) -> AppliedPatch:
        """Apply a patch to the start commit in a scratch index and judge the tree it gives.

        MalformedError when git does not take it.
        """
        ...

    def same_blobs(self, repo: RepoName, one: Sha, two: Sha, *, paths: Sequence[str]) -> bool:
        """Whether every path has the same blob and mode (or is absent) in both commits."""
        ...


@dataclass(frozen=True, slots=True)
class CommitOrder:
    """All that a deterministic commit is made of."""

    repo: RepoName
    branch: str
    parent: Sha
    patch: bytes
    tree: Sha
    message: str
    when: str
    """Author and committer date: the approval's time, ISO 8601."""
    expected: Sha | None
    """What the branch must point to now; None: it must not exist."""
    drops: Sha | None = None
    """A commit of ours that the branch may be at instead, and that is then taken off it."""


@dataclass(frozen=True, slots=True)
class PullOrder:
    """All that a pull request shows."""

    repo: RepoName
    branch: str
    base_branch: str
    title: str
    body: str
    labels: tuple[str, ...]
    reviewers: tuple[AccountId, ...]
    draft: bool
    eid: Eid


class ForgeWriter(Protocol):
    """GitHub and git, writing: constructed for and held by the write gate alone."""

    def push_commit(self, order: CommitOrder) -> Sha:
        """Commit the patch onto the parent and push it (same order, same commit id).

        TakenError when the branch is not what was expected.
        """
        ...

    def put_pull(self, order: PullOrder) -> Pull:
        """Create the branch's one pull request, or bring the existing one up to date."""
        ...

    def comment(self, repo: RepoName, number: int, *, markdown: str, eid: Eid) -> Posted:
        """Comment on a pull request once."""
        ...

    def start_workflow(self, repo: RepoName, workflow: str, *, branch: str, head: Sha) -> str:
        """Start a workflow on a branch unless one runs or ran on that head so; the run's id."""
        ...
