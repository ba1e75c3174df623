"""`patchgate run KEY`: the rooms of one run as subprocesses with scrubbed environments.

The same rooms in the same order as in Actions, on one machine: tick → propose → check → settle,
again as long as a step can go on without a person.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.desk import Outcome, RunFolder
from patchgate.app.environment import Environment, Room
from patchgate.app.rooms import read_brief, read_order
from patchgate.core.ids import RepoName, Sha, TicketKey
from patchgate.core.proposal import Brief, Task
from patchgate.errors import PatchgateError, RefusedError

ROUNDS = 30
"""Rounds of one run: more than the attempts that settings allow, a wall against loops."""
MARGIN = 120
"""Seconds that a room may take beyond the limit of its task."""
GRACE = 5
"""Seconds that an interrupted room has to end by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A room about to be entered: its arguments, all that it may hold, and its time."""

    room: Room
    argv: tuple[str, ...]
    env: Mapping[str, str]
    timeout: float
    """Seconds."""
    heard: Callable[[str], None] | None = None
    """Called with each output line; None: the room prints itself."""


def spawned(entry: Entry) -> int:
    """The room as a process of its own, killed when late; its exit code."""
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "patchgate", *entry.argv],
        env=dict(entry.env),
        stdin=subprocess.DEVNULL,
        stdout=None if entry.heard is None else subprocess.PIPE,
        stderr=None if entry.heard is None else subprocess.STDOUT,
        text=True,
        cwd=os.path.sep,
    ) as process:
        watchdog = threading.Timer(entry.timeout, process.kill)
        watchdog.start()
        try:
            if entry.heard is not None and process.stdout is not None:
                for line in process.stdout:
                    entry.heard(line.rstrip("\n"))
            return process.wait()
        finally:
            watchdog.cancel()
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Leave no room behind when this process is interrupted while it waits."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


@dataclass(frozen=True, slots=True)
class LocalRun:
    """Where a local run works, what it may use, and who hears of it."""

    env: Environment
    folder: Path
    cache: Path
    heard: Callable[[str], None] | None = None
    """Called with each output line of the rooms; None: they print themselves."""
    entered: Callable[[Room], None] | None = None
    """Called before each room starts."""
    enter: Callable[[Entry], int] = spawned
    """How a room is played; the rooms must not see each other's environment."""

    def keys(self, keys: Sequence[TicketKey]) -> int:
        """Play the rooms for these tickets; the last tick's exit code, else a model room's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = replace(self, folder=Path(tempfile.mkdtemp(prefix="run-", dir=self.folder)))
        return fresh._rounds(keys)

    def _rounds(self, keys: Sequence[TicketKey]) -> int:
        name = bootstrap.run_name(self.env)
        failed = 0
        status, outcome = self._tick(keys, name, settling=False, number=0)
        for number in range(1, ROUNDS):
            if not outcome.briefs:
                return status or failed
            for eid in outcome.briefs:
                failed = self._propose(eid, number - 1)
            status, outcome = self._tick(keys, name, settling=True, number=number)
        raise RefusedError(f"a run of more than {ROUNDS} rounds was stopped")

    def each(self, keys: Sequence[TicketKey]) -> int:
        """A run of its own for each ticket; the first exit code that is not 0.

        What fails for one ticket stops no other; its error is raised when all are done.
        """
        worst = 0
        late: PatchgateError | None = None
        for number, key in enumerate(keys):
            one = replace(self, folder=self.folder / f"{number}-{key}")
            try:
                status = one.keys([key])
            except PatchgateError as error:
                late = late or error
                continue
            worst = worst or status
        if late is not None:
            raise late
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
        providers = ",".join(sorted(self.env.model_keys())) or "none"
        argv += ["--run", name, "--providers", providers]
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

    def _propose(self, eid: str, number: int) -> int:
        folder = self._folder(number)
        brief = read_brief(folder.brief(eid))
        checkout = folder.root / "checkouts" / eid
        self._checkout(brief, checkout)
        argv = ["propose", "--brief", str(folder.brief(eid)), "--checkout", str(checkout)]
        argv += ["--out", str(folder.proposal(eid))]
        provider = brief.model.provider
        limit = brief.limits.seconds + MARGIN
        status = self._room(Room.PROPOSE, argv, timeout=limit, provider=provider)
        if brief.task is Task.IMPLEMENT and (folder.proposal(eid) / "patch.diff").is_file():
            self._check(eid, brief, folder)
        return status

    def _check(self, eid: str, brief: Brief, folder: RunFolder) -> None:
        order = read_order(folder.checks)
        if not order.commands:
            return
        checkout = folder.root / "checkouts" / f"{eid}-check"
        self._checkout(brief, checkout)
        argv = ["check", "--proposal", str(folder.proposal(eid)), "--checkout", str(checkout)]
        argv += ["--order", str(folder.checks)]
        argv += ["--out", str(folder.evidence(eid))]
        self._room(Room.CHECK, argv, timeout=order.timeout + MARGIN)

    def _checkout(self, brief: Brief, into: Path) -> None:
        repo, start = RepoName(brief.repo), Sha(brief.start)
        bootstrap.checkout(self.env, repo, start, into=into, cache=self.cache)

    def _room(
        self, room: Room, argv: Sequence[str], *, timeout: float, provider: str | None = None
    ) -> int:
        """One room with its own keys and no others."""
        if self.entered is not None:
            self.entered(room)
        given = self.env.for_room(room, provider)
        return self.enter(Entry(room, tuple(argv), given, timeout, self.heard))
