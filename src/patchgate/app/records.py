"""The ledger for people: shown, verified (offline and against the anchors), taken along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.environment import Environment
from patchgate.core.ids import StreamId, TicketKey
from patchgate.errors import NotFoundError


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
    ticket = desk.tracker().look(key).ticket
    return ticket.key, ticket.issue_id


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
    findings = [str(f) for f in desk.ledger.verify(only)]
    names = [only] if only else desk.ledger.open_streams()
    lines = []
    for name in names if anchors else []:
        found = _held_outside(desk, StreamId(name))
        findings += [found] if found else []
        lines.append(found or f"{name}: the head on the ticket is in the chain")
    return Report(tuple(findings) or (GOOD, *lines), len(findings))


def _held_outside(desk: bootstrap.Keeper, name: StreamId) -> str | None:
    """What is wrong between a stream and the head kept on its ticket; None when it fits."""
    key, _, issue_id = name.rpartition("-")
    if issue_id == "0":
        return None
    look = desk.tracker().look(TicketKey(key))
    stream = desk.ledger.read(TicketKey(key), issue_id)
    if look.anchor and (stream is None or look.anchor not in stream.heads):
        return f"{name}: the head on the ticket, {look.anchor}, is not in the chain"
    return None
