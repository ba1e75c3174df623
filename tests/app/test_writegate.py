"""The write gate: every refusal, every field of what was approved, and the order that it gives."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel
from tests.app.fake_forge import FakeForge, patch_of
from tests.app.fakes import RUNNER
from tests.app.stage import (
    APPROVER,
    EID,
    KEY,
    NOW,
    REPO,
    REVIEWER,
    SETTINGS,
    STRANGER,
    Stage,
    frozen,
    refusal_code,
)
from tests.core.patches import change
from tests.core.patches import patch as applied_of

from patchgate.app.evidence import EvidenceReader
from patchgate.app.settings import load_settings
from patchgate.app.writegate import PublishOrder, WriteGate, lines_of
from patchgate.core import events as e
from patchgate.core.events import Approved, Evidence, OverrideGiven, PatchProposed
from patchgate.core.ids import RepoName, Sha, TicketKey, digest_bytes, short
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Scope
from patchgate.core.state import Publication, State, Workflow
from patchgate.core.state import Pull as PullKnown
from patchgate.errors import ConflictError, NotFoundError, RefusedError, TakenError
from patchgate.ports import PullOrder

PATCH = patch_of(**{"src/app.py": ("one\n", "two\n")})
OTHER = patch_of(**{"src/app.py": ("one\n", "three\n")})
VAULT = patch_of(**{"src/vault/key": (None, "secret\n")})


def approved_patch(stage: Stage, patch: bytes = PATCH, *, said: str = "/approve") -> Stage:
    """A patch that waits for nothing but its write."""
    stage.start()
    stage.propose(patch)
    stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, said)
    stage.observe()
    return stage


def approved_plan(stage: Stage, patch: bytes = PATCH) -> Stage:
    stage.start()
    stage.propose_plan()
    stage.tracker.move(TicketKey(KEY), "Plan Review")
    stage.publish_plan()
    stage.tracker.change(KEY, APPROVER, "status", "In Progress")
    stage.observe()
    stage.propose(patch)
    stage.observe()
    return stage


def approved_request(stage: Stage, patch: bytes = PATCH) -> Stage:
    stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
    stage.observe()
    stage.propose(patch)
    stage.observe()
    return stage


def overridden(stage: Stage) -> Stage:
    """A patch that the policy blocks, let through by a person, and approved."""
    stage.policy = frozen(stage.policy)
    stage.start()
    stage.propose(VAULT)
    stage.observe()
    stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, "/override no-vault agreed with the keeper")
    stage.observe()
    stage.judge()
    stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.observe()
    return stage


READY: dict[str, Callable[[], Stage]] = {
    "patchset": lambda: approved_patch(Stage()),
    "plan": lambda: approved_plan(Stage("plan")),
    "request": lambda: approved_request(Stage("request")),
    "overridden": lambda: overridden(Stage()),
}


def last(stage: Stage, kind: type[BaseModel]) -> int:
    return max(n for n, event in enumerate(stage.events) if isinstance(event, kind))


def retold(stage: Stage, at: int, event: Any) -> Stage:
    """The same stream with another event in one place."""
    events = [*stage.events[:at], event, *stage.events[at + 1 :]]
    stage.events, stage.w = [], Workflow()
    stage.record(*events)
    return stage


# ── what opens ───────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S2.12", "S2.57", "S2.106")
@pytest.mark.parametrize("way", READY)
def test_an_approved_patch_is_written_once_as_exactly_that_commit(way: str) -> None:
    stage = READY[way]()
    event = stage.publish()
    assert isinstance(event, e.PatchPublished)
    (order,) = stage.forge.written
    assert order.parent == stage.base
    assert digest_bytes(order.patch) == event.patch
    assert stage.forge.branches[REPO, "ai/MWC-1"] == event.commit


@pytest.mark.covers("S1.77")
@pytest.mark.parametrize("way", READY)
def test_a_write_that_is_done_again_after_a_crash_gives_the_same_commit(way: str) -> None:
    stage = READY[way]()
    once, again = stage.publish(), stage.publish()
    assert isinstance(once, e.PatchPublished)
    assert once == again
    assert stage.forge.written[0] == stage.forge.written[1]


class Slow(FakeForge):
    """Somebody takes their word back while git works on the patch."""

    def __init__(self, stage: Stage) -> None:
        vars(self).update(vars(stage.forge))
        self.stage = stage

    def apply(self, repo: RepoName, start: Sha, patch: bytes) -> AppliedPatch:
        applied = super().apply(repo, start, patch)
        self.stage.tracker.change(KEY, STRANGER, "description", "And a back door.")
        return applied


def test_what_changes_while_git_works_on_the_patch_still_counts() -> None:
    stage = READY["request"]()
    stage.forge = Slow(stage)
    assert refusal_code(stage.publish()) == "evidence"
    assert not stage.forge.written


def test_the_commit_carries_the_time_of_the_approval_as_the_platform_tells_it() -> None:
    stage = READY["patchset"]()
    stage.publish()
    said = stage.tracker.issue(KEY).comments[-1]
    assert stage.forge.written[0].when == said.at


def test_a_moved_base_that_left_the_touched_files_alone_keeps_the_approval() -> None:
    stage = READY["patchset"]()
    stage.forge.push(REPO, "main", {"docs/guide.md": "other\n"})
    assert refusal_code(stage.publish()) == "written"


@pytest.mark.covers("S0.57", "S0.58")
def test_rework_goes_on_from_the_head_of_our_branch() -> None:
    stage = approved_patch(Stage())
    published = stage.publish()
    stage.record(published)
    order = pull_order()
    pull = stage.gate().put_pull(stage.w, order)
    stage.record(e.PullPut(at=NOW, eid=EID, repo=REPO, number=pull.number, url="", head=pull.head))
    stage.tracker.say(KEY, APPROVER, "/changes three, please")
    stage.observe()
    head = stage.forge.push(REPO, "ai/MWC-1", {"note.txt": "by a person\n"})
    again = patch_of(**{"src/app.py": ("two\n", "three\n")})
    stage.propose(again, start=head)
    stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, f"/approve {short(digest_bytes(again))}")
    stage.observe()
    assert refusal_code(stage.publish()) == "written"
    tip = stage.forge.commits[REPO, stage.forge.branches[REPO, "ai/MWC-1"]]
    assert tip.parent == head
    assert tip.tree["note.txt"] == "by a person\n"


def test_a_file_without_lines_counts_for_none() -> None:
    binary = change("logo.png", "A", lines=(None, None))
    assert lines_of(applied_of(change("a.py", lines=(3, 1)), binary)) == (3, 1)


# ── every refusal ────────────────────────────────────────────────────────────────────────

Spoil = Callable[[Stage], PublishOrder | None]


def _wrong_bytes(stage: Stage) -> PublishOrder:
    return stage.order(OTHER)


def _another_branch(stage: Stage) -> PublishOrder:
    return replace(stage.order(), branch="ai/MWC-2")


def _the_base_branch(stage: Stage) -> PublishOrder:
    return replace(stage.order(), branch="main")


def _base_gone(stage: Stage) -> None:
    del stage.forge.branches[REPO, "main"]


def _base_moved(stage: Stage) -> None:
    stage.forge.push(REPO, "main", {"src/app.py": "mine\n"})


def _base_rewritten(stage: Stage) -> None:
    tree = dict(stage.forge.commits[REPO, stage.base].tree)
    del stage.forge.branches[REPO, "main"]
    stage.forge.push(REPO, "main", tree)


def _branch_taken(stage: Stage) -> None:
    stage.forge.branches[REPO, "ai/MWC-1"] = stage.base


def _policy_changed(stage: Stage) -> None:
    rule = frozen(stage.policy).rules[-1].model_copy(update={"globs": ("src/**",)})
    stage.policy = stage.policy.model_copy(update={"rules": (*stage.policy.rules, rule)})


def _routed_elsewhere(stage: Stage) -> None:
    stage.forge.push(RepoName("acme/other"), "main", {"readme": "other\n"})
    stage.settings = load_settings(SETTINGS.replace("acme/shop", "acme/other"))


def _routed_to_another_base(stage: Stage) -> None:
    stage.settings = load_settings(SETTINGS + "    base_branch: develop\n")


def _routed_nowhere(stage: Stage) -> None:
    stage.settings = load_settings(SETTINGS + "    match: {labels: [never]}\n")


def _comment_edited(stage: Stage) -> None:
    stage.tracker.edit_comment(KEY, stage.tracker.issue(KEY).comments[-1].id, "/approve")


def _comment_deleted(stage: Stage) -> None:
    stage.tracker.delete_comment(KEY, stage.tracker.issue(KEY).comments[-1].id)


def _publication_deleted(stage: Stage) -> None:
    stage.tracker.delete_comment(KEY, stage.tracker.issue(KEY).comments[0].id)


def _publication_edited(stage: Stage) -> None:
    shown = stage.tracker.issue(KEY).comments[0]
    stage.tracker.edit_comment(KEY, shown.id, shown.body)


def _approver_left(stage: Stage) -> None:
    stage.rules = replace(stage.rules, approvers={})


def _approver_is_the_runner(stage: Stage) -> None:
    stage.rules = replace(stage.rules, runner={"jira": APPROVER, "github": "bot"})


def _requester_may_not(stage: Stage) -> None:
    stage.rules = replace(stage.rules, separation=True)
    stage.w = replace(stage.w, requester=APPROVER)


def _ticket_gone(stage: Stage) -> None:
    stage.tracker.issues.clear()
    stage.settings = load_settings(SETTINGS)


def _commit_unknown(stage: Stage) -> None:
    del stage.forge.commits[REPO, stage.base]


def _nobody_approved(stage: Stage) -> None:
    stage.w = replace(stage.w, grants=())


def _cannot_apply(stage: Stage) -> PublishOrder:
    content = b"no patch at all"
    digest = digest_bytes(content)
    patch, grant = stage.w.patch, stage.w.grants[-1]
    assert patch is not None
    stage.w = replace(
        stage.w,
        patch=patch.model_copy(update={"patch": digest}),
        grants=(grant.model_copy(update={"subject": digest}),),
    )
    body = stage.tracker.issue(KEY).comments[0].body.replace(short(grant.subject), short(digest))
    stage.tracker.issue(KEY).comments[0] = replace(stage.tracker.issue(KEY).comments[0], body=body)
    shown = replace(stage.w.publications[0], subject=digest)
    stage.w = replace(stage.w, publications=(shown,))
    return stage.order(content)


REFUSALS: list[tuple[str, str, Spoil]] = [
    ("digest", "other bytes", _wrong_bytes),
    ("no-approval", "no approval at all", _nobody_approved),
    ("branch", "a branch that is another ticket's", _another_branch),
    ("branch", "the base branch itself", _the_base_branch),
    ("base", "the base branch is gone", _base_gone),
    ("base", "the base branch was rewritten", _base_rewritten),
    ("base-moved", "the base changed a touched file", _base_moved),
    ("taken", "a branch of our name by somebody else", _branch_taken),
    ("policy", "the policy got stricter", _policy_changed),
    ("route", "settings name another repository", _routed_elsewhere),
    ("route", "settings name another base", _routed_to_another_base),
    ("route", "settings name no repository", _routed_nowhere),
    ("evidence", "the approval was edited", _comment_edited),
    ("evidence", "the approval was deleted", _comment_deleted),
    ("evidence", "the publication was deleted", _publication_deleted),
    ("evidence", "the publication was edited", _publication_edited),
    ("evidence", "the approver is no approver any more", _approver_left),
    ("evidence", "the approver is the runner", _approver_is_the_runner),
    ("evidence", "the requester approved under strict separation", _requester_may_not),
    ("missing", "the ticket is gone", _ticket_gone),
    ("missing", "the commit is unknown", _commit_unknown),
    ("malformed", "git does not take the patch", _cannot_apply),
]


@pytest.mark.covers("S2.18", "S2.20")
@pytest.mark.parametrize(
    ("code", "spoil"), [(c, s) for c, _, s in REFUSALS], ids=[why for _, why, _ in REFUSALS]
)
def test_the_gate_refuses_when(code: str, spoil: Spoil) -> None:
    stage = READY["patchset"]()
    order = spoil(stage) or stage.order()
    event = stage.gate().publish(stage.w, order, NOW)
    assert isinstance(event, e.WriteRefused)
    assert (event.code, bool(event.reason)) == (code, True)
    assert stage.forge.written == []


@pytest.mark.parametrize("state", [s for s in State if s is not State.APPLYING_PATCHES])
def test_nothing_is_written_in_a_state_in_which_nothing_is_applied(state: State) -> None:
    stage = READY["patchset"]()
    stage.w = replace(stage.w, state=state)
    assert refusal_code(stage.publish()) == "state"
    assert stage.forge.written == []


def test_there_is_nothing_to_publish_without_a_patch() -> None:
    stage = Stage()
    with pytest.raises(NotFoundError):
        stage.publish()


# ── states that nothing honest would make ────────────────────────────────────────────────


def forged(stage: Stage, **changes: object) -> Stage:
    """The approval on the ledger with other words in it."""
    at = last(stage, Approved)
    return retold(stage, at, stage.events[at].model_copy(update=changes))


@pytest.mark.covers("S2.57")
def test_an_old_bare_approval_does_not_count_for_a_patch_that_came_later() -> None:
    stage = READY["patchset"]()
    old = stage.events[last(stage, Approved)]
    assert isinstance(old, Approved)
    stage.tracker.say(KEY, APPROVER, "/changes otherwise")
    stage.propose(OTHER)
    stage.publish_patch()
    stage.record(old.model_copy(update={"subject": digest_bytes(OTHER)}))
    assert refusal_code(stage.publish()) == "evidence"


def test_a_bare_approval_counts_only_for_what_was_shown_last_before_it() -> None:
    stage = Stage()
    stage.start()
    for patch in (OTHER, PATCH):
        stage.propose(patch)
        stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.observe()
    honest = stage.events[last(stage, Approved)]
    stage.propose(OTHER)
    stage.record(honest.model_copy(update={"subject": digest_bytes(OTHER)}))
    assert refusal_code(stage.publish()) == "evidence"


def test_our_own_reply_that_quotes_a_digest_publishes_nothing() -> None:
    stage = Stage()
    stage.start()
    proposed = stage.propose(PATCH)
    stage.post(f"### Not done\n\n`/approve {short(proposed.patch)}`: no.", proposed.patch)
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.observe()
    assert stage.w.state is State.APPLYING_PATCHES
    assert refusal_code(stage.publish()) == "evidence"


@pytest.mark.covers("S2.106")
@pytest.mark.parametrize("who", [STRANGER, REVIEWER, RUNNER])
def test_a_word_by_anybody_but_an_approver_opens_nothing(who: str) -> None:
    stage = Stage()
    stage.start()
    proposed = stage.propose(PATCH)
    stage.publish_patch()
    number = stage.tracker.say(KEY, who, "/approve")
    stage.observe()
    assert stage.w.state is State.WAITING_USER_APPROVAL
    said = stage.tracker.issue(KEY).comments[-1]
    evidence = Evidence(
        platform="jira", kind="comment", id=number, target=KEY, author=who, at=said.at
    )
    for author in (who, APPROVER):
        told = evidence.model_copy(update={"author": author})
        stage.record(approval(proposed, told))
        assert refusal_code(stage.publish()) == "evidence"
        stage.record(e.ApprovalVoided(at=NOW, subject=proposed.patch, reason="test"))
        stage.propose(PATCH)


def approval(patch: PatchProposed, evidence: Evidence) -> Approved:
    return Approved(
        at=NOW,
        subject=patch.patch,
        what="patch",
        approver="Leigh",
        evidence=evidence,
        policy=digest_bytes(b""),
        base=patch.base,
    )


def test_an_approval_given_on_another_ticket_opens_nothing_here() -> None:
    stage = Stage()
    stage.start()
    proposed = stage.propose(PATCH)
    stage.publish_patch()
    stage.tracker.create("MWC-9")
    shown = stage.tracker.issue(KEY).comments[0].body
    stage.post(shown, proposed.patch, key="MWC-9")
    number = stage.tracker.say("MWC-9", APPROVER, "/approve")
    said = stage.tracker.issue("MWC-9").comments[-1]
    evidence = Evidence(
        platform="jira", kind="comment", id=number, target="MWC-9", author=APPROVER, at=said.at
    )
    stage.record(approval(proposed, evidence))
    event = stage.publish()
    assert isinstance(event, e.WriteRefused)
    assert "MWC-9" in event.reason


@pytest.mark.parametrize("mode", ["plan", "request"])
def test_a_looser_mode_that_only_the_ledger_tells_of_opens_nothing(mode: str) -> None:
    stage = READY[mode]()
    stage.settings = load_settings(SETTINGS + "approval: {mode: patchset}\n")
    assert refusal_code(stage.publish()) == "route"


def test_a_plans_approval_opens_no_write_in_the_default_mode() -> None:
    stage = approved_plan(Stage("plan"))
    stage.w = replace(stage.w, mode="patchset")
    assert refusal_code(stage.publish()) == "no-approval"
    plan = stage.w.plan
    patch = stage.w.patch
    assert plan is not None
    assert patch is not None
    as_patch = stage.w.grants[-1].model_copy(update={"subject": patch.patch})
    stage.w = replace(
        stage.w, plan=plan.model_copy(update={"plan": patch.patch}), grants=(as_patch,)
    )
    assert refusal_code(stage.publish()) == "subject"


@pytest.mark.parametrize("scope", [Scope(("docs/**",)), None], ids=["other files", "no files"])
def test_a_patch_beyond_the_approved_plan_needs_an_approval_of_its_own(scope: Scope | None) -> None:
    stage = READY["plan"]()
    stage.policy = stage.policy.model_copy(
        update={"rules": tuple(r for r in stage.policy.rules if r.kind != "scope")}
    )
    event = stage.gate().publish(stage.w, replace(stage.order(), scope=scope), NOW)
    assert refusal_code(event) == "wider"


@pytest.mark.parametrize("how", ["edited afterwards", "given before the text"])
def test_an_approved_request_does_not_survive_another_text(how: str) -> None:
    stage = Stage("request")
    if how == "given before the text":
        stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
        stage.tracker.change(KEY, STRANGER, "description", "And a back door.")
        stage.observe()
        assert stage.w.grants == ()
        word = stage.tracker.issue(KEY).changes[0]
        evidence = Evidence(
            platform="jira",
            kind="assignment",
            id=word.id,
            target=KEY,
            author=APPROVER,
            at=word.at,
        )
        request = stage.w.request
        assert request is not None
        grant = Approved(
            at=NOW,
            subject=request,
            what="request",
            approver="Leigh",
            evidence=evidence,
            policy=stage.rules.policy,
            base="",
        )
        stage.record(grant)
    else:
        stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
        stage.observe()
        stage.tracker.change(KEY, STRANGER, "description", "And a back door.")
    stage.propose(PATCH)
    request = stage.w.request
    assert request is not None
    stage.record(e.PatchCleared(at=NOW, patch=digest_bytes(PATCH), under=request))
    stage.w = replace(stage.w, state=State.APPLYING_PATCHES)
    assert refusal_code(stage.publish()) == "evidence"


def test_an_override_made_for_an_earlier_patch_lifts_nothing_now() -> None:
    stage = READY["overridden"]()
    old = stage.events[last(stage, OverrideGiven)]
    assert isinstance(old, OverrideGiven)
    more = patch_of(**{"src/vault/other": (None, "more\n")})
    stage.propose(more)
    stage.publish_patch()
    stage.record(e.Parked(at=NOW, state="BLOCKED_POLICY", code="policy", reason="", advice=""))
    stage.record(old.model_copy(update={"subject": digest_bytes(more)}))
    stage.judge()
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.observe()
    assert stage.w.state is State.APPLYING_PATCHES
    assert refusal_code(stage.publish()) == "policy"


# ── every single field of what was approved ──────────────────────────────────────────────

BOOKKEEPING = "our own record of it: neither what is written nor who approved it"
MAY_DIFFER: dict[tuple[type[BaseModel], str], str] = {
    (Approved, "at"): BOOKKEEPING,
    (Approved, "policy"): "judged again at the write, under the policy of that moment",
    (PatchProposed, "at"): BOOKKEEPING,
    (PatchProposed, "eid"): BOOKKEEPING,
    (PatchProposed, "attempt"): BOOKKEEPING,
    (PatchProposed, "supersedes"): BOOKKEEPING,
    (PatchProposed, "summary"): "the model's words; shown, and never part of a tree",
    (OverrideGiven, "at"): BOOKKEEPING,
}
OTHERS: dict[str, tuple[object, ...]] = {
    "what": ("request", "plan"),
    "platform": ("github",),
    "kind": ("assignment", "comment"),
    "paths": (("docs/guide.md",),),
}


def mutations() -> Iterator[tuple[type[BaseModel], str, str]]:
    """(event, field of it, field of its evidence): every field that the models have."""
    for model in (Approved, PatchProposed, OverrideGiven):
        for name in model.model_fields:
            if name in ("v", "kind") or (model, name) in MAY_DIFFER:
                continue
            if name == "evidence":
                for inner in Evidence.model_fields:
                    yield model, name, inner
            else:
                yield model, name, ""


def mutated(value: object, name: str) -> object:
    """Another value of the same type."""
    if name in OTHERS:
        return next(other for other in OTHERS[name] if other != value)
    if isinstance(value, int):
        return value + 1
    if name == "at":
        return "2026-11-21T09:00:59.000+0000"
    text = str(value)
    return text[:-1] + ("0" if not text.endswith("0") else "1")


@pytest.mark.covers("S2.18", "S2.62")
@pytest.mark.parametrize("way", READY)
@pytest.mark.parametrize(
    ("model", "name", "inner"),
    list(mutations()),
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_any_other_value_of_an_approved_field_is_refused(
    way: str, model: type[BaseModel], name: str, inner: str
) -> None:
    stage = READY[way]()
    if model is OverrideGiven and way != "overridden":
        assert not [event for event in stage.events if isinstance(event, OverrideGiven)]
        return
    at = last(stage, model)
    event: Any = stage.events[at]
    if inner:
        value: object = event.evidence.model_copy(
            update={inner: mutated(getattr(event.evidence, inner), inner)}
        )
    else:
        value = mutated(getattr(event, name), name)
    changed = event.model_copy(update={name: value})
    retold(stage, at, changed)
    stage.w = replace(stage.w, state=State.APPLYING_PATCHES)
    assert refusal_code(stage.publish()) != "written"
    assert stage.forge.written == []


def test_a_field_that_may_differ_exists_and_has_its_reason() -> None:
    for (model, name), reason in MAY_DIFFER.items():
        assert name in model.model_fields
        assert reason


@pytest.mark.parametrize("at", range(0, len(PATCH), 3))
def test_any_other_byte_of_the_patch_is_refused(at: int) -> None:
    stage = READY["patchset"]()
    wrong = PATCH[:at] + bytes([PATCH[at] ^ 1]) + PATCH[at + 1 :]
    assert refusal_code(stage.publish(wrong)) == "digest"


READ_BY_THE_GATE: dict[str, tuple[object, tuple[str, ...]]] = {
    "key": ("MWC-2", tuple(READY)),
    "issue_id": ("77", tuple(READY)),
    "stream": ("MWC-2-77", tuple(READY)),
    "generation": (2, tuple(READY)),
    "repo": ("acme/other", tuple(READY)),
    "mode": ("patchset", ("plan", "request")),
    "parent": ("MWC-9", tuple(READY)),
    "parent_plan": (digest_bytes(b"other"), ()),
    "requester": (APPROVER, ()),
    "state": (State.PR_OPEN, tuple(READY)),
    "patch": (None, tuple(READY)),
    "publications": ((), ("patchset", "plan", "overridden")),
    "grants": ((), tuple(READY)),
    "overrides": ((), ("overridden",)),
    "cleared": (False, ("plan", "request")),
    "request": (digest_bytes(b"other"), ("request",)),
    "plan": (None, ("plan",)),
    "plan_required": (True, ("patchset", "request", "overridden")),
    "pull": (None, ()),
}
"""Field of the state → another value, and where that alone must close the gate. The requester
matters under strict separation, a parent's plan to its children, the pull request to what is said
there: each has a test of its own."""


@pytest.mark.parametrize("field", READ_BY_THE_GATE)
@pytest.mark.parametrize("way", READY)
def test_any_other_value_of_the_state_that_the_gate_rests_on_is_refused(
    way: str, field: str
) -> None:
    stage = READY[way]()
    order = stage.order()
    other, refused = READ_BY_THE_GATE[field]
    stage.w = replace(stage.w, **{field: other})  # type: ignore[arg-type]  # fields by name
    if stage.w.patch is None:
        with pytest.raises(NotFoundError):
            stage.gate().publish(stage.w, order, NOW)
    else:
        code = refusal_code(stage.gate().publish(stage.w, order, NOW))
        assert (code != "written") is (way in refused)
    assert bool(stage.forge.written) is (way not in refused)


class Watched(Workflow):
    """A workflow that knows which of its fields were read."""

    __slots__ = ()
    read: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        type.__getattribute__(Watched, "read").add(name)
        return object.__getattribute__(self, name)


@pytest.mark.parametrize("way", READY)
def test_the_gate_reads_no_other_field_of_the_state(way: str) -> None:
    stage = READY[way]()
    names = {field.name for field in fields(Workflow)}
    watched = Watched(**{name: getattr(stage.w, name) for name in names})
    Watched.read.clear()
    assert refusal_code(stage.gate().publish(watched, stage.order(), NOW)) == "written"
    assert Watched.read & names <= set(READ_BY_THE_GATE)


# ── children of a plan ───────────────────────────────────────────────────────────────────


def child_of(stage: Stage) -> Stage:
    """The plan's approval carried over to a sub-task, with a patch of its own."""
    child = Stage("plan")
    child.tracker, child.clock = stage.tracker, stage.clock
    issue = stage.tracker.create("MWC-2", parent=KEY)
    plan, grant = stage.w.plan, stage.w.grants[-1]
    assert plan is not None
    opened = child.events[0]
    assert isinstance(opened, e.WorkflowOpened)
    of_child = {"key": "MWC-2", "issue_id": issue.ticket.issue_id, "parent": KEY, "ordinal": 1}
    child.events, child.w = [], Workflow()
    child.record(
        opened.model_copy(update={**of_child, "plan": "none", "parent_plan": plan.plan}),
        grant,
        *(event for event in stage.events if isinstance(event, e.CommentPosted)),
    )
    child.start()
    child.propose(PATCH)
    child.record(e.PatchCleared(at=NOW, patch=digest_bytes(PATCH), under=plan.plan))
    return child


@pytest.mark.covers("S0.22", "S0.36")
def test_a_sub_task_rests_on_its_parents_approved_plan() -> None:
    child = child_of(approved_plan(Stage("plan")))
    assert refusal_code(child.publish()) == "written"
    assert child.forge.written[0].branch == "ai/MWC-2"


def test_a_parents_plan_opens_nothing_for_another_tickets_sub_task() -> None:
    child = child_of(approved_plan(Stage("plan")))
    issue = child.tracker.issue("MWC-2")
    child.tracker.create("MWC-9")
    issue.ticket = replace(issue.ticket, parent=TicketKey("MWC-9"))
    assert refusal_code(child.publish()) == "missing"


def test_a_sub_task_under_another_plan_than_the_approved_one_is_refused() -> None:
    child = child_of(approved_plan(Stage("plan")))
    child.w = replace(child.w, parent_plan=digest_bytes(b"other"))
    assert refusal_code(child.publish()) == "no-approval"


# ── what is said on the pull request ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("where", "code"), [("acme/shop#1", "written"), ("acme/shop#2", "evidence")]
)
def test_an_approval_on_github_counts_on_our_own_pull_request_alone(where: str, code: str) -> None:
    stage = READY["patchset"]()
    patch = stage.w.patch
    assert patch is not None
    number = int(where.partition("#")[2])
    body = stage.tracker.issue(KEY).comments[0].body
    posted = stage.forge.comment(REPO, number, markdown=body, eid=EID)
    said = stage.forge.write(REPO, number, "Leigh-M", f"/approve {short(patch.patch)}")
    at = stage.forge.talk[REPO, number][-1].at
    evidence = Evidence(
        platform="github", kind="comment", id=said, target=where, author="Leigh-M", at=at
    )
    stage.w = replace(
        stage.w,
        pull=PullKnown(REPO, 1, "", stage.base),
        grants=(approval(patch, evidence),),
        publications=(Publication("github", posted.id, posted.at, patch.patch),),
    )
    assert refusal_code(stage.publish()) == code


# ── the pull request ─────────────────────────────────────────────────────────────────────


def pull_order(**changes: object) -> PullOrder:
    order = PullOrder(
        repo=REPO,
        branch="ai/MWC-1",
        base_branch="main",
        title="MWC-1: change",
        body="what it does",
        labels=("patchgate",),
        reviewers=(),
        draft=False,
        eid=EID,
    )
    return replace(order, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.mark.covers("S2.13")
def test_a_pull_request_needs_the_published_patch_behind_it() -> None:
    stage = READY["patchset"]()
    with pytest.raises(NotFoundError):
        stage.gate().put_pull(stage.w, pull_order())
    stage.record(stage.publish())
    with pytest.raises(NotFoundError):
        stage.gate().put_pull(stage.w, pull_order(repo="acme/other"))
    assert stage.forge.pulls == {}
    assert stage.gate().put_pull(stage.w, pull_order()).number == 1


def test_a_pull_request_is_refused_when_the_branch_lost_our_commit() -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    stage.forge.branches[REPO, "ai/MWC-1"] = Sha(stage.base)
    with pytest.raises(TakenError):
        stage.gate().put_pull(stage.w, pull_order())
    assert stage.forge.pulls == {}


@pytest.mark.parametrize("spoil", [_comment_edited, _comment_deleted, _publication_deleted])
def test_a_pull_request_is_refused_when_its_approval_cannot_be_read_again(spoil: Spoil) -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    spoil(stage)
    with pytest.raises(RefusedError):
        stage.gate().put_pull(stage.w, pull_order())
    assert stage.forge.pulls == {}


def test_a_pull_request_is_refused_when_nobody_approved_what_it_would_show() -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    with pytest.raises(RefusedError, match="nobody approved"):
        stage.gate().put_pull(replace(stage.w, grants=()), pull_order())
    assert stage.forge.pulls == {}


def test_a_pull_request_is_refused_for_a_commit_that_is_not_the_approved_patch() -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    with pytest.raises(RefusedError, match="is not the approved patch on its start"):
        stage.gate().put_pull(replace(stage.w, commit=stage.base), pull_order())
    assert stage.forge.pulls == {}


def test_what_the_policy_stops_at_the_write_is_named_with_its_gate() -> None:
    stage = READY["patchset"]()
    _policy_changed(stage)
    refused = stage.publish()
    assert isinstance(refused, e.WriteRefused)
    assert refused.reason == "the policy of this moment says ESCALATE: G2 contained (no-vault)"


def test_work_that_stands_on_no_plan_although_it_needs_one_is_not_written() -> None:
    stage = READY["patchset"]()
    refused = stage.gate().publish(replace(stage.w, plan_required=True), stage.order(), NOW)
    assert isinstance(refused, e.WriteRefused)
    assert (refused.code, refused.reason) == (
        "plan",
        "G0 planning complete: a plan is needed and there is none yet",
    )


@pytest.mark.covers("S1.24")
def test_a_second_put_brings_the_one_pull_request_up_to_date() -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    stage.gate().put_pull(stage.w, pull_order())
    again = stage.gate().put_pull(stage.w, pull_order(title="MWC-1: better"))
    assert (again.number, len(stage.forge.pulls)) == (1, 1)


def test_words_on_the_pull_request_are_said_once() -> None:
    stage = READY["patchset"]()
    first = stage.gate().tell(REPO, 1, markdown="hello", eid=EID)
    again = stage.gate().tell(REPO, 1, markdown="hello, differently", eid=EID)
    assert first.id == again.id
    assert [c.body for c in stage.forge.comments(REPO, 1)] == ["hello"]


def test_a_pull_request_is_not_put_for_a_patch_that_came_after_the_published_one() -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    stage.propose(OTHER)
    with pytest.raises(NotFoundError):
        stage.gate().put_pull(stage.w, pull_order())
    assert stage.forge.pulls == {}


# ── which token writes, and what runs on it ──────────────────────────────────────────────


def with_quiet(stage: Stage) -> tuple[WriteGate, FakeForge]:
    """The gate beside a token that wakes no CI, and that token's forge of the same world."""
    quiet = copy.copy(stage.forge)
    quiet.written, quiet.started = [], []
    evidence = EvidenceReader(stage.tracker, stage.forge, stage.rules, REPO)
    gate = WriteGate(
        stage.forge,
        stage.forge,
        evidence,
        rules=stage.rules,
        policy=stage.policy,
        quiet=lambda repo: quiet,
    )
    return gate, quiet


@pytest.mark.parametrize("mode", ["patchset", "plan", "request"])
def test_what_no_person_saw_is_written_with_the_token_that_wakes_no_ci(mode: str) -> None:
    stage = READY[mode]()
    gate, quiet = with_quiet(stage)
    assert refusal_code(gate.publish(stage.w, stage.order(), NOW)) == "written"
    assert (len(stage.forge.written), len(quiet.written)) == (
        (1, 0) if mode == "patchset" else (0, 1)
    )


def test_a_workflow_is_started_only_on_the_commit_of_a_patch_that_was_approved() -> None:
    stage = READY["patchset"]()
    gate, head = stage.gate(), Sha("f" * 40)

    def start(at: str) -> str:
        return gate.start_checks(stage.w, "ci.yml", branch="ai/MWC-1", head=Sha(at))

    with pytest.raises(RefusedError, match="nobody approved"):
        start(head)
    stage.record(stage.publish())
    with pytest.raises(RefusedError, match="nobody approved"):
        start(head)
    assert start(stage.w.commit) == "1"
    granted = stage.w
    stage.w = replace(granted, grants=())
    with pytest.raises(RefusedError, match="nobody approved"):
        start(granted.commit)
    stage.w = granted
    stage.forge.push(REPO, "ai/MWC-1", {"x": "by a person\n"})
    with pytest.raises(ConflictError, match="no longer"):
        start(granted.commit)
    assert stage.forge.started == [("ci.yml", granted.commit)]


def test_an_approval_that_is_gone_from_jira_starts_no_workflow() -> None:
    stage = READY["patchset"]()
    stage.record(stage.publish())
    stage.tracker.issue(KEY).comments.clear()
    with pytest.raises(RefusedError):
        stage.gate().start_checks(stage.w, "ci.yml", branch="ai/MWC-1", head=Sha(stage.w.commit))
    assert stage.forge.started == []


@pytest.mark.parametrize("mode", ["plan", "request"])
def test_no_workflow_is_started_on_what_only_a_plan_or_a_request_covers(mode: str) -> None:
    stage = READY[mode]()
    stage.record(stage.publish())
    with pytest.raises(RefusedError, match="nobody approved"):
        stage.gate().start_checks(stage.w, "ci.yml", branch="ai/MWC-1", head=Sha(stage.w.commit))
