"""`patchgate run KEY`: the rooms of one run as subprocesses with scrubbed environments.

The same rooms in the same order as in Actions, on one machine: tick → propose → check → settle,
again as long as a step can go on without a person.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.desk import Outcome, RunFolder
from patchgate.app.environment import Environment, Room
from patchgate.app.rooms import read_brief
from patchgate.core.ids import RepoName, Sha, TicketKey
from patchgate.core.proposal import Brief, CheckOrder, Task
from patchgate.errors import RefusedError

ROUNDS = 30
"""Rounds of one run: more than the attempts that settings allow, a wall against loops."""
MARGIN = 120
"""Seconds that a room may take beyond the limit of its task."""


@dataclass(frozen=True, slots=True)
class LocalRun:
    """Where a local run works, what it may use, and who hears of it."""

    env: Environment
    folder: Path
    cache: Path
    verbose: bool = False
    heard: Callable[[str], None] | None = None
    """Called with each output line of the rooms; None: they print themselves."""
    entered: Callable[[Room], None] | None = None
    """Called before each room starts."""

    def keys(self, keys: Sequence[TicketKey]) -> int:
        """Play the rooms for these tickets; the exit code of the last tick."""
        name = bootstrap.run_name(self.env)
        status, outcome = self._tick(keys, name, settling=False, number=0)
        for number in range(1, ROUNDS):
            if not outcome.briefs:
                return status
            for eid in outcome.briefs:
                self._propose(eid, number - 1)
            status, outcome = self._tick(keys, name, settling=True, number=number)
        raise RefusedError(f"a run of more than {ROUNDS} rounds was stopped")

    def each(self, keys: Sequence[TicketKey]) -> int:
        """A run of its own for each ticket; the first exit code that is not 0."""
        worst = 0
        for number, key in enumerate(keys):
            one = replace(self, folder=self.folder / f"{number}-{key}")
            worst = one.keys([key]) or worst
        return worst

    # ── rooms ────────────────────────────────────────────────────────────────────────────

    def _folder(self, number: int) -> RunFolder:
        return RunFolder(self.folder / f"round-{number}")

    def _tick(
        self, keys: Sequence[TicketKey], name: str, *, settling: bool, number: int
    ) -> tuple[int, Outcome]:
        """Settle reads what the round before left, and leaves briefs for the next in its own."""
        room = Room.SETTLE if settling else Room.TICK
        folder = self._folder(number)
        if settling:
            self._hand_over(number)
        argv = [room.value, *keys, "--folder", str(folder.root), "--cache", str(self.cache)]
        argv += ["--run", name, "--providers", ",".join(sorted(self.env.model_keys()))]
        status = self._room(room, argv, timeout=900)
        if not folder.outcome.is_file():
            return status, Outcome()
        return status, Outcome.model_validate_json(folder.outcome.read_bytes())

    def _hand_over(self, number: int) -> None:
        """What travels between the rooms: proposals and evidence of the round before."""
        before, now = self._folder(number - 1).root, self._folder(number).root
        now.mkdir(parents=True, exist_ok=True)
        for name in ("proposals", "evidence"):
            if (before / name).is_dir():
                (before / name).rename(now / name)

    def _propose(self, eid: str, number: int) -> None:
        folder = self._folder(number)
        brief = read_brief(folder.brief(eid))
        checkout = folder.root / "checkouts" / eid
        bootstrap.checkout(
            self.env, RepoName(brief.repo), Sha(brief.start), into=checkout, cache=self.cache
        )
        argv = ["propose", "--brief", str(folder.brief(eid)), "--checkout", str(checkout)]
        argv += ["--out", str(folder.proposal(eid))]
        provider = brief.model.provider
        self._room(Room.PROPOSE, argv, timeout=brief.limits.seconds + MARGIN, provider=provider)
        if brief.task is Task.IMPLEMENT and (folder.proposal(eid) / "patch.diff").is_file():
            self._check(eid, brief, folder)

    def _check(self, eid: str, brief: Brief, folder: RunFolder) -> None:
        order = CheckOrder.model_validate_json(folder.checks.read_bytes())
        if not order.commands:
            return
        checkout = folder.root / "checkouts" / f"{eid}-check"
        bootstrap.checkout(
            self.env, RepoName(brief.repo), Sha(brief.start), into=checkout, cache=self.cache
        )
        argv = ["check", "--proposal", str(folder.proposal(eid)), "--checkout", str(checkout)]
        argv += ["--order", str(folder.checks)]
        argv += ["--out", str(folder.evidence(eid))]
        self._room(Room.CHECK, argv, timeout=order.timeout + MARGIN)

    def _checkout(self, brief: Brief, into: Path) -> None:
        repo, start = RepoName(brief.repo), Sha(brief.start)
        bootstrap.checkout(self.env, repo, start, into=into, cache=self.cache)

    # ── processes ────────────────────────────────────────────────────────────────────────

    def _room(
        self, room: Room, argv: Sequence[str], *, timeout: float, provider: str | None = None
    ) -> int:
        """One room as a process of its own, with its own keys and no others; killed when late."""
        command = [sys.executable, "-I", "-m", "patchgate", *argv]
        given = self.env.for_room(room, provider)
        if self.entered is not None:
            self.entered(room)
        with subprocess.Popen(
            command,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=None if self.heard is None else subprocess.PIPE,
            stderr=None if self.heard is None else subprocess.STDOUT,
            text=True,
            cwd=os.path.sep,
        ) as process:
            watchdog = threading.Timer(timeout, process.kill)
            watchdog.start()
            try:
                if self.heard is not None and process.stdout is not None:
                    for line in process.stdout:
                        self.heard(line.rstrip("\n"))
                return process.wait()
            finally:
                watchdog.cancel()
