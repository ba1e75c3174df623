"""What Jira's and the libraries' errors mean in our own tree of errors.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from patchgate.errors import (
    ConfigError,
    ConflictError,
    CredentialError,
    MalformedError,
    NotFoundError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
)

MAX_TEXT = 300
"""Characters of Jira's own words that a message repeats."""
_SETTINGS = re.compile(
    r"cannot be set|cannot be assigned|does not exist for the field|valid (issue type|project)"
    r"|appropriate hierarchy|is not valid\b.*\b(component|field)",
    re.IGNORECASE,
)
"""Jira's words for a 400 that a change of the settings cures."""


class Named(Protocol):
    """The credential, as far as messages need it."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may contain."""
        ...


@contextmanager
def vendor_errors(what: str, credential: Named) -> Iterator[None]:
    """Turn what the libraries raise inside into our errors; `what` begins their messages."""
    from jira.exceptions import JIRAError
    from requests.exceptions import (
        HTTPError,
        InvalidSchema,
        InvalidURL,
        JSONDecodeError,
        MissingSchema,
        RequestException,
    )

    try:
        yield
    except JIRAError as exc:
        response = exc.response
        if response is None:
            raise ServiceError(_clean(f"Jira, {what}: {exc.text}", credential)) from exc
        raise _of_answer(what, response, exc.text or "", credential=credential) from exc
    except HTTPError as exc:
        text = exc.response.text
        raise _of_answer(what, exc.response, text, credential=credential) from exc
    except (InvalidSchema, InvalidURL, MissingSchema) as exc:
        raise ConfigError(_clean(f"Jira's address is no web address: {exc}", credential)) from exc
    except (JSONDecodeError, RecursionError) as exc:
        raise ServiceError(f"Jira, {what}: the answer is not JSON") from exc
    except RequestException as exc:
        raise ServiceError(f"Jira, {what}: no answer ({type(exc).__name__})") from exc


def _of_answer(what: str, response: Any, text: str, *, credential: Named) -> PatchgateError:
    status, headers = int(response.status_code), response.headers
    said = "" if "<html" in text.lower() else _words(text).rstrip(". ")
    message = _clean(f"Jira, {what}: {status} {said}".strip(), credential)
    if status == 401 or _login_failed(headers):
        return CredentialError(f"{message}; {credential.name} is missing, wrong or expired")
    if status == 403:
        return CredentialError(f"{message}; {credential.name} may not do this")
    if status == 404:
        return NotFoundError(f"{message}; not there, or not visible to {credential.name}")
    if status == 429:
        return RateLimitedError(
            f"{message} {headers.get('RateLimit-Reason', '')}".strip(), retry_after=_wait(headers)
        )
    if status in (408, 425) or status >= 500:
        return ServiceError(message)
    if status == 409:
        return ConflictError(message)
    if status in (405, 410) or _SETTINGS.search(said):
        return ConfigError(message, "Correct the setting that the message is about.")
    return MalformedError(message)


def _words(text: str) -> str:
    """Jira's words; of the token service's JSON, what it calls the error."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    if not isinstance(body, dict):
        return text
    found = [body.get("error"), body.get("error_description"), body.get("message")]
    return ": ".join(str(one) for one in found if one) or text


def _login_failed(headers: Mapping[str, str]) -> bool:
    """Jira answers a wrong password with 404 or a CAPTCHA where guests may look around."""
    reason = headers.get("X-Seraph-LoginReason", "")
    return "AUTHENTICATED_FAILED" in reason or "AUTHENTICATION_DENIED" in reason


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until we may come back, from a number or an HTTP date; None when unsaid."""
    said = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", said):
        return float(said)
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _clean(message: str, credential: Named) -> str:
    for secret in credential.secrets:
        message = message.replace(secret, "***") if secret else message
    line = " ".join(message.split())
    return line if len(line) <= MAX_TEXT else line[:MAX_TEXT] + "…"
