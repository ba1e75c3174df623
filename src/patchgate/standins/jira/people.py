"""People at the browser: the same changes as over REST, by a named account, without its limits."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from patchgate.standins.jira.adf import text_to_adf
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.state import Comment, Issue, Site

if TYPE_CHECKING:
    from patchgate.standins.jira.actions import Actions
    from patchgate.standins.jira.transitions import Transitions

Text = str | dict[str, Any]
"""Plain text (paragraphs, ``` blocks, `- ` lists) or an Atlassian Document."""


class Browser(Protocol):
    """The part of the service that people use."""

    actions: Actions
    transitions: Transitions

    def acting(self) -> AbstractContextManager[Site]:
        """The state, locked; what was done is announced afterwards."""
        ...


class Person:
    """Acts as one account; raises Refusal where the service would refuse."""

    def __init__(self, browser: Browser, account_id: str) -> None:
        self._browser = browser
        self.account_id = account_id

    def create(
        self,
        project: str,
        issue_type: str,
        summary: str,
        description: Text = "",
        *,
        parent: str | None = None,
        **fields: Any,
    ) -> Issue:
        """Create an issue; `fields` are as in the REST API (labels, assignee, customfield_…)."""
        described = _document(description) if description else None
        given = {
            "project": {"key": project},
            "issuetype": {"name": issue_type},
            "summary": summary,
            "description": described,
            **fields,
        }
        if parent is not None:
            given["parent"] = {"key": parent}
        with self._browser.acting():
            return self._browser.actions.create(self.account_id, {"fields": given})

    def comment(self, key: str, text: Text) -> Comment:
        """Comment on an issue."""
        with self._browser.acting():
            body = {"body": _document(text)}
            return self._browser.actions.comment(self.account_id, self._issue(key), body)

    def edit_comment(self, key: str, comment_id: str, text: Text) -> None:
        """Rewrite a comment, one's own or another's."""
        with self._browser.acting():
            issue, body = self._issue(key), {"body": _document(text)}
            comment = _comment(issue, comment_id)
            self._browser.actions.edit_comment(self.account_id, issue, comment, body)

    def delete_comment(self, key: str, comment_id: str) -> None:
        """Delete a comment."""
        with self._browser.acting():
            issue = self._issue(key)
            self._browser.actions.delete_comment(
                self.account_id, issue, _comment(issue, comment_id)
            )

    def assign(self, key: str, account_id: str | None) -> None:
        """Assign an issue, or leave it with nobody."""
        with self._browser.acting():
            self._browser.actions.assign(self.account_id, self._issue(key), account_id)

    def transition(self, key: str, status: str, **fields: Any) -> None:
        """Take the first available transition to the status; `fields` fill its screen."""
        with self._browser.acting():
            issue = self._issue(key)
            ways = self._browser.transitions.available(issue)
            chosen = next((way for way in ways if way.to == status), None)
            if chosen is None:
                offered = ", ".join(way.to for way in ways)
                raise Refusal(400, f"{key} is {issue.status}: it can go to {offered}.")
            body = {"transition": {"id": chosen.id}, "fields": fields}
            self._browser.transitions.perform(self.account_id, issue, body)

    def edit(self, key: str, **fields: Any) -> None:
        """Set fields; a description may be plain text."""
        if isinstance(fields.get("description"), str):
            fields["description"] = text_to_adf(fields["description"])
        with self._browser.acting():
            self._browser.actions.edit(self.account_id, self._issue(key), {"fields": fields})

    def attach(self, key: str, filename: str, content: bytes) -> None:
        """Attach a file."""
        with self._browser.acting():
            self._browser.actions.attach(
                self.account_id,
                self._issue(key),
                filename=filename,
                mimetype="application/octet-stream",
                content=content,
            )

    def move(self, key: str, project: str) -> Issue:
        """Move an issue with its sub-tasks to another project."""
        with self._browser.acting() as site:
            issue = self._issue(key)
            if project not in site.projects:
                raise Refusal(400, f"There is no project {project}.")
            self._browser.actions.move(self.account_id, issue, site.projects[project])
            return issue

    def delete(self, key: str, *, with_subtasks: bool = False) -> None:
        """Delete an issue."""
        with self._browser.acting():
            self._browser.actions.delete(
                self.account_id, self._issue(key), with_subtasks=with_subtasks
            )

    def _issue(self, key: str) -> Issue:
        return self._browser.actions.desk.writable(self.account_id, key)


def _document(text: Text) -> dict[str, Any]:
    return text_to_adf(text) if isinstance(text, str) else text


def _comment(issue: Issue, comment_id: str) -> Comment:
    for comment in issue.comments:
        if comment.id == comment_id:
            return comment
    raise Refusal(404, f"Can not find a comment for the id: {comment_id}.")
