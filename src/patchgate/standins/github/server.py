"""The stand-in itself: routes, guards, the outbox and snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from patchgate.standins.github import (
    rest_accounts,
    rest_actions,
    rest_checks,
    rest_git,
    rest_issues,
    rest_pulls,
)
from patchgate.standins.github.access import NOBODY, Meter, allow, rest_token
from patchgate.standins.github.call import Call, Operation
from patchgate.standins.github.events import Deliveries
from patchgate.standins.github.hub import Hub, Snapshot
from patchgate.standins.github.refusals import Refusal, not_found
from patchgate.standins.github.smart import SmartHttp, is_git, is_push
from patchgate.standins.github.stage import Stage
from patchgate.standins.github.state import Repository, Token
from patchgate.standins.http import READ_METHODS, Handler, StandIn

PREFIX = "/api/v3"
MODULES = (rest_accounts, rest_git, rest_pulls, rest_issues, rest_checks, rest_actions)


class GitHub(Stage, StandIn):
    """GitHub on loopback: REST below `/api/v3` (or at the root), git at `/<owner>/<name>.git`.

    `root` is the folder of the real bare repositories, `<root>/<owner>/<name>.git`; the rest of
    the world is in memory. Events go to `deliveries.subscribe(…)`.
    """

    service = "github"

    def __init__(self, root: Path, *, clock: Callable[[], datetime] | None = None) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.hub = Hub(root.resolve(), clock=clock)
        self._git = SmartHttp(self.hub)
        self._meter = Meter(self.hub)
        super().__init__(self.hub)
        self.lock = self.hub.lock

    @property
    def root(self) -> Path:
        """Where the bare repositories are."""
        return self.hub.root

    @property
    def deliveries(self) -> Deliveries:
        """Events on their way out: subscribe, drop, duplicate, hold, release."""
        return self.hub.deliveries

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Every REST operation at both bases, and git's three addresses."""
        for module in MODULES:
            for method, rule, need, handler in module.operations():
                operation = self._operation((method, rule, need, handler))
                yield method, PREFIX + rule, operation
                yield method, rule, operation
        for method, leaf in (
            ("GET", "info/refs"),
            ("POST", "git-upload-pack"),
            ("POST", "git-receive-pack"),
        ):
            yield method, f"/<owner>/<name>/{leaf}", self._git_operation(leaf)

    def is_effect(self, request: Request) -> bool:
        """Pushes and REST writes; fetches and asking for an app's token change nothing."""
        if is_git(request):
            return is_push(request)
        return request.method not in READ_METHODS and not request.path.endswith("/access_tokens")

    def under_lock(self, request: Request) -> bool:
        """Git works outside the lock, so that clones run side by side."""
        return not is_git(request)

    def after_answer(self, request: Request) -> None:
        """Deliver what the request caused."""
        self.hub.deliveries.flush()

    def on_error(self, error: HTTPException) -> Response:
        """GitHub's shape of a refusal."""
        refusal = error if isinstance(error, Refusal) else not_found()
        return refusal.answer()

    def snapshot(self) -> Snapshot:
        """The facts and the bare repositories."""
        return self.hub.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put both back; nothing is queued for delivery afterwards."""
        self.hub.restore(snapshot)

    def _operation(self, operation: Operation) -> Handler:
        _, _, need, handler = operation

        def answer(request: Request, **arguments: Any) -> Response:
            prefix = PREFIX if request.path.startswith(PREFIX) else ""
            self.hub.base = request.host_url.rstrip("/") + prefix
            if need == "app":
                return handler(Call(self.hub, request, NOBODY, None), **arguments)
            token = rest_token(self.hub, request)
            free = request.path.endswith("/rate_limit")
            headers = {} if free else self._meter.count(request, token)
            try:
                place = self._admit(need, token, arguments)
                response = handler(Call(self.hub, request, token, place), **arguments)
            except Refusal as refusal:
                response = refusal.answer()
            response.headers.extend(headers)
            return response

        return answer

    def _admit(self, need: str, token: Token, arguments: dict[str, Any]) -> Repository | None:
        """The repository of the path, if the bearer may; takes its name out of the arguments."""
        if need == "user" and token is NOBODY:
            raise Refusal(401, "Requires authentication")
        if ":" not in need:
            return None
        repo = self.hub.find(arguments.pop("owner"), arguments.pop("name"))
        if repo is None:
            raise not_found()
        allow(repo, token, need)
        return repo

    def _git_operation(self, leaf: str) -> Handler:
        def answer(request: Request, owner: str, name: str) -> Response:
            return self._git.answer(request, owner, name, leaf)

        return answer
