"""Refusals in the shape of GitHub's answers: a message, a documentation URL, sometimes errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from patchgate.standins.http import json_response

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(HTTPException):
    """An answer that refuses the request."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """The JSON answer."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        body |= {"documentation_url": DOCUMENTATION, "status": str(self.code)}
        return json_response(body, self.code or 500, self.headers)


def not_found() -> Refusal:
    """404, also where the bearer may not know that the thing exists."""
    return Refusal(404, "Not Found")


def forbidden(by: str) -> Refusal:
    """403 for a token that lacks a permission; `by` is `integration` or `personal access token`."""
    return Refusal(403, f"Resource not accessible by {by}")


def invalid(resource: str, message: str, *, field: str = "base", code: str = "custom") -> Refusal:
    """422 that names what is wrong with one field."""
    error = {"resource": resource, "code": code, "field": field, "message": message}
    return Refusal(422, "Validation Failed", errors=[error])


def unprocessable(message: str) -> Refusal:
    """422 with nothing but a sentence, as the git data operations answer."""
    return Refusal(422, message)
