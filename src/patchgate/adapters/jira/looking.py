"""One look at an issue: what to ask for, and Jira's JSON as the port's messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from patchgate.adapters.jira.connection import Connection
from patchgate.adapters.jira.reading import cut, to_markdown
from patchgate.adapters.jira.writing import marker
from patchgate.core.ids import AccountId, Eid, Json, TicketKey
from patchgate.errors import ServiceError
from patchgate.ports import Change, Comment, Ticket

ANCHOR = "patchgate.head"
"""The issue property that keeps the ledger head and the `updated` of our last look."""
EID = "patchgate.eid"
"""The entity property that names the effect which made a comment or sub-task."""
MAX_COMMENTS = 1_000
"""The newest comments that one look gives; older ones are left out, and the log says so."""
MAX_HISTORIES = 2_000
"""The newest changelog entries that one look gives."""
PAGE = 100
RECONCILED = 50
"""How many issues one search may be told to read past its index."""

FIELDS = (
    "summary,description,status,assignee,reporter,labels,components,issuetype,project,parent,"
    "created,updated"
)
_log = logging.getLogger(__name__)


def issue_path(key: str, *rest: str) -> str:
    """The path of an issue or of something below it."""
    return "/".join(["issue", *(quote(part, safe="") for part in (key, *rest))])


def pages(connection: Connection, path: str, items: str, *, start: int) -> Iterator[Any]:
    """Everything from `start` on of a list that is paged by `startAt`."""
    while True:
        page = connection.get(path, startAt=start, maxResults=PAGE)
        found = page[items]
        yield from found
        start += len(found)
        if not found or start >= int(page["total"]):
            return


def raw_comments(connection: Connection, key: str, page: dict[str, Any]) -> list[Any]:
    """The newest comments, from the issue's own page where that is complete."""
    found, total = page["comments"], int(page["total"])
    _say_left_out(key, "comments", total - MAX_COMMENTS)
    if total > len(found):
        start = max(0, total - MAX_COMMENTS)
        path = issue_path(key, "comment")
        found = list(pages(connection, path, "comments", start=start))
    return _oldest_first(found)[-MAX_COMMENTS:]


def raw_histories(connection: Connection, key: str, page: dict[str, Any]) -> list[Any]:
    """The newest changelog entries, from the issue's own page where that is complete."""
    found, total = page["histories"], int(page["total"])
    _say_left_out(key, "changelog entries", total - MAX_HISTORIES)
    if total > len(found):
        start = max(0, total - MAX_HISTORIES)
        found = list(pages(connection, issue_path(key, "changelog"), "values", start=start))
    return _oldest_first(found)[-MAX_HISTORIES:]


def _say_left_out(key: str, what: str, number: int) -> None:
    if number > 0:
        _log.warning("%s: the %d oldest %s are left out", key, number, what)


def _oldest_first(entries: list[Any]) -> list[Any]:
    """In the order of time, each once (a page may shift while another is read)."""
    once = {str(entry["id"]): entry for entry in entries}
    return sorted(once.values(), key=lambda e: (datetime.fromisoformat(e["created"]), int(e["id"])))


def ticket(raw: dict[str, Any], *, site: str, custom: Sequence[str]) -> Ticket:
    """The issue's present fields."""
    fields = raw["fields"]
    key, parent = TicketKey(raw["key"]), fields.get("parent")
    return Ticket(
        key=key,
        issue_id=str(raw["id"]),
        project=fields["project"]["key"],
        issue_type=fields["issuetype"]["name"],
        is_subtask=bool(fields["issuetype"].get("subtask")),
        parent=TicketKey(parent["key"]) if parent else None,
        summary=fields.get("summary") or "",
        description=to_markdown(fields.get("description")),
        status=fields["status"]["name"],
        assignee=account(fields.get("assignee")),
        reporter=account(fields.get("reporter")),
        labels=frozenset(fields.get("labels") or ()),
        components=tuple(part["name"] for part in fields.get("components") or ()),
        fields={name: _value(fields.get(name)) for name in custom},
        created=fields["created"],
        updated=fields["updated"],
        url=f"{site}/browse/{key}",
    )


def anchor(raw: dict[str, Any]) -> tuple[str, str]:
    """The ledger head and what was seen, as the issue property keeps them; empty without."""
    kept = (raw.get("properties") or {}).get(ANCHOR)
    if isinstance(kept, str):  # as it was kept once
        return kept, ""
    found = kept if isinstance(kept, dict) else {}
    head, seen = found.get("head"), found.get("seen")
    return head if isinstance(head, str) else "", seen if isinstance(seen, str) else ""


def _value(value: Any) -> Json:
    """A custom field's value; rich text as Markdown, long text cut."""
    if isinstance(value, dict) and value.get("type") == "doc":
        return to_markdown(value)
    return cut(value) if isinstance(value, str) else value


def account(user: Any) -> AccountId | None:
    """A user's account id; None for nobody and for accounts that Jira no longer names."""
    found = user.get("accountId") if isinstance(user, dict) else None
    return AccountId(found) if found else None


def changes(histories: Sequence[Any], custom: Sequence[str] = ()) -> Iterator[Change]:
    """The moves, and changes of what may be approved; an item's id is its place in its entry.

    Of texts only the time is told: `before` and `after` stay empty.
    """
    texts = {"summary", "description", *custom}
    for history in histories:
        author = account(history.get("author")) or AccountId("")
        for place, item in enumerate(history["items"]):
            field = item.get("fieldId") or item.get("field")
            moved = field in ("status", "assignee") and item.get("fieldtype", "jira") == "jira"
            if not moved and field not in texts:
                continue
            before, after = ("fromString", "toString") if field == "status" else ("from", "to")
            yield Change(
                id=f"{history['id']}:{place}",
                author=author,
                at=history["created"],
                field=field,
                before=(item.get(before) or "") if moved else "",
                after=(item.get(after) or "") if moved else "",
            )


def comment(raw: dict[str, Any], ours: Eid | None) -> Comment:
    """A comment; `ours` is its effect when our own account posted it."""
    author, editor = account(raw.get("author")), account(raw.get("updateAuthor"))
    return Comment(
        id=str(raw["id"]),
        author=author or AccountId(""),
        author_name=(raw.get("author") or {}).get("displayName") or "",
        at=raw["created"],
        edited=author is None or raw.get("updated") != raw["created"] or editor != author,
        body=to_markdown(raw.get("body")),
        ours=ours,
    )


def effect_of(raw: dict[str, Any]) -> Eid | None:
    """The effect that a comment's footer or property names, whoever wrote it."""
    for prop in raw.get("properties") or ():
        if prop.get("key") == EID and isinstance(prop.get("value"), str):
            return Eid(prop["value"])
    return marker(raw.get("body"))


def understood(key: str, exc: Exception) -> ServiceError:
    """The error for JSON of a shape that Jira never promised."""
    return ServiceError(f"Jira's answer about {key} has an unknown shape ({exc!r:.100})")
