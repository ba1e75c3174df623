"""A ticket's life in a few lines: people, models and services that play along with `decide`.

A `Story` holds one ticket as Jira and GitHub would show it. People act at once, but the workflow
learns of it only when it is woken. `wake` looks, decides and acts until the ticket waits, letting
the scripted models answer in between; `look` and `run_models` are its parts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from patchgate.core import events as e
from patchgate.core.commands import (
    AttachPatch,
    CreateSubtask,
    JudgePatch,
    LookAtChecks,
    PostComment,
    Propose,
    PublishPatch,
    PutPull,
    ShowTicket,
    StartChecks,
    WriteCommand,
)
from patchgate.core.decide import decide, foresee
from patchgate.core.events import Event, Evidence, Mode, Platform, Verb
from patchgate.core.expect import after_showing
from patchgate.core.fold import fold
from patchgate.core.ids import Digest, Eid, FactId, digest_json, short
from patchgate.core.plan import TriageChoice
from patchgate.core.projection import status_name
from patchgate.core.proposal import Outcome, RunRecord, Task, Usage
from patchgate.core.reviewing import to_review
from patchgate.core.rules import ChildNow, Rules, Statuses, TicketNow, World
from patchgate.core.state import TERMINAL, WITH_PULL, State, Workflow

RUNNER, LEIGH, ANN, REX, EVE = "runner", "leigh", "ann", "rex", "eve"
"""Our account; two approvers; a reviewer; somebody who is neither."""
POLICY = digest_json("policy")
REPO = "acme/shop"
MOST_STEPS = 200
"""Steps of one wake-up; more is a loop."""

RULES = Rules(
    statuses=Statuses(),
    runner={"jira": RUNNER, "github": "patchgate[bot]"},
    approvers={
        ("jira", LEIGH): "Leigh",
        ("github", "leigh-gh"): "Leigh",
        ("jira", ANN): "Ann",
    },
    reviewers={("jira", REX): "Rex", ("github", "rex-gh"): "Rex"},
    reviewer=REX,
    approver=LEIGH,
    policy=POLICY,
    reserve={
        Task.TRIAGE: 10,
        Task.PLAN: 100,
        Task.IMPLEMENT: 1_000,
        Task.ANSWER: 10,
        Task.REVIEW: 20,
    },
    ticket_cap=1_000_000,
)

Level = Literal["ACCEPT", "ESCALATE", "REFUSE"]
ChecksLevel = Literal["green", "red", "pending", "not-required", "unknown"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the policy will say of the next patch."""

    level: Level = "ACCEPT"
    rules: tuple[str, ...] = ()
    wider: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model will answer: an outcome, and what comes with it."""

    outcome: Outcome = Outcome.ANSWERED
    detail: str = ""
    questions: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    triage: str = "GO"
    wake_on: str = ""
    review: str = "pass"
    text: str = ""
    lost: bool = False


@dataclass(slots=True)
class Clock:
    """A clock that goes on by a second whenever it is read."""

    ticks: int = 0

    def now(self) -> str:
        """The next moment."""
        self.ticks += 1
        start = datetime(2026, 1, 1, tzinfo=UTC)
        return (start + timedelta(seconds=self.ticks)).isoformat()

    def days(self, count: int) -> None:
        """Time passes."""
        self.ticks += count * 86_400


@dataclass(slots=True)
class Remote:
    """Our pull request as GitHub has it."""

    number: int
    head: str
    state: Literal["open", "closed", "merged"] = "open"
    by: str = ""
    checks: ChecksLevel = "pending"
    detail: str = ""


@dataclass(slots=True)
class Story:
    """One ticket with everything around it."""

    rules: Rules = RULES
    key: str = "MWC-1"
    mode: Mode = "patchset"
    plan: bool = False
    triage: bool = False
    parent: Story | None = None
    ordinal: int = 0
    clock: Clock = field(default_factory=Clock)
    w: Workflow = field(default_factory=Workflow)
    events: list[Event] = field(default_factory=list)
    status: str = "Backlog"
    assignee: str = ""
    labels: frozenset[str] = frozenset()
    last_move: FactId | None = None
    text: str = "first text"
    remote: Remote | None = None
    unseen: list[Event] = field(default_factory=list)
    comments: list[PostComment] = field(default_factory=list)
    performed: list[WriteCommand] = field(default_factory=list)
    answers: dict[Task, deque[Answer]] = field(default_factory=dict)
    judgements: deque[Judgement] = field(default_factory=deque)
    gate_refuses: deque[str] = field(default_factory=deque)
    missing_statuses: frozenset[str] = frozenset()
    failing: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Effect → how often it will still fail, and whether for good."""
    results: dict[Eid, Event] = field(default_factory=dict)
    """What was made outside, whether or not the ledger knows."""
    forgets: int = 0
    """How many results will still be lost: the effect is made, and the run dies."""
    children: dict[int, Story] = field(default_factory=dict)
    world_extra: dict[str, object] = field(default_factory=dict)
    patches: int = 0
    runs_asked: list[Task] = field(default_factory=list)
    waiting: str = ""
    _settled: int = 0
    """The child whose end the parent was last told of."""

    # ── people ───────────────────────────────────────────────────────────────────────────

    def _evidence(self, kind: str, who: str, platform: Platform = "jira") -> Evidence:
        at = self.clock.now()
        target = self.key if platform == "jira" else f"{REPO}#1"
        return Evidence.model_validate(
            {
                "platform": platform,
                "kind": kind,
                "id": f"{self.key}:{at}",
                "target": target,
                "author": who,
                "at": at,
            }
        )

    def _see(self, event: Event) -> None:
        self.unseen.append(event)

    def assign(self, who: str, to: str = RUNNER) -> None:
        """Somebody assigns the ticket."""
        evidence = self._evidence("assignment", who)
        self.assignee = to
        self.last_move = FactId(f"jira:change:{evidence.id}")
        if to == RUNNER:
            self._see(e.RunnerAssigned(at="", fact=self.last_move, evidence=evidence))

    def move(self, who: str, status: str) -> None:
        """Somebody moves the ticket."""
        evidence = self._evidence("transition", who)
        before, self.status = self.status, status
        self.last_move = FactId(f"jira:change:{evidence.id}")
        self._see(
            e.StatusMoved(
                at="", fact=self.last_move, evidence=evidence, before=before, after=status
            )
        )

    def say(
        self,
        who: str,
        verb: Verb,
        argument: str = "",
        *,
        edited: bool = False,
        platform: Platform = "jira",
    ) -> FactId:
        """Somebody comments a command."""
        evidence = self._evidence("comment", who, platform)
        fact = FactId(f"{platform}:comment:{evidence.id}")
        self._see(
            e.CommandGiven(
                at="", fact=fact, evidence=evidence, verb=verb, argument=argument, edited=edited
            )
        )
        return fact

    def mistype(self, who: str, word: str, nearest: Verb) -> None:
        """Somebody comments something that is nearly a command."""
        evidence = self._evidence("comment", who)
        fact = FactId(f"jira:comment:{evidence.id}")
        self._see(e.NearMiss(at="", fact=fact, evidence=evidence, word=word, nearest=nearest))

    def review(self, who: str, state: str) -> None:
        """Somebody reviews the pull request."""
        evidence = self._evidence("review", who, "github")
        fact = FactId(f"github:review:{evidence.id}")
        self._see(e.ReviewGiven(at="", fact=fact, evidence=evidence, state=state))

    def rewrite(self, text: str) -> None:
        """Somebody changes the description."""
        self.text = text

    def approve(self, who: str = LEIGH) -> None:
        """`/approve` with the digest that waits."""
        assert self.w.subject is not None
        self.say(who, "approve", short(self.w.subject))

    # ── GitHub ───────────────────────────────────────────────────────────────────────────

    @property
    def pull(self) -> Remote:
        """The pull request; there must be one."""
        assert self.remote is not None
        return self.remote

    def ci(self, level: ChecksLevel, detail: str = "") -> None:
        """The required checks answer."""
        self.pull.checks, self.pull.detail = level, detail

    def merge(self, who: str = "leigh-gh") -> None:
        """Somebody merges."""
        self.pull.state, self.pull.by = "merged", who

    def push(self) -> None:
        """Somebody else pushes to our branch."""
        self.pull.head, self.pull.checks = f"human-{self.clock.now()}", "pending"

    # ── waking ───────────────────────────────────────────────────────────────────────────

    def open(self, requester: str = LEIGH) -> Story:
        """The ticket is assigned to the runner for the first time and its stream opened."""
        if self.parent is None:
            self.assign(requester)
        parent = self.parent.w if self.parent else None
        self.record(
            e.WorkflowOpened(
                at=self.clock.now(),
                key=self.key,
                issue_id="10001",
                repo=REPO,
                base_branch="main",
                mode=self.mode,
                plan="required" if self.plan else "none",
                triage=self.triage,
                requester=requester,
                parent=parent.key if parent else "",
                ordinal=self.ordinal,
                parent_plan=parent.plan.plan if parent and parent.plan else None,
            )
        )
        if parent and parent.plan:
            granted = parent.grant_for(parent.plan.plan)
            self.record(*([granted] if granted else []))
        return self

    def record(self, *events: Event) -> None:
        """What goes on the ledger."""
        self.events += events
        self.w = fold(events, self.w)

    def wake(self) -> Story:
        """A whole wake-up: look, decide, act, and let the models answer until it waits."""
        self.look()
        self.drive()
        while self.w.reservation is not None:
            self.run_model()
            self.drive()
        return self

    def look(self) -> None:
        """New facts, in the order of the platforms' clocks."""
        digest = digest_json(self.text)
        if digest != self.w.request:
            fact = FactId(f"jira:request:{short(digest)}:{self.w.revisions}")
            at = self.clock.now()
            self.record(
                e.TicketRevised(at=at, fact=fact, key=self.key, request=digest, revised=at)
                if self.w.revisions
                else e.TicketRevised(
                    at=at, fact=fact, key=self.key, request=digest, revised="2025-12-31T00:00:00Z"
                )
            )
        for fact_seen in self.unseen:
            self.record(fact_seen.model_copy(update={"at": self.clock.now()}))
        self.unseen = []
        self._look_at_pull()

    def _look_at_pull(self) -> None:
        known, there = self.w.pull, self.remote
        if known is None or there is None or self.w.is_over:
            return
        now = self.clock.now()
        if there.head != known.head:
            fact = FactId(f"github:head:{there.head}:{self.w.check_rounds}")
            self.record(e.HeadMoved(at=now, fact=fact, repo=REPO, head=there.head))
        if there.state != known.state:
            fact = FactId(f"github:pull:{there.number}:{there.state}:{known.seen}")
            self.record(
                e.PullSeen(
                    at=now,
                    fact=fact,
                    repo=REPO,
                    number=there.number,
                    state=there.state,
                    head=there.head,
                    by=there.by,
                )
            )
        if self.w.state in WITH_PULL or there.state == "merged":
            self._look_at_checks()

    def _look_at_checks(self) -> bool:
        last, there = self.w.checks, self.pull
        if last and (last.head, last.level, last.detail) == (
            there.head,
            there.checks,
            there.detail,
        ):
            return False
        fact = FactId(f"github:checks:{there.head}:{self.w.check_rounds}")
        self.record(
            e.ChecksSeen(
                at=self.clock.now(),
                fact=fact,
                repo=REPO,
                head=there.head,
                level=there.checks,
                detail=there.detail,
            )
        )
        return True

    @property
    def ticket(self) -> TicketNow:
        """The ticket as it shows."""
        return TicketNow(self.status, self.assignee, self.labels, self.last_move)

    def world(self) -> World:
        """What decide may know now."""
        world = World(
            now=self.clock.now(),
            ticket=self.ticket,
            parent_state=self.parent.w.state if self.parent else None,
            children={n: child.as_seen() for n, child in self.children.items()},
        )
        return replace(world, **self.world_extra)  # type: ignore[arg-type]  # named by the test

    def as_seen(self) -> ChildNow:
        """What the parent sees of this one."""
        return ChildNow(self.w.state, self.w.money.spent, self.w.money.runs, "", "")

    def drive(self) -> None:
        """Decide and act until it waits or asks a model."""
        for _ in range(MOST_STEPS):
            if not self._step():
                break
        else:
            raise AssertionError(f"{self.w.state}: no end after {MOST_STEPS} steps")
        self._work_child()

    def _work_child(self) -> None:
        active = next((c for c in self.w.children if c.ordinal == self.w.active and c.key), None)
        if active is None:
            return
        if active.ordinal not in self.children:
            child = Story(
                rules=self.rules,
                key=active.key,
                mode=self.mode,
                parent=self,
                ordinal=active.ordinal,
                clock=self.clock,
                assignee=RUNNER,
            )
            self.children[active.ordinal] = child.open()
        child = self.children[active.ordinal]
        child.wake()
        ended = self.w.active
        if child.w.state in TERMINAL and not self.w.is_over and self._settled != ended:
            self._settled = ended
            self.drive()

    def _step(self) -> bool:
        world = self.world()
        step = decide(self.w, world, self.rules)
        if step.events:
            self.record(*step.events)
            return True
        if not step.commands:
            assert step.waiting is not None
            self.waiting = step.waiting.what
            return False
        match step.commands[0]:
            case JudgePatch(patch):
                self.record(self._judged(patch))
                return True
            case LookAtChecks():
                return self._look_at_checks()
            case Propose() as asked:
                self._reserve(asked)
                return False
            case command:
                return self._perform(command, world)

    def _judged(self, patch: Digest) -> Event:
        expected = self.judgements[0] if self.judgements else Judgement()
        left = set(expected.rules) - {o.rule for o in self.w.overrides}
        level = expected.level if left or not expected.rules else "ACCEPT"
        severity = {"ACCEPT": "WARN", "ESCALATE": "BLOCK", "REFUSE": "REFUSE"}[level]
        if level != "ESCALATE" and self.judgements:
            self.judgements.popleft()
        return e.PatchJudged.model_validate(
            {
                "at": self.clock.now(),
                "patch": patch,
                "policy": self.rules.policy,
                "level": level,
                "wider": expected.wider,
                "to_review": level == "ACCEPT" and to_review(self.w, self.rules),
                "violations": [
                    {"rule": rule, "severity": severity, "message": "no"} for rule in sorted(left)
                ],
            }
        )

    # ── models ───────────────────────────────────────────────────────────────────────────

    def _reserve(self, asked: Propose) -> None:
        self.runs_asked.append(asked.task)
        start = self.pull.head if self.remote else "base"
        self.record(
            e.AttemptReserved(
                at=self.clock.now(),
                eid=asked.eid,
                task=asked.task,
                attempt=asked.attempt,
                brief=digest_json(asked.eid),
                base="base",
                start=start,
                micro_dollars=asked.micro_dollars,
                run="run-1",
            )
        )

    def run_model(self) -> None:
        """The reserved run ends as scripted."""
        reserved = self.w.reservation
        assert reserved is not None
        waiting = self.answers.get(reserved.task)
        answer = waiting.popleft() if waiting else Answer()
        if answer.lost:
            self.world_extra["run_ended"] = True
            self._step()
            del self.world_extra["run_ended"]
            return
        failed = answer.outcome not in (Outcome.ANSWERED, Outcome.QUESTION)
        record = RunRecord(
            role="r",
            provider="p",
            model="m",
            prompt_digest=POLICY,
            context_digest=POLICY,
            usage=Usage(input=5),
            micro_dollars=7,
            outcome=answer.outcome,
        )
        finished = e.RunFinished(
            at=self.clock.now(),
            eid=reserved.eid,
            task=reserved.task,
            attempt=reserved.attempt,
            record=record,
            charged=7,
            signature=f"{answer.outcome}: {answer.detail}" if failed else "",
            questions=answer.questions,
        )
        self.record(finished)
        if answer.outcome is Outcome.ANSWERED:
            self.record(self._answer(reserved, answer))

    def _answer(self, reserved: e.AttemptReserved, answer: Answer) -> Event:
        at, eid = self.clock.now(), reserved.eid
        match reserved.task:
            case Task.TRIAGE:
                return e.Triaged(
                    at=at,
                    eid=eid,
                    decision=TriageChoice(answer.triage),
                    reason="because",
                    wake_on=answer.wake_on,
                )
            case Task.PLAN:
                plan = digest_json(["plan", eid])
                return e.PlanProposed(at=at, eid=eid, plan=plan, items=answer.items, files=())
            case Task.ANSWER:
                asked = next(q.fact for q in self.w.questions if not q.answered)
                return e.AnswerGiven(at=at, eid=eid, question=asked, answer=POLICY)
            case Task.REVIEW:
                assert self.w.patch is not None
                return e.PatchReviewed.model_validate(
                    {
                        "at": at,
                        "patch": self.w.patch.patch,
                        "verdict": answer.review,
                        "reviewer": "openai r",
                        "blocking": int(answer.review == "block"),
                        "first": "it loses money" if answer.review == "block" else "",
                    }
                )
            case Task.IMPLEMENT:
                self.patches += 1
                return e.PatchProposed(
                    at=at,
                    eid=eid,
                    repo=REPO,
                    base="base",
                    start=reserved.start,
                    patch=digest_json(["patch", answer.text or eid]),
                    tree="tree",
                    paths=("a.py",),
                    summary="does it",
                    added=1,
                    removed=0,
                    attempt=reserved.attempt,
                )

    # ── effects ──────────────────────────────────────────────────────────────────────────

    def _perform(self, command: WriteCommand, world: World) -> bool:
        foreseen = {c.eid for c in foresee(self.w, world, self.rules)}
        assert command.eid in foreseen, f"{command} was not foreseen"
        left, final = self.failing.get(command.effect, (0, False))
        if left:
            self.failing[command.effect] = (left - 1, final)
            self.record(self._failure(command.eid, command.effect, final=final))
            return final
        event = self.results.get(command.eid) or self._done(command)
        made = not isinstance(event, e.WriteRefused | e.StatusUnreachable)
        if made and command.eid not in self.results:
            self.performed.append(command)
            self.results[command.eid] = event
        if self.forgets:
            self.forgets -= 1
            return False
        self.record(event)
        seen = after_showing(world, event, self.rules)
        if isinstance(event, e.TicketShown) and seen.ticket:
            now = seen.ticket
            self.status, self.assignee, self.labels = now.status, now.assignee, now.labels
        return True

    def _failure(self, eid: Eid, effect: str, *, final: bool) -> Event:
        return e.EffectFailed(
            at=self.clock.now(), eid=eid, effect=effect, code="service", reason="no", final=final
        )

    def _done(self, command: WriteCommand) -> Event:
        at, eid = self.clock.now(), command.eid
        match command:
            case PostComment(topic=topic, subject=subject):
                self.comments.append(command)
                publishes = subject if topic in ("plan", "patch", "blocked") else None
                comment = str(len(self.comments))
                return e.CommentPosted(
                    at=at,
                    eid=eid,
                    topic=topic,
                    platform=command.platform,
                    comment=comment,
                    posted=at,
                    subject=publishes,
                )
            case AttachPatch(patch=patch):
                return e.PatchAttached(at=at, eid=eid, patch=patch, url="u")
            case ShowTicket():
                return self._showing(command, at)
            case CreateSubtask(ordinal=n):
                key = f"{self.key}{n}"
                return e.SubtaskCreated(at=at, eid=eid, ordinal=n, key=key, issue_id=f"2000{n}")
            case PublishPatch():
                return self._publish(command, at)
            case PutPull():
                if self.remote is None or self.remote.state != "open":
                    number = 1 if self.remote is None else self.remote.number + 1
                    self.remote = Remote(number, self.w.commit)
                return e.PullPut(
                    at=at, eid=eid, repo=REPO, number=self.pull.number, url="u", head=self.pull.head
                )
            case StartChecks(workflow=name, head=head):
                return e.ChecksStarted(at=at, eid=eid, repo=REPO, workflow=name, head=head)

    def _showing(self, command: ShowTicket, at: str) -> Event:
        status = status_name(command.status, self.rules)
        if status in self.missing_statuses:
            return e.StatusUnreachable(
                at=at, eid=command.eid, status=status, available=("Backlog",)
            )
        return e.TicketShown(
            at=at,
            eid=command.eid,
            view=command.state,
            status=command.status,
            assignee=command.assignee,
            labels=command.labels,
            drift=command.drift,
        )

    def _publish(self, command: PublishPatch, at: str) -> Event:
        w = self.w
        grant = w.publishing_grant()
        assert grant is not None, "a write was asked for that nobody approved"
        assert w.patch is not None
        assert w.patch.patch == command.patch
        covering = {"patch": w.patch.patch, "request": w.request}
        covering["plan"] = w.plan.plan if w.plan else w.parent_plan
        assert grant.subject == covering[grant.what]
        if self.gate_refuses:
            code = self.gate_refuses.popleft()
            return e.WriteRefused(
                at=at, eid=command.eid, subject=command.patch, code=code, reason="no"
            )
        commit = f"commit-{short(command.eid)}"
        if self.remote and self.remote.state == "open":
            self.remote.head, self.remote.checks = commit, "pending"
        repo, _, branch = command.target.partition(":")
        return e.PatchPublished(
            at=at, eid=command.eid, repo=repo, branch=branch, commit=commit, patch=command.patch
        )

    # ── what tests ask ───────────────────────────────────────────────────────────────────

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.w.state

    def stands_in(self, state: State) -> bool:
        """Whether it stands there now (a call: its answer is not remembered by a type checker)."""
        return self.w.state is state

    def topics(self) -> list[str]:
        """The topics of all comments on the ticket, in order."""
        return [c.topic for c in self.comments if c.platform == "jira"]

    def replies(self) -> list[str]:
        """What was answered to inputs that were not taken up."""
        posted = {c.about for c in self.comments if c.topic == "reply"}
        return [r.reason for r in self.w.replies if r.fact in posted]

    def will(self, task: Task, *answers: Answer) -> Story:
        """The next answers of that task's model."""
        self.answers[task] = deque(answers)
        return self


def at_approval(**how: object) -> Story:
    """A single ticket whose patch waits for approval."""
    story = Story(**how).open().wake()  # type: ignore[arg-type]  # fields, named by the test
    assert story.state is State.WAITING_USER_APPROVAL
    return story


def at_pull(**how: object) -> Story:
    """A single ticket whose pull request waits for its checks."""
    story = at_approval(**how)
    story.approve()
    story.wake()
    assert story.state is State.VERIFYING_CI
    return story


def at_merge(**how: object) -> Story:
    """A single ticket whose pull request is ready to merge."""
    story = at_pull(**how)
    story.ci("green")
    story.wake()
    assert story.state is State.READY_TO_MERGE
    return story


def at_plan_review(**how: object) -> Story:
    """A ticket whose plan waits for approval."""
    story = Story(plan=True, **how).open().wake()  # type: ignore[arg-type]  # fields, as above
    assert story.state is State.PLAN_REVIEW
    return story


def parent_with_two() -> Story:
    """A parent at work on the first of two approved sub-tasks."""
    story = Story(plan=True).open().will(Task.PLAN, Answer(items=("first", "second"))).wake()
    story.move(LEIGH, "In Progress")
    return story.wake()


def finish(child: Story) -> None:
    """A sub-task is approved, checked and merged."""
    child.approve()
    child.wake()
    child.ci("green")
    child.wake()
    child.merge()


def at_blocked() -> Story:
    """A ticket whose patch the policy blocks."""
    story = Story().open()
    story.judgements.append(Judgement("ESCALATE", ("ci-files",)))
    story.wake()
    assert story.state is State.BLOCKED_POLICY
    return story


def failures(*details: str) -> list[Answer]:
    """Runs that fail, each with its detail."""
    return [Answer(Outcome.INVALID, detail) for detail in details]
