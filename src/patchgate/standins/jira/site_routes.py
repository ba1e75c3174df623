"""Operations on the site itself: who and what exists on it."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from patchgate.standins.http import json_response
from patchgate.standins.jira.call import Call, Table
from patchgate.standins.jira.desk import Desk
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.render import SYSTEM_FIELDS, Renderer, field_schema, jira_time
from patchgate.standins.jira.state import ISSUE_TYPES, LINK_TYPES, PRIORITIES, Project, User

SEE, WRITE = ("BROWSE_PROJECTS",), ("CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS")
PERMISSIONS = (*SEE, *WRITE, "ASSIGN_ISSUES", "TRANSITION_ISSUES", "CREATE_ATTACHMENTS")


class SiteRoutes:
    """serverInfo, users, projects and the catalogues of statuses, types and fields."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def table(self) -> Table:
        """Method, rule and operation."""
        return [
            ("GET", "/serverInfo", self.server_info),
            ("GET", "/myself", self.myself),
            ("GET", "/mypermissions", self.my_permissions),
            ("GET", "/user", self.user),
            ("GET", "/user/search", self.find_users),
            ("GET", "/user/assignable/search", self.find_assignable),
            ("GET", "/project/<key>", self.project),
            ("GET", "/project/<key>/statuses", self.project_statuses),
            ("GET", "/status", self.statuses),
            ("GET", "/issuetype", self.issue_types),
            ("GET", "/priority", self.priorities),
            ("GET", "/issueLinkType", self.link_types),
            ("GET", "/field", self.fields),
        ]

    def _render(self, call: Call) -> Renderer:
        return Renderer(self._desk.state, call.base)

    def server_info(self, call: Call) -> Response:
        """The site's nature; also for anonymous callers."""
        return json_response(
            {
                "baseUrl": call.request.host_url.rstrip("/"),
                "version": "1001.0.0-SNAPSHOT",
                "versionNumbers": [1001, 0, 0],
                "deploymentType": "Cloud",
                "buildNumber": 100290,
                "buildDate": jira_time(self._desk.now()),
                "serverTime": jira_time(self._desk.now()),
                "scmInfo": "stand-in",
                "serverTitle": "Jira",
            }
        )

    def myself(self, call: Call) -> Response:
        """The account of the credentials."""
        return json_response(self._render(call).user(call.actor))

    def my_permissions(self, call: Call) -> Response:
        """What the account may do, in one project or issue where given."""
        asked = call.words("permissions")
        if not asked or not set(asked) <= set(PERMISSIONS):
            raise Refusal(
                400, "The 'permissions' query parameter is required or names unknown ones."
            )
        key = call.request.args.get("projectKey")
        if call.request.args.get("issueKey"):
            key = self._desk.visible(call.actor, call.request.args["issueKey"]).project
        project = self._project(call, key) if key else None
        shown = {}
        for number, name in enumerate(PERMISSIONS):
            if name in asked:
                may = project is None or name in SEE or project.lets_write(call.actor)
                words = name.replace("_", " ").capitalize()
                shown[name] = {
                    "id": str(number),
                    "key": name,
                    "name": words,
                    "type": "PROJECT",
                    "description": words,
                    "havePermission": may,
                }
        return json_response({"permissions": shown})

    def user(self, call: Call) -> Response:
        """One user by account id."""
        account_id = call.request.args.get("accountId", "")
        if account_id not in self._desk.state.users:
            raise Refusal(404, f"Specified user '{account_id}' does not exist")
        return json_response(self._render(call).user(account_id))

    def _found(self, call: Call, users: list[User]) -> Response:
        start, size = call.number("startAt", 0), call.number("maxResults", 50, most=1000)
        page = users[start : start + size]
        return json_response([self._render(call).user(user.account_id) for user in page])

    def _matching(self, call: Call) -> list[User]:
        account_id, query = call.request.args.get("accountId"), call.request.args.get("query")
        if account_id is None and query is None:
            raise Refusal(400, "The query parameter is required.")
        users = [u for u in self._desk.state.users.values() if u.active]
        if account_id is not None:
            return [user for user in users if user.account_id == account_id]
        words = (query or "").lower()
        return [u for u in users if words in f"{u.name} {u.email} {u.account_id}".lower()]

    def find_users(self, call: Call) -> Response:
        """Users whose name, email or account id contains the query."""
        return self._found(call, self._matching(call))

    def find_assignable(self, call: Call) -> Response:
        """Users who can be assigned in a project or to an issue."""
        key = call.request.args.get("project", "")
        if call.request.args.get("issueKey"):
            key = self._desk.visible(call.actor, call.request.args["issueKey"]).project
        project = self._project(call, key)
        users = [u for u in self._desk.state.users.values() if u.active]
        if call.request.args.get("query") is not None:
            users = self._matching(call)
        return self._found(call, [u for u in users if project.lets_see(u.account_id)])

    def _project(self, call: Call, key: str) -> Project:
        project = self._desk.state.project_by(key)
        if project is None or not project.lets_see(call.actor):
            raise Refusal(404, f"No project could be found with key '{key}'.")
        return project

    def project(self, call: Call, key: str) -> Response:
        """One project with its components and issue types."""
        project, render = self._project(call, key), self._render(call)
        shown: dict[str, Any] = {
            **render.project(project),
            "description": "",
            "components": [
                render.named("component", name, project.components) for name in project.components
            ],
            "issueTypes": [render.issue_type(name) for name in ISSUE_TYPES],
            "assigneeType": "UNASSIGNED",
            "versions": [],
            "roles": {},
            "style": "classic",
            "isPrivate": project.browsers is not None,
            "properties": {},
        }
        return json_response(shown)

    def project_statuses(self, call: Call, key: str) -> Response:
        """The statuses of a project's workflow under each issue type."""
        project, render = self._project(call, key), self._render(call)
        statuses = [render.status(name) for name, _ in project.workflow.statuses]
        shown = []
        for name in ISSUE_TYPES:
            kind = render.issue_type(name)
            entry = {field: kind[field] for field in ("self", "id", "name", "subtask")}
            shown.append({**entry, "statuses": statuses})
        return json_response(shown)

    def statuses(self, call: Call) -> Response:
        """Every status of the site."""
        return json_response([self._render(call).status(n) for n in self._desk.state.statuses])

    def issue_types(self, call: Call) -> Response:
        """Every issue type."""
        return json_response([self._render(call).issue_type(name) for name in ISSUE_TYPES])

    def priorities(self, call: Call) -> Response:
        """Every priority."""
        render = self._render(call)
        return json_response([render.named("priority", name, PRIORITIES) for name in PRIORITIES])

    def link_types(self, call: Call) -> Response:
        """Every issue link type."""
        shown = [
            {
                "id": type_id,
                "name": name,
                "inward": inward,
                "outward": outward,
                "self": f"{call.base}/issueLinkType/{type_id}",
            }
            for name, (type_id, inward, outward) in LINK_TYPES.items()
        ]
        return json_response({"issueLinkTypes": shown})

    def fields(self, call: Call) -> Response:
        """System and custom fields."""
        names = {**{f: f.capitalize() for f in SYSTEM_FIELDS}, **self._desk.state.custom_fields}
        shown = [
            {
                "id": field,
                "key": field,
                "name": name,
                "custom": field.startswith("customfield_"),
                "orderable": True,
                "navigable": True,
                "searchable": True,
                "clauseNames": [field],
                "schema": field_schema(field),
            }
            for field, name in names.items()
        ]
        return json_response(shown)
