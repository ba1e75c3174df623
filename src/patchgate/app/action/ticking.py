"""The deterministic rooms as steps of a job: tick (or sweep, or verify) and settle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.action.parcels import arrived, named, opened
from patchgate.app.action.sweeping import sweep
from patchgate.app.action.tell import SHARED_LIMITS
from patchgate.app.action.work import Work, same_repository
from patchgate.app.desk import Desk, Outcome, RunFolder
from patchgate.app.dispatched import given_by_run
from patchgate.app.doorbell import wakeup_of
from patchgate.app.environment import Room
from patchgate.app.records import verify_online
from patchgate.app.redact import leave
from patchgate.app.rooms import Failure, read_brief, read_order, work_all
from patchgate.app.tick import Room as TickRoom
from patchgate.core.approval import SHARED_ACCOUNT
from patchgate.core.events import CommandGiven
from patchgate.core.ids import RepoName, TicketKey, canonical
from patchgate.core.wakeup import Wakeup
from patchgate.core.words.inert import line
from patchgate.errors import LedgerError, PatchgateError, UsageError


def tick(work: Work) -> None:
    """Look, decide, act; leave briefs where a model is to be asked."""
    work.env.admit(Room.TICK)
    wakeup = _wakeup(work)
    for name, value in (("briefs", "[]"), ("parcel", ""), ("checks", "false")):
        work.job.output(name, value)
    if wakeup.sweep:
        _sweep(work, wakeup)
    elif wakeup.asked and wakeup.asked.verb == "verify":
        _verify(work, wakeup.keys)
    elif wakeup.keys:
        _tickets(work, wakeup)
    else:
        work.told.notes.append("The event names no ticket of ours: nothing to do.")
        work.job.output("outcome", "nothing")


def _wakeup(work: Work) -> Wakeup:
    env = work.env
    if not env.github_event_path:
        what = "GITHUB_EVENT_PATH is not set: nothing says what woke this run"
        raise UsageError(what, "Run this as a step of a job, by the action.")
    wakeup = wakeup_of(Path(env.github_event_path), env.github_event_name)
    asked = [wakeup.asked.verb] if wakeup.asked else ["sweep"] if wakeup.sweep else []
    work.told.title = " · ".join([work.inputs.step, *asked, *wakeup.keys])
    return wakeup


def _desk(work: Work, *, asks: bool) -> Desk:
    desk = bootstrap.desk(
        work.env,
        work.journal,
        cache=work.cache,
        providers=work.inputs.models,
        event_type=work.inputs.event_type,
        on_secret=work.job.mask,
    )
    if desk.rules.runner["github"] == SHARED_ACCOUNT:
        work.told.limits = SHARED_LIMITS
    work.told.site = work.env.jira_base_url or desk.settings.jira.url
    return replace(desk, asks=asks)


# ── tick ─────────────────────────────────────────────────────────────────────────────────


def _tickets(work: Work, wakeup: Wakeup) -> None:
    desk = _desk(work, asks=True)
    folder = RunFolder(work.inputs.place / "run")
    given = _given(work, desk, wakeup) if wakeup.asked else None
    room = TickRoom(desk, folder, settling=False, stop=work.env.patchgate_stop, given=given)
    outcome, failures = work_all(room, wakeup.keys)
    work.told.outcome = outcome
    if given and not room.recorded:
        _set_aside(
            work, f"{given.evidence.target} is not at work: there is nothing to {given.verb}"
        )
    if outcome.briefs:
        _leave_briefs(work, desk, folder, outcome.briefs)
    _finish(work, outcome, failures, word="asks" if outcome.briefs else "waits")


def _given(work: Work, desk: Desk, wakeup: Wakeup) -> CommandGiven | None:
    """The command of the run itself; None, with an annotation why, where it does not count."""
    env = work.env
    if env.github_run_attempt not in ("", "1"):
        _set_aside(work, "a run that is run again repeats no command: start the workflow anew")
        return None
    given: CommandGiven | str = "this is no run of Actions: comment on the ticket instead"
    if env.github_run_id.isdigit():
        control = RepoName(env.github_repository)
        given = given_by_run(desk.forge, control, int(env.github_run_id), desk.now())
    asked = wakeup.asked
    if not isinstance(given, str) and asked is not None:
        told = (given.verb, given.evidence.target, given.argument.lower())
        if told != (asked.verb, wakeup.keys[0], asked.digest.lower()):
            given = f"the run's title says {' '.join(told)!r}, its inputs say something else"
    if isinstance(given, str):
        _set_aside(work, given)
        return None
    return given


def _set_aside(work: Work, why: str) -> None:
    work.job.annotate("warning", "patchgate: the command does not count", why)
    work.told.notes.append(f"**The command does not count:** {line(why)}")


def _leave_briefs(work: Work, desk: Desk, folder: RunFolder, eids: Sequence[str]) -> None:
    """The parcel of briefs, and the matrix of ids that leads to them."""
    left = RunFolder(work.inputs.left)
    shutil.copytree(folder.brief("x").parent, left.brief("x").parent)
    briefs = {eid: read_brief(left.brief(eid)) for eid in eids}
    matrix = [
        {"eid": eid, "repo": b.repo, "start": b.start, "provider": b.model.provider}
        for eid, b in briefs.items()
    ]
    order = read_order(folder.checks)
    patched = {RepoName(b.repo): b.key for b in briefs.values() if b.task == "implement"}
    if order.commands:
        order = order.model_copy(update={"public": tuple(_public(work, desk, patched))})
    orders = canonical(order.model_dump(mode="json"))
    leave(left.checks, orders, outlet=desk.clean, what="the order for the checks")
    work.job.output("briefs", json.dumps(matrix))
    work.job.output("parcel", named("briefs", left.root))
    work.job.output("checks", "true" if order.commands and patched else "false")


def _public(work: Work, desk: Desk, repos: Mapping[RepoName, str]) -> Iterator[RepoName]:
    """Which of these the check job can check out without a secret, beside this very repository.

    Where GitHub does not say, none: a check is advice, and not worth a failed run.
    """
    for repo, key in repos.items():
        try:
            if not same_repository(repo, work.env) and desk.forge.is_public(repo):
                yield repo
        except PatchgateError as error:
            work.journal.note(key, "check", f"no check: {error.message}")


def _finish(work: Work, outcome: Outcome, failures: Sequence[Failure], *, word: str) -> None:
    states = sorted({w.state for w in outcome.waits})
    work.job.output("outcome", "stopped" if failures else word)
    work.job.output("state", states[0] if len(states) == 1 else "")
    work.job.output("goes-on", "true" if outcome.goes_on else "false")
    if failures:
        raise failures[0][1]


def _sweep(work: Work, wakeup: Wakeup) -> None:
    """Wake what changed, each in a run of its own; gather what ended; leave a heartbeat."""
    desk = _desk(work, asks=False)
    swept = sweep(desk, period=wakeup.period)
    for warning in swept.warnings:
        work.job.annotate("warning", "patchgate sweep", warning)
        work.told.notes.append(f"**Warning:** {warning}")
    work.told.notes.append(swept.said)
    work.job.output("outcome", "swept")
    if swept.failure:
        raise swept.failure


def _verify(work: Work, keys: Sequence[TicketKey]) -> None:
    report = verify_online(work.env, keys[0] if keys else None, work.cache, anchors=True)
    for text in report.lines:
        work.journal.note(keys[0] if keys else "ledger", "ledger", text)
    work.job.output("outcome", "damaged" if report.findings else "verified")
    if report.findings:
        raise LedgerError(f"{report.findings} findings: the ledger is damaged")


# ── settle ───────────────────────────────────────────────────────────────────────────────


def settle(work: Work) -> None:
    """`tick` again, with this run's proposals as input; it asks no model, but rings for that."""
    work.env.admit(Room.SETTLE)
    wakeup = _wakeup(work)
    folder = RunFolder(work.inputs.place / "run")
    came = _unpack(work, folder)
    for name, result in work.inputs.rooms:
        if result in ("failure", "cancelled"):
            work.journal.note(wakeup.keys[0], "stop", f"the {name} job ended with: {result}")
    desk = _desk(work, asks=False)
    room = TickRoom(desk, folder, settling=True, stop=work.env.patchgate_stop)
    outcome, failures = work_all(room, wakeup.keys)
    work.told.outcome = outcome
    for eid in sorted(set(came) - room.taken):
        text = f"{came[eid]} answers no open brief of {', '.join(wakeup.keys)}: it counts nothing"
        work.job.annotate("warning", "patchgate settle", text)
    if desk.bell is not None:
        for key in outcome.goes_on:
            desk.bell.ring(TicketKey(key))
    _finish(work, outcome, failures, word="goes-on" if outcome.goes_on else "waits")


def _unpack(work: Work, folder: RunFolder) -> dict[str, str]:
    """The proposals that count and what the checks said of them, each hashed again."""
    given = work.inputs.given
    names = arrived(given, "proposal")
    if work.inputs.expect:
        names = {name.split("-")[1]: name for name in work.inputs.expect}
    checked = arrived(given, "evidence")
    for eid, name in names.items():
        shutil.copytree(opened(given, name), folder.proposal(eid))
        if eid in checked:
            _unpack_evidence(work, checked[eid], folder.evidence(eid))
    return names


def _unpack_evidence(work: Work, name: str, path: Path) -> None:
    """A repository's code could have touched it: what does not fit is no evidence, and no stop."""
    try:
        found = opened(work.inputs.given, name) / "evidence.json"
    except PatchgateError as error:
        work.job.annotate("warning", "patchgate settle", f"{error.message}: no evidence")
        return
    if found.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, path)
