"""The rooms as one process each sees them: what it may hold, what it reads, what it leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from patchgate.app import bootstrap
from patchgate.app.desk import Journal, Outcome, RunFolder
from patchgate.app.environment import Environment, Room
from patchgate.app.redact import leave, redactor
from patchgate.app.tick import Room as TickRoom
from patchgate.app.tick import Wakeup, outcome_of
from patchgate.core.ids import Digest, TicketKey, canonical, digest_bytes
from patchgate.core.outlet import Outlet
from patchgate.core.plan import Record
from patchgate.core.proposal import (
    Brief,
    CheckLevel,
    CheckOrder,
    CommandResult,
    Evidence,
    Proposal,
    RunRecord,
    Task,
)
from patchgate.core.proposal import Outcome as RunOutcome
from patchgate.core.words.shape import count
from patchgate.data import data_dir
from patchgate.errors import (
    ConfigError,
    CredentialError,
    MalformedError,
    PatchgateError,
    RefusedError,
)

if TYPE_CHECKING:
    from patchgate.agent.prompts import Prompt

__all__ = ["check_room", "propose_room", "read_brief", "read_order", "tick_room", "work_all"]

HOSTED = "github-hosted"
"""What the runner says of itself on a machine of GitHub's."""


@dataclass(frozen=True, slots=True)
class TickOptions:
    """How a tick is asked for."""

    settling: bool
    folder: Path
    cache: Path
    run: str = ""
    """Name of the run that this room belongs to; empty: this process."""
    providers: tuple[str, ...] = ()
    """Model providers whose key the propose room will have; empty: both."""


Failure = tuple[TicketKey, PatchgateError]


def tick_room(
    env: Environment, keys: Sequence[TicketKey], journal: Journal, options: TickOptions
) -> Outcome:
    """`tick` or `settle` over these tickets; the outcome also lies in the run's folder.

    Errors of one ticket do not stop the others; the first is raised when all are done.
    """
    env.admit(Room.SETTLE if options.settling else Room.TICK)
    desk = bootstrap.desk(
        env, journal, cache=options.cache, run=options.run, providers=options.providers
    )
    folder = RunFolder(options.folder)
    room = TickRoom(desk, folder, settling=options.settling, stop=env.patchgate_stop)
    outcome, failures = work_all(room, keys)
    if failures:
        raise failures[0][1]
    return outcome


def work_all(room: TickRoom, keys: Sequence[TicketKey]) -> tuple[Outcome, list[Failure]]:
    """Work tickets one after another; what fails for one stops no other."""
    desk, folder = room.desk, room.folder
    folder.root.mkdir(parents=True, exist_ok=True)
    folder.outcome.unlink(missing_ok=True)
    wakeups: list[Wakeup] = []
    failures: list[Failure] = []
    for key in keys:
        try:
            wakeup = room.work(key)
        except PatchgateError as error:
            failures.append((key, error))
            continue
        wakeups.append(wakeup)
        if wakeup.trouble:
            failures.append((key, wakeup.trouble))
    for key, late in failures[1:]:
        desk.journal.note(key, "stop", f"{late.message}; next: {late.advice}")
    outcome = outcome_of(wakeups, desk.clean)
    _write(folder.outcome, outcome, out=desk.clean, what="the outcome")
    return outcome, failures


# ── propose ──────────────────────────────────────────────────────────────────────────────


def read_brief(path: Path) -> Brief:
    """A brief from its file; MalformedError names the first thing that is wrong."""
    return _read(path, Brief, "brief")


def read_order(path: Path) -> CheckOrder:
    """What the check room is to run, from its file; MalformedError as for a brief."""
    return _read(path, CheckOrder, "check order")


T = TypeVar("T", bound=Record)


def _read(path: Path, kind: type[T], name: str) -> T:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise MalformedError(f"the {name} {path.name} cannot be read") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MalformedError(f"the {name} is malformed at {place}: {first['msg']}") from error


def propose_room(
    env: Environment, brief_path: Path, checkout: Path, out: Path
) -> tuple[str, Proposal]:
    """One model task on a checkout; leaves `proposal.json` and, if there is one, `patch.diff`.

    Returns the ticket's key and the proposal.
    """
    # Only this room thinks: the others do not load what that takes.
    from patchgate.agent.prompts import load_prompts
    from patchgate.agent.task import Worktree, perform

    env.admit(Room.PROPOSE)
    outlet = redactor(env)
    brief = read_brief(brief_path)
    out.mkdir(parents=True, exist_ok=True)
    tree = bootstrap.room_tree(checkout)
    earlier = brief_path.with_suffix(".patch")
    patch = earlier.read_bytes() if earlier.is_file() else b""
    beside = bool(patch) and digest_bytes(patch) == brief.previous_patch
    if brief.task is Task.REVIEW and not beside:
        raise MalformedError("the patch to review does not lie beside the brief")
    if beside:
        tree.apply(patch)
    prompts = load_prompts(data_dir("prompts"))
    try:
        done = perform(
            brief,
            prompts[brief.task],
            model=bootstrap.model(env, brief.model.provider),
            worktree=Worktree(root=checkout, diff=tree.diff, patch=patch if beside else b""),
            clock=bootstrap.SystemClock(),
        )
    except (CredentialError, ConfigError) as error:
        _leave(out, _unbilled(brief, prompts[brief.task], error), None, outlet=outlet)
        raise
    return brief.key, _leave(out, done.proposal, done.patch, outlet=outlet)


def _leave(out: Path, proposal: Proposal, patch: bytes | None, *, outlet: Outlet) -> Proposal:
    """Keep what was proposed, whole; where it holds a key of this room, only that it did.

    What a service said about a failure is cleaned, what a model said never is.
    """
    said = proposal.run.model_copy(update={"detail": outlet(proposal.run.detail)})
    proposal = proposal.model_copy(update={"run": said})
    try:
        if patch is not None:
            leave(out / "patch.diff", patch, outlet=outlet, what="the patch")
        _write(out / "proposal.json", proposal, out=outlet, what="the model's answer")
    except RefusedError as error:
        (out / "patch.diff").unlink(missing_ok=True)
        proposal = _refused(proposal, error)
        _write(out / "proposal.json", proposal, out=outlet, what="the account of a run")
    return proposal


def _write(path: Path, record: Record, *, out: Outlet, what: str) -> None:
    leave(path, canonical(record.model_dump(mode="json")), outlet=out, what=what)


def _refused(proposal: Proposal, error: RefusedError) -> Proposal:
    """Nothing of the answer but its bill, and why it is not here."""
    update = {"outcome": RunOutcome.INVALID, "detail": f"{error.message}. {error.advice}"}
    run = proposal.run.model_copy(update=update)
    return Proposal(brief=proposal.brief, task=proposal.task, run=run)


def _unbilled(brief: Brief, prompt: Prompt, error: PatchgateError) -> Proposal:
    """Why no model could be asked, so that the ticket says it too; nothing was spent."""
    record = RunRecord(
        role=prompt.header.role,
        provider=brief.model.provider,
        model=brief.model.model,
        prompt_digest=digest_bytes(b""),
        context_digest=brief.digest(),
        micro_dollars=0,
        outcome=RunOutcome.FAILED,
        detail=f"{error.message.rstrip('.')}. {error.advice}"[:2000],
    )
    return Proposal(brief=brief.digest(), task=brief.task, run=record)


# ── check ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CheckInput:
    """What the check room is given: a proposal's folder, a fresh checkout, the order."""

    proposal: Path
    checkout: Path
    order: Path


def check_room(env: Environment, given: CheckInput, out: Path) -> Evidence:
    """Apply the patch and run the repository's own commands, holding no secret at all."""
    env.admit(Room.CHECK)
    order = read_order(given.order)
    patch = (given.proposal / "patch.diff").read_bytes()
    evidence = _run_checks(given, order, patch, _wall(env))
    _write(out, evidence, out=redactor(env), what="the evidence")
    return evidence


Runs = Callable[..., bootstrap.Ran]


def _wall(env: Environment) -> Runs | str:
    """How commands are run where nothing can be stolen; a string says why they cannot be.

    A job on GitHub's own runners holds nothing and its machine is thrown away: that is a wall, too.
    """
    barred = bootstrap.sandbox_barred()
    if not barred:
        return bootstrap.run_inside
    if env.runner_environment == HOSTED:
        return partial(bootstrap.run_bare, path=dict(env.machine).get("PATH", os.defpath))
    return barred


def _run_checks(given: CheckInput, order: CheckOrder, patch: bytes, run: Runs | str) -> Evidence:
    digest = digest_bytes(patch)
    if isinstance(run, str):
        return Evidence(patch=digest, level=CheckLevel.UNKNOWN, reason=run[:500])
    if not order.commands:
        reason = "no check commands are configured (`checks.commands` in the settings)"
        return Evidence(patch=digest, level=CheckLevel.UNKNOWN, reason=reason)
    bootstrap.room_tree(given.checkout).apply(patch)
    results: list[CommandResult] = []
    left = float(order.timeout)
    for argv in order.commands:
        ran = run(given.checkout, argv, timeout=left)
        left -= ran.duration_ms / 1000
        results.append(
            CommandResult(argv=argv, status=ran.status, tail=ran.tail, duration_ms=ran.duration_ms)
        )
        if ran.status:
            break
    return _evidence(digest_bytes(patch), results)


def _evidence(patch: Digest, results: list[CommandResult]) -> Evidence:
    last = results[-1]
    spoken = " ".join(last.argv)
    if last.status == 0:
        level, reason = CheckLevel.PASSED, f"{count(len(results), 'command')} passed"
    elif last.status == 124:
        level, reason = CheckLevel.UNKNOWN, f"`{spoken}` ran out of time"
    else:
        level, reason = CheckLevel.FAILED, f"`{spoken}` ended with status {last.status}"
    return Evidence(patch=patch, level=level, reason=reason[:500], commands=tuple(results))
