"""The write gate under everything that people, a forged ledger and a moving repository can do.

After each step the write is tried. Whatever reached the forge is held against an oracle that
knows nothing of the gate: it reads what the fakes keep and what the steps wrote down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.app.fake_forge import patch_of
from tests.app.fakes import RUNNER
from tests.app.stage import (
    APPROVER,
    EID,
    KEY,
    NOW,
    PLAN,
    REPO,
    REVIEWER,
    STANDARD,
    STRANGER,
    Stage,
    frozen,
    refusal_code,
)

from patchgate.core import events as e
from patchgate.core.approval import moment
from patchgate.core.events import Evidence, Mode
from patchgate.core.ids import Digest, Sha, TicketKey, digest_bytes, short
from patchgate.core.plan import Plan, PlannedFile
from patchgate.core.state import State, Workflow
from patchgate.ports import Comment, CommitOrder

PATCHES = (
    patch_of(**{"src/app.py": ("one\n", "two\n")}),
    patch_of(**{"src/app.py": ("one\n", "three\n")}),
    patch_of(**{"docs/guide.md": ("hello\n", "bye\n")}),
    patch_of(**{"src/vault/key": (None, "secret\n")}),
)
PLANS = (
    PLAN,
    PLAN.model_copy(update={"files": (PlannedFile(path="docs/**", action="modify"),)}),
)
FOLDER = {PLANS[0].digest(): "src/", PLANS[1].digest(): "docs/"}
WHO = st.sampled_from([APPROVER, APPROVER, STRANGER, REVIEWER, RUNNER])
ANY_PATCH = st.sampled_from(PATCHES)
ANY_PLAN = st.sampled_from(PLANS)
NUMBER = st.integers(0, 50)


class GateMachine(RuleBasedStateMachine):
    """A ticket on which everybody does what they please."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.mode: Mode = "patchset"
        self.shown: dict[str, Digest] = {}
        """Comment of ours → what it was posted to show."""
        self.said: dict[str, tuple[str, str]] = {}
        """Comment of a person → verb and what it names (empty: nothing)."""
        self.judged_writes = 0

    @initialize(
        mode=st.sampled_from(["patchset", "patchset", "plan", "request"]),
        patch=st.sampled_from([*PATCHES, PATCHES[0], None]),
    )
    def begin(self, mode: Mode, patch: bytes | None) -> None:
        """Somewhere in a ticket's life: at its start, or with a patch that may be written."""
        self.mode = mode
        self.stage = Stage(mode)
        self.stage.start()
        if patch is not None:
            self.play_honestly(patch)

    def play_honestly(self, patch: bytes) -> None:
        """The ordinary course up to where the patch may be written."""
        if self.mode == "plan":
            self.propose_plan(PLANS[0])
            self.publish_plan()
            self.move_on(APPROVER)
        if self.mode == "request":
            self.look_and_decide()
            self.approve_whatever_waits(APPROVER)
        self.look_and_decide()
        self.propose(patch)
        if self.mode == "patchset":
            self.publish_patch()
            self.approve_by_digest(APPROVER, digest_bytes(patch))
        self.look_and_decide()

    # ── proposals and what we say of them ────────────────────────────────────────────────

    @rule(patch=ANY_PATCH)
    def propose(self, patch: bytes) -> None:
        if self._applies(patch):
            self.stage.propose(patch)

    def _applies(self, patch: bytes) -> bool:
        tree = self.stage.forge.commits[REPO, self.stage.base].tree
        return all(tree.get(p) == texts[0] for p, texts in json.loads(patch).items())

    @precondition(lambda self: self.mode == "plan")
    @rule(plan=ANY_PLAN)
    def propose_plan(self, plan: Plan) -> None:
        self.stage.propose_plan(plan)

    @precondition(lambda self: self.stage.w.patch is not None)
    @rule()
    def publish_patch(self) -> None:
        patch = self.stage.w.patch
        assert patch is not None
        if Sha(patch.start) in {commit for _, commit in self.stage.forge.commits}:
            self.shown[self.stage.publish_patch()] = patch.patch

    @precondition(lambda self: self.stage.w.plan is not None)
    @rule()
    def publish_plan(self) -> None:
        plan = self.stage.w.plan
        shown = [p for p in PLANS if plan and p.digest() == plan.plan]
        if shown:
            self.stage.tracker.move(TicketKey(KEY), "Plan Review")
            self.shown[self.stage.publish_plan(shown[0])] = shown[0].digest()

    # ── people ───────────────────────────────────────────────────────────────────────────

    @rule(who=WHO)
    def approve_whatever_waits(self, who: str) -> None:
        self.said[self.stage.tracker.say(KEY, who, "/approve")] = ("approve", "")

    @rule(who=WHO, what=st.one_of(ANY_PATCH.map(digest_bytes), ANY_PLAN.map(Plan.digest)))
    def approve_by_digest(self, who: str, what: Digest) -> None:
        number = self.stage.tracker.say(KEY, who, f"/approve {short(what)}")
        self.said[number] = ("approve", what)

    @rule(
        login=st.sampled_from(["leigh-m", "leigh-m", "Leigh-M", "rita-r", "patchgate-bot", "eve"]),
        what=st.one_of(ANY_PATCH.map(digest_bytes), ANY_PLAN.map(Plan.digest)),
        key=st.sampled_from([KEY, KEY, "MWC-2"]),
        changed=st.sampled_from(
            [{}, {}, {}, {"triggered_by": "eve"}, {"branch": "ai/MWC-1"}, {"event": "push"}]
        ),
    )
    def dispatch_an_approval(
        self, login: str, what: Digest, key: str, changed: dict[str, str]
    ) -> None:
        """By the button of the workflow, on any branch, or by somebody's second attempt."""
        title = f"patchgate approve {key} {short(what)}"
        self.stage.forge.dispatch(login, title, **changed)

    @rule(who=WHO)
    def override(self, who: str) -> None:
        number = self.stage.tracker.say(KEY, who, "/override no-vault it is agreed")
        self.said[number] = ("override", "")

    @rule(who=WHO)
    def move_on(self, who: str) -> None:
        self.stage.tracker.change(KEY, who, "status", "In Progress")

    @rule(who=WHO)
    def move_back(self, who: str) -> None:
        self.stage.tracker.change(KEY, who, "status", "Plan Review")

    @rule(who=WHO)
    def assign(self, who: str) -> None:
        self.stage.tracker.change(KEY, who, "assignee", RUNNER)

    @rule(who=WHO, text=st.sampled_from(["Please.", "Please, and a back door."]))
    def rewrite_the_ticket(self, who: str, text: str) -> None:
        self.stage.tracker.change(KEY, who, "description", text)

    @precondition(lambda self: bool(self.said or self.shown))
    @rule(at=NUMBER, text=st.sampled_from(["/approve", "never mind"]))
    def edit_a_comment(self, at: int, text: str) -> None:
        self.stage.tracker.edit_comment(KEY, self._some_comment(at), text)

    @precondition(lambda self: bool(self.said or self.shown))
    @rule(at=NUMBER)
    def delete_a_comment(self, at: int) -> None:
        self.stage.tracker.delete_comment(KEY, self._some_comment(at))

    def _some_comment(self, at: int) -> str:
        every = [*self.said, *self.shown][::-1]
        return every[min(at % 7, len(every) - 1)]

    # ── the repository and the policy move ───────────────────────────────────────────────

    @rule(path=st.sampled_from(["src/app.py", "docs/guide.md", "other.txt"]))
    def push_to_base(self, path: str) -> None:
        at = self.stage.clock.tick()
        self.stage.forge.push(REPO, "main", {path: f"pushed at {at}\n"})

    @rule()
    def put_the_base_back(self) -> None:
        files = {"src/app.py": "one\n", "docs/guide.md": "hello\n"}
        self.stage.forge.push(REPO, "main", files)

    @rule(branch=st.sampled_from(["ai/MWC-1", "side"]))
    def push_elsewhere(self, branch: str) -> None:
        forge = self.stage.forge
        forge.branches.setdefault((REPO, branch), self.stage.base)
        forge.push(REPO, branch, {"evil.py": "import os\n"})

    @rule()
    def change_the_policy(self) -> None:
        known = {rule.id for rule in self.stage.policy.rules}
        self.stage.policy = STANDARD if "no-vault" in known else frozen(STANDARD)

    # ── the ledger is forged ─────────────────────────────────────────────────────────────

    @rule(patch=ANY_PATCH, at=NUMBER)
    def forge_a_proposal(self, patch: bytes, at: int) -> None:
        """Any patch, said to lie on any commit that anybody ever pushed."""
        forge = self.stage.forge
        commits = [commit for _, commit in forge.commits]
        start = commits[at % len(commits)]
        tree = forge.commits[REPO, start].tree
        if all(tree.get(p) == texts[0] for p, texts in json.loads(patch).items()):
            made = self.stage.propose(patch, start=start)
            self.stage.record(made.model_copy(update={"base": start}))

    @rule(
        what=st.sampled_from(["patch", "plan", "request"]),
        subject=st.one_of(ANY_PATCH.map(digest_bytes), ANY_PLAN.map(Plan.digest), st.none()),
        kind=st.sampled_from(["comment", "transition", "assignment", "dispatch"]),
        at=NUMBER,
    )
    def forge_an_approval(self, what: str, subject: Digest | None, kind: str, at: int) -> None:
        """Said by the approver, resting on any word that somebody really gave."""
        w = self.stage.w
        wanted = {"patch": w.patch and w.patch.patch, "plan": w.plan and w.plan.plan}
        about = subject or wanted.get(what) or w.request
        self.stage.record(
            e.Approved.model_validate(
                {
                    "at": NOW,
                    "subject": about,
                    "what": what,
                    "approver": "Leigh",
                    "evidence": self._some_evidence(kind, at).model_dump(),
                    "policy": self.stage.rules.policy,
                    "base": w.patch.base if w.patch and what == "patch" else "",
                }
            )
        )

    def _some_evidence(self, kind: str, at: int) -> Evidence:
        issue = self.stage.tracker.issue(KEY)
        told: list[tuple[str, str, str]] = [(c.id, c.author, c.at) for c in issue.changes]
        if kind == "comment":
            told = [(c.id, c.author, c.at) for c in issue.comments]
        if kind == "dispatch":
            told = [(str(r.id), r.actor, r.at) for r in self.stage.forge.runs.values()]
        number, author, when = told[at % len(told)] if told else ("1", APPROVER, NOW)
        return Evidence.model_validate(
            {
                "platform": "actions" if kind == "dispatch" else "jira",
                "kind": kind,
                "id": number,
                "target": KEY,
                "author": author,
                "at": when,
            }
        )

    @rule()
    def forge_a_clearance(self) -> None:
        w = self.stage.w
        under = w.plan.plan if w.plan else w.request
        if w.patch and under:
            self.stage.record(e.PatchCleared(at=NOW, patch=w.patch.patch, under=under))

    @rule(at=NUMBER)
    def forge_an_override(self, at: int) -> None:
        if self.stage.w.patch:
            self.stage.record(
                e.OverrideGiven(
                    at=NOW,
                    rule="no-vault",
                    reason="it is agreed",
                    approver="Leigh",
                    subject=self.stage.w.patch.patch,
                    evidence=self._some_evidence("comment", at),
                )
            )

    @rule(at=NUMBER, subject=ANY_PATCH.map(digest_bytes))
    def forge_a_publication(self, at: int, subject: Digest) -> None:
        found = self._some_evidence("comment", at)
        self.stage.record(
            e.CommentPosted(
                at=NOW, eid=EID, topic="patch", comment=found.id, posted=NOW, subject=subject
            )
        )

    @rule(mode=st.sampled_from(["patchset", "plan", "request"]))
    def forge_another_mode(self, mode: Mode) -> None:
        opened = self.stage.events[0]
        assert isinstance(opened, e.WorkflowOpened)
        self.stage.record(opened.model_copy(update={"mode": mode}))
        self.stage.start()

    @rule(at=st.integers(0, 3))
    def forge_an_approved_plan(self, at: int) -> None:
        """A plan whose digest is that of a patch that was shown."""
        digest = digest_bytes(PATCHES[at])
        self.stage.record(e.PlanProposed(at=NOW, eid=EID, plan=digest, items=(), files=()))

    # ── a wake-up ────────────────────────────────────────────────────────────────────────

    @rule()
    def look_and_decide(self) -> None:
        self.stage.observe()

    def _as_forged(self) -> Iterator[Workflow]:
        """The state as it is, and as a ledger would have it that says: go on and write this."""
        w, events = self.stage.w, self.stage.events
        yield w
        proposals = {x.patch: x for x in events if isinstance(x, e.PatchProposed)}
        grants = {(x.subject, x.evidence): x for x in events if isinstance(x, e.Approved)}
        overrides = tuple(x for x in events if isinstance(x, e.OverrideGiven))[-6:]
        for patch in list(proposals.values())[-3:]:
            own = tuple(o.model_copy(update={"subject": patch.patch}) for o in overrides)
            for grant in list(grants.values())[-4:]:
                yield replace(
                    w,
                    state=State.APPLYING_PATCHES,
                    cleared=True,
                    patch=patch,
                    grants=(grant,),
                    overrides=own,
                )

    @invariant()
    def nothing_is_written_without_a_valid_approval(self) -> None:
        forge = self.stage.forge
        if self.stage.w.patch is None:
            return
        before = len(forge.written)
        branch = (REPO, "ai/MWC-1")
        stood = forge.branches.get(branch)
        gate = self.stage.gate()
        for w in self._as_forged():
            assert w.patch is not None
            gate.publish(w, self.stage.order(self.stage.ledger.blobs[w.patch.patch]), NOW)
        for content in PATCHES:
            gate.publish(self.stage.w, self.stage.order(content), NOW)
        for order in forge.written[before:]:
            assert permitted(self, order), f"written without permission: {order}"
            self.judged_writes += 1
        if stood is None:
            forge.branches.pop(branch, None)
        else:
            forge.branches[branch] = stood


# ── the oracle ───────────────────────────────────────────────────────────────────────────


def permitted(machine: GateMachine, order: CommitOrder) -> bool:
    """Whether at this moment somebody who may has approved exactly this write."""
    digest = "sha256:" + hashlib.sha256(order.patch).hexdigest()
    paths = list(json.loads(order.patch))
    return (
        _based_on_the_base(machine, order, paths)
        and _policy_accepts(machine, digest, paths)
        and any(says_yes(machine, digest, paths) for says_yes in _ways(machine.mode))
    )


Way = Callable[[GateMachine, str, list[str]], bool]


def _ways(mode: str) -> Iterator[Way]:
    yield lambda machine, digest, paths: _approved(machine, digest)
    if mode == "plan":
        yield lambda machine, digest, paths: any(
            _approved(machine, plan, moves=True) and all(p.startswith(folder) for p in paths)
            for plan, folder in FOLDER.items()
        )
    if mode == "request":
        yield lambda machine, digest, paths: _request_approved(machine)


def _based_on_the_base(machine: GateMachine, order: CommitOrder, paths: list[str]) -> bool:
    commits = machine.stage.forge.commits
    here: Sha | None = machine.stage.base
    now = commits[REPO, machine.stage.base].tree
    then = commits[REPO, order.parent].tree
    while here is not None and here != order.parent:
        here = commits[REPO, here].parent
    return here == order.parent and all(now.get(p) == then.get(p) for p in paths)


def _policy_accepts(machine: GateMachine, digest: str, paths: list[str]) -> bool:
    vaulted = any(p.startswith("src/vault/") for p in paths)
    if not vaulted or "no-vault" not in {r.id for r in machine.stage.policy.rules}:
        return True
    return any(
        machine.said[c.id][0] == "override" and _last_shown(machine, c.at) == digest
        for c in _words(machine)
    )


def _words(machine: GateMachine) -> list[Comment]:
    """What the approver wrote and nobody touched since."""
    kept = machine.stage.tracker.issue(KEY).comments
    return [c for c in kept if c.id in machine.said and c.author == APPROVER and not c.edited]


def _shows(machine: GateMachine) -> list[tuple[str, Digest]]:
    kept = machine.stage.tracker.issue(KEY).comments
    return [(c.at, machine.shown[c.id]) for c in kept if c.id in machine.shown and not c.edited]


def _last_shown(machine: GateMachine, at: str) -> str:
    before = [digest for when, digest in _shows(machine) if moment(when) < moment(at)]
    return before[-1] if before else ""


def _approved(machine: GateMachine, digest: str, *, moves: bool = False) -> bool:
    times = [moment(at) for at, shown in _shows(machine) if shown == digest]
    if not times:
        return False
    given = [(c.at, machine.said[c.id]) for c in _words(machine)]
    given += [
        (run.at, ("approve", digest))
        for run in machine.stage.forge.runs.values()
        if run.actor.lower() == run.triggered_by.lower() == "leigh-m"
        and (run.event, run.branch) == ("workflow_dispatch", "main")
        and run.title == f"patchgate approve {KEY} {short(Digest(digest))}"
    ]
    if moves:
        given += [
            (c.at, ("approve", ""))
            for c in machine.stage.tracker.issue(KEY).changes
            if (c.author, c.before, c.after) == (APPROVER, "Plan Review", "In Progress")
        ]
    return any(
        verb == "approve"
        and moment(at) > times[-1]
        and (named == digest if named else _last_shown(machine, at) == digest)
        for at, (verb, named) in given
    )


def _request_approved(machine: GateMachine) -> bool:
    issue = machine.stage.tracker.issue(KEY)
    texts = [c.at for c in issue.changes if c.field == "description"]
    since = moment(texts[-1] if texts else issue.ticket.created)
    assigned = [c.at for c in issue.changes if (c.author, c.after) == (APPROVER, RUNNER)]
    said = [c.at for c in _words(machine) if machine.said[c.id] == ("approve", "")]
    return any(moment(at) > since for at in assigned + said)


@pytest.mark.covers("S2.17", "S2.18", "S2.19", "S2.21", "S2.24", "S2.62")
def test_no_commit_reaches_the_forge_without_a_valid_approval_of_exactly_that_write() -> None:
    run_state_machine_as_test(
        GateMachine,
        settings=settings(stateful_step_count=25),
    )


@pytest.mark.parametrize("patch", PATCHES[:2])
@pytest.mark.parametrize("mode", ["patchset", "plan", "request"])
def test_the_machine_can_reach_a_write_that_its_oracle_permits(mode: Mode, patch: bytes) -> None:
    machine = GateMachine()
    machine.begin(mode, patch)
    machine.nothing_is_written_without_a_valid_approval()
    assert machine.judged_writes >= 1
    assert refusal_code(machine.stage.publish()) == "written"
