"""The roles that the outside world plays for us, as protocols with typed messages.

Tracker (Jira) · ForgeReader, ForgeWriter (GitHub) · Ledger · Model · Clock. Adapters play them;
only the write gate is ever handed a ForgeWriter. Every method raises only `patchgate.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from patchgate.core.events import Event
from patchgate.core.ids import AccountId, Digest, Eid, Json, RepoName, Sha, StreamId, TicketKey
from patchgate.core.patch import AppliedPatch
from patchgate.core.proposal import Usage


class Clock(Protocol):
    """The only source of time outside adapters."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...


# ── Tracker ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ticket:
    """A Jira issue as it is now; texts are Markdown, times ISO 8601 as the platform gave them."""

    key: TicketKey
    """The present key; differs from the one asked for when the ticket was moved."""
    issue_id: str
    project: str
    issue_type: str
    is_subtask: bool
    parent: TicketKey | None
    summary: str
    description: str
    status: str
    assignee: AccountId | None
    reporter: AccountId | None
    labels: frozenset[str]
    components: tuple[str, ...]
    fields: Mapping[str, Json]
    """Configured custom fields only, as JSON."""
    created: str
    updated: str
    url: str


@dataclass(frozen=True, slots=True)
class Change:
    """One item of one changelog entry; ids and times are the platform's."""

    id: str
    author: AccountId
    at: str
    field: str
    """`status` or `assignee` (others are left out)."""
    before: str
    """Status name, or account id; empty when there was none."""
    after: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a ticket or pull request; the body is Markdown."""

    id: str
    author: AccountId
    author_name: str
    at: str
    edited: bool
    """True unless `updated == created` and the update author is the author."""
    body: str
    ours: Eid | None
    """The effect that posted it, when our own account did."""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that one look at a ticket gives: strongly consistent, oldest first."""

    ticket: Ticket
    changes: tuple[Change, ...]
    comments: tuple[Comment, ...]
    anchor: str
    """The ledger head kept in the issue property, or empty."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment that now exists: its id and the platform's time of creation."""

    id: str
    at: str
    url: str


@dataclass(frozen=True, slots=True)
class Created:
    """A sub-task that now exists."""

    key: TicketKey
    issue_id: str


class Tracker(Protocol):
    """Jira: reads are strongly consistent but for `search`; writes carry their effect's id."""

    def myself(self) -> AccountId:
        """Our own account."""
        ...

    def look(self, key: TicketKey) -> Look:
        """The ticket, its changes and comments; NotFoundError when it is not visible."""
        ...

    def search(self, projects: Sequence[str], updated_minutes: int) -> list[TicketKey]:
        """Keys that may want attention (eventually consistent: for sweeps only)."""
        ...

    def post_comment(self, key: TicketKey, markdown: str, *, eid: Eid) -> Posted:
        """Post a comment marked with `eid`; call `find_comment` first."""
        ...

    def find_comment(self, key: TicketKey, eid: Eid) -> Posted | None:
        """Our own comment of that effect, looked for consistently."""
        ...

    def create_subtask(
        self,
        parent: TicketKey,
        *,
        summary: str,
        description: str,
        assignee: AccountId,
        eid: Eid,
    ) -> Created:
        """Create one sub-task marked with `eid`; call `find_subtask` first."""
        ...

    def find_subtask(self, parent: TicketKey, eid: Eid) -> Created | None:
        """The sub-task of that effect, looked for on the parent itself."""
        ...

    def move(self, key: TicketKey, status: str) -> None:
        """Transition to the status by name (nothing if there); UnreachableStatusError."""
        ...

    def edit(
        self,
        key: TicketKey,
        *,
        assignee: AccountId | Literal["unchanged"] | None = "unchanged",
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        """Set the assignee (None: nobody) and add or remove labels, in one request."""
        ...

    def attach(self, key: TicketKey, name: str, content: bytes) -> str:
        """Attach a file once (by name) and return its URL."""
        ...

    def set_anchor(self, key: TicketKey, head: str) -> None:
        """Keep the ledger head in the issue property."""
        ...


# ── Forge ────────────────────────────────────────────────────────────────────────────────


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


class ForgeReader(Protocol):
    """GitHub and git, reading."""

    def myself(self) -> AccountId:
        """Our own login."""
        ...

    def default_branch(self, repo: RepoName) -> str:
        """The name of the default branch; NotFoundError names the repository."""
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

    def author_of(self, repo: RepoName, commit: Sha) -> str:
        """The author e-mail of a commit."""
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


# ── Ledger ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Stream:
    """One ticket's events as read, with everything that an append must match."""

    id: StreamId
    events: tuple[Event, ...]
    head: Digest
    """Hash of the last event (of nothing: the digest of the stream id)."""
    commit: Sha | None
    """What the live branch pointed to; None: no live branch yet."""
    closed: bool
    """Whether it was read from the ledger branch (gathered) and not from a live branch."""
    heads: frozenset[Digest] = frozenset()
    """The head of every prefix, as the lines themselves have it: anchors must be among them."""


class Ledger(Protocol):
    """The ledger branch and the live branches, by compare-and-swap."""

    def read(self, key: TicketKey, issue_id: str) -> Stream | None:
        """The ticket's stream: live, then ledger, then live again; None when there is none."""
        ...

    def open(self, key: TicketKey, issue_id: str) -> Stream:
        """An empty stream, not yet pushed."""
        ...

    def append(
        self, stream: Stream, events: Sequence[Event], blobs: Mapping[Digest, bytes]
    ) -> Stream:
        """Append and push in one commit; LostRaceError when somebody was first."""
        ...

    def blob(self, stream: Stream, digest: Digest) -> bytes:
        """An artifact by digest, re-hashed; LedgerError when absent or different."""
        ...

    def open_streams(self) -> list[StreamId]:
        """Streams that have a live branch."""
        ...

    def gather(self, stream: Stream) -> None:
        """Move an ended stream into the ledger branch (idempotent)."""
        ...


# ── Model ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it; `schema` is a JSON schema of an object."""

    name: str
    description: str
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants made."""

    id: str
    name: str
    input: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the call gave, for the model to read."""

    call_id: str
    text: str
    is_error: bool = False


Stop = Literal["answer", "tools", "length", "refusal", "context", "pause"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model: text, calls or both; `raw` is the adapter's own continuation."""

    text: str
    calls: tuple[ToolCall, ...]
    stop: Stop
    usage: Usage
    raw: object = None


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the model; `messages` is the append-only transcript."""

    model: str
    system: str
    messages: tuple[str | Turn | tuple[ToolResult, ...], ...]
    tools: tuple[ToolSpec, ...]
    answer_schema: Mapping[str, Json] | None
    max_tokens: int
    timeout: float
    """Seconds."""


class Model(Protocol):
    """A model provider: one question, one turn; retries of transport are the SDK's."""

    provider: str

    def query(self, query: Query) -> Turn:
        """Ask once. CredentialError, RateLimitedError, ServiceError, MalformedError."""
        ...

    def cost(self, model: str, usage: Usage) -> int | None:
        """Micro-dollars of that usage; None when the price is unknown."""
        ...
