"""Worlds that outlive a test: made once by a process, and put back before the next test."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from patchgate.standins.http import Exchange
from patchgate.standins.world import Credentials, World, WorldSnapshot

KEPT = ExitStack()
"""What the worlds of this process hold; it is closed with the session."""


def folder() -> Path:
    """A folder that is there until the session ends."""
    return Path(KEPT.enter_context(tempfile.TemporaryDirectory(prefix="patchgate-kept-")))


@dataclass(frozen=True)
class Kept:
    """A world at one moment, with everything that was asked of it until then."""

    world: World
    facts: WorldSnapshot
    keys: Credentials
    exchanges: Mapping[str, tuple[Exchange, ...]]
    effects: Mapping[str, int]

    @classmethod
    def of(cls, world: World) -> Kept:
        """The world as it is now."""
        return cls(
            world,
            world.snapshot(),
            copy.deepcopy(world.keys),
            {one.service: tuple(one.exchanges) for one in world.services},
            {one.service: one.effects for one in world.services},
        )

    def put_back(self) -> World:
        """The world as it was, without faults and without anybody who watches it."""
        world = self.world
        world.restore(self.facts)
        world.keys = copy.deepcopy(self.keys)
        for one in world.services:
            one.clear_faults()
            one.exchanges[:] = self.exchanges[one.service]
            one.effects = self.effects[one.service]
            one.before_effect = one.after_effect = one.on_arrival = None
        return world
