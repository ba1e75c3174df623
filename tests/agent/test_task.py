"""A brief becomes a proposal: over HTTP, with real git, for every task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from patchgate.agent.prompts import load_prompts
from patchgate.agent.task import Performed, Worktree, perform
from patchgate.core.ids import digest_bytes
from patchgate.core.proposal import Brief, Outcome, Proposal, Task
from patchgate.data import data_dir
from patchgate.errors import ServiceError
from tests.agent.conftest import BriefMaker, Provider, SteppingClock, git, served

PROMPTS = load_prompts(data_dir("prompts"))
BOTH = pytest.mark.parametrize("provider", ["anthropic", "openai"])
EDIT = (
    "{tools: [{name: edit_file, input: {path: greet.py, old: '\"Hello \"', new: '\"Good day \"'}}]}"
)
DONE = "{final: {summary: Says good day, rationale: Asked for, criteria: [AC1]}}"


def play(brief: Brief, worktree: Worktree, *turns: str) -> Performed:
    provider: Provider = brief.model.provider
    match = f"{{task: {brief.task}, ticket: {brief.key}}}"
    script = f"answers: [{{match: {match}, turns: [{', '.join(turns)}]}}]"
    with served(provider, script) as (model, _):
        return perform(
            brief, PROMPTS[brief.task], model=model, worktree=worktree, clock=SteppingClock()
        )


@pytest.mark.covers("S0.65", "S0.68", "S2.84", "S2.86")
@BOTH
def test_an_implementation_is_gits_own_diff_with_its_proof(
    provider: Provider, make_brief: BriefMaker, worktree: Worktree, tmp_path: Path
) -> None:
    brief = make_brief(provider=provider)
    read = "{tools: [{name: read_file, input: {path: greet.py}}]}"
    done = play(brief, worktree, read, EDIT, DONE)
    assert done.patch is not None
    proposal = done.proposal
    assert proposal.patch == digest_bytes(done.patch)
    assert proposal.brief == proposal.run.context_digest == brief.digest()
    assert (proposal.summary, proposal.criteria) == ("Says good day", ("AC1",))
    run = proposal.run
    assert (run.role, run.provider, run.outcome) == ("implementer", provider, Outcome.ANSWERED)
    assert run.tools == ("read_file", "edit_file")
    assert (run.steps, run.usage.output > 0) == (3, True)
    assert run.micro_dollars is not None
    assert run.duration_ms > 0
    assert Proposal.model_validate_json(proposal.model_dump_json()) == proposal
    git(worktree.root, "reset", "-q", "--hard")
    (tmp_path / "p").write_bytes(done.patch)
    git(worktree.root, "apply", str(tmp_path / "p"))
    assert "Good day" in (worktree.root / "greet.py").read_text()


def test_created_deleted_and_ignored_files_are_in_the_patch(
    make_brief: BriefMaker, worktree: Worktree
) -> None:
    done = play(
        make_brief(),
        worktree,
        "{tools: [{name: create_file, input: {path: docs/a.md, content: A}},"
        " {name: create_file, input: {path: x.log, content: B}},"
        " {name: delete_file, input: {path: test_greet.py}}]}",
        DONE,
    )
    assert done.patch is not None
    for line in (b"new file mode 100644", b"b/docs/a.md", b"b/x.log", b"deleted file mode 100644"):
        assert line in done.patch


@pytest.mark.covers("S0.62", "S0.64", "S0.25", "S0.26", "S0.27", "S0.28", "S0.29")
@BOTH
def test_a_plan_is_read_only_and_typed(
    provider: Provider, make_brief: BriefMaker, worktree: Worktree
) -> None:
    brief = make_brief(Task.PLAN, provider=provider)
    done = play(
        brief,
        worktree,
        "{tools: [{name: create_file, input: {path: evil, content: x}}]}",
        "{final: {approach: so, files: [{path: greet.py, action: modify, reason: r}], risks: [r],"
        " unknowns: [u], non_goals: [], acceptance: [{id: AC1, text: t}],"
        " items: [{title: i, description: d, files: [greet.py], acceptance: [AC1]}]}}",
    )
    plan = done.proposal.plan
    assert plan is not None
    assert (plan.approach, plan.risks, plan.unknowns) == ("so", ("r",), ("u",))
    assert (plan.files[0].path, plan.acceptance[0].id) == ("greet.py", "AC1")
    assert (plan.items[0].title, plan.items[0].description) == ("i", "d")
    assert done.patch is None
    assert not (worktree.root / "evil").exists()


@BOTH
def test_a_triage_is_one_of_three(
    provider: Provider, make_brief: BriefMaker, worktree: Worktree
) -> None:
    final = "{final: {decision: DEFER, reason: r, question: '', wake_on: MWC-9}}"
    done = play(make_brief(Task.TRIAGE, provider=provider), worktree, final)
    assert done.proposal.triage is not None
    assert done.proposal.triage.decision == "DEFER"
    wrong = "{final: {decision: MAYBE, reason: r}}"
    done = play(make_brief(Task.TRIAGE, provider=provider), worktree, wrong, wrong)
    assert done.proposal.run.outcome is Outcome.INVALID
    assert done.proposal.triage is None


def test_a_question_is_answered_in_words(make_brief: BriefMaker, worktree: Worktree) -> None:
    done = play(make_brief(Task.ANSWER, question="Why?"), worktree, "{final: {summary: So.}}")
    assert done.proposal.summary == "So."


def test_an_implementer_may_ask_instead(make_brief: BriefMaker, worktree: Worktree) -> None:
    final = "{final: {summary: '', rationale: '', criteria: [], questions: ['Which?']}}"
    done = play(make_brief(), worktree, final)
    assert done.proposal.run.outcome is Outcome.QUESTION
    assert done.proposal.questions == ("Which?",)
    assert done.patch is None


def test_an_implementer_that_changes_nothing_has_no_patch(
    make_brief: BriefMaker, worktree: Worktree
) -> None:
    done = play(make_brief(), worktree, DONE)
    assert (done.proposal.run.outcome, done.proposal.patch) == (Outcome.NO_CHANGE, None)


@pytest.mark.parametrize("turn", ["{refuse: No.}", "{max_tokens: true}", "{status: 500}"])
def test_half_done_work_is_not_a_patch(
    make_brief: BriefMaker, worktree: Worktree, turn: str
) -> None:
    done = play(make_brief(), worktree, EDIT, turn)
    assert done.patch is None
    assert done.proposal.patch is None
    assert done.proposal.run.outcome is not Outcome.ANSWERED
    assert done.proposal.run.detail
    assert done.proposal.run.usage.output > 0


def test_a_diff_that_fails_is_a_failure_with_its_bill(
    make_brief: BriefMaker, worktree: Worktree
) -> None:
    def broken() -> bytes:
        raise ServiceError("no git")

    done = play(make_brief(), Worktree(worktree.root, broken), EDIT, DONE)
    assert done.proposal.run.outcome is Outcome.FAILED
    assert "no git" in done.proposal.run.detail
    assert done.proposal.run.usage.output > 0


def test_equal_briefs_have_equal_prompts_and_other_ones_have_others(
    make_brief: BriefMaker, worktree: Worktree
) -> None:
    def digests(**more: Any) -> tuple[str, str]:
        run = play(make_brief(**more), worktree, DONE).proposal.run
        return run.prompt_digest, run.context_digest

    assert digests() == digests()
    assert digests()[0] != digests(description="Other.")[0]
    assert digests()[1] != digests(ordinal=1)[1]


def test_a_ticket_of_ten_megabytes_is_cut_and_answered(
    make_brief: BriefMaker, worktree: Worktree
) -> None:
    done = play(make_brief(description="x" * 10_000_000), worktree, EDIT, DONE)
    assert done.proposal.run.outcome is Outcome.ANSWERED
    assert done.proposal.run.usage.total < 100_000
