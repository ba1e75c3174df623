"""What can be done to issues, by the REST API and by people in the browser alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patchgate.standins.jira.desk import Desk
from patchgate.standins.jira.fields import FieldError, Fields, apply
from patchgate.standins.jira.payloads import comment_body, issue_type, part, properties_of
from patchgate.standins.jira.refusal import Refusal, bad_field
from patchgate.standins.jira.state import (
    ISSUE_TYPES,
    Attachment,
    Comment,
    Issue,
    Item,
    Link,
    Project,
)


class Actions:
    """Validated, recorded changes; every method acts as the account given first."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def create(self, actor: str, body: Mapping[str, Any]) -> Issue:
        """Make the issue that a create payload describes, with its properties."""
        fields = part(body, "fields")
        project = self._project(actor, fields.pop("project", None))
        kind = issue_type(fields.pop("issuetype", None))
        parent = self._parent(actor, project, kind, fields.pop("parent", None))
        fields.setdefault("summary", None)
        parsed = Fields(self.desk.state, project).parse({**body, "fields": fields})
        properties = properties_of(body.get("properties"))
        state, at = self.desk.state, self.desk.stamp()
        project.last_number += 1
        issue = Issue(
            id=state.next_id(),
            key=f"{project.key}-{project.last_number}",
            project=project.key,
            type=kind,
            summary="",
            status=project.workflow.initial,
            creator=actor,
            reporter=actor,
            created=at,
            updated=at,
            parent=parent.id if parent else None,
            properties=properties,
        )
        apply(state, issue, parsed)
        state.issues[issue.id], state.keys[issue.key] = issue, issue.id
        self.desk.record(issue, actor, what=["created"], at=at)
        return issue

    def _project(self, actor: str, value: Any) -> Project:
        named = str(value.get("key") or value.get("id") or "") if isinstance(value, dict) else ""
        project = self.desk.state.project_by(named)
        if project is None or not project.lets_see(actor):
            raise bad_field("project", "Specify a valid project ID or key")
        if not project.lets_write(actor):
            raise Refusal(403, "You do not have permission to create issues in this project.")
        return project

    def _parent(self, actor: str, project: Project, kind: str, value: Any) -> Issue | None:
        _, is_subtask, level = ISSUE_TYPES[kind]
        if value is None:
            if is_subtask:
                raise bad_field(
                    "issuetype",
                    "Issue type is a sub-task but parent issue key or id not specified.",
                )
            return None
        named = str(value.get("key") or value.get("id")) if isinstance(value, dict) else ""
        parent = self.desk.state.issue_by(named)
        if parent is None or not self.desk.state.projects[parent.project].lets_see(actor):
            raise bad_field("parent", "Could not find issue by id or key.")
        if ISSUE_TYPES[parent.type][2] != level + 1 or parent.project != project.key:
            raise bad_field(
                "parent", "Given parent issue does not belong to appropriate hierarchy."
            )
        return parent

    def edit(self, actor: str, issue: Issue, body: Mapping[str, Any]) -> None:
        """Set the fields and properties of an edit payload; all or nothing."""
        if not any(body.get(part) for part in ("fields", "update", "properties")):
            raise Refusal(400, "one of 'fields' or 'update' required")
        project = self.desk.state.projects[issue.project]
        values = Fields(self.desk.state, project).parse(body, issue)
        properties = properties_of(body.get("properties"))
        issue.properties.update(properties)
        items = apply(self.desk.state, issue, values)
        if items:
            self.desk.record(issue, actor, what=[i.field_id for i in items], items=items)
        elif properties:
            self.desk.reindex(issue)

    def assign(self, actor: str, issue: Issue, account_id: str | None) -> None:
        """Assign the issue, or leave it with nobody."""
        project = self.desk.state.projects[issue.project]
        if account_id is not None:
            try:
                Fields(self.desk.state, project).assignable(account_id)
            except FieldError as error:
                raise bad_field("assignee", str(error)) from error
        items = apply(self.desk.state, issue, {"assignee": account_id})
        if items:
            self.desk.record(issue, actor, what=["assignee"], items=items)

    def comment(self, actor: str, issue: Issue, body: Mapping[str, Any]) -> Comment:
        """Add a comment with its entity properties."""
        document = comment_body(body)
        properties = properties_of(body.get("properties"))
        at = self.desk.stamp()
        comment = Comment(
            id=self.desk.state.next_id(),
            author=actor,
            body=document,
            created=at,
            updated=at,
            update_author=actor,
            properties=properties,
            visibility=body.get("visibility"),
        )
        issue.comments.append(comment)
        self.desk.record(issue, actor, what=["comment"], at=at)
        return comment

    def edit_comment(
        self, actor: str, issue: Issue, comment: Comment, body: Mapping[str, Any]
    ) -> None:
        """Replace a comment's text; it is an edited comment from then on."""
        comment.body = comment_body(body)
        comment.properties.update(properties_of(body.get("properties")))
        comment.updated, comment.update_author = self.desk.stamp(), actor
        self.desk.record(issue, actor, what=["comment-edited"], at=comment.updated)

    def delete_comment(self, actor: str, issue: Issue, comment: Comment) -> None:
        """Remove a comment."""
        issue.comments.remove(comment)
        self.desk.record(issue, actor, what=["comment-deleted"])

    def attach(
        self, actor: str, issue: Issue, *, filename: str, mimetype: str, content: bytes
    ) -> Attachment:
        """Add a file."""
        made = Attachment(
            self.desk.state.next_id(), filename, mimetype, content, actor, self.desk.stamp()
        )
        issue.attachments.append(made)
        item = Item("Attachment", "attachment", None, None, made.id, filename)
        self.desk.record(issue, actor, what=["attachment"], items=[item], at=made.created)
        return made

    def link(self, actor: str, kind: str, *, inward: Issue, outward: Issue) -> Link:
        """Link two issues."""
        made = Link(self.desk.state.next_id(), kind, inward.id, outward.id)
        self.desk.state.links[made.id] = made
        for issue, other in ((inward, outward), (outward, inward)):
            item = Item("Link", "issuelinks", None, None, other.key, f"{kind}: {other.key}")
            self.desk.record(issue, actor, what=["issuelinks"], items=[item])
        return made

    def move(self, actor: str, issue: Issue, project: Project) -> None:
        """Move the issue and its sub-tasks to another project; old keys go on answering.

        A status that the new workflow does not have becomes its first one.
        """
        state = self.desk.state
        if issue.project == project.key:
            raise Refusal(400, f"{issue.key} is in {project.key} already.")
        for moved in [issue, *(c for c in state.children(issue.id) if ISSUE_TYPES[c.type][1])]:
            old_key, old_project = moved.key, state.projects[moved.project]
            project.last_number += 1
            moved.key, moved.project = f"{project.key}-{project.last_number}", project.key
            moved.components = []
            state.keys[moved.key] = moved.id
            items = [
                Item("Key", "key", None, old_key, None, moved.key),
                Item(
                    "project", "project", old_project.id, old_project.name, project.id, project.name
                ),
            ]
            if moved.status not in dict(project.workflow.statuses):
                was, becomes = (
                    state.statuses[moved.status],
                    state.statuses[project.workflow.initial],
                )
                items.append(Item("status", "status", was.id, was.name, becomes.id, becomes.name))
                moved.status = becomes.name
            self.desk.record(moved, actor, what=["moved"], items=items)

    def delete(self, actor: str, issue: Issue, *, with_subtasks: bool = False) -> None:
        """Delete the issue; its sub-tasks must be named to go with it."""
        state = self.desk.state
        subtasks = [c for c in state.children(issue.id) if ISSUE_TYPES[c.type][1]]
        if subtasks and not with_subtasks:
            raise Refusal(400, f"The issue '{issue.key}' has subtasks.")
        for gone in [*subtasks, issue]:
            del state.issues[gone.id]
            for key in [key for key, owner in state.keys.items() if owner == gone.id]:
                del state.keys[key]
            for link in [k for k in state.links.values() if gone.id in (k.inward, k.outward)]:
                del state.links[link.id]
            self.desk.record(gone, actor, what=["deleted"])
            self.desk.reindex(gone, deleted=True)
        for child in state.children(issue.id):
            child.parent = None
            self.desk.reindex(child)
