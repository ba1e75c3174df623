"""The `jira` library's client, with our credential, our retries and our errors.

GET, PUT and DELETE are repeated after a broken connection or a 502, 503 or 504; a POST is sent
once. The library's own retries are off: they repeat a POST as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from io import BytesIO
from typing import Any

from patchgate.adapters.jira.auth import TIMEOUT, Credential
from patchgate.adapters.jira.failures import vendor_errors
from patchgate.errors import CredentialError

REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
REPEATS = 2
BACKOFF = 0.3
"""Seconds; doubled for each further repeat."""


class Connection:
    """Requests to `/rest/api/3` of one site; nothing is sent before the first of them."""

    def __init__(self, credential: Credential, timeout: tuple[float, float] = TIMEOUT) -> None:
        """Take the way in, and the seconds to connect and to wait for an answer."""
        self._credential = credential
        self._timeout = timeout

    @property
    def site(self) -> str:
        """The address that people open."""
        return self._credential.site()

    def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON of a GET."""
        return self._request("GET", path, params=parameters)

    def put(self, path: str, body: object) -> None:
        """PUT a JSON value."""
        self._request("PUT", path, data=json.dumps(body))

    def post(self, path: str, body: object) -> Any:
        """The JSON that a POST answers, None where it answers nothing; sent exactly once."""
        return self._request("POST", path, data=json.dumps(body))

    def upload(self, key: str, name: str, content: bytes) -> Any:
        """Attach a file to an issue; its JSON. Sent exactly once."""

        def send() -> Any:
            return self._client.add_attachment(key, BytesIO(content), filename=name).raw

        return self._ask(f"POST issue/{key}/attachments", send)

    def close(self) -> None:
        """Close the sockets, if any were opened; a later request opens new ones."""
        if "_client" in self.__dict__:
            self._client._session.close()

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        def send() -> Any:
            url = self._client._get_url(path)
            response = self._client._session.request(method, url, **arguments)
            return response.json() if response.content else None

        return self._ask(f"{method} {path}", send)

    def _ask(self, what: str, send: Callable[[], Any]) -> Any:
        """Send, and once more with a renewed credential after a 401: that one did nothing."""
        try:
            with vendor_errors(what, self._credential):
                return send()
        except CredentialError as refused:
            if getattr(refused.__cause__, "status_code", None) != 401:
                raise
            if not self._credential.renew():
                raise
        with vendor_errors(what, self._credential):
            return send()

    @cached_property
    def _client(self) -> Any:
        from jira import JIRA
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        client = JIRA(
            options={"server": self._credential.server(), "rest_api_version": "3"},
            get_server_info=False,
            logging=False,
            max_retries=0,
            timeout=self._timeout,
        )
        retry = Retry(
            REPEATS,
            status_forcelist=(502, 503, 504),
            allowed_methods=REPEATABLE,
            backoff_factor=BACKOFF,
            respect_retry_after_header=False,  # a 429 goes to the caller, who knows what waits
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            client._session.mount(scheme, HTTPAdapter(max_retries=retry))
        client._session.auth = self._credential
        return client
