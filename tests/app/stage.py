"""One ticket on a stage of fakes: its stream, the gate, and what people do to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.app.fake_forge import BOT, FakeForge
from tests.app.fakes import RUNNER, FakeClock, FakeLedger, FakeTracker, repo
from tests.core.patches import standard

from patchgate.app.desk import Desk, Journal, RunFolder
from patchgate.app.dispatched import given_by_run
from patchgate.app.evidence import EvidenceReader
from patchgate.app.observe import forge_facts, request_digest, ticket_now, tracker_facts
from patchgate.app.opening import Opened
from patchgate.app.session import Session
from patchgate.app.settings import Settings, load_settings, route
from patchgate.app.writegate import PublishOrder, WriteGate
from patchgate.core import events as e
from patchgate.core import words
from patchgate.core.branch import branch_of
from patchgate.core.decide import decide
from patchgate.core.events import Event, Mode
from patchgate.core.fold import fold
from patchgate.core.ids import Digest, Eid, Sha, TicketKey, digest_bytes
from patchgate.core.plan import Criterion, Plan, PlannedFile
from patchgate.core.policy import Kind, Policy, Rule, Scope, Severity, judge
from patchgate.core.proposal import Task
from patchgate.core.rules import Rules, Statuses, World
from patchgate.core.state import Workflow

KEY = "MWC-1"
REPO = repo()
APPROVER, STRANGER, REVIEWER = "acc-leigh", "acc-stranger", "acc-rita"
EID = Eid("e" * 16)
NOW = "2026-11-21T10:00:00.000Z"
SETTINGS = f"""\
version: 1
jira: {{projects: MWC, runner: {RUNNER}}}
people:
  - {{name: Leigh, jira: {APPROVER}, github: leigh-m}}
  - {{name: Rita, jira: {REVIEWER}, github: rita-r}}
reviewer: Rita
approvers: [Leigh]
routes:
  - repository: {REPO}
"""
STANDARD = standard()
PLAN = Plan(
    approach="Change the source.",
    files=(PlannedFile(path="src/**", action="modify"),),
    acceptance=(Criterion(id="AC1", text="It works."),),
)


def frozen(policy: Policy) -> Policy:
    """The policy with a rule against one folder."""
    rule = Rule(
        id="no-vault",
        sentence="blocked when it touches the vault",
        kind=Kind.FROZEN_PATHS,
        severity=Severity.BLOCK,
        message="Ask the keeper.",
        globs=("src/vault/**",),
    )
    return policy.model_copy(update={"rules": (*policy.rules, rule)})


def rules_for(policy: Policy, *, separation: bool = False) -> Rules:
    """The rules of these tests: Leigh approves, Rita reviews."""
    return Rules(
        statuses=Statuses(),
        runner={"jira": RUNNER, "github": BOT, "actions": BOT},
        approvers={
            ("jira", APPROVER): "Leigh",
            ("github", "leigh-m"): "Leigh",
            ("actions", "leigh-m"): "Leigh",
        },
        reviewers={
            ("jira", REVIEWER): "Rita",
            ("github", "rita-r"): "Rita",
            ("actions", "rita-r"): "Rita",
        },
        reviewer=REVIEWER,
        approver=APPROVER,
        policy=policy.digest(),
        separation=separation,
        reserve=dict.fromkeys(Task, 500_000),
    )


class Stage:
    """A ticket, its forge and its events; `w` is always their fold."""

    def __init__(
        self, mode: Mode = "patchset", *, requester: str = "acc-requester", settings: str = SETTINGS
    ) -> None:
        self.clock = FakeClock()
        self.tracker = FakeTracker(self.clock)
        self.forge = FakeForge(self.clock, REPO)
        self.ledger = FakeLedger()
        self.settings: Settings = load_settings(settings + f"approval: {{mode: {mode}}}\n")
        self.policy = STANDARD
        self.w = Workflow()
        self.events: list[Event] = []
        issue = self.tracker.create(KEY, reporter=requester)
        self.issue_id = issue.ticket.issue_id
        opened = e.WorkflowOpened(
            at=NOW,
            key=KEY,
            issue_id=self.issue_id,
            repo=REPO,
            base_branch="main",
            mode=mode,
            plan="required" if mode == "plan" else "none",
            requester=requester,
            trigger=issue.ticket.created,
        )
        request = request_digest(issue.ticket)
        revised = e.TicketRevised.model_validate(
            {"at": NOW, "fact": "r:0", "key": KEY, "request": request, "revised": opened.trigger}
        )
        self.record(opened, revised)

    # ── the ledger ───────────────────────────────────────────────────────────────────────

    def record(self, *events: Event) -> None:
        """Events straight onto the stream, whoever made them up."""
        self.events += events
        self.w = fold(events, self.w)

    @property
    def policy(self) -> Policy:
        """The policy of this moment."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._policy = policy
        self.rules = rules_for(policy)

    @property
    def base(self) -> Sha:
        return self.forge.branches[REPO, "main"]

    def start(self) -> None:
        """The ticket is taken up."""
        step = "plan" if self.w.plan_required else "execute"
        self.record(e.WorkStarted.model_validate({"at": NOW, "next": step}))

    def propose(self, patch: bytes, *, start: Sha | None = None) -> e.PatchProposed:
        """A patch is proposed and judged."""
        at = start or self.base
        applied = self.forge.apply(REPO, at, patch)
        proposed = e.PatchProposed(
            at=NOW,
            eid=EID,
            repo=REPO,
            base=self.base,
            start=at,
            patch=digest_bytes(patch),
            tree=applied.tree,
            paths=applied.paths,
            summary="what it does",
            added=sum(c.added or 0 for c in applied.changes),
            removed=sum(c.removed or 0 for c in applied.changes),
            attempt=self.w.attempt,
        )
        self.ledger.blobs[proposed.patch] = patch
        self.record(proposed)
        self.judge()
        return proposed

    def judge(self) -> None:
        """The proposed patch under the policy of this moment."""
        patch = self.w.patch
        assert patch is not None
        content = self.ledger.blobs[patch.patch]
        applied = self.forge.apply(REPO, Sha(patch.start), content)
        overrides = frozenset(o.rule for o in self.w.overrides)
        result = judge(applied, self.policy, scope=self.scope, overrides=overrides)
        self.record(
            e.PatchJudged(
                at=NOW,
                patch=patch.patch,
                policy=self.rules.policy,
                level=result.level,
                wider=result.wider,
                violations=result.violations,
            )
        )

    def propose_plan(self, plan: Plan = PLAN) -> Digest:
        """A plan is proposed."""
        self.record(e.PlanProposed(at=NOW, eid=EID, plan=plan.digest(), items=(), files=()))
        return plan.digest()

    def publish_plan(self, plan: Plan = PLAN) -> str:
        """The plan as a comment of ours; the comment's id."""
        text = words.plan_comment(plan, plan.digest(), revision=self.w.plans, reviewer="Rita")
        return self.post(text, plan.digest())

    def publish_patch(self) -> str:
        """The proposed patch as a comment of ours; the comment's id."""
        patch = self.w.patch
        assert patch is not None
        applied = self.forge.apply(REPO, Sha(patch.start), self.ledger.blobs[patch.patch])
        overridden = frozenset(o.rule for o in self.w.overrides)
        facts = words.PatchFacts(
            key=KEY,
            repo=patch.repo,
            branch=branch_of(self.w),
            base=patch.start,
            attempt=patch.attempt,
            digest=patch.patch,
            patch=applied,
            judged=judge(applied, self.policy, scope=self.scope, overrides=overridden),
            summary=patch.summary,
        )
        return self.post(words.patch_comment(facts), patch.patch)

    def post(self, text: str, subject: Digest, *, key: str = KEY) -> str:
        """A comment of ours that shows something to be approved; its id."""
        posted = self.tracker.post_comment(TicketKey(key), text, eid=EID)
        self.record(
            e.CommentPosted(
                at=NOW,
                eid=EID,
                topic="patch",
                comment=posted.id,
                posted=posted.at,
                subject=subject,
            )
        )
        return posted.id

    @property
    def scope(self) -> Scope | None:
        """What the plan names, in mode `plan`."""
        return Scope(("src/**",)) if self.w.mode == "plan" else None

    # ── one wake-up, without effects ─────────────────────────────────────────────────────

    def observe(self) -> None:
        """See what is new outside, and decide as far as no effect is needed."""
        look = self.tracker.look(TicketKey(KEY))
        for seen in tracker_facts(self.w, look, self.rules, NOW):
            self.record(seen)
        for run_id in self.forge.runs:
            given = given_by_run(self.forge, REPO, run_id, NOW)
            if isinstance(given, str) or given.evidence.target != KEY:
                continue
            if given.fact not in self.w.seen:
                self.record(given)
        for seen in forge_facts(self.w, self.forge, self.rules, NOW):
            self.record(seen)
        world = World(now=NOW, ticket=ticket_now(look, self.rules))
        for _ in range(20):
            step = decide(self.w, world, self.rules)
            if not step.events:
                return
            self.record(*step.events)

    # ── the gate ─────────────────────────────────────────────────────────────────────────

    def gate(self) -> WriteGate:
        """The gate under the policy of this moment."""
        evidence = EvidenceReader(self.tracker, self.forge, self.rules, REPO)
        return WriteGate(
            self.forge,
            self.forge,
            evidence,
            rules=self.rules,
            policy=self.policy,
            routed=lambda ticket: route(self.settings, ticket),
        )

    def order(self, content: bytes | None = None) -> PublishOrder:
        """The order that a tick would give for the present patch."""
        patch = self.w.patch
        held = self.ledger.blobs.get(patch.patch, b"") if patch else b""
        return PublishOrder(
            eid=EID,
            branch=branch_of(self.w, "ai/"),
            base_branch="main",
            content=held if content is None else content,
            message="MWC-1: change",
            scope=self.scope,
        )

    def publish(self, content: bytes | None = None) -> Event:
        """Try the write."""
        return self.gate().publish(self.w, self.order(content), NOW)

    # ── a desk around it, for what needs more than the gate ──────────────────────────────

    def desk(self) -> Desk:
        """The ports and rules as the deterministic rooms hold them."""
        return Desk(
            settings=self.settings,
            rules=self.rules,
            policy=self.policy,
            tracker=self.tracker,
            forge=self.forge,
            gate=self.gate(),
            ledger=self.ledger,
            clock=self.clock,
            run="run-1",
            run_ended=lambda run: False,
            journal=Journal(lambda line: None),
            providers=frozenset({"anthropic", "openai"}),
        )

    def session(self) -> Session:
        """The stream as it is now, on a desk."""
        self.ledger.live.clear()
        stream = self.ledger.open(TicketKey(KEY), self.issue_id)
        return Session(self.desk(), self.ledger.append(stream, self.events, {}))

    def opened(self) -> Opened:
        """The ticket with its stream."""
        return Opened(self.session(), self.tracker.look(TicketKey(KEY)))


def folder(root: Path) -> RunFolder:
    """A run's folder."""
    return RunFolder(root)


def refusal_code(event: Event) -> str:
    """The code of a refusal; `written` when there is none."""
    return event.code if isinstance(event, e.WriteRefused) else "written"


def kinds(events: Iterable[Event]) -> list[str]:
    """What kinds of event these are."""
    return [event.kind for event in events]
