"""Who is asking: basic authentication on the site, OAuth bearer tokens behind the gateway."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from patchgate.standins.http import json_response
from patchgate.standins.jira.refusal import Refusal
from patchgate.standins.jira.state import Site

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
RESOURCES_PATH = "/oauth/token/accessible-resources"
GATEWAY = "/ex/jira/"
SCOPE = "read:jira-work write:jira-work"


class TokenHolder(Protocol):
    """The part of the service that hands out tokens."""

    state: Site
    clock: Callable[[], datetime]
    token_lifetime: float


def unauthorized() -> Refusal:
    """401 for credentials that are missing, wrong or expired."""
    return Refusal(401, "Client must be authenticated to access this resource.")


class Doorkeeper:
    """Tells account ids from credentials and plays the token endpoint."""

    def __init__(self, holder: TokenHolder) -> None:
        self._holder = holder

    def account(self, request: Request) -> str:
        """The account id behind the request's credentials; 401 or 404 otherwise."""
        if request.path.startswith(GATEWAY):
            account_id = self._bearer(request)
            if request.path.removeprefix(GATEWAY).split("/", 1)[0] != self._holder.state.cloud_id:
                raise Refusal(404, "No site of that cloud id is accessible.")
            return account_id
        if request.path == RESOURCES_PATH:
            return self._bearer(request)
        return self._basic(request)

    def _basic(self, request: Request) -> str:
        given = request.authorization
        if given is None or given.type != "basic":
            raise unauthorized()
        for user in self._holder.state.users.values():
            known = user.active and user.api_token and user.email == given.username
            if known and user.api_token == given.password:
                return user.account_id
        raise unauthorized()

    def _bearer(self, request: Request) -> str:
        given = request.authorization
        token = given.token if given is not None and given.type == "bearer" else None
        account_id, end = self._holder.state.bearers.get(token or "", ("", None))
        if end is None or self._holder.clock() >= end:
            raise unauthorized()
        return account_id

    def grant(self, request: Request) -> Response:
        """`POST /oauth/token` with client credentials, as JSON or as a form."""
        asked: Any = request.get_json(silent=True) if request.is_json else request.form
        if not hasattr(asked, "get") or asked.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, 400)
        client = self._holder.state.oauth_clients.get(str(asked.get("client_id")))
        if client is None or client.secret != asked.get("client_secret"):
            return json_response(
                {"error": "access_denied", "error_description": "Unauthorized"}, 401
            )
        token = secrets.token_urlsafe(24)
        end = self._holder.clock() + timedelta(seconds=self._holder.token_lifetime)
        self._holder.state.bearers[token] = (client.account_id, end)
        return json_response(
            {
                "access_token": token,
                "expires_in": int(self._holder.token_lifetime),
                "token_type": "Bearer",
                "scope": SCOPE,
            }
        )

    def resources(self, request: Request) -> Response:
        """`GET /oauth/token/accessible-resources`: the one site."""
        return json_response(
            [
                {
                    "id": self._holder.state.cloud_id,
                    "url": request.host_url.rstrip("/"),
                    "name": "stand-in",
                    "scopes": SCOPE.split(),
                    "avatarUrl": f"{request.host_url}avatar.png",
                }
            ]
        )
