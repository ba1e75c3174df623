"""`tick` and `settle`: one wake-up of a ticket, its parent and its active child."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from patchgate.app.desk import Desk, Outcome, RunFolder, Waits
from patchgate.app.opening import Opened, open_child, open_ticket
from patchgate.app.project import (
    ProjectState,
    note_outcome,
    read_project,
    state_of,
    stopped_by,
    stream_of,
)
from patchgate.app.reconcile import Course, Driver
from patchgate.app.session import Session
from patchgate.app.settle import arrive
from patchgate.app.waking import has_come
from patchgate.core.events import CommandGiven
from patchgate.core.ids import TicketKey
from patchgate.core.rules import ChildNow, World
from patchgate.core.state import TERMINAL, Child, State, Workflow
from patchgate.errors import LostRaceError, NotFoundError, PatchgateError
from patchgate.ports import Look, Stream

RACES = 6
"""How often a lost race is read and decided again within one wake-up."""
GENERATIONS = 60
"""Turns between a parent and its children in one wake-up; a plan has at most 25."""


@dataclass(slots=True)
class Wakeup:
    """What one wake-up of one ticket gathered."""

    briefs: list[str] = field(default_factory=list)
    waits: list[Waits] = field(default_factory=list)
    goes_on: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    trouble: PatchgateError | None = None


class Room:
    """The deterministic room: works tickets one after another."""

    def __init__(
        self,
        desk: Desk,
        folder: RunFolder,
        *,
        settling: bool,
        stop: str = "",
        given: CommandGiven | None = None,
    ) -> None:
        """`given`: a command that came with the run itself, recorded before anything else."""
        self.given = given
        self.recorded = False
        """Whether it was."""
        self.taken: set[str] = set()
        """Effect ids of the proposals that were taken in."""
        self.desk = desk
        self.folder = folder
        self.settling = settling
        self.stop = stop

    def work(self, key: TicketKey) -> Wakeup:
        """One wake-up; a lost race is simply done again from a fresh read."""
        for _ in range(RACES):
            try:
                return self._once(key)
            except LostRaceError:
                self.desk.journal.note(key, "wait", "somebody else wrote first: reading again")
        raise LostRaceError(f"{key}: lost the race for its stream {RACES} times")

    # ── one wake-up ──────────────────────────────────────────────────────────────────────

    def _once(self, key: TicketKey) -> Wakeup:
        wakeup = Wakeup()
        opened, known = self._open(key)
        if opened is None:
            return wakeup
        project = _project(opened.session.stream.id)
        # A planned sub-task is worked by way of its parent: one that comes alone has lost it.
        orphan = State.CANCELLED if opened.session.w.parent else None
        world = World(now=self.desk.now(), parent_state=orphan)
        driver, world = self._begin(opened, known, world)
        worked = self._in_turn(driver, world, known, wakeup)
        rung = next((c for c in opened.session.w.children if c.key == key and c.ended), None)
        if rung is not None and rung.ordinal not in worked and not wakeup.trouble:
            # Its parent went on, and it still may owe a word: an effect unshown, a reply.
            self._child(opened, rung, known, wakeup)
        note_outcome(self.desk, project, known, opened.session)
        return wakeup

    def _in_turn(
        self, driver: Driver, world: World, known: ProjectState, wakeup: Wakeup
    ) -> set[int]:
        """The ticket and its active sub-tasks, as long as one ends; which ones were worked."""
        opened, worked = driver.opened, set[int]()
        for _ in range(GENERATIONS):
            course = driver.drive(world)
            self._collect(wakeup, course)
            world = course.world
            child = self._active(opened.session.w)
            if course.trouble or child is None:
                break
            again = child.ordinal in worked
            worked.add(child.ordinal)
            now = self._child(opened, child, known, wakeup)
            if now is None or wakeup.trouble:
                break
            world = replace(world, children={**world.children, child.ordinal: now})
            if opened.session.w.is_over or now.state not in TERMINAL or again:
                break
        return worked

    def _open(self, key: TicketKey) -> tuple[Opened | None, ProjectState]:
        """The ticket, or its parent where it is a planned sub-task of ours, and its project."""
        try:
            look = self.desk.tracker.look(key)
        except NotFoundError:
            gone = self._gone(key)
            if gone is None:
                raise
            return gone, read_project(self.desk, _project(gone.session.stream.id))
        parent = look.ticket.parent if look.ticket.is_subtask else None
        return self._open_below(look, parent) if parent else self._open_alone(look)

    def _open_alone(self, look: Look) -> tuple[Opened | None, ProjectState]:
        stream, known = self._read(look)
        return open_ticket(self.desk, look, stream), known

    def _open_below(self, look: Look, parent: TicketKey) -> tuple[Opened | None, ProjectState]:
        """A sub-task: by way of its parent where that has planned it, or is about to say so."""
        above = self.desk.tracker.look(parent)
        upper, known = self._read(above)
        if upper is None:
            return self._open_alone(look)
        children = self.desk.folds.of(upper).children
        if look.ticket.issue_id not in {child.issue_id for child in children}:
            stream, own = self._read(look)
            # One without a stream may be made by a run that died before its parent's stream said
            # so. Its parent finds it; a stream of its own would make it another ticket for ever.
            ours = look.ticket.reporter == self.desk.rules.runner["jira"]
            if stream is not None or not (ours or any(not child.key for child in children)):
                return open_ticket(self.desk, look, stream), own
        return open_ticket(self.desk, above, upper), known

    def _read(self, look: Look) -> tuple[Stream | None, ProjectState]:
        """A ticket's stream and its project's state, from one look at the ledger."""
        ticket, ledger = look.ticket, self.desk.ledger
        project = _project(ticket.key)
        own = (ticket.key, ticket.issue_id)
        stream, beside = ledger.read_together([own, stream_of(project)])
        if stream is not None and _project(stream.id) != project:
            # It was moved since: what counts it still is the project that it was begun in.
            return stream, read_project(self.desk, _project(stream.id))
        return stream, state_of(beside)

    def _gone(self, key: TicketKey) -> Opened | None:
        """An open stream whose ticket can no longer be seen."""
        for stream_id in self.desk.ledger.open_streams():
            name, _, issue_id = stream_id.rpartition("-")
            if name == key:
                stream = self.desk.ledger.read(key, issue_id)
                return Opened(Session(self.desk, stream), None) if stream else None
        return None

    def _begin(self, opened: Opened, known: ProjectState, world: World) -> tuple[Driver, World]:
        session = opened.session
        given = self.given
        if given and given.evidence.target == session.w.key and given.fact not in session.w.seen:
            session.record(given)
            session.push()
            self.recorded = True
        reserved = session.w.reservation
        if self.settling and reserved is not None and arrive(session, self.folder):
            self.taken.add(reserved.eid)
        w = session.w
        reserved = w.reservation
        ended = reserved is not None and (
            self.desk.run_ended(reserved.run) or (self.settling and reserved.run == self.desk.run)
        )
        gone = "" if opened.look else f"{w.key} can no longer be seen in Jira"
        world = replace(
            world,
            gone=gone,
            stopped=stopped_by(self.stop, known),
            failures_in_row=known.failures,
            run_ended=ended,
            wake=w.state is State.DEFERRED and has_come(w, self.desk),
        )
        driver = Driver(self.desk, self.folder, opened)
        return driver, driver.observe(world)

    @staticmethod
    def _active(w: Workflow) -> Child | None:
        return next((c for c in w.children if c.ordinal == w.active and c.key), None)

    def _child(
        self, opened: Opened, child: Child, known: ProjectState, wakeup: Wakeup
    ) -> ChildNow | None:
        """Work a sub-task; what its parent may know of it.

        None while another run is saying its last word: the parent goes on when that was said.
        """
        parent = opened.session
        try:
            look = self.desk.tracker.look(TicketKey(child.key))
        except NotFoundError:
            gone = self._gone(TicketKey(child.key))
            if gone is None:
                return ChildNow(State.FAILED, summary=f"{child.key} is gone")
            child_opened = Opened(gone.session, None, parent)
        else:
            child_opened = open_child(self.desk, parent, child, look)
        world = World(now=self.desk.now(), parent_state=parent.w.state)
        driver, world = self._begin(child_opened, known, world)
        course = driver.drive(world)
        self._collect(wakeup, course)
        w = course.session.w
        note_outcome(self.desk, w.key.partition("-")[0], known, course.session)
        if w.is_over and course.elsewhere:
            return None
        pull = w.pull.url if w.pull else ""
        return ChildNow(
            w.state, w.money.spent, w.money.runs, pull, w.patch.summary if w.patch else ""
        )

    def _collect(self, wakeup: Wakeup, course: Course) -> None:
        session = course.session
        wakeup.briefs += course.briefs
        wakeup.goes_on += [session.w.key] if course.goes_on else []
        wakeup.trouble = wakeup.trouble or course.trouble
        wakeup.heads[str(session.stream.id)] = session.stream.head
        wakeup.waits = [w for w in wakeup.waits if w.key != session.w.key]
        if course.waiting:
            wakeup.waits.append(course.waiting)
            self.desk.journal.note(session.w.key, "wait", f"waits for {course.waiting.said}")


def _project(name: str) -> str:
    """The project of a ticket's key, or of a stream."""
    return str(name).partition("-")[0]


def outcome_of(wakeups: list[Wakeup], clean: Callable[[str], str]) -> Outcome:
    """All wake-ups of one room as it leaves them behind."""
    return Outcome(
        briefs=tuple(b for w in wakeups for b in w.briefs),
        waits=tuple(x for w in wakeups for x in w.waits),
        goes_on=tuple(k for w in wakeups for k in w.goes_on),
        troubles=tuple(clean(w.trouble.message) for w in wakeups if w.trouble),
        heads=tuple(pair for w in wakeups for pair in w.heads.items()),
    )
