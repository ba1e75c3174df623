"""Histories read back, and what is decided after each of their events."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from patchgate.core.chain import Finding, origin, parse_chain
from patchgate.core.commands import Command, Decision
from patchgate.core.decide import decide
from patchgate.core.events import Event
from patchgate.core.fold import fold
from patchgate.core.ids import Digest, StreamId, canonical, digest_bytes
from patchgate.core.projection import account, status_name
from patchgate.core.proposal import Task
from patchgate.core.rules import ChildNow, Rules, Statuses, TicketNow, World
from patchgate.core.state import Workflow

HERE = Path(__file__).parent
RECORDED, DECIDED = HERE / "recorded", HERE / "decided"
RUNNER = "acc-runner"
PEOPLE = {"leigh": "Leigh", "robin": "Robin"}
RULES = Rules(
    statuses=Statuses(),
    runner={"jira": RUNNER, "github": "patchgate-bot", "actions": "patchgate-bot"},
    approvers={
        **{("jira", f"acc-{login}"): name for login, name in PEOPLE.items()},
        **{("github", login): name for login, name in PEOPLE.items()},
    },
    reviewers={},
    reviewer="acc-leigh",
    approver="acc-leigh",
    policy=digest_bytes(b"the policy of the history"),
    reserve=dict.fromkeys(Task, 1_000_000),
)
"""Held still, so that only a change of the code changes what is decided."""
_LONG = re.compile(r"(?:sha256:)?\b([0-9a-f]{12})[0-9a-f]{28,52}\b")
FREE_OF = ("v", "kind", "at", "evidence")
"""What a decided event is told without."""

History = Mapping[StreamId, tuple[Event, ...]]


def slug(name: str) -> str:
    """How the files of a history are called."""
    return name.replace(" ", "-")


def names() -> list[str]:
    """All recorded histories, as their files are called."""
    return sorted(path.stem for path in RECORDED.glob("*.jsonl"))


def load(name: str) -> History:
    """The streams of a history, chained and parsed as the ledger's lines are."""
    raw: dict[StreamId, list[object]] = {}
    for line in (RECORDED / f"{name}.jsonl").read_bytes().splitlines():
        value = json.loads(line)
        assert canonical(value) == line, f"{name}: a line is not canonical"
        raw.setdefault(StreamId(value["stream"]), []).append(value["event"])
    return {stream: _parsed(stream, events) for stream, events in raw.items()}


def _parsed(stream: StreamId, events: list[object]) -> tuple[Event, ...]:
    lines, prev = [], origin(stream).head
    for seq, event in enumerate(events, 1):
        lines.append(canonical({"event": event, "prev": prev, "seq": seq}))
        prev = digest_bytes(lines[-1])
    found = parse_chain(stream, lines, origin(stream))
    assert not isinstance(found, Finding), str(found)
    return tuple(link.event for link in found)


# ── told ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Moment:
    """One ticket after one event, and the other tickets of its history at that time."""

    w: Workflow
    event: Event
    others: Mapping[str, Workflow]

    @property
    def world(self) -> World:
        """Jira shows what it was told last; sub-tasks and parent stand where they stood then."""
        w, shown = self.w, self.w.shown
        ticket = TicketNow("Backlog", RUNNER, frozenset(), None)
        if shown is not None:
            ticket = TicketNow(
                status_name(shown.status, RULES) or "In Progress",
                account(shown.assignee, RULES),
                frozenset(shown.labels),
                None,
            )
        children = {
            c.ordinal: ChildNow(self.others[c.key].state)
            for c in w.children
            if c.key in self.others
        }
        parent = self.others[w.parent].state if w.parent in self.others else None
        return World(
            now=self.event.at,
            ticket=ticket,
            children=children,
            parent_state=parent,
            patch_length=1_000,
        )

    @property
    def rules(self) -> Rules:
        """The policy is the one by which the patch was judged last."""
        judged = self.w.judged
        policy = Digest(judged.policy) if judged else RULES.policy
        return dataclasses.replace(RULES, policy=policy)


def told(history: History) -> str:
    """What is decided after each event, one line each, for people to compare."""
    lines: list[str] = []
    for stream, events in history.items():
        if stream.rpartition("-")[2].isdigit():
            lines += [f"# {stream}", *_told_stream(history, stream, events), ""]
    return "\n".join(lines)


def _told_stream(history: History, stream: StreamId, events: tuple[Event, ...]) -> Iterator[str]:
    w, before = Workflow(), ""
    for seq, event in enumerate(events, 1):
        w = fold((event,), w)
        moment = Moment(w, event, _at(history, stream, event.at))
        words = _LONG.sub(r"\1", _in_words(decide(w, moment.world, moment.rules)))
        place = f"{w.state}, attempt {w.attempt}, spent {w.money.spent}"
        yield f"{seq} {event.kind} → {place}: {'the same' if words == before else words}"
        before = words


def _at(history: History, but: StreamId, moment: str) -> Mapping[str, Workflow]:
    """The other tickets as they stood at that time, by key."""
    others = {}
    for stream, events in history.items():
        w = fold(x for x in events if x.at <= moment) if stream != but else Workflow()
        if w.key:
            others[w.key] = w
    return others


def _in_words(step: Decision) -> str:
    said = [f"record {one.kind} {_fields(one)}" for one in step.events]
    said += [f"do {_command(one)}" for one in step.commands]
    if step.waiting:
        said.append(f"wait for {step.waiting.what} ({step.waiting.whom})")
    return "; ".join(said) or "nothing"


def _fields(event: Event) -> str:
    kept = {k: v for k, v in event.model_dump(mode="json").items() if k not in FREE_OF}
    return canonical(kept).decode()


def _command(command: Command) -> str:
    values = ((f.name, getattr(command, f.name)) for f in dataclasses.fields(command))
    words = (f"{name}={value}" for name, value in values if value not in (None, "", ()))
    return " ".join((type(command).__name__, *words))


def kinds(history: History) -> set[str]:
    """The kinds of events in it."""
    return {event.kind for events in history.values() for event in events}


def states(history: History) -> set[str]:
    """Every state that its tickets were in."""
    found = set()
    for events in history.values():
        w = Workflow()
        for event in events:
            w = fold((event,), w)
            found |= {str(w.state)} if w.key else set()
    return found
