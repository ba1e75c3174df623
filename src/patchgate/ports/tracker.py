"""Jira, reading and writing: the ticket, its history, its comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from patchgate.core.ids import AccountId, Eid, Json, TicketKey


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
    """`status`, `assignee`, or a text of the request (`summary`, `description`, custom field)."""
    before: str
    """Status name, or account id; empty when there was none, and for texts."""
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
    seen: str = ""
    """The `updated` of the last look that left nothing open, kept beside it; or empty."""


@dataclass(frozen=True, slots=True)
class Touched:
    """When a ticket was changed last, and the `updated` that our last look left behind."""

    updated: str
    seen: str


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

    def find_comment(self, key: TicketKey, eid: Eid, *, since: str = "") -> Posted | None:
        """Our own comment of that effect, looked for consistently.

        `since`: when the effect was not even thought of (ISO 8601); how far back to look.
        """
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

    def touched(self, issue_ids: Sequence[str]) -> dict[str, Touched]:
        """Many tickets by id, in few requests; one that cannot be seen is left out or fails it."""
        ...

    def set_anchor(self, key: TicketKey, head: str, *, seen: str = "") -> None:
        """Keep the ledger head, and what was seen until now, in the issue property."""
        ...
