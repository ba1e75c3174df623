"""What comes back from the rooms: taken only where name, digest and form are the expected ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.app.fake_forge import patch_of
from tests.app.stage import EID, NOW, PLAN, Stage, folder, kinds

from patchgate.app import settle
from patchgate.app.desk import RunFolder
from patchgate.app.session import Session
from patchgate.core import events as e
from patchgate.core.ids import Digest, RepoName, digest_bytes, digest_json, short
from patchgate.core.plan import Finding, Review
from patchgate.core.proposal import (
    CheckLevel,
    Evidence,
    Outcome,
    Proposal,
    RunRecord,
    Task,
    Usage,
)
from patchgate.core.state import State

PATCH = patch_of(**{"src/app.py": ("one\n", "two\n")})
BRIEF = digest_json({"brief": 1})
RESERVED = 500_000


@dataclass
class Table:
    """A stream with a reserved run, and the folder that the run left behind."""

    session: Session
    run: RunFolder

    def settle(self) -> list[e.Event]:
        """What is recorded."""
        before = len(self.session.pending)
        assert settle.arrive(self.session, self.run)
        return self.session.pending[before:]

    def refused(self) -> str:
        """Why the whole proposal was refused; the run is charged all the same."""
        (finished,) = self.settle()
        assert isinstance(finished, e.RunFinished)
        assert (finished.record.outcome, finished.charged) == (Outcome.INVALID, RESERVED)
        assert self.session.w.reservation is None
        assert self.session.w.failures == 1
        assert self.session.w.patch is None
        return finished.record.detail


def reserved(tmp_path: Path, task: Task = Task.IMPLEMENT, *, mode: str = "patchset") -> Table:
    """A run of that task is under way."""
    stage = Stage("plan" if mode == "plan" else "patchset")
    stage.start()
    if task is Task.REVIEW:
        stage.propose(PATCH)
    if task is Task.ANSWER:
        stage.tracker.say("MWC-1", "acc-leigh", "/ask why?")
        stage.observe()
    stage.record(
        e.AttemptReserved(
            at=NOW,
            eid=EID,
            task=task,
            attempt=1,
            brief=BRIEF,
            base=stage.base,
            start=stage.base,
            micro_dollars=RESERVED,
            run="run-1",
        )
    )
    return Table(stage.session(), folder(tmp_path))


def record(outcome: Outcome = Outcome.ANSWERED, *, cost: int | None = 1234) -> RunRecord:
    return RunRecord(
        role="implementer",
        provider="anthropic",
        model="claude-test",
        prompt_digest=digest_json("prompt"),
        context_digest=BRIEF,
        usage=Usage(input=10, output=5),
        micro_dollars=cost,
        outcome=outcome,
        detail="" if outcome is Outcome.ANSWERED else "why\nand more",
    )


def proposal(task: Task = Task.IMPLEMENT, **changes: object) -> Proposal:
    made = Proposal(
        brief=BRIEF,
        task=task,
        run=record(),
        patch=digest_bytes(PATCH) if task is Task.IMPLEMENT else None,
        summary="what it does",
    )
    return made.model_copy(update=changes)


def leave(table: Table, made: Proposal | bytes, patch: bytes | None = PATCH) -> None:
    """The files of a finished run."""
    place = table.run.proposal(EID)
    place.mkdir(parents=True)
    raw = made if isinstance(made, bytes) else made.model_dump_json().encode()
    (place / "proposal.json").write_bytes(raw)
    if patch is not None:
        (place / "patch.diff").write_bytes(patch)


def checked(table: Table, evidence: Evidence | bytes) -> None:
    path = table.run.evidence(EID)
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = evidence if isinstance(evidence, bytes) else evidence.model_dump_json().encode()
    path.write_bytes(raw)


# ── what is taken ────────────────────────────────────────────────────────────────────────


@pytest.mark.covers("S2.10", "S2.23", "S2.83", "S2.84", "S2.85", "S2.86")
def test_a_patch_is_recorded_with_the_tree_that_git_gives_and_charged(tmp_path: Path) -> None:
    table = reserved(tmp_path)
    leave(table, proposal())
    finished, proposed = table.settle()
    assert isinstance(finished, e.RunFinished)
    assert isinstance(proposed, e.PatchProposed)
    assert (finished.charged, finished.record.role, finished.record.usage.total) == (
        1234,
        "implementer",
        15,
    )
    assert (proposed.paths, proposed.added, proposed.removed) == (("src/app.py",), 1, 1)
    assert table.session.blob(proposed.patch) == PATCH
    assert table.session.w.state is State.PATCHES_PROPOSED
    assert table.session.desk.forge.branch_head(RepoName(proposed.repo), "ai/MWC-1") is None


@pytest.mark.covers("S0.64")
def test_a_plan_is_recorded_as_an_artifact_by_its_digest(tmp_path: Path) -> None:
    table = reserved(tmp_path, Task.PLAN, mode="plan")
    leave(table, proposal(Task.PLAN, plan=PLAN), None)
    _, proposed = table.settle()
    assert isinstance(proposed, e.PlanProposed)
    assert (proposed.plan, proposed.files) == (PLAN.digest(), ("src/**",))
    assert digest_bytes(table.session.blob(proposed.plan)) == PLAN.digest()


def test_an_answer_closes_the_question_that_was_asked(tmp_path: Path) -> None:
    table = reserved(tmp_path, Task.ANSWER)
    leave(table, proposal(Task.ANSWER, summary="Because."), None)
    _, answered = table.settle()
    assert isinstance(answered, e.AnswerGiven)
    assert table.session.blob(answered.answer) == b"Because."
    assert all(q.answered for q in table.session.w.questions)


REVIEW = Review(
    verdict="block",
    findings=(
        Finding(severity="note", message="fine"),
        Finding(severity="blocking", path="src/app.py", line=1, message="loses\nmoney"),
    ),
)


@pytest.mark.covers("S0.73")
def test_a_review_is_recorded_with_its_findings_beside_it_and_changes_no_attempt(
    tmp_path: Path,
) -> None:
    table = reserved(tmp_path, Task.REVIEW)
    before = table.session.w
    leave(table, proposal(Task.REVIEW, review=REVIEW), None)
    finished, said = table.settle()
    assert isinstance(finished, e.RunFinished)
    assert isinstance(said, e.PatchReviewed)
    assert finished.charged == 1234
    assert (said.patch, said.verdict) == (digest_bytes(PATCH), "block")
    assert (said.blocking, said.warnings, said.notes) == (1, 0, 1)
    assert (said.reviewer, said.own, said.first) == ("anthropic claude-test", False, "loses money")
    assert said.review is not None
    assert Review.model_validate_json(table.session.blob(said.review)) == REVIEW
    after = table.session.w
    assert (after.state, after.attempt, after.grants) == (before.state, before.attempt, ())


def test_a_review_by_the_model_that_wrote_the_patch_is_called_so(tmp_path: Path) -> None:
    table = reserved(tmp_path, Task.REVIEW)
    wrote = e.RunFinished(
        at=NOW, eid=EID, task=Task.IMPLEMENT, attempt=1, record=record(), charged=1
    )
    table.session.pending.append(wrote)
    leave(table, proposal(Task.REVIEW, review=REVIEW), None)
    assert [x.own for x in table.settle() if isinstance(x, e.PatchReviewed)] == [True]


@pytest.mark.covers("S0.73")
@pytest.mark.parametrize(
    "said",
    [
        {"verdict": "approve", "findings": []},
        {"verdict": "pass", "findings": [{"severity": "blocking", "message": "x"}]},
        {"verdict": "block", "findings": []},
        {"verdict": "pass", "findings": [], "approved": True},
    ],
    ids=["another verdict", "passes what blocks", "blocks for nothing", "more than was asked"],
)
def test_a_review_of_another_form_is_charged_and_none(
    tmp_path: Path, said: dict[str, object]
) -> None:
    table = reserved(tmp_path, Task.REVIEW)
    raw = {**proposal(Task.REVIEW).model_dump(mode="json"), "review": said}
    leave(table, json.dumps(raw).encode(), None)
    (finished,) = table.settle()
    assert isinstance(finished, e.RunFinished)
    assert (finished.record.outcome, finished.charged) == (Outcome.INVALID, RESERVED)
    w = table.session.w
    assert (w.review, len(w.review_failures), w.failures) == (None, 1, 0)


def test_nothing_is_recorded_where_the_run_brought_nothing(tmp_path: Path) -> None:
    table = reserved(tmp_path)
    assert not settle.arrive(table.session, table.run)
    assert table.session.pending == []


def test_a_proposal_that_nobody_reserved_is_left_alone(tmp_path: Path) -> None:
    stage = Stage()
    stage.start()
    table = Table(stage.session(), folder(tmp_path))
    leave(table, proposal())
    assert not settle.arrive(table.session, table.run)


# ── what is refused ──────────────────────────────────────────────────────────────────────

OTHER = patch_of(**{"src/app.py": ("one\n", "three\n")})
EXTRA = json.dumps({**proposal().model_dump(mode="json"), "approved": True}).encode()
HUGE = proposal().model_dump_json().encode() + b" " * settle.PROPOSAL_BYTES
DOES_NOT_FIT = patch_of(**{"src/app.py": ("nine\n", "two\n")})

WRONG: dict[str, tuple[Proposal | bytes, bytes | None, str]] = {
    "another brief": (proposal(brief=digest_json("x")), PATCH, "another brief"),
    "a run on another context": (
        proposal(run=record().model_copy(update={"context_digest": digest_json("x")})),
        PATCH,
        f"G1 reproducible: the run used context {short(digest_json('x'))}, reserved was",
    ),
    "another task": (proposal(Task.PLAN, plan=PLAN), PATCH, "another brief"),
    "another patch beside it": (proposal(), OTHER, "not the one"),
    "no patch named": (proposal(patch=None), PATCH, "not the one"),
    "a patch that does not apply": (
        proposal(patch=digest_bytes(DOES_NOT_FIT)),
        DOES_NOT_FIT,
        "does not apply",
    ),
    "no patch beside it": (proposal(), None, "patch.diff"),
    "no JSON": (b"{not json", PATCH, "malformed"),
    "no UTF-8": (b'{"v": "\xff"}', PATCH, "malformed"),
    "a field too many": (EXTRA, PATCH, "approved"),
    "an empty file": (b"", PATCH, "malformed"),
    "a cost below nothing": (proposal(run=record(cost=-1)), PATCH, "below nothing"),
    "a number that the ledger cannot hold": (
        proposal(run=record(cost=2**60)),
        PATCH,
        "canonical",
    ),
    "a huge file": (HUGE, PATCH, "larger"),
}


@pytest.mark.covers("S2.23")
@pytest.mark.parametrize("case", WRONG)
def test_a_proposal_is_refused_and_charged_in_full_when_it_is(tmp_path: Path, case: str) -> None:
    made, patch, why = WRONG[case]
    table = reserved(tmp_path)
    leave(table, made, patch)
    assert why in table.refused()


def _symlinked_proposal(table: Table) -> None:
    leave(table, proposal())
    path = table.run.proposal(EID) / "proposal.json"
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _symlinked_patch(table: Table) -> None:
    leave(table, proposal(), None)
    elsewhere = table.run.proposal(EID) / "elsewhere"
    elsewhere.write_bytes(PATCH)
    (table.run.proposal(EID) / "patch.diff").symlink_to(elsewhere)


def _folder_for_a_patch(table: Table) -> None:
    leave(table, proposal(), None)
    (table.run.proposal(EID) / "patch.diff").mkdir()


@pytest.mark.parametrize("spoil", [_symlinked_proposal, _symlinked_patch, _folder_for_a_patch])
def test_only_plain_files_are_read(tmp_path: Path, spoil: Callable[[Table], None]) -> None:
    table = reserved(tmp_path)
    spoil(table)
    assert "plain file" in table.refused()


@pytest.mark.parametrize(
    ("task", "changes"),
    [(Task.PLAN, {"plan": None}), (Task.TRIAGE, {"triage": None}), (Task.ANSWER, {"summary": " "})],
)
def test_an_answer_without_its_content_is_refused(
    tmp_path: Path, task: Task, changes: dict[str, object]
) -> None:
    table = reserved(tmp_path, task)
    leave(table, proposal(task, **changes), None)
    (finished,) = table.settle()
    assert isinstance(finished, e.RunFinished)
    assert finished.record.outcome is Outcome.INVALID


# ── how runs end and what they cost ──────────────────────────────────────────────────────


def test_a_run_of_unknown_price_is_charged_at_its_reserve(tmp_path: Path) -> None:
    table = reserved(tmp_path)
    leave(table, proposal(run=record(cost=None)))
    table.settle()
    money = table.session.w.money
    assert (money.spent, money.uncertain) == (RESERVED, True)


@pytest.mark.parametrize(
    "outcome", [o for o in Outcome if o not in (Outcome.ANSWERED, Outcome.QUESTION)]
)
def test_a_run_that_did_not_answer_is_charged_and_counts_as_a_failure(
    tmp_path: Path, outcome: Outcome
) -> None:
    table = reserved(tmp_path)
    leave(table, proposal(run=record(outcome)))
    (finished,) = table.settle()
    assert isinstance(finished, e.RunFinished)
    assert (finished.signature, finished.charged) == (f"{outcome}: why", 1234)
    assert (table.session.w.failures, table.session.w.patch) == (1, None)


def test_questions_are_asked_and_no_failure(tmp_path: Path) -> None:
    table = reserved(tmp_path)
    asked = tuple(f"Which {n}?" for n in range(12))
    leave(table, proposal(run=record(Outcome.QUESTION), questions=asked))
    table.settle()
    assert (table.session.w.asked, table.session.w.failures) == (asked[:10], 0)


def test_questions_beside_an_answer_are_not_asked(tmp_path: Path) -> None:
    table = reserved(tmp_path)
    leave(table, proposal(questions=("Really?",)))
    table.settle()
    assert table.session.w.asked == ()


# ── what the checks say ──────────────────────────────────────────────────────────────────


def evidence_for(patch: Digest, level: CheckLevel = CheckLevel.PASSED) -> Evidence:
    return Evidence(patch=patch, level=level, reason="all good")


LEVELS: dict[str, tuple[Evidence | bytes, str]] = {
    "fits": (evidence_for(digest_bytes(PATCH)), "PASSED"),
    "is for another patch": (evidence_for(digest_bytes(OTHER)), "UNKNOWN"),
    "is no JSON": (b"PASSED", "UNKNOWN"),
    "is empty": (b"", "UNKNOWN"),
    "says less than it should": (b'{"patch": "sha256:0"}', "UNKNOWN"),
    "is huge": (b" " * (settle.EVIDENCE_BYTES + 1), "UNKNOWN"),
}


@pytest.mark.covers("S2.15", "S2.27")
@pytest.mark.parametrize("case", LEVELS)
def test_evidence_counts_only_where_it(tmp_path: Path, case: str) -> None:
    evidence, level = LEVELS[case]
    table = reserved(tmp_path)
    leave(table, proposal())
    checked(table, evidence)
    events = table.settle()
    assert kinds(events) == ["run-finished", "patch-proposed", "evidence-received"]
    received = events[-1]
    assert isinstance(received, e.EvidenceReceived)
    assert received.level == level
    assert received.reason
