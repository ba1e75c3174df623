from __future__ import annotations

from typing import Literal

import pytest
from tests.core.patches import change, patch, standard

from patchgate.core.events import ChecksSeen
from patchgate.core.gates import (
    boundaries_kept,
    checks_green,
    contained,
    planning_complete,
    reproducible,
    safe_to_operate,
    together,
)
from patchgate.core.ids import FactId, digest_bytes
from patchgate.core.policy import judge
from patchgate.core.proposal import Outcome, RunRecord
from patchgate.core.verdict import Level, Verdict

BRIEF, OTHER, PLAN = digest_bytes(b"brief"), digest_bytes(b"other"), digest_bytes(b"plan")
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


def test_planning_is_complete_with_an_approved_plan_or_where_none_is_needed() -> None:
    approved = planning_complete(needed=True, plan=PLAN, approver="Leigh")
    assert approved.level is Level.PASS
    assert "Leigh" in approved.reason
    assert planning_complete(needed=False, plan=None, approver=None).level is Level.PASS


def test_planning_is_not_complete_without_a_plan_or_its_approval() -> None:
    assert planning_complete(needed=True, plan=None, approver=None).level is Level.BLOCK
    waiting = planning_complete(needed=True, plan=PLAN, approver="")
    assert waiting.level is Level.BLOCK
    assert "waits for approval" in waiting.reason


@pytest.mark.parametrize(
    ("record", "level"),
    [
        (run(), Level.PASS),
        (run(context_digest=OTHER), Level.BLOCK),
        (run(outcome=Outcome.TRUNCATED), Level.BLOCK),
        (None, Level.UNKNOWN),
    ],
)
def test_a_run_is_reproducible_only_from_the_brief_reserved_for_it(
    record: RunRecord | None, level: Level
) -> None:
    assert reproducible(record, brief=BRIEF).level is level
    assert reproducible(record, brief=None).level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("path", "level"),
    [("code/a.py", Level.PASS), ("go.mod", Level.BLOCK), (".git/x", Level.REFUSE)],
)
def test_a_patch_is_contained_as_far_as_the_policy_says(path: str, level: Level) -> None:
    gate = contained(judge(patch(change(path)), standard(), scope=None))
    assert gate.level is level
    assert gate.children[0].name == "policy standard"


def test_a_patch_that_was_not_judged_is_not_contained() -> None:
    assert not contained(None).passed


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


def test_high_risk_needs_a_way_back() -> None:
    assert safe_to_operate(high_risk=True, rollback="  ").level is Level.BLOCK
    assert safe_to_operate(high_risk=True, rollback="revert the commit").passed
    assert safe_to_operate(high_risk=False, rollback="").passed


PASSING = planning_complete(needed=False, plan=None, approver=None)


@pytest.mark.covers("S2.69", "S2.115")
def test_optional_gates_count_only_where_they_are_configured() -> None:
    off = [boundaries_kept(None), safe_to_operate(high_risk=None, rollback="")]
    assert [gate.level for gate in off] == [Level.UNKNOWN, Level.UNKNOWN]
    assert together([PASSING, *off]).level is Level.PASS
    broken = boundaries_kept(Verdict("imports", Level.BLOCK, "ui imports db"))
    assert together([PASSING, broken]).level is Level.BLOCK
    unknown = boundaries_kept(Verdict("imports", Level.UNKNOWN, "the check did not run"))
    assert not together([PASSING, unknown]).passed


def test_no_gate_at_all_is_unknown() -> None:
    assert not together([]).passed
    assert not together([boundaries_kept(None)]).passed


def test_a_required_gate_is_never_left_out() -> None:
    assert not together([PASSING, contained(None)]).passed
