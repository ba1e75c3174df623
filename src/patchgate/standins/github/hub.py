"""The world behind the stand-in: repositories on disk, facts in memory, a clock, an outbox."""

from __future__ import annotations

import copy
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from patchgate.standins.github.bare import BareRepository
from patchgate.standins.github.events import Deliveries
from patchgate.standins.github.state import Account, Repository, World, stamp

PRIVATE_FOLDER = ".stand-in"
"""Beside the owners' folders: hooks, snapshots, reports of pushes."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something; `by_default` when an Actions run's own token does it."""

    login: str
    by_default: bool = False


@dataclass(frozen=True)
class Snapshot:
    """A copy of the world: the facts, and the folder that holds the bare repositories."""

    world: World
    folder: Path


class Hub:
    """Shared by every operation; callers hold `lock` while they read or change it."""

    def __init__(self, root: Path, *, clock: Callable[[], datetime] | None = None) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.world = World()
        self.deliveries = Deliveries()
        self.base = "http://127.0.0.1/api/v3"
        """What URLs in answers begin with: the base that the latest request came in on."""
        self.hourly_limit = 1000
        self.creations_per_minute = 80
        self.creations_per_hour = 500
        self.clock = clock or (lambda: datetime.now(UTC))
        self._snapshots = 0
        (root / PRIVATE_FOLDER).mkdir(parents=True, exist_ok=True)

    @property
    def web(self) -> str:
        """What URLs of pages and of git begin with."""
        return self.base.removesuffix("/api/v3")

    def now(self) -> str:
        """This second."""
        return stamp(self.clock())

    def after(self, moment: str) -> str:
        """This second, but later than `moment`: an edit always shows."""
        earliest = datetime.fromisoformat(moment) + timedelta(seconds=1)
        return stamp(max(self.clock(), earliest))

    def find(self, owner: str, name: str) -> Repository | None:
        """A repository by name, without regard to case."""
        return self.world.repositories.get(f"{owner}/{name.removesuffix('.git')}".lower())

    def repository(self, full_name: str) -> Repository:
        """The same for the Python interface; KeyError names what is missing."""
        return self.world.repositories[full_name.lower()]

    def bare(self, repo: Repository) -> BareRepository:
        """Its git repository."""
        return BareRepository(self.root / repo.owner / f"{repo.name}.git")

    def account(self, login: str) -> Account:
        """An account, made on first sight; `…[bot]` and organisations are no collaborators."""
        if login not in self.world.accounts:
            bot = login.endswith("[bot]")
            account = Account(login, self.world.next_id(), "Bot" if bot else "User", False)
            self.world.accounts[login] = account
        return self.world.accounts[login]

    def emit(self, event: str, actor: Actor, build: Callable[[], dict[str, Any]]) -> None:
        """Put an event into the outbox."""
        self.deliveries.put(event, build, by_default=actor.by_default)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Hold the lock, then deliver what happened meanwhile."""
        with self.lock:
            yield
        self.deliveries.flush()

    def snapshot(self) -> Snapshot:
        """Copy the facts and the repositories."""
        with self.lock:
            self._snapshots += 1
            name = f"snapshot-{self._snapshots}-{os.getpid()}"
            folder = self.root / PRIVATE_FOLDER / name
            folder.mkdir()
            for owner in self._owners():
                _copy(owner, folder / owner.name)
            return Snapshot(copy.deepcopy(self.world), folder)

    def restore(self, snapshot: Snapshot) -> None:
        """Put a snapshot back; it stays usable."""
        with self.lock:
            for owner in self._owners():
                shutil.rmtree(owner)
            for owner in snapshot.folder.iterdir():
                _copy(owner, self.root / owner.name)
            self.world = copy.deepcopy(snapshot.world)
            self.deliveries.forget()

    def _owners(self) -> list[Path]:
        return [p for p in self.root.iterdir() if p.is_dir() and p.name != PRIVATE_FOLDER]


def _copy(source: Path, target: Path) -> None:
    """Copy repositories; objects never change in place, so they are linked."""

    def place(one: str, other: str) -> None:
        if "/objects/" in one:
            os.link(one, other)
        else:
            shutil.copyfile(one, other)

    unfinished = shutil.ignore_patterns("incoming-*", "tmp_obj_*", "*.lock")
    shutil.copytree(source, target, copy_function=place, ignore=unfinished)
