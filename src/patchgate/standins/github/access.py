"""Who is asking, what they may do, and how often."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import jwt
from werkzeug.wrappers import Request

from patchgate.standins.github.hub import Hub
from patchgate.standins.github.refusals import Refusal, forbidden, not_found
from patchgate.standins.github.state import App, Repository, Token

LEVELS = {"none": 0, "read": 1, "write": 2}
NOBODY = Token("", {})
OTHER_HOURLY_LIMIT = 5000
JWT_SECONDS = 600


def single_authorization(request: Request) -> str:
    """The Authorization header; the service refuses two of them."""
    header = request.headers.get("Authorization", "")
    if "," in header:  # the server joins repeated headers, and no credential has a comma
        raise Refusal(400, "Duplicate header: Authorization")
    return header


def rest_token(hub: Hub, request: Request) -> Token:
    """The bearer of a REST request; NOBODY without credentials."""
    header = single_authorization(request)
    if not header:
        return NOBODY
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        value = _basic_password(value)
    elif scheme.lower() not in ("bearer", "token"):
        raise Refusal(401, "Bad credentials")
    return known_token(hub, value.strip())


def git_token(hub: Hub, request: Request) -> Token:
    """The bearer of a git request: basic credentials whose password is a token."""
    header = single_authorization(request)
    if not header:
        return NOBODY
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise Refusal(401, "Bad credentials")
    return known_token(hub, _basic_password(value))


def known_token(hub: Hub, value: str) -> Token:
    """A token that exists and has not expired."""
    token = hub.world.tokens.get(value)
    if token is None or (token.expires and token.expires <= hub.clock()):
        raise Refusal(401, "Bad credentials")
    return token


def app_of(hub: Hub, request: Request) -> App:
    """The GitHub App whose signed JWT the request carries."""
    value = single_authorization(request).partition(" ")[2]
    try:
        claims: dict[str, Any] = jwt.decode(value, options={"verify_signature": False})
        app = hub.world.apps[int(claims["iss"])]
        jwt.decode(value, app.public_key, algorithms=["RS256"], leeway=60)
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise Refusal(401, "A JSON web token could not be decoded") from error
    if int(claims["exp"]) - int(claims["iat"]) > JWT_SECONDS + 60:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def allow(repo: Repository, token: Token, need: str) -> None:
    """Refuse unless the token holds `permission[|permission]:level` on the repository."""
    permissions, _, level = need.partition(":")
    held = [token.level(repo.full_name, name) for name in permissions.split("|")]
    if any(LEVELS[one] >= LEVELS[level] for one in held):
        return
    if not repo.private and level == "read" and permissions != "administration":
        return
    if token is NOBODY or token.level(repo.full_name, "metadata") == "none":
        raise not_found() if repo.private or token is not NOBODY else _anonymous()
    raise forbidden(kind_of(token))


def kind_of(token: Token) -> str:
    """What a refusal calls the token's holder."""
    return "integration" if is_integration(token) else "personal access token"


def is_integration(token: Token) -> bool:
    """Whether an app or an Actions run holds it, not a person."""
    return token.default or token.installation is not None


class Meter:
    """Counts requests by token and creations by account, and refuses the surplus."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def count(self, request: Request, token: Token) -> dict[str, str]:
        """Count one REST request; the rate-limit headers of its answer."""
        headers = self.headers(token, 1)
        now = self._hub.clock().timestamp()
        self._moments(token).append(now)
        if request.method not in ("GET", "HEAD"):
            self._count_creation(token, now)
        return headers

    def headers(self, token: Token, cost: int) -> dict[str, str]:
        """The rate-limit headers after `cost` more requests; Refusal when none is left."""
        limit = self.limit(token)
        moments = self._recent(self._moments(token), 3600)
        reset = int((moments[0] if moments else self._hub.clock().timestamp()) + 3600)
        used = len(moments) + cost
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(limit - used, 0)),
            "x-ratelimit-used": str(min(used, limit)),
            "x-ratelimit-reset": str(reset),
            "x-ratelimit-resource": "core",
        }
        if used > limit:
            who = token.login or "your address"
            raise Refusal(403, f"API rate limit exceeded for {who}.", headers=headers)
        return headers

    def limit(self, token: Token) -> int:
        """Requests per hour."""
        return self._hub.hourly_limit if token.default else OTHER_HOURLY_LIMIT

    def _count_creation(self, token: Token, now: float) -> None:
        moments = self._recent(self._spent(f"create:{token.login}"), 3600)
        minute = [m for m in moments if m > now - 60]
        for made, limit, oldest, span in (
            (len(minute), self._hub.creations_per_minute, minute, 60),
            (len(moments), self._hub.creations_per_hour, moments, 3600),
        ):
            if made >= limit:
                wait = int(oldest[0] + span - now) + 1 if oldest else span
                message = (
                    "You have exceeded a secondary rate limit and have been temporarily blocked "
                    "from content creation. Please retry your request again later."
                )
                raise Refusal(403, message, headers={"retry-after": str(wait)})
        self._spent(f"create:{token.login}").append(now)

    def _moments(self, token: Token) -> list[float]:
        """Runs' own tokens share one count for each repository, others one for each account."""
        if token.default:
            return self._spent(f"repository:{','.join(token.permissions)}")
        return self._spent(f"account:{token.login}")

    def _spent(self, key: str) -> list[float]:
        return self._hub.world.spent.setdefault(key, [])

    def _recent(self, moments: list[float], seconds: int) -> list[float]:
        since = self._hub.clock().timestamp() - seconds
        moments[:] = [m for m in moments if m > since]
        return moments


def _basic_password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refusal(401, "Bad credentials") from error


def _anonymous() -> Refusal:
    return Refusal(401, "Requires authentication")
