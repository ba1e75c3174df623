"""Operations on issues: create, read, edit, assign, transition, changelog, files, links."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from patchgate.standins.http import json_response
from patchgate.standins.jira.actions import Actions
from patchgate.standins.jira.call import Call, Table
from patchgate.standins.jira.payloads import part
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.render import Renderer
from patchgate.standins.jira.state import LINK_TYPES, Attachment, Issue
from patchgate.standins.jira.transitions import Transitions

PAGE = 100
NOT_NAVIGABLE = frozenset({"comment", "attachment"})


class IssueRoutes:
    """The operations below `/issue`, `/attachment` and `/issueLink`."""

    def __init__(self, actions: Actions, transitions: Transitions) -> None:
        self._actions = actions
        self._transitions = transitions
        self._desk = actions.desk

    def table(self) -> Table:
        """Method, rule and operation."""
        return [
            ("POST", "/issue", self.create),
            ("GET", "/issue/<key>", self.get),
            ("PUT", "/issue/<key>", self.edit),
            ("DELETE", "/issue/<key>", self.delete),
            ("PUT", "/issue/<key>/assignee", self.assign),
            ("GET", "/issue/<key>/transitions", self.transitions),
            ("POST", "/issue/<key>/transitions", self.transition),
            ("GET", "/issue/<key>/changelog", self.changelog),
            ("POST", "/issue/<key>/attachments", self.attach),
            ("GET", "/attachment/<number>", self.attachment),
            ("GET", "/attachment/content/<number>", self.download),
            ("POST", "/issueLink", self.link),
        ]

    def render(self, call: Call) -> Renderer:
        """The renderer for this request's base URL."""
        return Renderer(self._desk.state, call.base)

    def create(self, call: Call) -> Response:
        """Create an issue."""
        issue = self._actions.create(call.actor, call.body())
        url = f"{call.base}/issue/{issue.id}"
        return json_response({"id": issue.id, "key": issue.key, "self": url}, 201)

    def get(self, call: Call, key: str) -> Response:
        """Get an issue, under any key that it ever had."""
        issue = self._desk.visible(call.actor, key)
        fields, properties = call.words("fields") or ["*all"], call.words("properties")
        return json_response(
            self.issue(
                call, issue, fields=fields, expand=call.words("expand"), properties=properties
            )
        )

    def issue(
        self,
        call: Call,
        issue: Issue,
        *,
        fields: list[str],
        expand: list[str],
        properties: list[str],
    ) -> dict[str, Any]:
        """The issue as JSON with what was asked for."""
        render = self.render(call)
        shown: dict[str, Any] = {
            "expand": "renderedFields,names,schema,transitions,operations,editmeta,changelog",
            "id": issue.id,
            "self": f"{call.base}/issue/{issue.id}",
            "key": issue.key,
            "fields": _selected(render.fields(issue), fields),
        }
        if "changelog" in expand:
            shown["changelog"] = _newest(render, issue)
        if {"transitions", "transitions.fields"} & set(expand):
            deep = "transitions.fields" in expand
            ways = self._transitions.available(issue)
            shown["transitions"] = [render.transition(way, with_fields=deep) for way in ways]
        if properties:
            shown["properties"] = {
                name: value
                for name, value in issue.properties.items()
                if name in properties or "*all" in properties
            }
        return shown

    def edit(self, call: Call, key: str) -> Response:
        """Edit an issue; `notifyUsers` changes nothing that can be seen here."""
        issue = self._desk.write(call.actor, key)
        self._actions.edit(call.actor, issue, call.body())
        if not call.flag("returnIssue"):
            return json_response(None, 204)
        shown = self.issue(call, issue, fields=["*all"], expand=call.words("expand"), properties=[])
        return json_response(shown)

    def delete(self, call: Call, key: str) -> Response:
        """Delete an issue, with its sub-tasks where asked for."""
        issue = self._desk.write(call.actor, key)
        self._actions.delete(call.actor, issue, with_subtasks=call.flag("deleteSubtasks"))
        return json_response(None, 204)

    def assign(self, call: Call, key: str) -> Response:
        """Assign an issue; null and -1 leave it unassigned (projects here have no default)."""
        issue = self._desk.write(call.actor, key)
        body = call.body()
        if "accountId" not in body or not isinstance(body["accountId"], str | None):
            raise Refusal(400, "'accountId' must be the only user identifying query parameter.")
        account_id = body["accountId"]
        self._actions.assign(call.actor, issue, None if account_id == "-1" else account_id)
        return json_response(None, 204)

    def transitions(self, call: Call, key: str) -> Response:
        """List the available transitions."""
        issue = self._desk.visible(call.actor, key)
        deep = "transitions.fields" in call.words("expand")
        only = call.request.args.get("transitionId")
        ways = [way for way in self._transitions.available(issue) if only in (None, way.id)]
        shown = [self.render(call).transition(way, with_fields=deep) for way in ways]
        return json_response({"expand": "transitions", "transitions": shown})

    def transition(self, call: Call, key: str) -> Response:
        """Perform a transition."""
        issue = self._desk.write(call.actor, key)
        self._transitions.perform(call.actor, issue, call.body())
        return json_response(None, 204)

    def changelog(self, call: Call, key: str) -> Response:
        """One page of the changelog, oldest first."""
        issue = self._desk.visible(call.actor, key)
        start, size = call.number("startAt", 0), call.number("maxResults", PAGE, most=PAGE)
        page = issue.histories[start : start + size]
        total, end = len(issue.histories), start + len(page)
        url = f"{call.base}/issue/{issue.id}/changelog?maxResults={size}"
        shown: dict[str, Any] = {
            "self": f"{url}&startAt={start}",
            "maxResults": size,
            "startAt": start,
            "total": total,
            "isLast": end >= total,
            "values": [self.render(call).history(history) for history in page],
        }
        if end < total:
            shown["nextPage"] = f"{url}&startAt={end}"
        return json_response(shown)

    def attach(self, call: Call, key: str) -> Response:
        """Upload files; the cross-site check must be waved off by header."""
        if call.request.headers.get("X-Atlassian-Token") != "no-check":
            raise Refusal(403, "XSRF check failed")
        issue = self._desk.write(call.actor, key)
        files = call.request.files.getlist("file")
        if not files:
            raise Refusal(400, "No file was uploaded under the name 'file'.")
        made = [
            self._actions.attach(
                call.actor,
                issue,
                filename=file.filename or "file",
                mimetype=file.mimetype,
                content=file.read(),
            )
            for file in files
        ]
        call.request.close()
        return json_response([self.render(call).attachment(entry) for entry in made])

    def _attachment(self, call: Call, number: str) -> Attachment:
        for issue in self._desk.state.issues.values():
            for entry in issue.attachments:
                if entry.id == number:
                    self._desk.visible(call.actor, issue.key)
                    return entry
        raise Refusal(404, f"The attachment with id '{number}' does not exist")

    def attachment(self, call: Call, number: str) -> Response:
        """An attachment's facts."""
        entry = self._attachment(call, number)
        shown = self.render(call).attachment(entry)
        return json_response({**shown, "id": int(entry.id)})

    def download(self, call: Call, number: str) -> Response:
        """An attachment's bytes, answered directly instead of by redirection."""
        entry = self._attachment(call, number)
        return Response(entry.content, mimetype=entry.mimetype)

    def link(self, call: Call) -> Response:
        """Link two issues."""
        body = call.body()
        kind = part(body, "type").get("name")
        if kind not in LINK_TYPES:
            raise Refusal(404, f"No issue link type with name '{kind}' found.")
        ends = [str(part(body, end).get("key")) for end in ("inwardIssue", "outwardIssue")]
        inward, outward = (
            self._desk.write(call.actor, ends[0]),
            self._desk.visible(call.actor, ends[1]),
        )
        self._actions.link(call.actor, kind, inward=inward, outward=outward)
        return json_response(None, 201)


def _selected(fields: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    """The fields that `wanted` names, with its `*all`, `*navigable` and `-field`."""
    names = {name for name in wanted if not name.startswith(("-", "*"))}
    if "*all" in wanted or all(name.startswith("-") for name in wanted):
        names |= set(fields)
    if "*navigable" in wanted:
        names |= set(fields) - NOT_NAVIGABLE
    names -= {name[1:] for name in wanted if name.startswith("-")}
    return {name: value for name, value in fields.items() if name in names}


def _newest(render: Renderer, issue: Issue) -> dict[str, Any]:
    """The expanded changelog: one page of it, from the newest."""
    newest = [render.history(history) for history in issue.histories[: -PAGE - 1 : -1]]
    return {
        "startAt": 0,
        "maxResults": len(newest),
        "total": len(issue.histories),
        "histories": newest,
    }
