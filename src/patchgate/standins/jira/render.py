"""The site's objects as the JSON of REST v3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from patchgate.standins.jira.state import (
    CATEGORIES,
    ISSUE_TYPES,
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    Attachment,
    Comment,
    History,
    Issue,
    Project,
    Site,
    Transition,
)

Json = dict[str, Any]
EMBEDDED = 100
"""How many comments an issue shows by itself; the older ones are paged."""
CUSTOM_SCHEMA: Json = {"type": "string", "custom": "com.atlassian.jira.plugin:textfield"}


def jira_time(moment: datetime) -> str:
    """`2026-11-21T10:00:00.123+0000`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


class Renderer:
    """Renders over one site with `self` links below one base URL."""

    def __init__(self, site: Site, base: str) -> None:
        self._site = site
        self.base = base

    def user(self, account_id: str | None) -> Json | None:
        """A user as issues and comments show them."""
        if account_id is None:
            return None
        user = self._site.users[account_id]
        return {
            "self": f"{self.base}/user?accountId={account_id}",
            "accountId": account_id,
            "emailAddress": user.email,
            "displayName": user.name,
            "active": user.active,
            "timeZone": "Etc/UTC",
            "accountType": user.kind,
        }

    def status(self, name: str) -> Json:
        """A status with its category."""
        status = self._site.statuses[name]
        number, words, colour = CATEGORIES[status.category]
        return {
            "self": f"{self.base}/status/{status.id}",
            "description": "",
            "name": name,
            "id": status.id,
            "statusCategory": {
                "self": f"{self.base}/statuscategory/{number}",
                "id": number,
                "key": status.category,
                "colorName": colour,
                "name": words,
            },
        }

    def issue_type(self, name: str) -> Json:
        """An issue type."""
        type_id, subtask, level = ISSUE_TYPES[name]
        return {
            "self": f"{self.base}/issuetype/{type_id}",
            "id": type_id,
            "description": "",
            "name": name,
            "subtask": subtask,
            "hierarchyLevel": level,
        }

    def named(self, path: str, name: str | None, ids: Mapping[str, str]) -> Json | None:
        """A priority, resolution or component."""
        if name is None:
            return None
        return {"self": f"{self.base}/{path}/{ids[name]}", "id": ids[name], "name": name}

    def project(self, project: Project) -> Json:
        """A project as an issue shows it."""
        return {
            "self": f"{self.base}/project/{project.id}",
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "simplified": False,
        }

    def brief(self, issue: Issue) -> Json:
        """An issue as its relatives show it."""
        return {
            "id": issue.id,
            "key": issue.key,
            "self": f"{self.base}/issue/{issue.id}",
            "fields": {
                "summary": issue.summary,
                "status": self.status(issue.status),
                "priority": self.named("priority", issue.priority, PRIORITIES),
                "issuetype": self.issue_type(issue.type),
            },
        }

    def fields(self, issue: Issue) -> Json:
        """Every field of an issue."""
        site = self._site
        project, parent = site.projects[issue.project], site.issues.get(issue.parent or "")
        children = [c for c in site.children(issue.id) if ISSUE_TYPES[c.type][1]]
        found = {
            "summary": issue.summary,
            "description": issue.description,
            "issuetype": self.issue_type(issue.type),
            "project": self.project(project),
            "status": self.status(issue.status),
            "priority": self.named("priority", issue.priority, PRIORITIES),
            "resolution": self.named("resolution", issue.resolution, RESOLUTIONS),
            "resolutiondate": jira_time(issue.resolved) if issue.resolved else None,
            "labels": issue.labels,
            "components": [
                self.named("component", n, project.components) for n in issue.components
            ],
            "assignee": self.user(issue.assignee),
            "reporter": self.user(issue.reporter),
            "creator": self.user(issue.creator),
            "created": jira_time(issue.created),
            "updated": jira_time(issue.updated),
            "subtasks": [self.brief(child) for child in children],
            "issuelinks": self._links(issue),
            "attachment": [self.attachment(a) for a in issue.attachments],
            "comment": self.comment_page(issue),
            **{field: issue.custom.get(field) for field in site.custom_fields},
        }
        return found if parent is None else {**found, "parent": self.brief(parent)}

    def _links(self, issue: Issue) -> list[Json]:
        found = []
        for link in self._site.links.values():
            type_id, inward, outward = LINK_TYPES[link.type]
            shown: Json = {
                "id": link.id,
                "self": f"{self.base}/issueLink/{link.id}",
                "type": {
                    "id": type_id,
                    "name": link.type,
                    "inward": inward,
                    "outward": outward,
                    "self": f"{self.base}/issueLinkType/{type_id}",
                },
            }
            if issue.id == link.inward:
                found.append({**shown, "outwardIssue": self.brief(self._site.issues[link.outward])})
            elif issue.id == link.outward:
                found.append({**shown, "inwardIssue": self.brief(self._site.issues[link.inward])})
        return found

    def comment_page(self, issue: Issue) -> Json:
        """The comment field of an issue: the newest of them, and how many there are."""
        shown = [self.comment(issue, comment) for comment in issue.comments[-EMBEDDED:]]
        total = len(issue.comments)
        return {
            "comments": shown,
            "self": f"{self.base}/issue/{issue.id}/comment",
            "maxResults": len(shown),
            "total": total,
            "startAt": total - len(shown),
        }

    def comment(self, issue: Issue, comment: Comment, *, properties: bool = False) -> Json:
        """A comment; its entity properties only where they were asked for."""
        shown: Json = {
            "self": f"{self.base}/issue/{issue.id}/comment/{comment.id}",
            "id": comment.id,
            "author": self.user(comment.author),
            "body": comment.body,
            "updateAuthor": self.user(comment.update_author),
            "created": jira_time(comment.created),
            "updated": jira_time(comment.updated),
            "jsdPublic": True,
        }
        if comment.visibility:
            shown["visibility"] = comment.visibility
        if properties:
            shown["properties"] = [{"key": k, "value": v} for k, v in comment.properties.items()]
        return shown

    def history(self, history: History) -> Json:
        """A changelog entry; `from` and `to` are null where a field has no ids."""
        return {
            "id": history.id,
            "author": self.user(history.author),
            "created": jira_time(history.created),
            "items": [
                {
                    "field": item.field,
                    "fieldtype": "custom" if item.field_id.startswith("customfield_") else "jira",
                    "fieldId": item.field_id,
                    "from": item.before,
                    "fromString": item.before_text,
                    "to": item.after,
                    "toString": item.after_text,
                }
                for item in history.items
            ],
        }

    def attachment(self, attachment: Attachment) -> Json:
        """An attachment's facts and where its content is."""
        return {
            "self": f"{self.base}/attachment/{attachment.id}",
            "id": attachment.id,
            "filename": attachment.filename,
            "author": self.user(attachment.author),
            "created": jira_time(attachment.created),
            "size": len(attachment.content),
            "mimeType": attachment.mimetype,
            "content": f"{self.base}/attachment/content/{attachment.id}",
        }

    def transition(self, way: Transition, *, with_fields: bool = False) -> Json:
        """A transition; the fields of its screen only where they were asked for."""
        shown = {
            "id": way.id,
            "name": way.name,
            "to": self.status(way.to),
            "hasScreen": bool(way.required),
            "isGlobal": way.sources is None,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
            "looped": False,
        }
        if with_fields:
            shown["fields"] = {field: self._screen_field(field) for field in way.required}
        return shown

    def _screen_field(self, field: str) -> Json:
        shown: Json = {
            "required": True,
            "name": self._site.custom_fields.get(field, field.capitalize()),
            "key": field,
            "hasDefaultValue": False,
            "operations": ["set"],
            "schema": field_schema(field),
        }
        if field == "resolution":
            shown["allowedValues"] = [self.named(field, name, RESOLUTIONS) for name in RESOLUTIONS]
        return shown


SYSTEM_FIELDS = {
    "summary": "string",
    "description": "string",
    "issuetype": "issuetype",
    "project": "project",
    "status": "status",
    "priority": "priority",
    "resolution": "resolution",
    "resolutiondate": "datetime",
    "labels": "array",
    "components": "array",
    "assignee": "user",
    "reporter": "user",
    "creator": "user",
    "created": "datetime",
    "updated": "datetime",
    "subtasks": "array",
    "issuelinks": "array",
    "attachment": "array",
    "comment": "comments-page",
}
"""Field id to the type of its schema."""


def field_schema(field: str) -> Json:
    """The data type of a field."""
    if field.startswith("customfield_"):
        return {**CUSTOM_SCHEMA, "customId": int(field.removeprefix("customfield_"))}
    return {"type": SYSTEM_FIELDS[field], "system": field}
