"""Vendor errors translated at the edge; both SDKs draw the same tree under the same names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from patchgate.errors import (
    ConfigError,
    CredentialError,
    MalformedError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
)

SAID_LIMIT = 400
"""How much of a vendor's own words is kept."""
NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
TOO_LONG = ("prompt is too long", "context_length_exceeded", "exceed context limit")


class TooLongError(Exception):
    """The input exceeds the model's context window; adapters make a turn of it."""


@contextmanager
def translated(sdk: Any, *, provider: str, model: str) -> Iterator[None]:
    """Whatever goes wrong inside leaves as an error of ours, or as `TooLongError`.

    Answers that are no JSON, or lack what they must have, surface from the SDKs as plain
    Python errors; transport errors in mid-stream as the HTTP library's own.
    """
    import httpx2

    try:
        yield
    except sdk.APIError as error:
        if isinstance(error, sdk.APIStatusError) and too_long(error):
            raise TooLongError from error
        raise translate(error, sdk, provider=provider, model=model) from error
    except httpx2.HTTPError as error:
        raise ServiceError(f"{provider} broke off its answer: {error}") from error
    except (ValueError, TypeError, AttributeError, KeyError, AssertionError) as error:
        raise MalformedError(
            f"{provider} answered what cannot be understood: {error}"[:SAID_LIMIT]
        ) from error


def too_long(error: Any) -> bool:
    """Whether a status error says that the input exceeds the model's context window."""
    if error.status_code == 413:
        return True
    said = f"{getattr(error, 'code', '')} {error.message}".lower()
    return error.status_code == 400 and any(words in said for words in TOO_LONG)


def translate(error: Any, sdk: Any, *, provider: str, model: str) -> PatchgateError:
    """The error of ours that an SDK's `APIError` is; raise it `from` the original."""
    if isinstance(error, sdk.APIResponseValidationError):
        return MalformedError(f"{provider} answered what its SDK cannot understand: {error}")
    if isinstance(error, sdk.APITimeoutError):
        return ServiceError(f"{provider} did not answer in time ({model})")
    if isinstance(error, sdk.APIConnectionError):
        return ServiceError(f"{provider} cannot be reached: {error.__cause__ or error}")
    if isinstance(error, sdk.APIStatusError):
        return _of_status(error, provider=provider, model=model)
    return ServiceError(f"{provider} broke off its answer: {_said(error)}")


def _of_status(error: Any, *, provider: str, model: str) -> PatchgateError:
    status, said = error.status_code, _said(error)
    if status == 401:
        return CredentialError(f"{provider} does not know the key it was given")
    if status == 402 or getattr(error, "code", None) in NO_CREDIT:
        return CredentialError(f"{provider} has no credit left: {said}", "Add credit, then retry.")
    if status == 403:
        return CredentialError(f"the {provider} key may not use {model}: {said}")
    if status == 404:
        return ConfigError(f"{provider} offers no model {model!r} to this key")
    if status == 429:
        wait = _seconds(error.response.headers.get("retry-after"))
        return RateLimitedError(f"{provider} limits our rate: {said}", retry_after=wait)
    if status == 529:
        return ServiceError(f"{provider} is overloaded")
    if status >= 500:
        return ServiceError(f"{provider} failed with status {status}: {said}")
    return MalformedError(f"{provider} refuses the request (status {status}): {said}")


def _said(error: Any) -> str:
    """The service's own words: both SDKs put the whole answer around them."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    words = inner.get("message") if isinstance(inner, dict) else None
    return str(words or error.message)[:SAID_LIMIT]


def _seconds(header: str | None) -> float | None:
    try:
        return None if header is None else float(header)
    except ValueError:
        return None
