"""Answers the world's doorbell: every event that rings becomes a run, as Actions would start it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from patchgate.app.desk import Outcome, Waits
from patchgate.app.doorbell import keys_of, rung
from patchgate.app.environment import Environment, Room
from patchgate.app.run import LocalRun
from patchgate.standins.world import Bell, World

LOOPBACK = "127.0.0.1,localhost"
PROXIES = frozenset({"NO_PROXY", "no_proxy"})
QUIET_ROUNDS = 50
"""Runs after one step of a person; more of them would be a loop."""


class LoopError(RuntimeError):
    """Runs go on ringing for runs."""


def environment(world: World, more: Mapping[str, str] | None = None) -> Environment:
    """This machine's way to programs and networks, and the world's addresses and keys.

    `more` wins over the world (real model keys in a rehearsal). Loopback never goes by a proxy.
    """
    machine = dict(Environment.from_os().machine)
    direct = {name: _with_loopback(machine.get(name, "")) for name in PROXIES}
    return Environment.from_mapping(machine | direct | world.env() | dict(more or {}))


def _with_loopback(known: str) -> str:
    return f"{known},{LOOPBACK}" if known else LOOPBACK


@dataclass(slots=True)
class Listener:
    """Who hears what happens; each does nothing unless it is given."""

    bell: Callable[[Bell, Sequence[str]], None] = lambda bell, keys: None
    room: Callable[[Room], None] = lambda room: None
    line: Callable[[str], None] = lambda line: None
    fault: Callable[[str], None] = lambda fault: None
    """A tool call that failed, in the words that Claude's stand-in was told."""


@dataclass(slots=True)
class Driver:
    """Turns bells into runs, one at a time as the concurrency group has it, until it is quiet."""

    world: World
    env: Environment
    folder: Path
    listener: Listener = field(default_factory=Listener)
    runs: int = 0
    waits: dict[str, Waits] = field(default_factory=dict)
    """What each ticket waits for, as of the last run that looked at it."""
    troubles: list[str] = field(default_factory=list)
    """What the last run complained about."""

    def settle(self) -> int:
        """Answer all bells, and those that these runs ring; the last exit code that is not 0."""
        worst = 0
        for _ in range(QUIET_ROUNDS):
            keys = self._keys(self.world.bells())
            if not keys:
                return worst
            worst = self.run(keys) or worst
        raise LoopError(f"still ringing after {QUIET_ROUNDS} runs")

    def run(self, keys: Sequence[str]) -> int:
        """`patchgate run KEY…`; the exit code."""
        self.runs += 1
        folder = self.folder / "runs" / f"{self.runs:03}"
        folder.mkdir(parents=True)
        local = LocalRun(
            env=self.env,
            folder=folder,
            cache=self.folder / "cache",
            heard=self.listener.line,
            entered=self.listener.room,
        )
        heard = len(self.world.anthropic.exchanges)
        status = local.keys(keys_of(keys))
        for fault in tool_faults(self.world, since=heard):
            self.listener.fault(fault)
        self._read_outcomes(folder)
        return status

    def _read_outcomes(self, folder: Path) -> None:
        self.troubles = []
        for path in sorted(folder.glob("run-*/round-*/outcome.json"), key=_round):
            outcome = Outcome.model_validate_json(path.read_bytes())
            self.waits |= {wait.key: wait for wait in outcome.waits}
            self.troubles = list(outcome.troubles)

    def _keys(self, bells: Sequence[Bell]) -> list[str]:
        found: dict[str, None] = {}
        for bell in bells:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / "event.json"
            path.write_text(json.dumps(bell.payload), encoding="utf-8")
            keys = rung(self.env, (), path, bell.event)
            self.listener.bell(bell, keys)
            found |= dict.fromkeys(keys)
        return list(found)


def _round(outcome: Path) -> int:
    return int(outcome.parent.name.removeprefix("round-"))


def tool_faults(world: World, *, since: int = 0) -> list[str]:
    """What Claude was told about tool calls that failed, from that exchange on; each once."""
    found: dict[str, str] = {}
    for exchange in world.anthropic.exchanges[since:]:
        for message in (exchange.request or {}).get("messages", []):
            blocks = message["content"] if isinstance(message["content"], list) else []
            for block in blocks:
                if block.get("type") == "tool_result" and block.get("is_error"):
                    found[block["tool_use_id"]] = _text_of(block["content"]).splitlines()[0]
    return list(found.values())


def _text_of(content: object) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content)
    return str(content)
