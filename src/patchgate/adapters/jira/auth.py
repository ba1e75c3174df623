"""The two ways into Jira Cloud: an API token, or OAuth 2.0 client credentials.

Each is a `requests` authentication: called with a prepared request, it adds the header.
https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/
https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from patchgate.adapters.jira.failures import vendor_errors
from patchgate.errors import NotFoundError, ServiceError

if TYPE_CHECKING:
    import requests

TOKEN_URL = "https://auth.atlassian.com/oauth/token"  # noqa: S105  # an address
API_URL = "https://api.atlassian.com"
TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and to wait for each answer."""
EARLY = 60.0
"""Seconds before its end at which a bearer token is replaced."""


class Credential(Protocol):
    """What the connection needs of a way in."""

    @property
    def name(self) -> str:
        """What to call it in messages; holds no secret."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may contain."""
        ...

    def server(self) -> str:
        """The base of `/rest/api/3`, without a slash at the end."""
        ...

    def site(self) -> str:
        """The site that people open in a browser, without a slash at the end."""
        ...

    def renew(self) -> bool:
        """Forget what was refused; whether asking again makes sense."""
        ...

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request."""
        ...


class ApiToken:
    """Basic authentication: an account's email address and its API token."""

    def __init__(self, url: str, email: str, token: str) -> None:
        """Take the site's address, such as `https://example.atlassian.net`."""
        self._url = url.rstrip("/")
        self.name = f"the Jira API token of {email}"
        pair = b64encode(f"{email}:{token}".encode()).decode()
        self._header = f"Basic {pair}"
        self.secrets: tuple[str, ...] = (token, pair)

    def server(self) -> str:
        """The site itself."""
        return self._url

    def site(self) -> str:
        """The site itself."""
        return self._url

    def renew(self) -> bool:
        """Never: a refused API token stays refused."""
        return False

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = self._header
        return request


class ClientCredentials:
    """OAuth 2.0 client credentials of a service account, through Atlassian's gateway.

    The site is found among the account's accessible resources unless `cloud_id` and `site_url`
    say it. A token is replaced EARLY seconds before its end, and once after a 401.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        cloud_id: str = "",
        site_url: str = "",
        token_url: str = TOKEN_URL,
        api_url: str = API_URL,
        clock: Callable[[], float] = time.monotonic,
        on_token: Callable[[str], object] = str,
    ) -> None:
        """Take the credentials; `clock` gives seconds, `on_token` is told each token."""
        self._on_token = on_token
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._cloud_id, self._site_url = cloud_id, site_url.rstrip("/")
        self._token_url, self._api_url = token_url, api_url.rstrip("/")
        self._clock = clock
        self._token, self._until = "", 0.0
        self.name = f"the Jira OAuth client {client_id}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The client secret and the token of this moment."""
        return tuple(filter(None, (self._client["client_secret"], self._token)))

    def server(self) -> str:
        """The gateway's base for our site."""
        if not self._cloud_id:
            self._discover()
        return f"{self._api_url}/ex/jira/{self._cloud_id}"

    def site(self) -> str:
        """The site's own address."""
        if not self._site_url:
            self._discover()
        return self._site_url

    def renew(self) -> bool:
        """Drop the token; the next request asks for a new one."""
        self._token = ""
        return True

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header, with a token that lives long enough."""
        if not self._token or self._clock() >= self._until:
            self._grant()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _grant(self) -> None:
        asked = {"grant_type": "client_credentials", "audience": "api.atlassian.com"}
        answer = self._send("POST", self._token_url, json={**asked, **self._client})
        try:
            lifetime = float(answer.get("expires_in", 3600))
            self._token = str(answer["access_token"])
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise ServiceError(f"{self._token_url} gave no token for {self.name}") from exc
        self._on_token(self._token)
        self._until = self._clock() + lifetime - min(EARLY, lifetime / 2)

    def _discover(self) -> None:
        url = f"{self._api_url}/oauth/token/accessible-resources"
        answer = self._send("GET", url, auth=self)
        found = [r for r in answer if isinstance(r, dict)] if isinstance(answer, list) else []
        mine = [r for r in found if not self._cloud_id or r.get("id") == self._cloud_id]
        wanted = [r for r in mine if not self._site_url or r.get("url") == self._site_url]
        if len(wanted) != 1:
            sites = ", ".join(str(r.get("url")) for r in found) or "none"
            raise NotFoundError(
                f"{self.name} reaches these Jira sites: {sites}",
                "Name one of them: set the site's address or its cloud id.",
            )
        self._cloud_id = str(wanted[0].get("id"))
        self._site_url = str(wanted[0].get("url")).rstrip("/")

    def _send(self, method: str, url: str, **arguments: Any) -> Any:
        import requests

        with vendor_errors(f"{method} {url.split('?')[0]}", self):
            answer = requests.request(method, url, timeout=TIMEOUT, **arguments)
            answer.raise_for_status()
            return answer.json()
