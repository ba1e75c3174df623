"""A small site, its clients, and the vendor's description as a judge of every exchange."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from jira import JIRA

from patchgate.standins.http import Server
from patchgate.standins.jira import (
    JiraCloud,
    OAuthClient,
    Project,
    Transition,
    User,
    Workflow,
    site,
)
from tests.contracts import ContractBook, contracts_folder

RUNNER, ALICE, BOB, GUEST = "712020:runner", "712020:alice", "712020:bob", "712020:guest"
TOKEN = "stand-in-token"


class SteeredClock:
    """A clock that stands still until it is told to advance."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class World:
    """The served site, with one way in for each kind of client."""

    def __init__(self, book: ContractBook | None) -> None:
        self.clock = SteeredClock()
        self.cloud = JiraCloud(_site(), clock=self.clock)
        self.book = book
        self.server = Server(self.cloud)
        self._clients: list[JIRA] = []

    @property
    def api(self) -> str:
        return f"{self.server.url}/rest/api/3"

    def client(self, email: str = "runner@example.com", **options: Any) -> JIRA:
        made = JIRA(
            server=self.server.url,
            options={"rest_api_version": "3"},
            max_retries=0,
            **({"basic_auth": (email, TOKEN)} | options),
        )
        self._clients.append(made)
        return made

    def call(
        self, method: str, path: str, json: Any = None, *, who: str = "runner", **more: Any
    ) -> requests.Response:
        more.setdefault("auth", (f"{who}@example.com", TOKEN))
        url = path if path.startswith("http") else self.api + path
        return requests.request(method, url, json=json, timeout=10, **more)

    def close(self) -> None:
        for client in self._clients:
            client.close()  # type: ignore[no-untyped-call]  # the library's signature
        self.server.close()

    def findings(self) -> list[str]:
        """What the vendor's description has against the exchanges so far."""
        if self.book is None:
            return []
        return [
            finding
            for e in list(self.cloud.exchanges)
            for finding in self.book.findings(
                e.service, e.method, e.path, e.status, e.request, e.response
            )
        ]


def _site() -> Any:
    ways = [
        Transition("11", "Take up", "Doing", sources=("Open",)),
        Transition("21", "Finish", "Done", sources=("Doing",), required=("resolution",)),
    ]
    strict = Workflow((("Open", "new"), ("Doing", "indeterminate"), ("Done", "done")), ways, "Open")
    return site(
        users=[
            User(RUNNER, "AI Runner", "runner@example.com", TOKEN, kind="app"),
            User(ALICE, "Alice", "alice@example.com", TOKEN),
            User(BOB, "Bob", "bob@example.com", TOKEN),
            User(GUEST, "Guest", "guest@example.com", TOKEN),
        ],
        projects=[
            Project("MWC", "Moveware", components={"api": "10200"}),
            Project("OPS", "Operations", workflow=strict),
            Project("SEC", "Secret", browsers={ALICE}),
            Project("RO", "Read only", writers={ALICE}),
        ],
        oauth_clients=[OAuthClient("client", "secret", RUNNER)],
        custom_fields={"customfield_10010": "Repository"},
    )


@pytest.fixture
def world() -> Iterator[World]:
    folder = contracts_folder()
    made = World(ContractBook(folder) if folder else None)
    yield made
    made.close()
    assert made.findings() == []
