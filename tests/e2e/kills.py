"""Kills at every outside effect, and a picture of the world to compare what heals with what was.

An effect is whatever the stand-ins count as one, over all services in one order, pushes to the
ledger and questions to models included: a new effect of a run cannot escape. A run is ended by
SIGKILL before the effect happened, after it happened but before its answer, or after the push of
the ledger that follows it; then the sweep runs, and the world has to look as it does unkilled.

A run leaves nothing but its effects, so many kills leave the same: before an effect as after the
one before, after it is recorded as after that push. What a kill leaves (`crash_site`) is healed
once; a kill before an effect is spared where the run, looked at in that moment, stands at a site
that was healed already.
"""

from __future__ import annotations

import functools
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from patchgate.adapters.ledger import archive, live, verify_repository
from patchgate.adapters.ledger.names import parse_stream
from patchgate.adapters.ledger.objects import Objects
from patchgate.core.chain import Link, sound
from patchgate.core.fold import fold
from patchgate.core.ids import Sha
from patchgate.errors import ServiceError
from patchgate.standins.demo.driver import environment
from patchgate.standins.http import Reset, StandIn
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.world import CONTROL, World, WorldSnapshot
from tests.e2e.forks import Forks, Job

LEDGER_PUSH = f"/{CONTROL}.git/git-receive-pack"
KILLED = -signal.SIGKILL
SWEEP = "sweep"


class Mode(StrEnum):
    """When the run is killed, seen from one effect."""

    BEFORE = "before"
    UNRECORDED = "after-unrecorded"
    RECORDED = "after-recorded"
    DROPPED = "answer-dropped"
    """No kill: the run lives on, and never learns whether the effect happened."""


KILLING = (Mode.BEFORE, Mode.UNRECORDED, Mode.RECORDED)


@dataclass(frozen=True)
class Effect:
    """One outside effect of a run."""

    service: str
    method: str
    path: str

    @property
    def records(self) -> bool:
        """Whether it is a push of the ledger."""
        return self.path == LEDGER_PUSH

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"


@dataclass
class Watch:
    """Counts the effects of one run, and kills it where it is told to."""

    world: World
    forks: Forks
    ordinal: int = 0
    """Counted from 1; 0: kill nothing."""
    mode: Mode = Mode.BEFORE
    effects: list[Effect] = field(default_factory=list)
    killed: bool = False
    site_before: str = ""
    """What a kill before that effect would leave."""
    dropped: bool = False
    """Whether an answer was kept back."""
    _armed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Be called before and after each effect of every service."""
        for service in self.world.services:
            service.before_effect = self._before(service)
            service.after_effect = self._after(service)
        try:
            yield
        finally:
            for service in self.world.services:
                service.before_effect = service.after_effect = None

    def _before(self, service: StandIn) -> Any:
        def hook(_: int, method: str, path: str) -> None:
            with self._lock:
                self.effects.append(Effect(service.service, method, path))
                if len(self.effects) != self.ordinal:
                    return
                if self.mode is Mode.BEFORE:
                    self._kill()
                if self.mode is Mode.UNRECORDED:
                    self.site_before = crash_site(self.world)

        return hook

    def _after(self, service: StandIn) -> Any:
        def hook(_: int, method: str, path: str) -> None:
            with self._lock:
                mine = len(self.effects) == self.ordinal
                if mine and self.mode is Mode.DROPPED and not self.dropped:
                    self.dropped = True
                    raise Reset
                self._armed |= mine and self.mode in (Mode.UNRECORDED, Mode.RECORDED)
                records = Effect(service.service, method, path).records
                if self._armed and (records or self.mode is Mode.UNRECORDED):
                    self._kill()

        return hook

    def _kill(self) -> None:
        self._armed, self.killed = False, True
        os.killpg(self.forks.pid, signal.SIGKILL)
        raise Reset


# ── runs ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Runner:
    """Plays runs and sweeps on a world in processes of their own."""

    world: World
    forks: Forks
    folder: Path
    jobs: int = 0

    def play(
        self, what: str, watch: Watch | None = None, *, may_end_with: Collection[int] = ()
    ) -> int:
        """A run of the ticket `what`, or SWEEP, to its end; its exit code, KILLED when killed."""
        self.jobs += 1
        env = environment(self.world)
        given = {**dict(env.machine), **self.world.env()}
        folder = self.folder / f"job-{self.jobs:04}"
        cache = self.folder / "cache"
        if what == SWEEP:
            job = Job("sweep", given, folder, cache)
        else:
            job = Job("run", given, folder, cache, (what,))
        watch = watch or Watch(self.world, self.forks)
        with watch.watching():
            self.forks.start(job)
            code = self.forks.wait()
        if code not in (0, KILLED, *may_end_with) and not (
            watch.dropped and code == ServiceError.exit_code
        ):
            raise AssertionError(f"{what} ended with {code}:\n{job.log.read_text('utf-8')}")
        return code

    @property
    def last_log(self) -> str:
        """What the last job said."""
        return (self.folder / f"job-{self.jobs:04}" / "log.txt").read_text("utf-8")


# ── pictures ─────────────────────────────────────────────────────────────────────────────

HEX = re.compile(r"\b[0-9a-f]{7,64}\b")
COUNTED = re.compile(r"\battempt \d+|\brun \d+|\$\d+\.\d+|\b\d+ runs?\b|127\.0\.0\.1:\d+")
WHEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:?00)?")


def plain(text: str) -> str:
    """A text without what differs from run to run: digests, times, attempts and their price."""
    return WHEN.sub("(time)", HEX.sub("(hex)", COUNTED.sub("(count)", text)))


def chains(world: World) -> Mapping[str, tuple[Link, ...]]:
    """Every stream on the ledger, live or gathered, proven link by link."""
    heads = world.github.refs(CONTROL).items()
    ours = sorted((n, Sha(sha)) for n, sha in heads if n.startswith("refs/heads/patchgate/"))
    return _proven(world.github.bare(CONTROL).path, tuple(ours))


@functools.lru_cache(maxsize=32)
def _proven(ledger: Path, ours: tuple[tuple[str, Sha], ...]) -> Mapping[str, tuple[Link, ...]]:
    """The streams below these branches; commits never change, so each state is proven once."""
    objects, refs = Objects(ledger), dict(ours)
    base = refs.pop("refs/heads/patchgate/ledger", None)
    found: dict[str, tuple[Link, ...]] = {}
    gathered = objects.walk(base) if base else {}
    for path in gathered:
        home = parse_stream(path.rpartition("/")[2].removesuffix(".jsonl"))
        if path.endswith(".jsonl") and home and base:
            held = archive.read(objects, base, home)
            assert held is not None
            found[str(home.stream)] = held.links
    for ref, commit in refs.items():
        home = parse_stream(ref.removeprefix("refs/heads/patchgate/live/"))
        assert home is not None, f"{ref} is no stream's branch"
        tree = sound(live.load(objects, home.stream, commit))
        links = live.join(home.stream, tree, found.get(home.stream, ()))
        found[str(home.stream)] = sound(links)
    return found


def picture(world: World) -> dict[str, Any]:
    """The world as people see it, and the ledger's state; equal pictures mean the same result."""
    streams = chains(world)
    return {
        "jira": {issue.key: _issue(issue, streams) for issue in world.jira.state.issues.values()},
        "github": {name: _repository(world, name) for name in (CONTROL, world.target.name)},
        "ledger": {name: _state(links) for name, links in streams.items() if _is_ticket(name)},
        "open": sorted(
            name
            for name in world.github.refs(CONTROL)
            if "/patchgate/live/" in name and _is_ticket(name)
        ),
    }


def crash_site(world: World) -> str:
    """All that a killed run leaves behind, event by event: equal ones heal in the same way."""
    events = {name: [_told(one) for one in links] for name, links in chains(world).items()}
    return repr((picture(world), events))


def _told(one: Link) -> tuple[Any, ...]:
    event = one.event.model_dump(mode="json", exclude={"at", "run", "record"})
    return tuple((name, plain(str(value))) for name, value in sorted(event.items()))


def _is_ticket(stream: str) -> bool:
    return stream.rpartition("-")[2].isdigit()


def _issue(issue: Any, streams: Mapping[str, tuple[Link, ...]]) -> dict[str, Any]:
    links = streams.get(f"{issue.key}-{issue.id}", ())
    heads: list[str] = [one.digest for one in links]
    anchors = [v for v in issue.properties.values() if isinstance(v, str) and v.startswith("sha")]
    return {
        "what": (issue.type, issue.summary, issue.parent),
        "shows": (issue.status, issue.assignee, tuple(sorted(issue.labels))),
        "comments": [(c.author, plain(adf_to_text(c.body))) for c in issue.comments],
        "files": sorted((a.filename, len(a.content), a.author) for a in issue.attachments),
        "moves": [
            (entry.author, item.field, item.before_text, item.after_text)
            for entry in issue.histories
            for item in entry.items
        ],
        "head kept": [len(heads) - heads.index(one) if one in heads else "lost" for one in anchors],
    }


def _repository(world: World, name: str) -> dict[str, Any]:
    bare = world.github.bare(name)
    branches = {
        ref: [(c.tree, c.author.name, plain(c.message)) for c in bare.commits(sha)]
        for ref, sha in bare.refs("refs/heads/").items()
        if not ref.startswith("refs/heads/patchgate/")
    }
    pulls = [
        {
            "number": one.number,
            "by": one.login,
            "title": one.title,
            "body": plain(one.body or ""),
            "state": (one.state, one.pull.draft, one.pull.merged_by),
            "ends": (one.pull.head, one.pull.base),
            "labels": sorted(one.labels),
            "reviewers": sorted(one.pull.reviewers),
            "comments": [(c.login, plain(c.body)) for c in one.comments],
        }
        for one in world.github.pulls(name)
        if one.pull
    ]
    return {"branches": branches, "pulls": pulls}


def _state(links: tuple[Link, ...]) -> dict[str, Any]:
    w = fold(one.event for one in links)
    return {
        "state": (w.state, w.generation, w.parked and w.parked.code, w.resume_to),
        "patch": (w.patch and w.patch.patch, w.published == (w.patch and w.patch.patch)),
        "plan": w.plan and w.plan.plan,
        "pull": w.pull and (w.pull.number, w.pull.state, w.pull.repo),
        "grants": [(g.what, g.subject, g.approver) for g in w.grants],
        "children": [(c.ordinal, c.title, c.key, c.ended) for c in w.children],
        "active": w.active,
        "shown": w.shown,
        "heard": sorted(f for f in w.seen if ":checks:" not in f and ":head:" not in f),
        "unheard": (w.inbox, [(f.source, f.by) for f in w.feedback]),
        "asking": w.reservation and w.reservation.task,
        "asked": [(q.text, q.answered) for q in w.questions],
    }


def marked(world: World) -> tuple[int, int]:
    """How many questions the models were asked so far."""
    return len(world.anthropic.exchanges), len(world.openai.exchanges)


def told_last(world: World, mark: tuple[int, int]) -> str:
    """The first message of the last question since then, without what differs by the run."""
    asked = world.anthropic.exchanges[mark[0] :] + world.openai.exchanges[mark[1] :]
    bodies = [one.request for one in asked if one.request]
    if not bodies:
        return ""
    first = (bodies[-1].get("messages") or bodies[-1]["input"])[0]
    return plain(str(first["content"]).replace("\\n", "\n"))


def differences(wanted: Any, found: Any, place: str = "") -> list[str]:
    """Where two pictures differ, one line each."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        lines = []
        for name in dict.fromkeys((*wanted, *found)):
            here = f"{place}/{name}"
            lines += differences(wanted.get(name, "absent"), found.get(name, "absent"), here)
        return lines
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{place}/{n}")]
    return [] if wanted == found else [f"{place}: wanted {wanted!r}\n      found {found!r}"]


def damage(world: World, before: Mapping[str, tuple[Link, ...]]) -> list[str]:
    """What no healing excuses: a broken chain, a lost event, an effect that was made twice."""
    wrong = [str(one) for one in verify_repository(world.github.bare(CONTROL).path)]
    now = chains(world)
    for name, links in before.items():
        kept = [one.digest for one in now.get(name, ())][: len(links)]
        if kept != [one.digest for one in links]:
            wrong.append(f"{name}: events that were on the ledger are gone")
    for name, links in now.items():
        made = Counter(
            (one.event.kind, str(getattr(one.event, "eid", "")))
            for one in links
            if getattr(one.event, "eid", None) and one.event.kind != "effect-failed"
        )
        wrong += [
            f"{name}: {kind} {eid} happened {n} times" for (kind, eid), n in made.items() if n > 1
        ]
    for issue in world.jira.state.issues.values():
        refs = Counter(c.properties.get("patchgate.eid", c.id) for c in issue.comments)
        wrong += [
            f"{issue.key}: comment {eid} is there {n} times" for eid, n in refs.items() if n > 1
        ]
    return wrong


# ── one step of a life ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Start:
    """A world in which a run is due, what the run does, and how it looks once it is swept."""

    what: str
    """The ticket whose run is killed, or SWEEP."""
    snapshot: WorldSnapshot
    effects: tuple[Effect, ...]
    chains: Mapping[str, tuple[Link, ...]]
    end: Mapping[str, Any]
    told: str
    """What the model was told last; empty: none was asked."""


def begin(runner: Runner, what: str) -> Start:
    """Play the run that is due without a kill; the world is left as the run leaves it."""
    world = runner.world
    world.rule.settle()
    snapshot, known, mark = world.snapshot(), chains(world), marked(world)
    watch = Watch(world, runner.forks)
    runner.play(what, watch)
    after, told = world.snapshot(), told_last(world, mark)
    runner.play(SWEEP)
    end = picture(world)
    world.restore(after)
    return Start(what, snapshot, tuple(watch.effects), known, end=end, told=told)


@dataclass
class Killer:
    """Kills the run of one step at one effect after the other, and heals what is left."""

    runner: Runner
    start: Start
    healed: set[str] = field(default_factory=set)
    """Crash sites."""
    kills: int = 0

    def around(self, ordinal: int) -> list[str]:
        """What is wrong after a kill behind this effect, and before it where that differs."""
        watch, wrong = self._killed(ordinal, Mode.UNRECORDED)
        return wrong if watch.site_before in self.healed else wrong + self.at(ordinal, Mode.BEFORE)

    def at(self, ordinal: int, mode: Mode) -> list[str]:
        """What is wrong after this kill and the sweep; nothing when all is as it was unkilled."""
        return self._killed(ordinal, mode)[1]

    def pair(self, ordinal: int, mode: Mode, healing: int, then: Mode) -> tuple[list[str], bool]:
        """What is wrong after a kill, a kill of the sweep that heals it, and another sweep.

        The second tells whether both happened: a sweep may have less to do than that.
        """
        world = self.runner.world
        world.restore(self.start.snapshot)
        self.runner.play(self.start.what, Watch(world, self.runner.forks, ordinal, mode))
        second = Watch(world, self.runner.forks, healing, then)
        self.runner.play(SWEEP, second)
        self.kills += 1 + second.killed
        here = f"effect {ordinal} {mode}, effect {healing} of the sweep {then}"
        return [f"{here}: {line}" for line in self._heal()], second.killed

    def _killed(self, ordinal: int, mode: Mode) -> tuple[Watch, list[str]]:
        world = self.runner.world
        world.restore(self.start.snapshot)
        watch = Watch(world, self.runner.forks, ordinal, mode)
        code = self.runner.play(self.start.what, watch)
        here = f"effect {ordinal} ({self.start.effects[ordinal - 1]}), {mode}"
        self.kills += watch.killed
        if watch.killed != (code == KILLED):
            return watch, [f"{here}: the run ended with {code}"]
        may_live = mode in (Mode.RECORDED, Mode.DROPPED)
        if not watch.killed and (not may_live or len(watch.effects) < ordinal):
            return watch, [f"{here}: the run did not come that far: {watch.effects}"]
        site = crash_site(world)
        if site in self.healed:
            return watch, []
        self.healed.add(site)
        return watch, [f"{here}: {line}" for line in self._heal()]

    def _heal(self) -> list[str]:
        world = self.runner.world
        crashed, mark = chains(world), marked(world)
        self.runner.play(SWEEP)
        end, log = picture(world), self.runner.last_log
        wrong = differences(self.start.end, end) + damage(world, self.start.chains)
        wrong += damage(world, crashed)
        if told := told_last(world, mark):
            wrong += differences(
                self.start.told.split("\n"), told.split("\n"), "the model was told"
            )
        quiet = Watch(world, self.runner.forks)
        self.runner.play(self.start.what, quiet)
        wrong += [f"the run after that still does: {effect}" for effect in quiet.effects]
        wrong += [] if picture(world) == end else ["the run after that changes the world"]
        return [*wrong, log] if wrong else []
