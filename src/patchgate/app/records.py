"""The ledger for people: shown, verified (offline and against the anchors), taken along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.environment import Environment
from patchgate.app.opening import check_anchor
from patchgate.core.branch import branch_of
from patchgate.core.fold import fold
from patchgate.core.ids import RepoName, StreamId, TicketKey
from patchgate.errors import NotFoundError
from patchgate.ports import Stream


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found, line by line."""

    lines: tuple[str, ...]
    findings: int


GOOD = "every chain, tip and artifact fits"


def _issue(env: Environment, key: TicketKey, desk: bootstrap.Keeper) -> tuple[TicketKey, str]:
    """Key and issue id: from an open stream's name, else from Jira."""
    for stream in desk.ledger.open_streams():
        name, _, issue_id = stream.rpartition("-")
        if name == key:
            return key, issue_id
    look = desk.tracker().look(key)
    check_anchor(desk.ledger.read(look.ticket.key, look.ticket.issue_id), look)
    return look.ticket.key, look.ticket.issue_id


def show_stream(env: Environment, key: TicketKey, cache: Path, *, as_json: bool) -> list[str]:
    """One stream's events as lines of text, or as they lie on the ledger."""
    desk = bootstrap.keeper(env, cache)
    reading = desk.ledger.read_links(*_issue(env, key, desk))
    if reading is None:
        raise NotFoundError(f"{key} has no stream on the ledger")
    if as_json:
        return [link.line.decode() for link in reading.links]
    head = f"{reading.stream.id}  {len(reading.links)} events  head {reading.stream.head}"
    return [head, *bootstrap.show_links(reading.links)]


def export_stream(env: Environment, key: TicketKey, cache: Path) -> bytes:
    """One stream with its artifacts as a tar archive."""
    desk = bootstrap.keeper(env, cache)
    return desk.ledger.export(*_issue(env, key, desk))


def verify_clone(clone: Path) -> Report:
    """Check every stream of a clone; nothing but the clone is needed."""
    folder = clone / ".git" if (clone / ".git").is_dir() else clone
    findings = [str(f) for f in bootstrap.verify_clone(folder)]
    return Report(tuple(findings) or (GOOD,), len(findings))


def verify_online(env: Environment, key: TicketKey | None, cache: Path, *, anchors: bool) -> Report:
    """Check the remote ledger; with `anchors` also against the heads kept on the tickets."""
    desk = bootstrap.keeper(env, cache)
    only = None
    if key is not None:
        named, issue_id = _issue(env, key, desk)
        stream = desk.ledger.read(named, issue_id)
        if stream is None:
            raise NotFoundError(f"{key} has no stream on the ledger")
        only = stream.id
    if not desk.ledger.exists():
        raise NotFoundError(
            f"there is no branch {desk.ledger.branches.ledger}: nothing could be checked",
            "The first ticket creates it (or `patchgate ledger init`); if it was there before, "
            "restore it from a clone.",
        )
    findings = [str(f) for f in desk.ledger.verify(only)]
    names = [only] if only else desk.ledger.open_streams()
    lines = []
    for name in names if anchors and not findings else []:
        fits, said = _held_outside(desk, StreamId(name))
        if fits:
            lines.append(said)
        else:
            findings.append(said)
    return Report(tuple(findings) or (GOOD, *filter(None, lines)), len(findings))


def _held_outside(desk: bootstrap.Keeper, name: StreamId) -> tuple[bool, str]:
    """Whether a stream fits the head kept on its ticket, in words; a project has no ticket."""
    key, _, issue_id = name.rpartition("-")
    if not issue_id.isdigit():
        return True, ""
    try:
        look = desk.tracker().look(TicketKey(key))
    except NotFoundError:
        return True, f"{name}: its ticket can no longer be seen; no head to compare with"
    stream = desk.ledger.read(TicketKey(key), issue_id)
    if look.anchor and (stream is None or look.anchor not in stream.heads):
        return False, f"{name}: the head on the ticket, {look.anchor}, is not in the chain"
    if stream is None or not look.anchor:
        return True, f"{name}: no head is kept on the ticket"
    told = _head_in_pull(desk, stream)
    if told and told not in stream.heads:
        return False, f"{name}: the head in its pull request, {told}, is not in the chain"
    places = "the ticket and in the pull request are" if told else "the ticket is"
    return True, f"{name}: the head on {places} in the chain"


def _head_in_pull(desk: bootstrap.Keeper, stream: Stream) -> str:
    """The head that the description of our pull request names; empty: there is none."""
    w = fold(stream.events)
    if w.pull is None:
        return ""
    pulls = desk.forge.pulls_of(RepoName(w.pull.repo), branch_of(w, desk.branch_prefix))
    body = next((p.body for p in pulls if p.number == w.pull.number), "")
    found = _HEAD.search(body)
    return found[1] if found else ""


_HEAD = re.compile(r"Ledger head: `(sha256:[0-9a-f]{64})`")
