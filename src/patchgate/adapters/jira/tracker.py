"""Jira Cloud as the port's Tracker: one look, and effects that can be looked for."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from patchgate.adapters.jira import looking
from patchgate.adapters.jira.connection import Connection
from patchgate.adapters.jira.looking import ANCHOR, EID, PAGE, RECONCILED, issue_path
from patchgate.adapters.jira.transitions import Transitions
from patchgate.adapters.jira.writing import comment_adf, to_adf
from patchgate.core.ids import AccountId, Eid, Json, TicketKey
from patchgate.errors import ConfigError, RateLimitedError, ServiceError
from patchgate.ports import Created, Look, Posted, Touched

MAX_FOUND = 1_000
"""Keys that one search gives; the next sweep sees the others."""
MAX_PAGES = 60
"""Pages of comments that are looked through for one of ours (Jira keeps 5,000 an issue)."""
SLACK = timedelta(days=1)
"""How far Jira's clock and the runner's may differ."""
MAX_SUMMARY = 255

Found = TypeVar("Found")
_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_log = logging.getLogger(__name__)


class JiraTracker:
    """Implements `patchgate.ports.Tracker`.

    `custom_fields` are the ids to show in `Ticket.fields`; `via` and `transition_fields` are the
    settings of `Transitions`; `subtask_type` is the name of the issue type of sub-tasks.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        custom_fields: Sequence[str] = (),
        via: Mapping[str, str] | None = None,
        transition_fields: Mapping[str, Json] | None = None,
        subtask_type: str = "Sub-task",
    ) -> None:
        """Take the connection and the settings; nothing is sent."""
        self._connection = connection
        self._custom = tuple(custom_fields)
        self._transitions = Transitions(connection, via or {}, transition_fields or {})
        self._subtask_type = subtask_type
        self._me: AccountId | None = None

    def myself(self) -> AccountId:
        """Our own account; asked once."""
        if self._me is None:
            with _understood("our account"):
                self._me = AccountId(self._connection.get("myself")["accountId"])
        return self._me

    def look(self, key: TicketKey) -> Look:
        """The ticket, its changes and comments, in one request where one page holds them."""
        fields = ",".join([looking.FIELDS, "comment", *self._custom])
        raw = self._connection.get(
            issue_path(key), fields=fields, expand="changelog", properties=ANCHOR
        )
        with _understood(key):
            histories = looking.raw_histories(self._connection, key, raw["changelog"])
            comments = looking.raw_comments(self._connection, key, raw["fields"]["comment"])
            anchor, seen = looking.anchor(raw)
            return Look(
                ticket=looking.ticket(raw, site=self._connection.site, custom=self._custom),
                changes=tuple(looking.changes(histories, self._custom)),
                comments=tuple(looking.comment(c, self._ours(c)) for c in comments),
                anchor=anchor,
                seen=seen,
            )

    def touched(self, issue_ids: Sequence[str]) -> dict[str, Touched]:
        """Many tickets by id, as they are now: Jira is told to look past its index for them."""
        found: dict[str, Touched] = {}
        for start in range(0, len(issue_ids), RECONCILED):
            ids = issue_ids[start : start + RECONCILED]
            body = {
                "jql": f"id in ({', '.join(str(int(one)) for one in ids)})",
                "fields": ["updated"],
                "properties": [ANCHOR],
                "maxResults": RECONCILED,
                "reconcileIssues": [int(one) for one in ids],
            }
            page = self._connection.post("search/jql", body)
            with _understood("a search"):
                for raw in page["issues"]:
                    seen = looking.anchor(raw)[1]
                    found[str(raw["id"])] = Touched(raw["fields"]["updated"], seen)
        return found

    def _ours(self, raw: dict[str, Any]) -> Eid | None:
        """The effect that made the comment, if our own account wrote it."""
        eid = looking.effect_of(raw)
        if eid is None or looking.account(raw.get("author")) != self.myself():
            return None
        return eid

    def search(self, projects: Sequence[str], updated_minutes: int) -> list[TicketKey]:
        """Keys updated of late, longest untouched first; at most MAX_FOUND."""
        if not projects:
            return []
        for project in projects:
            if not _PROJECT.fullmatch(project):
                raise ConfigError(f"{project!r} is no Jira project key")
        named = ", ".join(f'"{project}"' for project in projects)
        body: dict[str, Any] = {
            "jql": f"project in ({named}) AND updated >= -{max(1, updated_minutes)}m "
            "ORDER BY updated ASC",
            "fields": ["key"],
            "maxResults": PAGE,
        }
        found: list[TicketKey] = []
        while len(found) < MAX_FOUND:
            page = self._connection.post("search/jql", body)
            with _understood("a search"):
                found += [TicketKey(issue["key"]) for issue in page["issues"]]
                if not page.get("nextPageToken"):
                    return found
                body["nextPageToken"] = page["nextPageToken"]
        _log.warning("more than %d tickets were updated: the rest waits", MAX_FOUND)
        return found[:MAX_FOUND]

    def post_comment(self, key: TicketKey, markdown: str, *, eid: Eid) -> Posted:
        """Post a comment marked with `eid`; after a lost answer it is looked for."""
        body = {"body": comment_adf(markdown, eid), "properties": [{"key": EID, "value": eid}]}

        def post() -> Posted:
            made = self._connection.post(issue_path(key, "comment"), body)
            with _understood(key):
                return self._posted(key, made)

        return _once(post, lambda: self.find_comment(key, eid))

    def find_comment(self, key: TicketKey, eid: Eid, *, since: str = "") -> Posted | None:
        """Our own comment of that effect, the newest comments first, as far back as `since`."""
        path = issue_path(key, "comment")
        oldest = datetime.fromisoformat(since) - SLACK if since else None
        start = 0
        for _ in range(MAX_PAGES):
            page = self._connection.get(
                path, startAt=start, maxResults=PAGE, orderBy="-created", expand="properties"
            )
            with _understood(key):
                for raw in page["comments"]:
                    if looking.effect_of(raw) == eid and self._ours(raw):
                        return self._posted(key, raw)
                start += len(page["comments"])
                if not page["comments"] or start >= int(page["total"]):
                    return None
                last = datetime.fromisoformat(page["comments"][-1]["created"])
                if oldest is not None and last < oldest:
                    return None
        raise ServiceError(f"{key} has more comments than can be looked through")

    def _posted(self, key: TicketKey, raw: dict[str, Any]) -> Posted:
        number = str(raw["id"])
        url = f"{self._connection.site}/browse/{key}?focusedCommentId={number}"
        return Posted(number, raw["created"], url)

    def create_subtask(
        self,
        parent: TicketKey,
        *,
        summary: str,
        description: str,
        assignee: AccountId,
        eid: Eid,
    ) -> Created:
        """Create one sub-task marked with `eid`; after a lost answer it is looked for."""
        body = {
            "fields": {
                "project": {"key": parent.rpartition("-")[0]},
                "parent": {"key": parent},
                "issuetype": {"name": self._subtask_type},
                "summary": " ".join(summary.split())[:MAX_SUMMARY],
                "description": to_adf(description),
                "assignee": {"accountId": assignee},
            },
            "properties": [{"key": EID, "value": eid}],
        }

        def create() -> Created:
            made = self._connection.post("issue", body)
            with _understood(parent):
                return Created(TicketKey(made["key"]), str(made["id"]))

        return _once(create, lambda: self.find_subtask(parent, eid))

    def find_subtask(self, parent: TicketKey, eid: Eid) -> Created | None:
        """The sub-task of that effect which our own account created, newest first."""
        raw = self._connection.get(issue_path(parent), fields="subtasks")
        with _understood(parent):
            numbers = [str(child["id"]) for child in raw["fields"].get("subtasks") or ()]
            for number in reversed(numbers):
                child = self._connection.get(issue_path(number), fields="creator", properties=EID)
                named = (child.get("properties") or {}).get(EID)
                creator = looking.account(child["fields"].get("creator"))
                if named == eid and creator == self.myself():
                    return Created(TicketKey(child["key"]), str(child["id"]))
        return None

    def move(self, key: TicketKey, status: str) -> None:
        """Transition to the status by name (nothing if there); UnreachableStatusError."""
        with _understood(key):
            self._transitions.move(key, status)

    def edit(
        self,
        key: TicketKey,
        *,
        assignee: AccountId | Literal["unchanged"] | None = "unchanged",
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        """Set the assignee (None: nobody) and the labels in one request, if there is any change."""
        body: dict[str, Any] = {}
        if assignee != "unchanged":
            body["fields"] = {"assignee": assignee and {"accountId": assignee}}
        labels = [{"add": label} for label in add_labels]
        labels += [{"remove": label} for label in remove_labels]
        if labels:
            body["update"] = {"labels": labels}
        if body:
            self._connection.put(issue_path(key), body)

    def attach(self, key: TicketKey, name: str, content: bytes) -> str:
        """Attach a file once (by name, among our own) and return its URL."""
        if not content:
            raise ConfigError(f"{name} is empty: Jira attaches no empty file")

        def find() -> str | None:
            raw = self._connection.get(issue_path(key), fields="attachment")
            with _understood(key):
                for entry in raw["fields"].get("attachment") or ():
                    ours = looking.account(entry.get("author")) == self.myself()
                    if entry["filename"] == name and ours:
                        return self._file_url(entry)
            return None

        def upload() -> str:
            made = self._connection.upload(key, name, content)
            with _understood(key):
                return self._file_url(made)

        return find() or _once(upload, find)

    def _file_url(self, raw: dict[str, Any]) -> str:
        return f"{self._connection.site}/rest/api/3/attachment/content/{quote(str(raw['id']))}"

    def set_anchor(self, key: TicketKey, head: str, *, seen: str = "") -> None:
        """Keep the ledger head, and what was seen until now, in the issue property."""
        value = {"head": head, "seen": seen}
        self._connection.put(issue_path(key, "properties", ANCHOR), value)


def _once(act: Callable[[], Found], look: Callable[[], Found | None]) -> Found:
    """Act; when the answer is lost, what the look finds counts as done."""
    try:
        return act()
    except RateLimitedError:
        raise
    except ServiceError:
        found = look()
        if found is None:
            raise
        return found


@contextmanager
def _understood(key: str) -> Iterator[None]:
    """ServiceError for JSON whose shape is not Jira's."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise looking.understood(key, exc) from exc
