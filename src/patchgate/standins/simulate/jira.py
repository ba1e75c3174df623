"""A Jira in memory: what it keeps, what people do in it, and the port through which a run sees it.

It enforces what Jira enforces: a comment's author and times are its own, a transition leads only
where the workflow offers one, search lags behind, too many writes to one issue are answered 429.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from patchgate.core.approval import moment
from patchgate.core.ids import AccountId, Eid, TicketKey
from patchgate.errors import (
    ConfigError,
    NotFoundError,
    RateLimitedError,
    UnreachableStatusError,
)
from patchgate.ports import Change, Comment, Created, Look, Posted, Ticket, Touched, Tracker
from patchgate.standins.simulate.time import SECOND, VirtualClock
from patchgate.standins.simulate.wire import Line, Request

RUNNER = AccountId("acc-runner")
STATUSES = ("Backlog", "Plan Review", "In Progress", "In Testing", "Done", "Blocked")
WRITES_IN = ((2 * SECOND, 20), (30 * SECOND, 100))
"""Jira's own limits for one issue: so many writes in so many milliseconds."""


@dataclass(slots=True)
class Issue:
    """What Jira keeps of one ticket."""

    ticket: Ticket
    changes: list[Change] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    subtasks: list[tuple[Eid, Created]] = field(default_factory=list)
    attachments: list[tuple[str, bytes]] = field(default_factory=list)
    anchor: str = ""
    seen: str = ""
    touched: int = 0
    """Milliseconds: when it was updated last."""
    writes: deque[int] = field(default_factory=deque)

    def updated(self) -> Ticket:
        """The ticket with the time of its last update, as Jira gives it."""
        if self.ticket.updated != str(self.touched):
            self.ticket = replace(self.ticket, updated=str(self.touched))
        return self.ticket

    def copy(self) -> Issue:
        """The same again, to go another way from here."""
        return Issue(
            self.ticket,
            list(self.changes),
            list(self.comments),
            list(self.subtasks),
            list(self.attachments),
            self.anchor,
            self.seen,
            self.touched,
            deque(self.writes),
        )


class JiraSite:
    """All issues; `lag` is how many milliseconds search is behind."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.issues: dict[str, Issue] = {}
        self.closed_statuses: set[str] = set()
        self.hidden: set[str] = set()
        """Keys that are not visible to the runner."""
        self.lag = 0
        self.refused = 0
        """Requests that were answered 429."""
        self._ids = 10_000

    def copy(self, clock: VirtualClock) -> JiraSite:
        """The same site, to go another way from here."""
        twin = JiraSite(clock)
        made: dict[int, Issue] = {}
        for key, issue in self.issues.items():
            twin.issues[key] = made.setdefault(id(issue), issue.copy())
        twin.closed_statuses, twin.hidden = set(self.closed_statuses), set(self.hidden)
        twin.lag, twin.refused, twin._ids = self.lag, self.refused, self._ids
        return twin

    def issue(self, key: str) -> Issue:
        """What is kept under a key, the present or an old one."""
        if key not in self.issues:
            raise NotFoundError(f"there is no ticket {key}")
        return self.issues[key]

    def next_key(self, parent: str) -> str:
        """The first free key after a ticket's, so that one's sub-tasks depend on no other's."""
        project, _, number = parent.rpartition("-")
        free = (f"{project}-{n}" for n in itertools.count(int(number) + 1))
        return next(key for key in free if key not in self.issues)

    def _id(self) -> str:
        self._ids += 1
        return str(self._ids)

    # ── what people do ───────────────────────────────────────────────────────────────────

    def create(
        self,
        key: str,
        *,
        reporter: str = "acc-requester",
        assignee: str | None = None,
        parent: str | None = None,
        description: str = "Please.",
        kind: str = "Story",
    ) -> Issue:
        """A new ticket in Backlog."""
        at = self.clock.stamp()
        ticket = Ticket(
            key=TicketKey(key),
            issue_id=self._id(),
            project=key.rpartition("-")[0],
            issue_type="Sub-task" if parent else kind,
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
        self.issues[key] = Issue(ticket, touched=self.clock.ms)
        return self.issues[key]

    def say(self, key: str, author: str, body: str) -> str:
        """A comment; its id."""
        return self.comment(key, author, body, None).id

    def comment(self, key: str, author: str, body: str, ours: Eid | None) -> Posted:
        """A comment, of a person or of an effect of ours."""
        issue, at, number = self.issue(key), self.clock.stamp(), self._id()
        said = Comment(number, AccountId(author), author.title(), at, False, body, ours)
        issue.comments.append(said)
        issue.touched = self.clock.ms
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
        issue, at, number = self.issue(key), self.clock.stamp(), f"{self._id()}:0"
        before = getattr(issue.ticket, item) or ""
        moved = item in ("status", "assignee")
        told = (before, after) if moved else ("", "")
        issue.changes.append(Change(number, AccountId(author), at, item, *told))
        value = after or None if item == "assignee" else after
        changed: dict[str, Any] = {item: value, "updated": at}
        issue.ticket = replace(issue.ticket, **changed)
        issue.touched = self.clock.ms
        return number

    def label(self, key: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Labels come and go."""
        issue = self.issue(key)
        labels = (issue.ticket.labels | set(add)) - set(remove)
        issue.ticket = replace(issue.ticket, labels=labels)
        issue.touched = self.clock.ms

    def rename(self, old: str, new: str) -> None:
        """The ticket moves to another project; the old key leads to it still."""
        issue = self.issue(old)
        issue.ticket = replace(issue.ticket, key=TicketKey(new), project=new.partition("-")[0])
        self.issues[new] = issue

    # ── what the service enforces ────────────────────────────────────────────────────────

    def admit_write(self, key: str) -> None:
        """429 when an issue is written to more often than Jira allows."""
        issue, now = self.issue(key), self.clock.ms
        while issue.writes and now - issue.writes[0] > WRITES_IN[-1][0]:
            issue.writes.popleft()
        for span, most in WRITES_IN:
            if sum(1 for at in issue.writes if now - at < span) >= most:
                self.refused += 1
                raise RateLimitedError(f"{key} is written to too often", retry_after=span / SECOND)
        issue.writes.append(now)


class MemoryTracker(Tracker):
    """The port, as a run sees it through its line."""

    def __init__(self, site: JiraSite, line: Line) -> None:
        self._site = site
        self._line = line

    def myself(self) -> AccountId:
        """Our own account."""
        return RUNNER

    def _seen(self, key: str) -> Issue:
        if key in self._site.hidden:
            raise NotFoundError(f"there is no ticket {key}")
        return self._site.issue(key)

    def look(self, key: TicketKey) -> Look:
        """The ticket, its changes and comments."""

        def act() -> Look:
            issue = self._seen(key)
            changes, said = tuple(issue.changes), tuple(issue.comments)
            return Look(issue.updated(), changes, said, issue.anchor, issue.seen)

        return self._line.send(Request("jira", "GET", "issue", key), act)

    def search(self, projects: Sequence[str], updated_minutes: int) -> list[TicketKey]:
        """Keys updated of late, as the index has them: behind by the site's lag."""

        def act() -> list[TicketKey]:
            site = self._site
            until = site.clock.ms - site.lag
            since = until - max(1, updated_minutes) * 60 * SECOND
            found = [
                i.ticket.key
                for i in site.issues.values()
                if i.ticket.project in projects and since <= i.touched <= until
            ]
            return list(dict.fromkeys(k for k in found if k not in site.hidden))

        return self._line.send(Request("jira", "GET", "search", ",".join(projects)), act)

    def touched(self, issue_ids: Sequence[str]) -> dict[str, Touched]:
        """Many tickets by id, read past the index."""

        def act() -> dict[str, Touched]:
            site = self._site
            return {
                i.ticket.issue_id: Touched(str(i.touched), i.seen)
                for key, i in site.issues.items()
                if i.ticket.issue_id in issue_ids and key not in site.hidden
            }

        return self._line.send(Request("jira", "GET", "search", "ids"), act)

    def _write(
        self, method: str, what: str, key: str, act: Callable[[], Any], thing: str = ""
    ) -> Any:
        def admitted() -> Any:
            self._seen(key)
            self._site.admit_write(key)
            return act()

        return self._line.send(Request("jira", method, what, key, thing), admitted)

    def post_comment(self, key: TicketKey, markdown: str, *, eid: Eid) -> Posted:
        """Post a comment marked with `eid`."""
        site = self._site
        posted: Posted = self._write(
            "POST", "comment", key, lambda: site.comment(key, RUNNER, markdown, eid), eid
        )
        return posted

    def find_comment(self, key: TicketKey, eid: Eid, *, since: str = "") -> Posted | None:
        """Our own comment of that effect, looked for consistently."""

        def act() -> Posted | None:
            found = [c for c in self._seen(key).comments if c.ours == eid]
            found = [c for c in found if not since or moment(c.at) >= moment(since)]
            return Posted(found[-1].id, found[-1].at, "") if found else None

        return self._line.send(Request("jira", "GET", "comments", key, eid), act)

    def create_subtask(
        self,
        parent: TicketKey,
        *,
        summary: str,
        description: str,
        assignee: AccountId,
        eid: Eid,
    ) -> Created:
        """Create one sub-task marked with `eid`."""
        site = self._site

        def act() -> Created:
            key = site.next_key(parent)
            issue = site.create(
                key, reporter=RUNNER, assignee=assignee, parent=parent, description=description
            )
            issue.ticket = replace(issue.ticket, summary=summary)
            made = Created(TicketKey(key), issue.ticket.issue_id)
            site.issue(parent).subtasks.append((eid, made))
            return made

        made: Created = self._write("POST", "sub-task", parent, act, eid)
        return made

    def find_subtask(self, parent: TicketKey, eid: Eid) -> Created | None:
        """The sub-task of that effect, looked for on the parent itself."""

        def act() -> Created | None:
            return next((made for e, made in self._seen(parent).subtasks if e == eid), None)

        return self._line.send(Request("jira", "GET", "sub-tasks", parent, eid), act)

    def move(self, key: TicketKey, status: str) -> None:
        """Transition to the status by name (nothing if there)."""
        site = self._site
        there = self._line.send(
            Request("jira", "GET", "transitions", key), lambda: self._seen(key).ticket.status
        )
        if there.casefold() == status.casefold():
            return
        if status not in STATUSES or status in site.closed_statuses:
            raise UnreachableStatusError(status, STATUSES)

        def act() -> None:
            if site.issue(key).ticket.status != status:
                site.change(key, RUNNER, "status", status)

        self._write("POST", "transition", key, act)

    def edit(
        self,
        key: TicketKey,
        *,
        assignee: AccountId | Literal["unchanged"] | None = "unchanged",
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        """Set the assignee and add or remove labels, in one request."""
        site = self._site
        if assignee == "unchanged" and not add_labels and not remove_labels:
            return

        def act() -> None:
            there = site.issue(key).ticket.assignee
            if assignee != "unchanged" and assignee != there:
                site.change(key, RUNNER, "assignee", assignee or "")
            site.label(key, add_labels, remove_labels)

        self._write("PUT", "issue", key, act)

    def attach(self, key: TicketKey, name: str, content: bytes) -> str:
        """Attach a file once (by name) and return its URL."""
        if not content:
            raise ConfigError(f"{name} is empty: Jira attaches no empty file")
        site, url = self._site, f"https://jira.test/{key}/{name}"
        names = self._line.send(
            Request("jira", "GET", "attachments", key, name),
            lambda: {n for n, _ in self._seen(key).attachments},
        )
        if name not in names:
            there = site.issue(key).attachments
            self._write("POST", "attachment", key, lambda: there.append((name, content)), name)
        return url

    def set_anchor(self, key: TicketKey, head: str, *, seen: str = "") -> None:
        """Keep the ledger head, and what was seen until now, in the issue property."""
        site = self._site

        def act() -> None:
            issue = site.issue(key)
            issue.anchor, issue.seen = head, seen

        self._write("PUT", "property", key, act)
