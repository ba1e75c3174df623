"""One authenticated request, as the operations see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from patchgate.standins.jira.refusal import Refusal

Operation = Callable[..., Response]
Table = list[tuple[str, str, Operation]]
"""(method, werkzeug rule below `/rest/api/3`, operation taking a Call and the path's arguments)."""


@dataclass(frozen=True)
class Call:
    """The request, who makes it (an account id) and the base of `self` links."""

    request: Request
    actor: str
    base: str

    def json(self) -> Any:
        """The body; 415 for another content type, 400 when it is no JSON."""
        if "json" not in (self.request.mimetype or ""):
            raise Refusal(415, "The request entity has a Content-Type that is not supported.")
        try:
            return json.loads(self.request.get_data())
        except ValueError as error:
            raise Refusal(
                400, "There was an error parsing JSON. Check that your request body is valid."
            ) from error

    def body(self) -> dict[str, Any]:
        """The body, which is an object."""
        body = self.json()
        if not isinstance(body, dict):
            raise Refusal(400, "Invalid request payload. Refer to the REST API documentation.")
        return body

    def number(self, name: str, default: int, *, most: int | None = None) -> int:
        """A numeric query parameter, cut to `most`."""
        text = self.request.args.get(name) or str(default)
        if not text.isdecimal():
            raise Refusal(400, f"The {name} parameter is not a valid number.")
        return int(text) if most is None else min(int(text), most)

    def words(self, name: str) -> list[str]:
        """A list parameter, given comma-separated, repeatedly or both."""
        values = self.request.args.getlist(name)
        return [word.strip() for value in values for word in value.split(",") if word.strip()]

    def flag(self, name: str) -> bool:
        """Whether a parameter is `true`."""
        return self.request.args.get(name, "").lower() == "true"
