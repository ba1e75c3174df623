"""What GitHub and its client library say when something goes wrong, in our own errors."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from patchgate.errors import (
    ConflictError,
    CredentialError,
    MalformedError,
    NotFoundError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
)

if TYPE_CHECKING:
    from github import GithubException

T = TypeVar("T")
LONGEST = 400


class UnprocessableError(MalformedError):
    """GitHub understood the request and refuses its content (422)."""


def vendor_errors() -> tuple[type[BaseException], ...]:
    """What may come out of the library, answers that it cannot make sense of among them."""
    import github
    import jwt
    import requests

    return (
        github.GithubException,
        github.BadAttributeException,
        requests.RequestException,
        jwt.PyJWTError,
        *(ValueError, TypeError, KeyError, AttributeError),  # from answers of another shape
        *(AssertionError, RuntimeError),  # a redirect or a link to another host
    )


@contextmanager
def told(action: str, *, needs: str = "") -> Iterator[None]:
    """Whatever goes wrong inside leaves as an error of ours that names the action.

    `needs` is the permission to name when the credential may not do it.
    """
    try:
        yield
    except PatchgateError:
        raise
    except vendor_errors() as error:
        raise translated(error, action, needs) from error


def translated(error: BaseException, action: str, needs: str) -> PatchgateError:
    """The error that a vendor's error means."""
    import github
    import jwt
    import requests

    if isinstance(error, github.GithubException):
        return _by_status(error, action, needs)
    kind = type(error).__name__
    if isinstance(error, jwt.PyJWTError):
        return CredentialError(
            f"the private key of the GitHub App cannot be used ({kind})",
            "Pass the whole PEM file as GITHUB_APP_PRIVATE_KEY.",
        )
    if isinstance(error, requests.RequestException):
        return ServiceError(f"GitHub did not answer: {action} ({kind})")
    return ServiceError(f"GitHub's answer cannot be understood: {action} ({kind})")


def _by_status(error: GithubException, action: str, needs: str) -> PatchgateError:
    status, said = error.status, spoken(error)
    headers = {str(k).lower(): str(v) for k, v in (error.headers or {}).items()}
    message = f"GitHub answered {status} to: {action}" + (f" ({said})" if said else "")
    if status == 401:
        return CredentialError(message, "Renew the GitHub token or App key of this room.")
    if status == 429 or (status == 403 and _is_limit(said, headers)):
        return RateLimitedError(message, retry_after=_seconds(headers))
    if status == 403:
        wanted = headers.get("x-accepted-github-permissions") or needs
        name = f"; it needs {wanted}" if wanted else ""
        return CredentialError(message + name, "Give the token or App that permission.")
    if status in (404, 410):
        return NotFoundError(message)
    if status == 409:
        return ConflictError(message)
    if status == 422:
        return UnprocessableError(message)
    return ServiceError(message)


def spoken(error: GithubException) -> str:
    """GitHub's own words: the message and what it says about single fields."""
    data: Any = error.data
    if not isinstance(data, dict):
        return ""
    words = [str(data.get("message") or "")]
    errors = data.get("errors")
    for one in errors if isinstance(errors, list) else []:
        if isinstance(one, dict):
            field = f"{one.get('field', '')} {one.get('code', '')}".strip()
            words.append(str(one.get("message") or field))
        else:
            words.append(str(one))
    return "; ".join(word for word in words if word)[:LONGEST]


def _is_limit(said: str, headers: Mapping[str, str]) -> bool:
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in said.lower()
    )


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, as `retry-after` or the reset of the hour's count says."""
    try:
        if "retry-after" in headers:
            return max(0.0, float(headers["retry-after"]))
        if "x-ratelimit-reset" in headers:
            return max(0.0, float(headers["x-ratelimit-reset"]) - time.time())
    except ValueError:
        return None
    return None


def present(value: T | None) -> T:
    """A fact that every answer has; without it the answer is none (for use inside `told`)."""
    if value is None or value == "":
        raise ValueError("the answer lacks what it must have")
    return value


def status_of(error: PatchgateError) -> int | None:
    """The HTTP status behind an error of ours, if GitHub answered with one."""
    status = getattr(error.__cause__, "status", None)
    return status if isinstance(status, int) else None
