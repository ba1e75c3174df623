"""The service: routes under all their prefixes, the door, and the news for Automation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from patchgate.standins.http import Handler, StandIn, json_response
from patchgate.standins.jira.actions import Actions
from patchgate.standins.jira.auth import GATEWAY, RESOURCES_PATH, TOKEN_PATH, Doorkeeper
from patchgate.standins.jira.call import Call, Operation
from patchgate.standins.jira.desk import Change, Desk
from patchgate.standins.jira.issue_routes import IssueRoutes
from patchgate.standins.jira.note_routes import NoteRoutes
from patchgate.standins.jira.people import Person
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.search_routes import SearchRoutes
from patchgate.standins.jira.site_routes import SiteRoutes
from patchgate.standins.jira.state import Issue, Site
from patchgate.standins.jira.transitions import Transitions

Listener = Callable[[str, frozenset[str], str], None]
"""Called with (issue key, what changed, actor's account id), outside the lock."""
PREFIXES = ("/rest/api/3", "/rest/api/latest")
ACTOR = "patchgate.jira.actor"
READING_POSTS = ("/search/jql", "/search", TOKEN_PATH)


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class JiraCloud(StandIn):
    """One Jira Cloud site with its OAuth token endpoint and API gateway.

    `clock` gives UTC times, `search_lag` is how far search lags behind in seconds,
    `token_lifetime` is a bearer token's life in seconds, `limits` holds the per-issue write limits.
    None of the four is part of a snapshot.
    """

    service = "jira"
    state: Site

    def __init__(
        self,
        state: Site,
        *,
        clock: Callable[[], datetime] = utc_now,
        search_lag: float = 0.0,
        token_lifetime: float = 3600.0,
        limits: bool = True,
    ) -> None:
        self.clock = clock
        self.search_lag = search_lag
        self.token_lifetime = token_lifetime
        self.limits = limits
        self.on_change: list[Listener] = []
        self.pending: list[Change] = []
        self.desk = Desk(self)
        self.actions = Actions(self.desk)
        self.transitions = Transitions(self.actions)
        self._door = Doorkeeper(self)
        super().__init__(state)

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Every operation on the site and behind the gateway, and the OAuth endpoints."""
        issues = IssueRoutes(self.actions, self.transitions)
        tables = (
            SiteRoutes(self.desk).table(),
            issues.table(),
            NoteRoutes(self.actions).table(),
            SearchRoutes(self.desk, issues).table(),
        )
        yield "POST", TOKEN_PATH, self._door.grant
        yield "GET", RESOURCES_PATH, self._door.resources
        for method, rule, operation in (entry for table in tables for entry in table):
            for prefix in PREFIXES:
                yield method, prefix + rule, _handler(operation)
                yield method, f"{GATEWAY}<cloud>{prefix}{rule}", _handler(operation)

    def guard(self, request: Request) -> Response | None:
        """Let the token endpoint and an anonymous serverInfo pass; name the actor otherwise."""
        anonymous = request.authorization is None and request.path.endswith("/serverInfo")
        if request.path != TOKEN_PATH and not anonymous:
            request.environ[ACTOR] = self._door.account(request)
        return None

    def is_effect(self, request: Request) -> bool:
        """Searches and token grants are POSTs that change nothing."""
        return super().is_effect(request) and not request.path.endswith(READING_POSTS)

    def on_error(self, error: HTTPException) -> Response:
        """Jira's shape of an error."""
        if isinstance(error, Refusal):
            body: dict[str, Any] = {"errorMessages": error.messages, "errors": error.errors}
            return json_response(body, error.code or 500, error.extra_headers)
        return json_response(
            {"errorMessages": [error.description or "null"], "errors": {}}, error.code or 500
        )

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """WSGI entry; listeners hear of the changes once the lock is free."""
        try:
            return super().__call__(environ, start_response)
        finally:
            self.announce()

    def announce(self) -> None:
        """Tell the listeners what has changed since they were last told."""
        with self.lock:
            news, self.pending[:] = list(self.pending), []
        for change in news:
            for listener in list(self.on_change):
                listener(change.key, change.what, change.actor)

    @contextmanager
    def acting(self) -> Iterator[Site]:
        """The state under the lock, for an action in the browser; announced when it is done."""
        with self.lock:
            yield self.state
        self.announce()

    def as_user(self, account_id: str) -> Person:
        """A person at the browser."""
        if account_id not in self.state.users:
            raise KeyError(account_id)
        return Person(self, account_id)

    def issue(self, key: str) -> Issue:
        """The issue under any of its keys (the live object: read it only)."""
        with self.lock:
            found = self.state.issue_by(key)
        if found is None:
            raise KeyError(key)
        return found

    def lose_next_transition(self, key: str) -> None:
        """Answer 409 to the next transition of the issue, as when another one was faster."""
        with self.lock:
            self.state.races.add(self.issue(key).id)


def _handler(operation: Operation) -> Handler:
    def handle(request: Request, cloud: str = "", **arguments: str) -> Response:
        prefix = f"{GATEWAY.rstrip('/')}/{cloud}" if cloud else ""
        base = request.host_url.rstrip("/") + prefix + PREFIXES[0]
        return operation(Call(request, request.environ.get(ACTOR, ""), base), **arguments)

    return handle
