"""A stand-in for each module of tests, restored for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from patchgate.standins.github import GitHub, Snapshot
from patchgate.standins.http import Server
from tests.standins.github.desk import SEED, Desk


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHub, str, Snapshot]]:
    hub = GitHub(tmp_path_factory.mktemp("hub"))
    hub.add_user("rita")
    hub.add_user("bob")
    hub.create_repository("acme", "shop", SEED)
    with Server(hub) as server:
        yield hub, server.url, hub.snapshot()


@pytest.fixture
def desk(served: tuple[GitHub, str, Snapshot], tmp_path: Path) -> Iterator[Desk]:
    hub, url, start = served
    hub.restore(start)
    desk = Desk(hub, url, tmp_path, start)
    hub.deliveries.subscribe(desk)
    yield desk
    hub.deliveries.unsubscribe(desk)
    hub.clear_faults()


@pytest.fixture
def undescribed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps exchanges that the service has, but the trimmed description lacks, from the judge."""
    monkeypatch.delenv("STANDIN_EXCHANGES", raising=False)


@pytest.fixture
def token(desk: Desk) -> str:
    return desk.hub.issue_token("bob")
