"""REST operations on issues, conversation comments and labels."""

from __future__ import annotations

from werkzeug.wrappers import Response

from patchgate.standins.github import shapes_talk as shapes
from patchgate.standins.github.call import REPO, Call, Operation, strings
from patchgate.standins.github.moves import announce, closed
from patchgate.standins.github.refusals import Refusal, invalid, not_found
from patchgate.standins.github.shapes import user
from patchgate.standins.github.state import Comment, Issue, Label
from patchgate.standins.github.talk import (
    add_comment,
    add_labels,
    checked_text,
    open_issue,
    reopen,
)
from patchgate.standins.http import json_response

ONE = f"{REPO}/issues/<int:number>"
NOTE = f"{REPO}/issues/comments/<int:comment>"


def list_issues(call: Call) -> Response:
    """Issues and pull requests, newest first, by state and labels."""
    state = call.request.args.get("state", "open")
    wanted = {n.lower() for n in call.request.args.get("labels", "").split(",") if n}
    found = [
        issue
        for issue in reversed(call.repo.issues.values())
        if state in ("all", issue.state) and wanted <= {n.lower() for n in issue.labels}
    ]
    return call.paged(found, lambda issue: shapes.issue(call.hub, call.repo, issue))


def create_issue(call: Call) -> Response:
    """Open an issue."""
    title, body = call.text("title"), call.text("body", optional=True) or None
    issue = open_issue(call.hub, call.repo, call.actor, title=title, body=body)
    add_labels(call.hub, call.repo, call.actor, issue, call.texts("labels"))
    return json_response(shapes.issue(call.hub, call.repo, issue), 201)


def get_issue(call: Call, number: int) -> Response:
    """An issue, or a pull request seen as one."""
    issue = call.issue(number)
    # Only the REST shape names who closed it; webhooks carry the issue without.
    by = user(call.hub, issue.closed_by) if issue.closed_by else None
    return json_response({**shapes.issue(call.hub, call.repo, issue), "closed_by": by})


def edit_issue(call: Call, number: int) -> Response:
    """Change title, body, state, labels or assignees."""
    issue, body = call.issue(number), call.body()
    title, text = (call.text(key, optional=True) for key in ("title", "body"))
    checked_text("Issue", title if "title" in body else None, text)
    issue.title = title or issue.title
    issue.body = text if "body" in body else issue.body
    issue.assignees = call.texts("assignees") if "assignees" in body else issue.assignees
    issue.updated_at = call.hub.after(issue.updated_at)
    if "labels" in body:
        _replace_labels(call, issue, call.texts("labels"))
    state = call.text("state", optional=True)
    if state == "closed" and issue.state == "open":
        closed(call.hub, call.repo, call.actor, issue)
    elif state == "open" and issue.state == "closed":
        reopen(call.hub, call.repo, call.actor, issue)
    return json_response(shapes.issue(call.hub, call.repo, issue))


def list_comments(call: Call, number: int) -> Response:
    """Conversation comments, oldest first, since a moment where one is given."""
    issue, since = call.issue(number), call.request.args.get("since", "")
    found = [c for c in issue.comments if c.updated_at >= since]
    return call.paged(found, lambda c: shapes.comment(call.hub, call.repo, issue, c))


def create_comment(call: Call, number: int) -> Response:
    """Comment."""
    issue = call.issue(number)
    made = add_comment(call.hub, call.repo, call.actor, issue, call.text("body"))
    return json_response(shapes.comment(call.hub, call.repo, issue, made), 201)


def get_comment(call: Call, comment: int) -> Response:
    """One comment."""
    issue, found = _comment(call, comment)
    return json_response(shapes.comment(call.hub, call.repo, issue, found))


def edit_comment(call: Call, comment: int) -> Response:
    """Change a comment's text; the time of the edit shows."""
    issue, found = _comment(call, comment)
    body = call.text("body")
    checked_text("IssueComment", None, body)
    found.body, found.updated_at = body, call.hub.after(found.updated_at)
    return json_response(shapes.comment(call.hub, call.repo, issue, found))


def delete_comment(call: Call, comment: int) -> Response:
    """Delete a comment."""
    issue, found = _comment(call, comment)
    issue.comments.remove(found)
    return json_response(None, 204)


def list_issue_labels(call: Call, number: int) -> Response:
    """The labels of an issue."""
    issue = call.issue(number)
    return call.paged(shapes.labels(call.hub, call.repo, issue), lambda shown: shown)


def add_issue_labels(call: Call, number: int) -> Response:
    """Add labels, given as `{"labels": […]}` or as a bare list."""
    issue = call.issue(number)
    add_labels(call.hub, call.repo, call.actor, issue, _names(call))
    return json_response(shapes.labels(call.hub, call.repo, issue))


def set_issue_labels(call: Call, number: int) -> Response:
    """Replace all labels."""
    issue = call.issue(number)
    _replace_labels(call, issue, _names(call))
    return json_response(shapes.labels(call.hub, call.repo, issue))


def remove_issue_label(call: Call, number: int, label: str) -> Response:
    """Remove one label."""
    issue = call.issue(number)
    name = next((n for n in issue.labels if n.lower() == label.lower()), None)
    if name is None:
        raise Refusal(404, "Label does not exist")
    _drop_label(call, issue, name)
    return json_response(shapes.labels(call.hub, call.repo, issue))


def list_labels(call: Call) -> Response:
    """The labels of the repository."""
    found = list(call.repo.labels.values())
    return call.paged(found, lambda one: shapes.label(call.hub, call.repo, one))


def get_label(call: Call, label: str) -> Response:
    """One label."""
    found = call.repo.labels.get(label.lower())
    if found is None:
        raise not_found()
    return json_response(shapes.label(call.hub, call.repo, found))


def create_label(call: Call) -> Response:
    """A new label; 422 where one of that name exists."""
    name = call.text("name")
    if name.lower() in call.repo.labels:
        raise invalid("Label", "already exists", field="name", code="already_exists")
    color = call.text("color", optional=True) or "ededed"
    description = call.text("description", optional=True) or None
    made = Label(call.hub.world.next_id(), name, color, description)
    call.repo.labels[name.lower()] = made
    return json_response(shapes.label(call.hub, call.repo, made), 201)


def _comment(call: Call, number: int) -> tuple[Issue, Comment]:
    for issue in call.repo.issues.values():
        for comment in issue.comments:
            if comment.id == number:
                return issue, comment
    raise not_found()


def _names(call: Call) -> list[str]:
    sent = call.document()
    return strings(sent.get("labels") if isinstance(sent, dict) else sent, "labels")


def _replace_labels(call: Call, issue: Issue, names: list[str]) -> None:
    kept = {name.lower() for name in names}
    for name in [n for n in issue.labels if n.lower() not in kept]:
        _drop_label(call, issue, name)
    add_labels(call.hub, call.repo, call.actor, issue, names)


def _drop_label(call: Call, issue: Issue, name: str) -> None:
    issue.labels.remove(name)
    shown = shapes.label(call.hub, call.repo, call.repo.labels[name.lower()])
    announce(call.hub, call.repo, call.actor, issue, "unlabeled", label=shown)


def operations() -> list[Operation]:
    """This module's operations; a pull request's side of them needs either permission."""
    read, write = "issues|pull_requests:read", "issues|pull_requests:write"
    return [
        ("GET", f"{REPO}/issues", read, list_issues),
        ("POST", f"{REPO}/issues", "issues:write", create_issue),
        ("GET", ONE, read, get_issue),
        ("PATCH", ONE, write, edit_issue),
        ("GET", f"{ONE}/comments", read, list_comments),
        ("POST", f"{ONE}/comments", write, create_comment),
        ("GET", NOTE, read, get_comment),
        ("PATCH", NOTE, write, edit_comment),
        ("DELETE", NOTE, write, delete_comment),
        ("GET", f"{ONE}/labels", read, list_issue_labels),
        ("POST", f"{ONE}/labels", write, add_issue_labels),
        ("PUT", f"{ONE}/labels", write, set_issue_labels),
        ("DELETE", f"{ONE}/labels/<label>", write, remove_issue_label),
        ("GET", f"{REPO}/labels", read, list_labels),
        ("POST", f"{REPO}/labels", write, create_label),
        ("GET", f"{REPO}/labels/<label>", read, get_label),
    ]
