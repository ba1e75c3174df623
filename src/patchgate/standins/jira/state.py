"""What the site holds: plain dataclasses, deep-copied by `snapshot` and `restore`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CATEGORIES = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
"""Jira's three status categories: key to (id, name, colour)."""

ISSUE_TYPES = {
    "Story": ("10001", False, 0),
    "Task": ("10002", False, 0),
    "Bug": ("10003", False, 0),
    "Epic": ("10000", False, 1),
    "Sub-task": ("10004", True, -1),
}
"""Name to (id, is a sub-task, hierarchy level)."""

PRIORITIES = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4", "Lowest": "5"}
RESOLUTIONS = {"Done": "10000", "Won't Do": "10001", "Duplicate": "10002"}
LINK_TYPES = {
    "Blocks": ("10000", "is blocked by", "blocks"),
    "Relates": ("10003", "relates to", "relates to"),
}
"""Name to (id, inward words, outward words)."""

DEFAULT_STATUSES = (
    ("Backlog", "new"),
    ("Plan Review", "indeterminate"),
    ("In Progress", "indeterminate"),
    ("In Testing", "indeterminate"),
    ("Done", "done"),
    ("Blocked", "indeterminate"),
)


@dataclass
class User:
    """A person or a service account; `api_token` opens basic authentication with the email."""

    account_id: str
    name: str
    email: str
    api_token: str | None = None
    kind: str = "atlassian"
    active: bool = True


@dataclass
class OAuthClient:
    """Client credentials of a service account."""

    client_id: str
    secret: str
    account_id: str


@dataclass
class Status:
    """A workflow status; `category` is a key of CATEGORIES."""

    id: str
    name: str
    category: str


@dataclass
class Transition:
    """A way to the status `to`: from the `sources`, or from everywhere where that is None."""

    id: str
    name: str
    to: str
    sources: tuple[str, ...] | None = None
    required: tuple[str, ...] = ()
    """Ids of fields on the transition's screen that must be filled."""


@dataclass
class Workflow:
    """The statuses of a project (names and categories) and the ways between them."""

    statuses: tuple[tuple[str, str], ...]
    transitions: list[Transition]
    initial: str

    @classmethod
    def default(cls) -> Workflow:
        """Backlog, Plan Review, In Progress, In Testing, Done, Blocked, each open from each."""
        ways = [
            Transition(str(11 + 10 * n), name, name) for n, (name, _) in enumerate(DEFAULT_STATUSES)
        ]
        return cls(DEFAULT_STATUSES, ways, DEFAULT_STATUSES[0][0])


@dataclass
class Project:
    """A project; `browsers` and `writers` are account ids, None means everybody."""

    key: str
    name: str
    workflow: Workflow = field(default_factory=Workflow.default)
    components: dict[str, str] = field(default_factory=dict)
    """Component name to id."""
    browsers: set[str] | None = None
    writers: set[str] | None = None
    id: str = ""
    last_number: int = 0

    def lets_see(self, account_id: str) -> bool:
        """Whether the account may browse the project."""
        return self.browsers is None or account_id in self.browsers

    def lets_write(self, account_id: str) -> bool:
        """Whether the account may change issues and comment."""
        return self.lets_see(account_id) and (self.writers is None or account_id in self.writers)


@dataclass
class Comment:
    """A comment; the body is an Atlassian Document."""

    id: str
    author: str
    body: dict[str, Any]
    created: datetime
    updated: datetime
    update_author: str
    properties: dict[str, Any] = field(default_factory=dict)
    visibility: dict[str, Any] | None = None


@dataclass
class Item:
    """One changed field of a history; `before` and `after` are ids where the field has them."""

    field: str
    field_id: str
    before: str | None
    before_text: str | None
    after: str | None
    after_text: str | None


@dataclass
class History:
    """One entry of the changelog: everything that one action changed."""

    id: str
    author: str
    created: datetime
    items: list[Item]


@dataclass
class Attachment:
    """A file on an issue."""

    id: str
    filename: str
    mimetype: str
    content: bytes
    author: str
    created: datetime


@dataclass
class Link:
    """A directed link: `outward` blocks `inward` (issue ids)."""

    id: str
    type: str
    inward: str
    outward: str


@dataclass
class Issue:
    """An issue; users by account id, project by key, status and type by name."""

    id: str
    key: str
    project: str
    type: str
    summary: str
    status: str
    creator: str
    reporter: str
    created: datetime
    updated: datetime
    description: dict[str, Any] | None = None
    assignee: str | None = None
    parent: str | None = None
    """The parent's issue id."""
    priority: str = "Medium"
    labels: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)
    resolution: str | None = None
    resolved: datetime | None = None
    comments: list[Comment] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)


@dataclass
class Indexed:
    """How an issue looked to the search index from `at` on; None once it was deleted."""

    at: datetime
    issue: Issue | None


@dataclass
class Site:
    """Everything that the site remembers."""

    cloud_id: str
    users: dict[str, User] = field(default_factory=dict)
    oauth_clients: dict[str, OAuthClient] = field(default_factory=dict)
    bearers: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Access token to (account id, end of its life)."""
    projects: dict[str, Project] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    custom_fields: dict[str, str] = field(default_factory=dict)
    """`customfield_…` to the name that people see."""
    issues: dict[str, Issue] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Every key that an issue has or had, to its id."""
    links: dict[str, Link] = field(default_factory=dict)
    index: dict[str, list[Indexed]] = field(default_factory=dict)
    writes: dict[str, list[datetime]] = field(default_factory=dict)
    """Issue id to the times of its latest writes, for the per-issue limit."""
    races: set[str] = field(default_factory=set)
    """Issue ids whose next transition loses a race."""
    last_stamp: datetime | None = None
    last_id: int = 10000

    def next_id(self) -> str:
        """A number used for nothing else on the site."""
        self.last_id += 1
        return str(self.last_id)

    def add_project(self, project: Project) -> Project:
        """Give the project its id and register the statuses of its workflow."""
        project.id = str(10000 + len(self.projects))
        self.projects[project.key] = project
        for name, category in project.workflow.statuses:
            self.statuses.setdefault(name, Status(str(10100 + len(self.statuses)), name, category))
        return project

    def children(self, issue_id: str) -> list[Issue]:
        """The issues whose parent this is, oldest first."""
        return [issue for issue in self.issues.values() if issue.parent == issue_id]

    def project_by(self, key_or_id: str) -> Project | None:
        """The project of that key or id."""
        return next((p for p in self.projects.values() if key_or_id in (p.key, p.id)), None)

    def issue_by(self, key_or_id: str) -> Issue | None:
        """The issue of that id, key or former key."""
        key = key_or_id.upper()
        return self.issues.get(self.keys.get(key, key))


def site(
    *,
    users: Iterable[User],
    projects: Iterable[Project],
    oauth_clients: Iterable[OAuthClient] = (),
    custom_fields: dict[str, str] | None = None,
    cloud_id: str = "11223344-5566-4777-8899-aabbccddeeff",
) -> Site:
    """A site with these users and projects and no issues."""
    made = Site(cloud_id, custom_fields=dict(custom_fields or {}))
    made.users = {user.account_id: user for user in users}
    made.oauth_clients = {client.client_id: client for client in oauth_clients}
    for project in projects:
        made.add_project(project)
    return made
