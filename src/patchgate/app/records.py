"""The ledger for people: shown, verified (offline and against the anchors), taken along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patchgate.app import bootstrap
from patchgate.app.environment import Environment
from patchgate.app.opening import check_anchor
from patchgate.core.branch import branch_of
from patchgate.core.chain import Anchor, Link, verify_anchors
from patchgate.core.events import Event
from patchgate.core.fold import fold
from patchgate.core.ids import RepoName, StreamId, TicketKey
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
    """Whether a stream fits the heads kept outside, in words; a project has no ticket."""
    key, _, issue_id = name.rpartition("-")
    if not issue_id.isdigit():
        return True, ""
    stream = desk.ledger.read(TicketKey(key), issue_id)
    events = stream.events if stream else ()
    anchors = heads_outside(desk, TicketKey(key), issue_id, events)
    if anchors is None:
        return True, f"{name}: its ticket can no longer be seen; no head to compare with"
    if not anchors:
        return True, f"{name}: no head is kept on the ticket"
    found = verify_anchors(name, stream.heads if stream else (), anchors)
    for anchor in anchors:
        if stream is None or anchor.head not in stream.heads:
            first = f" from event {found[0].seq} on" if found else ""
            return False, f"{name}: {anchor.where}, {anchor.head}, is not in the chain{first}"
    places = " and ".join(_PLACES[anchor.where] for anchor in anchors)
    return True, f"{name}: the head on {places} {'are' if anchors[1:] else 'is'} in the chain"


def heads_outside(
    desk: bootstrap.Keeper, key: TicketKey, issue_id: str, events: Sequence[Event]
) -> list[Anchor] | None:
    """The heads on the ticket and in its pull request; None: the ticket can not be seen."""
    try:
        look = desk.tracker().look(key)
    except NotFoundError:
        return None
    if look.ticket.issue_id != issue_id:
        return None
    found = [Anchor(ON_TICKET, look.anchor)] if look.anchor else []
    told = _head_in_pull(desk, events)
    return [*found, Anchor(IN_PULL, told)] if told and found else found


def _head_in_pull(desk: bootstrap.Keeper, events: Sequence[Event]) -> str:
    """The head that the description of our pull request names; empty: there is none."""
    w = fold(events)
    if w.pull is None:
        return ""
    pulls = desk.forge.pulls_of(RepoName(w.pull.repo), branch_of(w, desk.branch_prefix))
    body = next((p.body for p in pulls if p.number == w.pull.number), "")
    found = _HEAD.search(body)
    return found[1] if found else ""


def restore(
    env: Environment, places: Sequence[Path], cache: Path, *, write: bool
) -> tuple[Report, int]:
    """Bring back streams from clones and exports; the report, and how many are to be restored.

    Without `write` it only says what it would do.
    """
    desk = bootstrap.keeper(env, cache)

    def outside(stream: StreamId, links: Sequence[Link]) -> list[Anchor]:
        key, _, issue_id = stream.rpartition("-")
        if not issue_id.isdigit():
            return []
        events = [one.event for one in links]
        return heads_outside(desk, TicketKey(key), issue_id, events) or []

    work = bootstrap.restoration(desk.ledger, outside)
    steps = work.plan(places)
    due = [step for step in steps if step.action is bootstrap.RESTORE]
    lines = ["the ledger branch is missing: it is made again"] if work.lacks_ledger else []
    lines += [f"{step.stream}  {step.action}: {step.why}" for step in steps]
    if work.whole:
        lines.append(f"{work.whole} streams of the copies are on the ledger already, whole")
    if write:
        work.write(steps)
        lines.append(f"{len(due)} streams were restored")
    return Report(tuple(lines), len(steps) - len(due)), len(due)


ON_TICKET, IN_PULL = "the head on the ticket", "the head in its pull request"
_PLACES = {ON_TICKET: "the ticket", IN_PULL: "in the pull request"}
_HEAD = re.compile(r"Ledger head: `(sha256:[0-9a-f]{64})`")
