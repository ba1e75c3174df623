"""How the service says no: an exception that becomes an answer in Jira's shape."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.exceptions import HTTPException


class Refusal(HTTPException):
    """An answer with `errorMessages` and `errors` (field to message)."""

    def __init__(
        self,
        code: int,
        message: str | None = None,
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.messages = [message] if message else []
        self.errors = dict(errors or {})
        self.extra_headers = dict(headers or {})


def no_issue() -> Refusal:
    """Absent and invisible issues are not told apart."""
    return Refusal(404, "Issue does not exist or you do not have permission to see it.")


def bad_field(field: str, message: str) -> Refusal:
    """400 over one field."""
    return Refusal(400, errors={field: message})
