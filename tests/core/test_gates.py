from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from tests.core.patches import change, diff_adding, patch, standard
from tests.core.stories import LEIGH, at_plan_review, parent_with_two

from patchgate.core.events import ChecksSeen
from patchgate.core.gates import (
    G2,
    G4,
    G5,
    checks_green,
    patch_gates,
    planning_complete,
    reproducible,
    together,
)
from patchgate.core.ids import FactId, digest_bytes
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Kind, Policy, Rule, Severity, judge
from patchgate.core.proposal import Outcome, RunRecord
from patchgate.core.state import Workflow
from patchgate.core.verdict import Level, Verdict

BRIEF, OTHER = digest_bytes(b"brief"), digest_bytes(b"other")
HEAD = "f" * 40


def run(**changed: object) -> RunRecord:
    facts: dict[str, object] = {
        "role": "implementer",
        "provider": "anthropic",
        "model": "some-model",
        "prompt_digest": OTHER,
        "context_digest": BRIEF,
        "outcome": Outcome.ANSWERED,
    }
    return RunRecord.model_validate({**facts, **changed})


def seen(
    level: Literal["green", "red", "pending", "not-required", "unknown"], head: str = HEAD
) -> ChecksSeen:
    return ChecksSeen(
        at="2026-11-21T07:00:00Z",
        fact=FactId("github:checks:1"),
        repo="acme/app",
        head=head,
        level=level,
        names=("test", "lint"),
        detail="as reported",
    )


# ── G0 and G1 ────────────────────────────────────────────────────────────────────────────


def test_a_ticket_that_needs_a_plan_is_not_planned_before_people_let_one_pass() -> None:
    assert planning_complete(Workflow(plan_required=False)).level is Level.PASS
    assert planning_complete(Workflow()).level is Level.BLOCK
    story = at_plan_review()
    waiting = planning_complete(story.w)
    assert waiting.level is Level.BLOCK
    assert "waits for approval" in waiting.reason
    story.say(LEIGH, "approve")
    story.wake()
    approved = planning_complete(story.w)
    assert approved.level is Level.PASS
    assert "approval of plan" in approved.reason
    assert "by Leigh" in approved.reason


def test_an_item_of_a_plan_is_planned_where_it_names_that_plan() -> None:
    child = next(iter(parent_with_two().children.values())).w
    assert planning_complete(child).passed
    assert not planning_complete(replace(child, parent_plan=None)).passed


def test_a_run_is_reproducible_only_from_the_brief_reserved_for_it() -> None:
    assert reproducible(run(), brief=BRIEF).level is Level.PASS
    assert reproducible(run(context_digest=OTHER), brief=BRIEF).level is Level.BLOCK


# ── G2, G4, G5 ───────────────────────────────────────────────────────────────────────────

BOUND = Rule(
    id="domain-is-pure", sentence="blocked when x", kind=Kind.BOUNDARIES, severity=Severity.BLOCK,
    message="m", globs=("domain/**",), imports=("web/**",),
)  # fmt: skip
RISKY = Rule(
    id="way-back", sentence="blocked when x", kind=Kind.SAFE_OPERATION, severity=Severity.BLOCK,
    message="m", globs=("db/**",), patterns=("[Rr]ollback",),
)  # fmt: skip


def gates(applied: AppliedPatch, *more: Rule, words: str = "") -> dict[str, Level]:
    """The level of each gate and of all, under a policy with no optional rule but these."""
    kept = [r for r in standard().rules if r.kind not in (Kind.BOUNDARIES, Kind.SAFE_OPERATION)]
    kept = [r for r in kept if r.kind is not Kind.SECRETS]
    policy = Policy(version=1, name="p", rules=(*kept, *more))
    result = judge(applied, policy, scope=None, words=words)
    found = patch_gates(result, policy)
    assert together(found).passed == result.verdict.passed
    return {gate.name: gate.level for gate in (*found, together(found))}


@pytest.mark.covers("S2.69", "S2.115")
@pytest.mark.parametrize(
    ("path", "level"),
    [("code/a.py", Level.PASS), ("go.mod", Level.BLOCK), (".git/x", Level.REFUSE)],
)
def test_a_patch_is_contained_as_far_as_the_policy_says(path: str, level: Level) -> None:
    found = gates(patch(change(path)))
    assert (found[G2], found["gates"]) == (level, level)
    assert (found[G4], found[G5]) == (Level.UNKNOWN, Level.UNKNOWN)


def test_an_import_across_a_boundary_closes_g4_and_no_other_gate() -> None:
    bad = patch(change("domain/a.py"), rendered=diff_adding("domain/a.py", "import web.pages"))
    found = gates(bad, BOUND)
    assert (found[G2], found[G4], found["gates"]) == (Level.PASS, Level.BLOCK, Level.BLOCK)
    assert gates(patch(change("domain/a.py")), BOUND)[G4] is Level.PASS


def test_a_risky_change_without_a_way_back_closes_g5_and_no_other_gate() -> None:
    risky = patch(change("db/7.sql"))
    found = gates(risky, RISKY)
    assert (found[G2], found[G5], found["gates"]) == (Level.PASS, Level.BLOCK, Level.BLOCK)
    assert gates(risky, RISKY, words="Rollback: drop it")[G5] is Level.PASS


# ── G3 ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("green", Level.PASS),
        ("red", Level.BLOCK),
        ("pending", Level.UNKNOWN),
        ("unknown", Level.UNKNOWN),
    ],
)
def test_only_green_checks_pass_whatever_is_allowed(
    level: Literal["green", "red", "pending", "unknown"], expected: Level, allow: bool
) -> None:
    gate = checks_green(seen(level), head=HEAD, allow_not_required=allow)
    assert gate.level is expected
    assert "test, lint" in gate.reason


def test_a_branch_without_required_checks_passes_only_where_that_is_allowed() -> None:
    allowed = checks_green(seen("not-required"), head=HEAD, allow_not_required=True)
    assert (allowed.level, allowed.passed) == (Level.WARN, True)
    forbidden = checks_green(seen("not-required"), head=HEAD, allow_not_required=False)
    assert not forbidden.passed


def test_checks_of_another_head_or_none_are_unknown() -> None:
    stale = checks_green(seen("green", "e" * 40), head=HEAD, allow_not_required=True)
    assert stale.level is Level.UNKNOWN
    assert "the head is ffffffffffff" in stale.reason
    assert checks_green(None, head=HEAD, allow_not_required=True).level is Level.UNKNOWN


HEAD_SAID, STALE = "f" * 12, "e" * 12


@pytest.mark.parametrize(
    ("given", "allow", "reason"),
    [
        (None, True, f"no check was read for {HEAD_SAID}"),
        (seen("green", "e" * 40), True,
         f"the checks read are those of {STALE}, the head is {HEAD_SAID}"),
        (seen("green"), True, f"green on {HEAD_SAID}: test, lint"),
        (seen("red"), True, f"red on {HEAD_SAID}: test, lint (as reported)"),
        (seen("pending").model_copy(update={"names": (), "detail": ""}), True,
         f"pending on {HEAD_SAID}"),
        (seen("not-required"), True, "the branch requires no check; the settings allow that"),
        (seen("not-required"), False, "the branch requires no check; the settings forbid that"),
    ],
    ids=lambda value: "",
)  # fmt: skip
def test_the_checks_gate_says_what_it_saw(
    given: ChecksSeen | None, allow: bool, reason: str
) -> None:
    assert checks_green(given, head=HEAD, allow_not_required=allow).reason == reason


# ── together ─────────────────────────────────────────────────────────────────────────────

PASSING = Verdict(G2, Level.PASS, "contained")


def test_optional_gates_count_only_where_they_are_configured() -> None:
    off = Verdict(G4, Level.UNKNOWN, "not configured")
    assert together([PASSING, off]).level is Level.PASS
    assert not together([PASSING, Verdict(G4, Level.UNKNOWN, "the check did not run")]).passed
    assert not together([PASSING, Verdict(G2, Level.UNKNOWN, "not configured")]).passed


def test_no_gate_at_all_is_unknown() -> None:
    assert not together([]).passed
    assert not together([Verdict(G5, Level.UNKNOWN, "not configured")]).passed
