"""One ticket, one wake-up: look, decide, push intents, act, push results (DESIGN.md §3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from patchgate.app.briefs import reserve
from patchgate.app.desk import Desk, RunFolder, Waits
from patchgate.app.execute import Executor
from patchgate.app.judging import judge_patch, rendered_length, scope_here
from patchgate.app.observe import checks_fact, forge_facts, ticket_now, tracker_facts
from patchgate.app.opening import Opened
from patchgate.app.session import Session
from patchgate.core import events as e
from patchgate.core.commands import JudgePatch, LookAtChecks, Propose, WriteCommand
from patchgate.core.decide import decide, foresee
from patchgate.core.ids import RepoName, Sha
from patchgate.core.limits import park
from patchgate.core.projection import OWN_LABELS, account
from patchgate.core.rules import TicketNow, World
from patchgate.core.state import State
from patchgate.errors import (
    ConfigError,
    ConflictError,
    CredentialError,
    LostRaceError,
    MalformedError,
    NotFoundError,
    PatchgateError,
    RefusedError,
    ServiceError,
    TakenError,
    UnreachableStatusError,
)
from patchgate.ports import Look

ROUNDS = 200
"""Steps of one ticket in one tick; far above any nominal course, a wall against loops."""

LOOKS = 3
"""How often a run that acted looks again before it leaves the rest to the next wake-up."""

NEEDS_PERSON = (ConfigError, MalformedError, NotFoundError, RefusedError, TakenError)
"""What no later wake-up heals by itself: the ticket is parked with the reason."""


@dataclass(slots=True)
class Course:
    """How one ticket's wake-up went."""

    session: Session
    world: World
    briefs: list[str]
    trouble: PatchgateError | None = None
    waiting: Waits | None = None
    goes_on: bool = False
    """A model is to be asked, which another run has to do."""
    elsewhere: bool = False
    """Another run, which goes on, is doing the next step."""


class Driver:
    """Drives one opened ticket until it waits, asks a model, or meets trouble."""

    def __init__(self, desk: Desk, folder: RunFolder, opened: Opened) -> None:
        self.desk = desk
        self.folder = folder
        self.opened = opened
        self.session = opened.session
        self.executor = Executor(desk, opened)
        self.allowed: set[str] = set()
        self.trouble: PatchgateError | None = None
        self._acted = False

    def observe(self, world: World) -> World:
        """Record new facts of Jira and GitHub; returns the world with the ticket as it is."""
        session, now = self.session, self.desk.now()
        if self.opened.look is not None:
            world = self._observe_ticket(self.opened.look, world)
        try:
            for event in forge_facts(session.w, self.desk.forge, self.desk.rules, now):
                session.record(event)
        except NEEDS_PERSON as error:
            self._park(error)
        return world

    def _observe_ticket(self, look: Look, world: World) -> World:
        session, rules = self.session, self.desk.rules
        for event in tracker_facts(session.w, look, rules, self.desk.now()):
            session.record(event)
        return replace(world, ticket=ticket_now(look, rules))

    def drive(self, world: World) -> Course:
        """Step by step to the end of this wake-up; the ledger is pushed when it returns.

        Who acted looks once more before it leaves: what people did meanwhile may have rung while
        this run kept the ticket, and nobody else would hear it before the sweep.
        """
        course = Course(self.session, world, [])
        self._work(course)
        for _ in range(LOOKS):
            if not self._has_news(course):
                break
            self._work(course)
        self._anchor(course)
        return course

    def _work(self, course: Course) -> None:
        course.waiting, course.elsewhere = None, False
        try:
            self._steps(course)
        except LostRaceError:
            raise
        except (ServiceError, CredentialError, ConflictError) as error:
            course.trouble = error
        course.trouble = self.trouble or course.trouble
        self.session.push()

    def _has_news(self, course: Course) -> bool:
        """Whether the ticket tells something new after we acted; recorded if so."""
        look, acted, self._acted = self.opened.look, self._acted, False
        if look is None or not acted or course.trouble or course.briefs:
            return False
        try:
            now = self.desk.tracker.look(look.ticket.key)
        except NotFoundError:
            return False  # the next wake-up deals with a ticket that is gone
        except (ServiceError, CredentialError, ConflictError) as error:
            course.trouble = error
            return False
        before, self.opened.look = len(self.session.recorded), now
        course.world = self._observe_ticket(now, course.world)
        return len(self.session.recorded) > before

    def _steps(self, course: Course) -> None:
        for _ in range(ROUNDS):
            try:
                if not self._step(course):
                    return
            except NEEDS_PERSON as error:
                if not self._park(error):
                    return

    def _park(self, error: PatchgateError) -> bool:
        """Stop for a person, who reads why on the ticket; False when it stands still already."""
        w = self.session.w
        self.trouble = self.trouble or error
        if w.is_parked or w.is_over:
            return False
        now = World(now=self.desk.now())
        self.session.record(park(now, code_of(error), self.desk.clean(error.message), error.advice))
        return True

    def _anchor(self, course: Course) -> None:
        """Keep the head on the ticket too: who rewrites the ledger must rewrite that as well.

        And what was seen of it, so that a sweep knows without a look whether there is more.
        """
        look = self.opened.look
        stream = self.session.stream
        if look is None or not stream.events or course.world.stopped:
            return
        held = course.trouble or self.session.w.state is State.STOPPED
        if look.anchor == stream.head and (held or look.seen == look.ticket.updated):
            return
        seen = look.seen if course.trouble else look.ticket.updated
        try:
            self.desk.tracker.set_anchor(look.ticket.key, stream.head, seen=seen)
        except (ServiceError, CredentialError, ConflictError) as error:
            course.trouble = course.trouble or error

    def _step(self, course: Course) -> bool:
        """One step; False when there is nothing more to do now."""
        session = self.session
        world = self._measured(course.world)
        step = decide(session.w, world, self.desk.rules)
        if step.events:
            session.record(*step.events)
            return True
        if not step.commands:
            if step.waiting:
                course.waiting = Waits(
                    key=session.w.key,
                    state=session.w.state.value,
                    what=step.waiting.what,
                    whom=step.waiting.whom,
                )
            return False
        command = step.commands[0]
        match command:
            case JudgePatch():
                session.record(judge_patch(session, self.desk, scope_here(self.opened)))
                return True
            case LookAtChecks():
                return self._look_at_checks(command)
            case Propose() if not self.desk.asks:
                course.goes_on = True
                return False
            case Propose():
                eid = reserve(session, command, self.opened, self.folder)
                course.briefs.append(eid)
                session.push()
                return False
            case _:
                return self._write(command, course)

    def _measured(self, world: World) -> World:
        """The world with the length of the rendered patch, where one is shown."""
        length = rendered_length(self.session, self.desk)
        return world if length == world.patch_length else replace(world, patch_length=length)

    def _look_at_checks(self, command: LookAtChecks) -> bool:
        session = self.session
        repo = RepoName(session.w.repo)
        checks = self.desk.forge.checks(repo, Sha(command.head), base_branch=session.w.base_branch)
        facts = list(checks_fact(session.w, repo, checks, self.desk.now()))
        session.record(*facts)
        return bool(facts)

    def _write(self, command: WriteCommand, course: Course) -> bool:
        """Intent first: winning that push is the right to act."""
        session = self.session
        other = dict(session.w.claims).get(command.eid, self.desk.run)
        if other != self.desk.run and not self.desk.run_ended(other):
            course.elsewhere = True
            what = f"{other}, which is doing the next step"
            course.waiting = Waits(
                key=session.w.key, state=session.w.state.value, what=what, whom="another run"
            )
            return False
        if command.eid not in self.allowed:
            ahead = foresee(session.w, self._measured(course.world), self.desk.rules)
            self.allowed = {c.eid for c in ahead} | {command.eid}
            intents = tuple(e.Intent(eid=c.eid, effect=c.effect, target=c.target) for c in ahead)
            session.record(e.Intended(at=self.desk.now(), effects=intents, run=self.desk.run))
            session.push()
        try:
            event = self.executor.perform(command, course.world)
        except UnreachableStatusError as error:
            event = e.StatusUnreachable(
                at=self.desk.now(),
                eid=command.eid,
                status=error.status,
                available=error.available,
                why=self.desk.clean(error.why),
            )
        except PatchgateError as error:
            if isinstance(error, LostRaceError):
                raise
            return self._failed(command, error, course)
        self._acted = True
        session.record(event)
        course.world = _after(course.world, event, self.desk)
        return True

    def _failed(self, command: WriteCommand, error: PatchgateError, course: Course) -> bool:
        passes = isinstance(error, ServiceError | CredentialError | ConflictError)
        final = not passes or isinstance(error, TakenError)
        self.session.record(
            e.EffectFailed(
                at=self.desk.now(),
                eid=command.eid,
                effect=command.effect,
                code=code_of(error),
                reason=self.desk.clean(error.message),
                advice=error.advice,
                final=final,
            )
        )
        if final:
            return True
        course.trouble = error
        return False


def code_of(error: PatchgateError) -> str:
    """The word by which a stop for this error goes on the ledger and on the ticket."""
    return type(error).__name__.removesuffix("Error").lower()


def _after(world: World, event: e.Event, desk: Desk) -> World:
    """The world as it must look after our own write."""
    if not isinstance(event, e.TicketShown) or world.ticket is None:
        return world
    now = world.ticket
    names = desk.rules.statuses
    status = getattr(names, event.status) if event.status else now.status
    assignee = account(event.assignee, desk.rules) if event.assignee else now.assignee
    labels = (now.labels - OWN_LABELS) | frozenset(event.labels)
    ticket = TicketNow(status, assignee, labels, now.last_move)
    return replace(world, ticket=ticket)
