"""Operations on comments and on the entity properties of issues and comments."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from patchgate.standins.http import json_response
from patchgate.standins.jira.actions import Actions
from patchgate.standins.jira.call import Call, Table
from patchgate.standins.jira.payloads import check_property
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.render import Renderer
from patchgate.standins.jira.state import Comment, Issue

PAGE = 100


class NoteRoutes:
    """The operations below `/issue/…/comment`, `/comment` and `/issue/…/properties`."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._desk = actions.desk

    def table(self) -> Table:
        """Method, rule and operation."""
        comments, notes = "/issue/<key>/comment", "/comment/<number>/properties"
        properties = "/issue/<key>/properties"
        return [
            ("GET", comments, self.comments),
            ("POST", comments, self.add_comment),
            ("GET", f"{comments}/<number>", self.comment),
            ("PUT", f"{comments}/<number>", self.edit_comment),
            ("DELETE", f"{comments}/<number>", self.delete_comment),
            ("GET", notes, self.comment_properties),
            ("GET", f"{notes}/<name>", self.comment_property),
            ("PUT", f"{notes}/<name>", self.set_comment_property),
            ("GET", properties, self.issue_properties),
            ("GET", f"{properties}/<name>", self.issue_property),
            ("PUT", f"{properties}/<name>", self.set_issue_property),
            ("DELETE", f"{properties}/<name>", self.delete_issue_property),
        ]

    def _shown(self, call: Call, issue: Issue, comment: Comment) -> dict[str, Any]:
        render = Renderer(self._desk.state, call.base)
        return render.comment(issue, comment, properties="properties" in call.words("expand"))

    def comments(self, call: Call, key: str) -> Response:
        """One page of an issue's comments."""
        issue = self._desk.visible(call.actor, key)
        order = call.request.args.get("orderBy", "created").strip()
        if order not in ("created", "-created", "+created"):
            raise Refusal(400, f"'{order}' is not a field that comments can be ordered by.")
        start, size = call.number("startAt", 0), call.number("maxResults", PAGE, most=PAGE)
        ordered = issue.comments[::-1] if order == "-created" else issue.comments
        page = [self._shown(call, issue, c) for c in ordered[start : start + size]]
        return json_response(
            {
                "self": f"{call.base}/issue/{issue.id}/comment",
                "startAt": start,
                "maxResults": size,
                "total": len(issue.comments),
                "comments": page,
            }
        )

    def add_comment(self, call: Call, key: str) -> Response:
        """Add a comment, with entity properties where given."""
        issue = self._desk.write(call.actor, key)
        comment = self._actions.comment(call.actor, issue, call.body())
        return json_response(self._shown(call, issue, comment), 201)

    def _of(self, issue: Issue, number: str) -> Comment:
        for comment in issue.comments:
            if comment.id == number:
                return comment
        raise Refusal(404, f"Can not find a comment for the id: {number}.")

    def comment(self, call: Call, key: str, number: str) -> Response:
        """One comment."""
        issue = self._desk.visible(call.actor, key)
        return json_response(self._shown(call, issue, self._of(issue, number)))

    def edit_comment(self, call: Call, key: str, number: str) -> Response:
        """Replace a comment's body."""
        issue = self._desk.write(call.actor, key)
        comment = self._of(issue, number)
        self._actions.edit_comment(call.actor, issue, comment, call.body())
        return json_response(self._shown(call, issue, comment))

    def delete_comment(self, call: Call, key: str, number: str) -> Response:
        """Delete a comment."""
        issue = self._desk.write(call.actor, key)
        self._actions.delete_comment(call.actor, issue, self._of(issue, number))
        return json_response(None, 204)

    def _anywhere(self, call: Call, number: str) -> tuple[Issue, Comment]:
        """A comment by its id alone, with its issue, if the account may see that."""
        for issue in self._desk.state.issues.values():
            if any(comment.id == number for comment in issue.comments):
                return self._desk.visible(call.actor, issue.key), self._of(issue, number)
        raise Refusal(404, f"The comment with id '{number}' does not exist.")

    def comment_properties(self, call: Call, number: str) -> Response:
        """The keys of a comment's properties."""
        _, comment = self._anywhere(call, number)
        return _keys(f"{call.base}/comment/{number}/properties", comment.properties)

    def comment_property(self, call: Call, number: str, name: str) -> Response:
        """One property of a comment."""
        _, comment = self._anywhere(call, number)
        return _property(comment.properties, name)

    def set_comment_property(self, call: Call, number: str, name: str) -> Response:
        """Create (201) or replace (200) a property of a comment."""
        issue, comment = self._anywhere(call, number)
        self._desk.write(call.actor, issue.key)
        return self._set(call, issue, comment.properties, name=name)

    def issue_properties(self, call: Call, key: str) -> Response:
        """The keys of an issue's properties."""
        issue = self._desk.visible(call.actor, key)
        return _keys(f"{call.base}/issue/{issue.id}/properties", issue.properties)

    def issue_property(self, call: Call, key: str, name: str) -> Response:
        """One property of an issue."""
        return _property(self._desk.visible(call.actor, key).properties, name)

    def set_issue_property(self, call: Call, key: str, name: str) -> Response:
        """Create (201) or replace (200) a property of an issue."""
        issue = self._desk.write(call.actor, key)
        return self._set(call, issue, issue.properties, name=name)

    def delete_issue_property(self, call: Call, key: str, name: str) -> Response:
        """Remove a property of an issue."""
        issue = self._desk.write(call.actor, key)
        _property(issue.properties, name)
        del issue.properties[name]
        self._desk.reindex(issue)
        return json_response(None, 204)

    def _set(self, call: Call, issue: Issue, properties: dict[str, Any], *, name: str) -> Response:
        value = call.json()
        check_property(name, value)
        created = name not in properties
        properties[name] = value
        self._desk.reindex(issue)
        return json_response(None, 201 if created else 200)


def _keys(url: str, properties: dict[str, Any]) -> Response:
    return json_response({"keys": [{"self": f"{url}/{key}", "key": key} for key in properties]})


def _property(properties: dict[str, Any], name: str) -> Response:
    if name not in properties:
        raise Refusal(404, f"The property with key '{name}' does not exist.")
    return json_response({"key": name, "value": properties[name]})
