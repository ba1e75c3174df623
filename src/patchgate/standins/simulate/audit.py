"""What must hold at every step, looked at from outside: the services' own records, never a promise.

The audit keeps books of its own. It asks Jira and GitHub who approved what, counts objects, folds
the streams again and follows money and attempts; the first thing amiss stops the simulation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from patchgate.core import events as e
from patchgate.core.events import Event
from patchgate.core.fold import fold
from patchgate.core.ids import Eid, RepoName, StreamId
from patchgate.core.proposal import Outcome, Task
from patchgate.core.state import Workflow
from patchgate.standins.simulate.approvals import key_of, why_unapproved
from patchgate.standins.simulate.jira import RUNNER
from patchgate.standins.simulate.wire import Fault, Request
from patchgate.standins.simulate.world import World

INHERITED = Eid("0" * 16)
"""The publication that a sub-task's stream takes over from its parent."""
PROVING = (("jira", "issue"), ("github", "talk"), ("git", "branch"))
"""Reading a person's word again, and the push that it opens: nothing comes between them."""
RESULTS = (
    e.CommentPosted,
    e.PatchAttached,
    e.TicketShown,
    e.SubtaskCreated,
    e.PatchPublished,
    e.PullPut,
)


class BrokenPromiseError(BaseException):
    """Something happened that must never happen; nothing of ours may catch this."""


@dataclass(slots=True)
class Book:
    """One stream as the audit has followed it."""

    w: Workflow = field(default_factory=Workflow)
    count: int = 0
    reserved: set[Eid] = field(default_factory=set)
    settled: set[Eid] = field(default_factory=set)
    intended: set[Eid] = field(default_factory=set)
    made: set[Eid] = field(default_factory=set)
    failures: int = 0
    """Automated ones, since a person last said something that counted."""

    def copy(self) -> Book:
        """The same again."""
        return Book(
            self.w,
            self.count,
            set(self.reserved),
            set(self.settled),
            set(self.intended),
            set(self.made),
            self.failures,
        )


class Audit:
    """The watch over one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.books: dict[StreamId, Book] = {}
        self.counts: Counter[str] = Counter()
        self.faults: Counter[Fault] = Counter()
        self._posted: set[tuple[str, str, str]] = set()
        """What was POSTed and not looked for since."""
        self._commits = 0
        self._looked: dict[str, dict[str, str]] = {}
        """Run → ticket → when it saw that last, as long as it has done nothing else since."""

    def copy(self, world: World) -> Audit:
        """The same books for a copy of the world."""
        twin = Audit(world)
        twin.books = {name: book.copy() for name, book in self.books.items()}
        twin._posted, twin._commits = set(self._posted), self._commits
        twin._looked = {run: dict(seen) for run, seen in self._looked.items()}
        return twin

    # ── the watch ────────────────────────────────────────────────────────────────────────

    def sent(self, run: str, request: Request) -> None:
        """Intents come before effects, and a look before a second try."""
        self.counts[f"{request.service} {request.method}"] += 1
        if (request.service, request.what) not in PROVING:
            self._looked.pop(run, None)
        if request.method != "POST" or not request.thing:
            return
        place = (request.service, request.target, request.thing)
        if place in self._posted:
            raise BrokenPromiseError(f"{request}: sent twice without a look in between")
        self._posted.add(place)
        self._is_intended(request)

    def _is_intended(self, request: Request) -> None:
        if request.service != "jira" or request.what not in ("comment", "sub-task"):
            return
        issue_id = self.world.jira.issue(request.target).ticket.issue_id
        name = self.world.ledger.named.get(issue_id)
        if name is None and request.what == "comment":
            return  # turned away on the doorstep: there is no stream yet
        book = self.books.get(name) if name else None
        if book is None or request.thing not in book.intended:
            raise BrokenPromiseError(f"{request}: no intent of it is on the ledger")

    def done(self, run: str, request: Request, *, heard: bool) -> None:
        """After each step: the part of the world that it can have changed."""
        if request.method == "GET":
            if heard:
                self._posted.discard((request.service, request.target, request.thing))
                self._note_look(run, request)
            return
        if request.service == "git":
            self._commits_are_approved(run)
        elif request.records:
            many = request.what in ("gather", "delete")
            for name in request.thing.split() if many else [request.target]:
                self._follow(StreamId(name))
        elif request.service == "jira":
            self._nothing_twice_in_jira(request.target)
        elif request.service == "github":
            self._nothing_twice_on_github(request.target)

    def failed(self, run: str, request: Request, fault: Fault) -> None:
        """Count it."""
        self.faults[fault] += 1

    # ── writes ───────────────────────────────────────────────────────────────────────────

    def _note_look(self, run: str, request: Request) -> None:
        if (request.service, request.what) == ("jira", "issue"):
            self._looked.setdefault(run, {})[request.target] = self.world.clock.last()

    def _commits_are_approved(self, run: str) -> None:
        written, seen = self.world.github.written, self._looked.pop(run, {})
        for order, made in written[self._commits :]:
            looked = seen.get(key_of(order), "")
            why = why_unapproved(self.world, order, looked)
            if why:
                raise BrokenPromiseError(f"{made[:12]} on {order.branch}: {why}")
        self._commits = len(written)

    def _nothing_twice_in_jira(self, key: str) -> None:
        issue = self.world.jira.issue(key)
        ours = [c.ours for c in issue.comments if c.ours]
        _once(f"comments of one effect on {key}", ours)
        _once(f"sub-tasks of one effect of {key}", [eid for eid, _ in issue.subtasks])
        _once(f"files of one name on {key}", [name for name, _ in issue.attachments])

    def _nothing_twice_on_github(self, target: str) -> None:
        repo, _, number = target.partition("#")
        if number:
            there = self.world.github.talk.get((RepoName(repo), int(number)), ())
            _once(f"comments of one effect on {target}", [c.ours for c in there if c.ours])

    # ── the ledger ───────────────────────────────────────────────────────────────────────

    def _follow(self, name: StreamId) -> None:
        stream = self.world.ledger.stream(name)
        if stream is None:
            raise BrokenPromiseError(f"{name} is gone from the ledger")
        book = self.books.setdefault(name, Book())
        if len(stream.events) < book.count:
            raise BrokenPromiseError(f"{name}: events that were on the ledger are gone")
        for event in stream.events[book.count :]:
            self._enter(name, book, event)
        book.count = len(stream.events)

    def _enter(self, name: StreamId, book: Book, event: Event) -> None:
        match event:
            case e.Intended():
                book.intended |= {intent.eid for intent in event.effects}
            case e.AttemptReserved():
                self._reserve(name, book, event)
            case e.RunFinished() | e.RunLost():
                self._settle(name, book, event)
            case e.Parked() if not event.reason.strip() or not event.advice.strip():
                raise BrokenPromiseError(f"{name} is parked without a reason or a way on")
            case e.InputHandled(outcome="accepted") | e.Resumed() | e.Reopened():
                book.failures = 0
            case e.ChangesRequested() if event.counts:
                book.failures += 1
            case _ if isinstance(event, RESULTS) and event.eid != INHERITED:
                if event.eid not in book.intended:
                    raise BrokenPromiseError(f"{name}: {event.kind} without an intent")
                if event.eid in book.made:
                    raise BrokenPromiseError(f"{name}: {event.kind} {event.eid} happened twice")
                book.made.add(event.eid)
        book.w = fold((event,), book.w)

    def _reserve(self, name: StreamId, book: Book, event: e.AttemptReserved) -> None:
        rules, spent = self.world.rules, book.w.money.spent
        if book.reserved - book.settled:
            raise BrokenPromiseError(f"{name}: a second reservation beside an open one")
        if event.eid in book.reserved:
            raise BrokenPromiseError(f"{name}: run {event.eid} is reserved twice")
        if spent + event.micro_dollars > rules.ticket_cap:
            raise BrokenPromiseError(f"{name}: {spent} and {event.micro_dollars} break the cap")
        if event.task is not Task.ANSWER and book.failures >= rules.max_attempts:
            raise BrokenPromiseError(f"{name}: attempt after {book.failures} failures in a row")
        book.reserved.add(event.eid)

    def _settle(self, name: StreamId, book: Book, event: e.RunFinished | e.RunLost) -> None:
        if event.eid not in book.reserved or event.eid in book.settled:
            raise BrokenPromiseError(f"{name}: run {event.eid} is settled twice, or was never on")
        book.settled.add(event.eid)
        answered = isinstance(event, e.RunFinished) and event.record.outcome in (
            Outcome.ANSWERED,
            Outcome.QUESTION,
        )
        if not answered and event.task is not Task.ANSWER:
            book.failures += 1

    # ── at the end ───────────────────────────────────────────────────────────────────────

    def at_rest(self) -> list[str]:
        """What is amiss in a world in which nothing is under way."""
        wrong = []
        for name, book in self.books.items():
            w = book.w
            if not w.key:
                continue  # a project's stream
            wrong += [f"{name}: {what}" for what in self._amiss(w, book)]
        return wrong

    def _amiss(self, w: Workflow, book: Book) -> list[str]:
        wrong = []
        if book.reserved != book.settled or w.reservation is not None:
            wrong.append("a reservation was never settled")
        if w.inbox:
            wrong.append(f"{len(w.inbox)} inputs were never taken up")
        if w.is_parked and (w.parked is None or not w.parked.reason):
            wrong.append("parked without a reason")
        pulls = self.world.github.pulls_of(RepoName(w.repo), f"ai/{w.key}")
        if len([p for p in pulls if p.state == "open"]) > 1:
            wrong.append("more than one open pull request")
        stream = self.world.ledger.stream(w.stream)
        issue = self.world.jira.issues.get(w.key)
        if stream and issue and issue.anchor and issue.anchor not in stream.heads:
            wrong.append("the head kept on the ticket is not in the stream")
        if issue is not None:
            wrong += self._unheard(w, issue.ticket.key)
        return wrong

    def _unheard(self, w: Workflow, key: str) -> list[str]:
        """Commands of people that the ledger does not know."""
        issue = self.world.jira.issue(key)
        commands = [c for c in issue.comments if c.author != RUNNER and c.body.startswith("/")]
        since = w.trigger or ""
        return [
            f"`{c.body.splitlines()[0][:40]}` was never heard"
            for c in commands
            if f"jira:comment:{c.id}" not in w.seen and c.at >= since
        ]


def _once(what: str, things: list[str] | list[Eid]) -> None:
    if len(set(things)) == len(things):
        return
    for thing, times in Counter(things).items():
        if times > 1:
            raise BrokenPromiseError(f"{times} {what}: {thing}")
