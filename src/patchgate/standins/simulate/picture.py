"""A world as people see it, without what differs from course to course: equal ends look equal."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from patchgate.core.state import Workflow
from patchgate.standins.simulate.jira import Issue
from patchgate.standins.simulate.world import World

_HEX = re.compile(r"\b[0-9a-f]{7,64}\b")
_COUNTED = re.compile(
    r"\battempt \d+|\brun \d+|\$\d+\.\d+|\b\d+ (model )?runs?\b|\b\d+ tokens\b"
    r"|the last: .*|#\d+\b|/pull/\d+|\bPull request \d+"
    r"|\b(comment|transition|assignment) \d+(:\d)?"
)
_COST = re.compile(r"(?<=[Cc]ost)[\w ]*: unknown")
_WHEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:?00)?")

Picture = dict[str, Any]


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A text without digests, times, numbers, attempts, their last failure and their price."""
    priced = _COST.sub(lambda found: found[0].replace("unknown", "$0.0"), text)
    return _WHEN.sub("(time)", _HEX.sub("(hex)", _COUNTED.sub("(count)", priced)))


def picture(world: World) -> Picture:
    """Jira, GitHub and the ledger's states."""
    streams = {n: s for n, s in world.ledger.streams().items() if n.rpartition("-")[2].isdigit()}
    return {
        "jira": {key: _issue(issue) for key, issue in world.jira.issues.items()},
        "branches": {
            f"{repo}:{name}": dict(world.github.at(repo, head).tree)
            for (repo, name), head in world.github.branches.items()
        },
        "pulls": sorted(
            (p.head_branch, p.title, plain(p.body), p.state, p.draft, str(p.merged_by))
            for p in world.github.pulls.values()
        ),
        "talk": {
            world.github.pulls[place].head_branch: [(c.author, plain(c.body)) for c in said]
            for place, said in world.github.talk.items()
        },
        "states": {name: state(world.seen.of(s)) for name, s in streams.items()},
        "open": sorted(name for name in world.ledger.live if name in streams),
    }


def _issue(issue: Issue) -> Picture:
    ticket = issue.ticket
    return {
        "what": (ticket.issue_type, ticket.summary, ticket.parent),
        "shows": (ticket.status, ticket.assignee, sorted(ticket.labels)),
        "comments": [(c.author, plain(c.body)) for c in issue.comments],
        "files": [(name, len(content)) for name, content in issue.attachments],
        "moves": [(c.author, c.field, c.before, c.after) for c in issue.changes],
    }


def state(w: Workflow) -> Picture:
    """What the ledger says of a ticket, without what differs from course to course."""
    return {
        "state": (w.state, w.generation, w.parked and w.parked.code, w.resume_to),
        "patch": (w.patch and w.patch.patch, w.published == (w.patch and w.patch.patch)),
        "plan": w.plan and w.plan.plan,
        "pull": w.pull and w.pull.state,
        "grants": [(g.what, g.subject, g.approver) for g in w.grants],
        "children": [(c.ordinal, c.title, c.key, c.ended) for c in w.children],
        "active": w.active,
        "shown": w.shown,
        "heard": sorted(plain(f) for f in w.seen if ":checks:" not in f and ":head:" not in f),
        "unheard": (w.inbox, [(f.source, f.by) for f in w.feedback]),
        "asking": w.reservation and w.reservation.task,
        "asked": [(q.text, q.answered) for q in w.questions],
    }


def differences(wanted: Any, found: Any, place: str = "") -> list[str]:
    """Where two pictures differ, one line each."""
    if wanted == found:
        return []
    if isinstance(wanted, dict) and isinstance(found, dict):
        lines = []
        for name in dict.fromkeys((*wanted, *found)):
            here = f"{place}/{name}"
            lines += differences(wanted.get(name, "absent"), found.get(name, "absent"), here)
        return lines
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{place}/{n}")]
    return [f"{place}: wanted {wanted!r}\n      found {found!r}"]
