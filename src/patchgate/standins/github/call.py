"""One REST request on its way to an operation: its bearer, its repository, its body, its pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from patchgate.standins.github.access import app_of
from patchgate.standins.github.bare import BareRepository
from patchgate.standins.github.hub import Actor, Hub
from patchgate.standins.github.refusals import Refusal, not_found
from patchgate.standins.github.shapes_talk import pull_of
from patchgate.standins.github.state import App, Issue, Repository, Token
from patchgate.standins.http import json_response

T = TypeVar("T")
PAGE, LARGEST_PAGE = 30, 100


@dataclass(frozen=True)
class Call:
    """What an operation is given."""

    hub: Hub
    request: Request
    token: Token
    place: Repository | None

    @property
    def repo(self) -> Repository:
        """The repository that the path names."""
        if self.place is None:
            raise not_found()
        return self.place

    @property
    def bare(self) -> BareRepository:
        """Its git repository."""
        return self.hub.bare(self.repo)

    @property
    def actor(self) -> Actor:
        """Who is asking."""
        return Actor(self.token.login, self.token.default)

    @property
    def app(self) -> App:
        """The app that signed the request's JWT."""
        return app_of(self.hub, self.request)

    def document(self) -> Any:
        """The JSON body; an empty body is an empty object."""
        data = self.request.get_data()
        try:
            return json.loads(data) if data.strip() else {}
        except ValueError as error:
            raise Refusal(400, "Problems parsing JSON") from error

    def body(self) -> dict[str, Any]:
        """The JSON body, which must be an object."""
        found = self.document()
        if not isinstance(found, dict):
            raise Refusal(400, "Body should be a JSON object")
        return found

    def text(self, name: str, *, optional: bool = False) -> str:
        """A string of the body; 422 where it is missing (unless optional) or no string."""
        value = self.body().get(name)
        if value is None and optional:
            return ""
        if not isinstance(value, str):
            message = f'Invalid request.\n\n"{name}" wasn\'t supplied.'
            raise Refusal(422, message if value is None else f"For '{name}', not a string.")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of strings of the body; 422 where it is anything else."""
        return strings(self.body().get(name, []), name)

    def issue(self, number: int) -> Issue:
        """An issue or pull request of the repository."""
        if number not in self.repo.issues:
            raise not_found()
        return self.repo.issues[number]

    def pull(self, number: int) -> Issue:
        """A pull request of the repository, its head fresh from git while it is open."""
        issue = self.issue(number)
        if issue.pull is None:
            raise not_found()
        if issue.state == "open":
            pull = pull_of(issue)
            pull.head_sha = self.bare.branch(pull.head) or pull.head_sha
        return issue

    def commit(self, revision: str) -> str:
        """The commit that a revision names; 422 where there is none, as GitHub answers."""
        sha = self.bare.resolve(revision)
        if sha is None:
            raise Refusal(422, f"No commit found for SHA: {revision}")
        return sha

    def paged(
        self, items: Sequence[T], shape: Callable[[T], Any], *, within: dict[str, Any] | None = None
    ) -> Response:
        """One page of a list with its Link header; `within` wraps it: `{key: …, total_count}`."""
        per, page = self._number("per_page", PAGE), self._number("page", 1)
        per = min(per, LARGEST_PAGE)
        shown: Any = [shape(item) for item in items[(page - 1) * per : page * per]]
        if within is not None:
            key = str(within["key"])
            rest = {name: value for name, value in within.items() if name != "key"}
            shown = {"total_count": len(items), key: shown, **rest}
        last = max(1, -(-len(items) // per))
        links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = [
            f'<{self._page_url(number)}>; rel="{name}"'
            for name, number in links.items()
            if 1 <= number <= last and number != page
        ]
        return json_response(shown, headers={"link": ", ".join(wanted)} if wanted else None)

    def _number(self, name: str, otherwise: int) -> int:
        value = self.request.args.get(name, "")
        return max(int(value), 1) if value.isdigit() else otherwise

    def _page_url(self, number: int) -> str:
        arguments = {**self.request.args.to_dict(), "page": str(number)}
        return f"{self.request.base_url}?{urlencode(arguments)}"


def strings(value: Any, name: str) -> list[str]:
    """A JSON value as a list of strings, or 422."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refusal(422, f"Invalid request.\n\nFor '{name}', not a list of strings.")
    return value


Operation = tuple[str, str, str, Callable[..., Response]]
"""Method, rule below the API's base, need, handler.

The need is `permission[|permission]:level` on the path's repository, `app` for an app's own JWT,
`user` for anybody with a token, or empty for anybody at all.
"""
REPO = "/repos/<owner>/<name>"
