"""JQL search by token pages, over an index that lags; the old search is gone."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from werkzeug.wrappers import Response

from patchgate.standins.http import json_response
from patchgate.standins.jira.call import Call, Table
from patchgate.standins.jira.desk import Desk
from patchgate.standins.jira.issue_routes import IssueRoutes
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.search import parse, run

PAGE = 50
MAX_PAGE = 100


class SearchRoutes:
    """`/search/jql` in both methods, and the 410 of `/search`."""

    def __init__(self, desk: Desk, issues: IssueRoutes) -> None:
        self._desk = desk
        self._issues = issues

    def table(self) -> Table:
        """Method, rule and operation."""
        return [
            ("GET", "/search/jql", self.by_query),
            ("POST", "/search/jql", self.by_body),
            ("GET", "/search", self.gone),
            ("POST", "/search", self.gone),
        ]

    def gone(self, call: Call) -> Response:
        """The search that was removed in 2025."""
        raise Refusal(410, "This API was removed: use /rest/api/3/search/jql instead.")

    def by_query(self, call: Call) -> Response:
        """Search with query parameters."""
        asked: dict[str, Any] = {
            "jql": call.request.args.get("jql", ""),
            "maxResults": call.number("maxResults", PAGE),
            "nextPageToken": call.request.args.get("nextPageToken"),
            "fields": call.words("fields"),
            "expand": ",".join(call.words("expand")),
            "properties": call.words("properties"),
            "reconcileIssues": call.words("reconcileIssues"),
        }
        return self._page(call, asked)

    def by_body(self, call: Call) -> Response:
        """Search with a JSON body."""
        asked = call.body()
        for name in ("fields", "properties", "reconcileIssues"):
            if not isinstance(asked.get(name) or [], list):
                raise Refusal(400, f"{name} is a list.")
        return self._page(call, asked)

    def _page(self, call: Call, asked: dict[str, Any]) -> Response:
        jql, size = str(asked.get("jql") or ""), asked.get("maxResults", PAGE)
        if not isinstance(size, int) or size < 1:
            raise Refusal(400, "The maxResults parameter is not a valid number.")
        size = min(size, MAX_PAGE)
        start = _offset(asked.get("nextPageToken"), jql)
        reconciled = [str(issue_id) for issue_id in asked.get("reconcileIssues") or []]
        state = self._desk.state
        seen = [
            issue
            for issue in self._desk.indexed(reconciled)
            if issue.project in state.projects
            and state.projects[issue.project].lets_see(call.actor)
        ]
        found = run(parse(jql), seen, site=state, now=self._desk.now())
        end = min(start + size, len(found))
        shown: dict[str, Any] = {
            "issues": [self._shown(call, issue, asked) for issue in found[start:end]],
            "isLast": end >= len(found),
        }
        if end < len(found):
            shown["nextPageToken"] = _token(end, jql)
        return json_response(shown)

    def _shown(self, call: Call, issue: Any, asked: dict[str, Any]) -> dict[str, Any]:
        """Only the id, unless fields were asked for."""
        fields = [str(field) for field in asked.get("fields") or []]
        expand = [word for word in str(asked.get("expand") or "").split(",") if word]
        properties = [str(name) for name in asked.get("properties") or []]
        if not fields and not expand and not properties:
            return {"id": issue.id}
        shown = self._issues.issue(
            call, issue, fields=fields or ["none"], expand=expand, properties=properties
        )
        if not fields:
            del shown["fields"]
        return shown


def _token(offset: int, jql: str) -> str:
    """An opaque mark for the rest of the results of this query."""
    digest = hashlib.sha256(jql.encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(f"{offset}:{digest}".encode()).decode()


def _offset(token: Any, jql: str) -> int:
    if not token:
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(str(token)).decode().split(":")[0])
    except ValueError:
        offset = -1
    if offset < 0 or _token(offset, jql) != token:
        raise Refusal(400, "The value of nextPageToken is invalid or expired.")
    return offset
