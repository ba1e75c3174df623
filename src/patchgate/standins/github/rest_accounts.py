"""REST operations on accounts, apps and repositories as such."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Response

from patchgate.standins.github import shapes
from patchgate.standins.github.access import LEVELS, Meter, is_integration
from patchgate.standins.github.call import REPO, Call, Operation
from patchgate.standins.github.refusals import Refusal, forbidden, not_found
from patchgate.standins.github.state import App, Token, stamp
from patchgate.standins.http import json_response

INSTALLATION_HOURS = 1


def get_user(call: Call) -> Response:
    """The person behind the token; apps and Actions runs are no persons."""
    if is_integration(call.token):
        raise forbidden("integration")
    return json_response(shapes.profile(call.hub, call.token.login))


def get_account(call: Call, login: str) -> Response:
    """Any account."""
    if login not in call.hub.world.accounts:
        raise not_found()
    return json_response(shapes.profile(call.hub, login))


def get_repository(call: Call) -> Response:
    """A repository, with what the bearer may do there."""
    level = LEVELS[call.token.level(call.repo.full_name, "contents")]
    admin = call.token.level(call.repo.full_name, "administration") == "write"
    held = {"admin": admin, "maintain": admin, "push": level > 1, "triage": level > 1}
    pull = level > 0 or not call.repo.private
    permissions = {**held, "pull": pull}
    shown = {**shapes.repository(call.hub, call.repo), "permissions": permissions}
    return json_response({**shown, "network_count": 0, "subscribers_count": 0})


def is_collaborator(call: Call, login: str) -> Response:
    """204 for collaborators, 404 for others."""
    account = call.hub.world.accounts.get(login)
    if account is None or not account.collaborator:
        raise not_found()
    return json_response(None, 204)


def get_rate_limit(call: Call) -> Response:
    """What is left of the hour; asking is free."""
    meter = Meter(call.hub)
    headers = meter.headers(call.token, 0)
    names = ("limit", "remaining", "reset", "used")
    core = {name: int(headers[f"x-ratelimit-{name}"]) for name in names}
    search = {"limit": 30, "remaining": 30, "reset": core["reset"], "used": 0}
    return json_response({"resources": {"core": core, "search": search}, "rate": core})


def get_app(call: Call) -> Response:
    """The app behind the JWT."""
    return json_response(shapes.app(call.hub, _owner(call.app), call.app))


def get_installation(call: Call, installation: int) -> Response:
    """The app's installation."""
    app = call.app
    if app.installation != installation:
        raise not_found()
    return json_response(shapes.installation(call.hub, _owner(app), app))


def repository_installation(call: Call, owner: str, name: str) -> Response:
    """The installation that covers a repository."""
    app, repo = call.app, call.hub.find(owner, name)
    if repo is None or repo.full_name not in app.repositories:
        raise not_found()
    return json_response(shapes.installation(call.hub, repo.owner, app))


def create_installation_token(call: Call, installation: int) -> Response:
    """A token for an hour, narrowed to the repositories and permissions that were asked for."""
    app = call.app
    if app.installation != installation:
        raise not_found()
    permissions = _narrowed(app, call.body().get("permissions"))
    names = call.texts("repositories") if "repositories" in call.body() else None
    covered = [r for r in app.repositories if names is None or r.partition("/")[2] in names]
    if names is not None and len(covered) != len(set(names)):
        raise Refusal(422, "There is at least one repository that is not accessible")
    value = f"ghs_{secrets.token_hex(18)}"
    expires = call.hub.clock() + timedelta(hours=INSTALLATION_HOURS)
    call.hub.world.tokens[value] = Token(
        login=f"{app.slug}[bot]",
        permissions={name: dict(permissions) for name in covered},
        workflow=permissions.get("workflows") == "write",
        installation=installation,
        expires=expires,
    )
    shown = {
        "token": value,
        "expires_at": stamp(expires),
        "permissions": {"metadata": "read", **permissions},
        "repository_selection": "selected",
    }
    return json_response(shown, 201)


def _narrowed(app: App, asked: Any) -> dict[str, str]:
    if asked is None or asked == {}:
        return dict(app.permissions)
    if not isinstance(asked, dict):
        raise Refusal(422, "For 'permissions', not an object.")
    for name, level in asked.items():
        held = "read" if name == "metadata" else app.permissions.get(name, "none")
        if LEVELS.get(str(level), 9) > LEVELS[held]:
            raise Refusal(422, "The permissions requested are not granted to this installation.")
    return {str(name): str(level) for name, level in asked.items()}


def _owner(app: App) -> str:
    return app.repositories[0].partition("/")[0] if app.repositories else app.slug


def operations() -> list[Operation]:
    """This module's operations."""
    installations = "/app/installations/<int:installation>"
    return [
        ("GET", "/user", "user", get_user),
        ("GET", "/users/<login>", "", get_account),
        ("GET", "/rate_limit", "", get_rate_limit),
        ("GET", REPO, "metadata:read", get_repository),
        ("GET", f"{REPO}/collaborators/<login>", "metadata:read", is_collaborator),
        ("GET", "/app", "app", get_app),
        ("GET", installations, "app", get_installation),
        ("POST", f"{installations}/access_tokens", "app", create_installation_token),
        ("GET", f"{REPO}/installation", "app", repository_installation),
    ]
