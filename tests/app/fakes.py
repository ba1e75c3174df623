"""The outside world in memory: each fake keeps state and enforces what its port promises.

Beside the port's methods each offers what people and other services do (`say`, `assign`, `push`).
Every doing takes one second of the fake clock, so that the order of things shows in their times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from patchgate.core import chain
from patchgate.core.events import Event
from patchgate.core.ids import (
    AccountId,
    Digest,
    Eid,
    Json,
    RepoName,
    Sha,
    StreamId,
    TicketKey,
    canonical,
    digest_bytes,
)
from patchgate.errors import LedgerError, LostRaceError, NotFoundError, UnreachableStatusError
from patchgate.ports import (
    Change,
    Clock,
    Comment,
    Created,
    Ledger,
    Look,
    Posted,
    Stream,
    Ticket,
    Tracker,
)

RUNNER = AccountId("acc-runner")
STATUSES = ("Backlog", "Plan Review", "In Progress", "In Testing", "Done", "Blocked")


@dataclass(slots=True)
class FakeClock(Clock):
    """A clock that moves when somebody does something."""

    moment: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def tick(self) -> str:
        """One second later, as Jira writes it."""
        self.moment += timedelta(seconds=1)
        return self.moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@dataclass(slots=True)
class Issue:
    """What Jira keeps of one ticket."""

    ticket: Ticket
    changes: list[Change] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    subtasks: dict[Eid, Created] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)
    anchor: str = ""


class FakeTracker(Tracker):
    """A Jira of issues in memory; `keys` maps old keys of moved tickets too."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.issues: dict[str, Issue] = {}
        self.closed_statuses: set[str] = set()
        self._ids = 10_000

    def _id(self) -> str:
        self._ids += 1
        return str(self._ids)

    def issue(self, key: str) -> Issue:
        """What is kept under a key, the present or an old one."""
        if key not in self.issues:
            raise NotFoundError(f"there is no ticket {key}")
        return self.issues[key]

    # ── what people do ───────────────────────────────────────────────────────────────────

    def create(
        self,
        key: str,
        *,
        reporter: str = "acc-requester",
        assignee: str | None = None,
        parent: str | None = None,
        description: str = "Please.",
    ) -> Issue:
        """A new ticket in Backlog."""
        at = self.clock.tick()
        ticket = Ticket(
            key=TicketKey(key),
            issue_id=self._id(),
            project=key.partition("-")[0],
            issue_type="Sub-task" if parent else "Story",
            is_subtask=parent is not None,
            parent=TicketKey(parent) if parent else None,
            summary=f"Summary of {key}",
            description=description,
            status="Backlog",
            assignee=AccountId(assignee) if assignee else None,
            reporter=AccountId(reporter),
            labels=frozenset(),
            components=(),
            fields={},
            created=at,
            updated=at,
            url=f"https://jira.test/browse/{key}",
        )
        self.issues[key] = Issue(ticket)
        return self.issues[key]

    def say(self, key: str, author: str, body: str) -> str:
        """A comment; its id."""
        return self._comment(key, author, body, None).id

    def _comment(self, key: str, author: str, body: str, ours: Eid | None) -> Posted:
        at, number = self.clock.tick(), self._id()
        said = Comment(number, AccountId(author), author.title(), at, False, body, ours)
        self.issue(key).comments.append(said)
        return Posted(number, at, f"https://jira.test/browse/{key}?focusedCommentId={number}")

    def edit_comment(self, key: str, number: str, body: str) -> None:
        """Somebody edits a comment: its time of creation stays, and it shows as edited."""
        issue = self.issue(key)
        issue.comments = [
            replace(c, body=body, edited=True) if c.id == number else c for c in issue.comments
        ]

    def delete_comment(self, key: str, number: str) -> None:
        """Somebody deletes a comment."""
        issue = self.issue(key)
        issue.comments = [c for c in issue.comments if c.id != number]

    def change(self, key: str, author: str, item: str, after: str) -> str:
        """A status, assignee or text changes by hand; the id of its changelog entry."""
        issue, at, number = self.issue(key), self.clock.tick(), f"{self._id()}:0"
        before = getattr(issue.ticket, item) or ""
        moved = item in ("status", "assignee")
        told = (before, after) if moved else ("", "")
        issue.changes.append(Change(number, AccountId(author), at, item, *told))
        value = after or None if item == "assignee" else after
        changed: dict[str, Any] = {item: value, "updated": at}
        issue.ticket = replace(issue.ticket, **changed)
        return number

    def rename(self, old: str, new: str) -> None:
        """The ticket moves to another project; the old key leads to it still."""
        issue = self.issue(old)
        issue.ticket = replace(issue.ticket, key=TicketKey(new), project=new.partition("-")[0])
        self.issues[new] = issue

    # ── the port ─────────────────────────────────────────────────────────────────────────

    def myself(self) -> AccountId:
        return RUNNER

    def look(self, key: TicketKey) -> Look:
        issue = self.issue(key)
        return Look(issue.ticket, tuple(issue.changes), tuple(issue.comments), issue.anchor)

    def search(self, projects: Sequence[str], updated_minutes: int) -> list[TicketKey]:
        return [i.ticket.key for i in self.issues.values() if i.ticket.project in projects]

    def post_comment(self, key: TicketKey, markdown: str, *, eid: Eid) -> Posted:
        return self._comment(key, RUNNER, markdown, eid)

    def find_comment(self, key: TicketKey, eid: Eid) -> Posted | None:
        found = [c for c in self.issue(key).comments if c.ours == eid]
        return Posted(found[-1].id, found[-1].at, "") if found else None

    def create_subtask(
        self,
        parent: TicketKey,
        *,
        summary: str,
        description: str,
        assignee: AccountId,
        eid: Eid,
    ) -> Created:
        key = f"{parent.partition('-')[0]}-{len(self.issues) + 1}"
        issue = self.create(key, reporter=RUNNER, assignee=assignee, parent=parent)
        issue.ticket = replace(issue.ticket, summary=summary, description=description)
        made = Created(TicketKey(key), issue.ticket.issue_id)
        self.issue(parent).subtasks[eid] = made
        return made

    def find_subtask(self, parent: TicketKey, eid: Eid) -> Created | None:
        return self.issue(parent).subtasks.get(eid)

    def move(self, key: TicketKey, status: str) -> None:
        if self.issue(key).ticket.status == status:
            return
        if status not in STATUSES or status in self.closed_statuses:
            raise UnreachableStatusError(status, STATUSES)
        self.change(key, RUNNER, "status", status)

    def edit(
        self,
        key: TicketKey,
        *,
        assignee: AccountId | Literal["unchanged"] | None = "unchanged",
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        issue = self.issue(key)
        if assignee != "unchanged" and assignee != issue.ticket.assignee:
            self.change(key, RUNNER, "assignee", assignee or "")
        labels = (issue.ticket.labels | set(add_labels)) - set(remove_labels)
        issue.ticket = replace(issue.ticket, labels=labels)

    def attach(self, key: TicketKey, name: str, content: bytes) -> str:
        self.issue(key).attachments.setdefault(name, content)
        return f"https://jira.test/{key}/{name}"

    def set_anchor(self, key: TicketKey, head: str) -> None:
        self.issue(key).anchor = head


class FakeLedger(Ledger):
    """Streams in memory, chained for real; an append must name the head that it read."""

    def __init__(self) -> None:
        self.live: dict[StreamId, list[Event]] = {}
        self.gathered: dict[StreamId, list[Event]] = {}
        self.blobs: dict[Digest, bytes] = {}

    def _stream(self, name: StreamId, events: Sequence[Event], *, closed: bool) -> Stream:
        links = chain.link(events, chain.origin(name))
        heads = chain.prefix_heads(name, links)
        commit = Sha(hashlib.sha1(heads[-1].encode(), usedforsecurity=False).hexdigest())
        return Stream(name, tuple(events), heads[-1], commit, closed, heads)

    def read(self, key: TicketKey, issue_id: str) -> Stream | None:
        for place, closed in ((self.live, False), (self.gathered, True)):
            for name, events in place.items():
                if name.rpartition("-")[2] == issue_id:
                    return self._stream(name, events, closed=closed)
        return None

    def open(self, key: TicketKey, issue_id: str) -> Stream:
        return replace(self._stream(StreamId(f"{key}-{issue_id}"), (), closed=False), commit=None)

    def append(
        self, stream: Stream, events: Sequence[Event], blobs: Mapping[Digest, bytes]
    ) -> Stream:
        held = self.live.get(stream.id) or self.gathered.get(stream.id, [])
        if self._stream(stream.id, held, closed=False).head != stream.head:
            raise LostRaceError(f"{stream.id} moved")
        self.live[stream.id] = [*held, *events]
        self.blobs.update(blobs)
        return self._stream(stream.id, self.live[stream.id], closed=False)

    def blob(self, stream: Stream, digest: Digest) -> bytes:
        content = self.blobs.get(digest)
        if content is None or digest_bytes(content) != digest:
            raise LedgerError(f"{stream.id} has no artifact {digest}")
        return content

    def open_streams(self) -> list[StreamId]:
        return sorted(self.live)

    def gather(self, stream: Stream) -> None:
        if stream.id in self.live:
            self.gathered[stream.id] = self.live.pop(stream.id)


def sha(*parts: Json) -> Sha:
    """An object id that its content names."""
    return Sha(hashlib.sha1(canonical(list(parts)), usedforsecurity=False).hexdigest())


def repo(name: str = "acme/shop") -> RepoName:
    """The repository of these tests."""
    return RepoName(name)
