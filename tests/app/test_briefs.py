"""The brief: what a model may know, from the ticket, the stream and the repository."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.app.fake_forge import patch_of
from tests.app.fakes import RUNNER
from tests.app.stage import APPROVER, EID, KEY, NOW, PLAN, REPO, REVIEWER, Stage, folder

from patchgate.app import briefs
from patchgate.app.observe import from_comment
from patchgate.app.opening import Opened
from patchgate.core import events as e
from patchgate.core.commands import Propose
from patchgate.core.ids import Digest, FactId, canonical, digest_bytes
from patchgate.core.plan import Finding, Review
from patchgate.core.proposal import Brief, Feedback, Outcome, RunRecord, Task
from patchgate.core.state import Pull, Question, Workflow
from patchgate.errors import NotFoundError, TakenError

PATCH = patch_of(**{"src/app.py": ("one\n", "two\n")})


def asking(task: Task = Task.IMPLEMENT) -> Propose:
    return Propose(EID, task, 2, 500_000)


def working() -> Stage:
    stage = Stage()
    stage.start()
    return stage


def brief_of(stage: Stage, task: Task = Task.IMPLEMENT, w: Workflow | None = None) -> Brief:
    opened = stage.opened()
    if w is not None:
        opened.session.w = w
    return briefs.assemble(opened.session, asking(task), opened)


def feedback(stage: Stage) -> list[Feedback]:
    return list(brief_of(stage).feedback)


def changes(source: str, detail: str = "") -> e.ChangesRequested:
    return e.ChangesRequested.model_validate(
        {"at": NOW, "source": source, "by": "somebody", "detail": detail}
    )


# ── what the ticket says ─────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.24", "S1.13", "S1.14", "S1.16", "S1.17", "S2.30")
def test_a_brief_holds_the_ticket_and_people_s_comments_and_the_commit_to_work_from() -> None:
    stage = working()
    stage.tracker.say(KEY, APPROVER, "Mind the docs.")
    brief = brief_of(stage)
    ticket = stage.tracker.issue(KEY).ticket
    assert (brief.summary, brief.description) == (ticket.summary, ticket.description)
    assert [said.text for said in brief.comments] == ["Mind the docs."]
    assert (brief.repo, brief.base, brief.start) == (REPO, stage.base, stage.base)
    assert brief.digest() == brief_of(stage).digest()


def test_another_word_on_the_ticket_is_another_context_digest() -> None:
    stage = working()
    before = brief_of(stage).digest()
    stage.tracker.say(KEY, APPROVER, "One more thing.")
    assert brief_of(stage).digest() != before


def test_what_we_said_ourselves_is_left_out() -> None:
    stage = working()
    stage.tracker.say(KEY, RUNNER, "posted by hand with our account")
    stage.post("### Patch for approval · `0123456789ab`", digest_bytes(b""))
    assert brief_of(stage).comments == ()


def test_only_the_latest_comments_are_told_and_none_without_end() -> None:
    stage = working()
    for number in range(briefs.COMMENTS + 5):
        stage.tracker.say(KEY, REVIEWER, f"{number} " + "x" * 3)
    stage.tracker.say(KEY, REVIEWER, "y" * (briefs.COMMENT_CHARS + 5))
    stage.tracker.change(KEY, REVIEWER, "description", "z" * (briefs.DESCRIPTION_CHARS + 5))
    brief = brief_of(stage)
    assert len(brief.comments) == briefs.COMMENTS
    assert brief.comments[0].text.startswith("6 ")
    assert len(brief.comments[-1].text) == briefs.COMMENT_CHARS
    assert len(brief.description) == briefs.DESCRIPTION_CHARS


# ── why there is another round ───────────────────────────────────────────────────────────


@pytest.mark.covers("S0.34", "S0.56", "S1.29")
def test_a_persons_request_brings_what_was_said_since_the_last_brief() -> None:
    stage = working()
    before = stage.tracker.say(KEY, REVIEWER, "old talk")
    stage.w = replace(stage.w, comments_through=before)
    stage.tracker.say(KEY, REVIEWER, "/changes use two spaces")
    stage.tracker.say(KEY, RUNNER, "our own")
    stage.tracker.say(KEY, APPROVER, "and no tabs")
    w = replace(stage.w, feedback=(changes("person"),))
    told = brief_of(stage, w=w).feedback
    assert [(f.kind, f.text) for f in told] == [
        ("changes", "use two spaces"),
        ("changes", "and no tabs"),
    ]


def test_changes_asked_for_on_the_pull_request_are_told_too() -> None:
    stage = working()
    number = stage.forge.write(REPO, 1, "leigh-m", "/changes name it better")
    stage.forge.write(REPO, 1, "leigh-m", "/changes something else")
    for said in stage.forge.comments(REPO, 1):
        given = from_comment(said, "github", f"{REPO}#1", stage.rules, now=NOW)
        assert given is not None
        stage.record(given)
    asked = changes("person", number).model_copy(update={"by": "leigh-m"})
    w = replace(stage.w, pull=Pull(REPO, 1, "", stage.base), feedback=(asked,))
    assert [f.text for f in brief_of(stage, w=w).feedback] == ["name it better"]


def test_two_requests_for_the_same_words_tell_them_once() -> None:
    stage = working()
    stage.tracker.say(KEY, REVIEWER, "/changes once")
    w = replace(stage.w, feedback=(changes("person", "1"), changes("person")))
    assert [f.text for f in brief_of(stage, w=w).feedback] == ["once"]


def test_when_the_last_comment_that_was_told_is_gone_all_are_told() -> None:
    stage = working()
    stage.tracker.say(KEY, REVIEWER, "kept")
    w = replace(stage.w, feedback=(changes("person"),), comments_through="deleted")
    assert [f.text for f in brief_of(stage, w=w).feedback] == ["kept"]


@pytest.mark.parametrize(
    ("source", "detail", "kind", "text"),
    [
        ("ci", "lint failed: E501", "ci", "lint failed: E501"),
        ("ci", "", "ci", "required checks are red"),
        ("policy", "max-files", "policy", "max-files"),
    ],
)
def test_an_automated_request_says_what_it_found(
    source: str, detail: str, kind: str, text: str
) -> None:
    stage = working()
    stage.record(changes(source, detail))
    assert feedback(stage) == [Feedback.model_validate({"kind": kind, "text": text})]


def test_the_policys_findings_are_told_one_by_one() -> None:
    stage = working()
    stage.propose(PATCH)
    found = e.ViolationFound(rule="max-lines", severity="REFUSE", path="a.py", message="too long")
    assert stage.w.judged is not None
    judged = stage.w.judged.model_copy(update={"violations": (found,)})
    w = replace(stage.w, judged=judged, feedback=(changes("policy", "max-lines"),))
    assert brief_of(stage, w=w).feedback == (
        Feedback(kind="policy", text="max-lines a.py: too long"),
    )


@pytest.mark.covers("S0.88")
def test_a_review_is_told_in_the_reviewers_words() -> None:
    stage = working()
    stage.forge.review(REPO, 1, "rita-r", state="changes_requested", body="not this")
    number = stage.forge.review(REPO, 1, "rita-r", state="changes_requested", body="but that")
    w = replace(
        stage.w,
        pull=Pull(REPO, 1, "", stage.base),
        feedback=(changes("review", f"review {number}"),),
    )
    told = brief_of(stage, w=w).feedback
    assert [(f.kind, f.text) for f in told] == [("review", "but that")]


def test_the_last_failure_is_told() -> None:
    stage = working()
    w = replace(stage.w, signatures=("invalid: one", "invalid: two"))
    assert brief_of(stage, w=w).feedback == (Feedback(kind="failure", text="invalid: two"),)


# ── where the work begins ────────────────────────────────────────────────────────────────


@pytest.mark.covers("S0.57", "S1.30")
@pytest.mark.parametrize(("state", "from_branch"), [("open", True), ("closed", False)])
def test_rework_starts_at_the_branch_of_an_open_pull_request(state: str, from_branch: bool) -> None:
    stage = working()
    head = stage.forge.push(REPO, "ai/MWC-1", {"src/app.py": "one\n", "mine": "kept\n"})
    if state == "closed":
        del stage.forge.branches[REPO, "ai/MWC-1"]  # GitHub offers to, on the closed page
    w = replace(stage.w, pull=Pull(REPO, 1, "", head, state=state))
    brief = brief_of(stage, w=w)
    assert brief.base == stage.base
    assert (brief.start == head) is from_branch


@pytest.mark.covers("S0.57")
def test_commits_on_our_branch_are_kept_though_its_pull_request_was_closed() -> None:
    stage = working()
    ours = stage.forge.push(REPO, "ai/MWC-1", {"src/app.py": "one\n"})
    theirs = stage.forge.push(REPO, "ai/MWC-1", {"mine": "kept\n"})
    w = replace(stage.w, commit=ours, pull=Pull(REPO, 1, "", theirs, state="closed"))
    assert brief_of(stage, w=w).start == theirs


@pytest.mark.parametrize(
    ("ours", "words"),
    [(True, "no longer holds our commit"), (False, "is not ours")],
    ids=["it lost our commit", "it never was ours"],
)
def test_for_a_branch_in_the_way_no_model_is_asked_for_a_patch(ours: bool, words: str) -> None:
    stage = working()
    mine = stage.forge.push(REPO, "ai/MWC-1", {"src/app.py": "one\n"})
    del stage.forge.branches[REPO, "ai/MWC-1"]
    stage.forge.push(REPO, "ai/MWC-1", {"mine": "another\n"})
    closed = replace(stage.w, commit=mine, pull=Pull(REPO, 1, "", mine, state="closed"))
    w = closed if ours else stage.w
    with pytest.raises(TakenError) as caught:
        brief_of(stage, w=w)
    assert f"branch ai/MWC-1 of {REPO}" in caught.value.message
    assert words in caught.value.message
    assert "person@acme.test" in caught.value.message
    assert brief_of(stage, Task.ANSWER, w).start == stage.base, (
        "a question is answered all the same"
    )


def test_a_missing_base_branch_says_what_to_correct() -> None:
    stage = working()
    del stage.forge.branches[REPO, "main"]
    with pytest.raises(NotFoundError) as caught:
        brief_of(stage)
    assert "main" in caught.value.message
    assert "base_branch" in caught.value.advice


def test_a_ticket_that_cannot_be_seen_gets_no_brief() -> None:
    opened = working().opened()
    gone = Opened(opened.session, None)
    with pytest.raises(NotFoundError):
        briefs.assemble(opened.session, asking(), gone)


@pytest.mark.parametrize("task", [Task.PLAN, Task.IMPLEMENT])
def test_a_plan_is_what_to_work_by_and_for_planning_what_to_better(task: Task) -> None:
    stage = Stage("plan")
    stage.start()
    stage.ledger.blobs[PLAN.digest()] = canonical(PLAN.model_dump(mode="json"))
    stage.propose_plan()
    brief = brief_of(stage, task)
    planning = task is Task.PLAN
    assert (brief.plan, brief.previous_plan) == ((None, PLAN) if planning else (PLAN, None))


# ── what is set aside and written down ───────────────────────────────────────────────────


def reserve(stage: Stage, root: Path, w: Workflow | None = None) -> tuple[Brief, Opened]:
    opened = stage.opened()
    if w is not None:
        opened.session.w = w
    run = folder(root)
    eid = briefs.reserve(opened.session, asking(), opened, run)
    return Brief.model_validate_json(run.brief(eid).read_bytes()), opened


@pytest.mark.covers("S1.11", "S2.30")
def test_the_attempt_and_its_money_are_set_aside_with_the_briefs_digest(tmp_path: Path) -> None:
    stage = working()
    last = stage.tracker.say(KEY, REVIEWER, "hello")
    brief, opened = reserve(stage, tmp_path)
    (reserved,) = opened.session.pending
    assert isinstance(reserved, e.AttemptReserved)
    assert (reserved.brief, reserved.micro_dollars, reserved.run) == (
        brief.digest(),
        500_000,
        "run-1",
    )
    assert opened.session.w.comments_through == last
    order = json.loads(folder(tmp_path).checks.read_bytes())
    assert order == {"commands": [], "timeout": 900, "public": []}


def waiting_patch(stage: Stage) -> Digest:
    return stage.propose(PATCH).patch


@pytest.mark.parametrize(
    ("source", "handed_on"),
    [("person", True), ("review", True), ("ci", False), ("policy", False)],
)
def test_an_unpublished_patch_is_handed_on_only_when_people_asked_for_changes(
    tmp_path: Path, source: str, handed_on: bool
) -> None:
    stage = working()
    digest = waiting_patch(stage)
    stage.record(changes(source))
    brief, _ = reserve(stage, tmp_path)
    beside = folder(tmp_path).brief(EID).with_suffix(".patch")
    assert brief.previous_patch == (digest if handed_on else None)
    assert beside.exists() is handed_on
    if handed_on:
        assert beside.read_bytes() == PATCH


@pytest.mark.covers("S0.73")
def test_a_review_is_given_the_patch_at_the_commit_that_it_was_made_for(tmp_path: Path) -> None:
    stage = working()
    digest = waiting_patch(stage)
    start = stage.base
    stage.tracker.say(KEY, REVIEWER, "mind the tests")
    stage.forge.push(REPO, "main", {"docs/guide.md": "moved\n"})
    opened = stage.opened()
    briefs.reserve(opened.session, asking(Task.REVIEW), opened, folder(tmp_path))
    path = folder(tmp_path).brief(EID)
    brief = Brief.model_validate_json(path.read_bytes())
    assert (brief.task, brief.start, brief.previous_patch) == (Task.REVIEW, start, digest)
    assert path.with_suffix(".patch").read_bytes() == PATCH
    assert (brief.model.provider, brief.feedback) == ("openai", ())
    assert opened.session.w.comments_through == ""


def test_what_a_reviewing_model_blocks_is_told_to_the_next_attempt(tmp_path: Path) -> None:
    stage = working()
    digest = waiting_patch(stage)
    found = Review(
        verdict="block",
        findings=(Finding(severity="blocking", path="src/app.py", line=1, message="loses money"),),
    )
    content = canonical(found.model_dump(mode="json"))
    stage.ledger.blobs[digest_bytes(content)] = content
    stage.record(
        e.PatchReviewed(at=NOW, patch=digest, verdict="block", review=digest_bytes(content)),
        changes("reviewer"),
    )
    brief, _ = reserve(stage, tmp_path)
    assert [(f.kind, f.text) for f in brief.feedback][:1] == [
        ("review", "A reviewing model found:\nblocking src/app.py:1 loses money")
    ]
    assert brief.previous_patch == digest


def test_a_published_patch_is_not_handed_on(tmp_path: Path) -> None:
    stage = working()
    digest = waiting_patch(stage)
    w = replace(stage.w, published=digest, feedback=(changes("person"),))
    brief, _ = reserve(stage, tmp_path, w)
    assert brief.previous_patch is None


def test_a_patch_for_another_start_is_not_handed_on(tmp_path: Path) -> None:
    stage = working()
    waiting_patch(stage)
    stage.record(changes("person"))
    stage.forge.push(REPO, "main", {"docs/guide.md": "moved\n"})
    brief, _ = reserve(stage, tmp_path)
    assert brief.previous_patch is None


def test_a_question_is_told_and_what_was_said_stays_untold_for_the_work(tmp_path: Path) -> None:
    stage = working()
    fact = FactId("jira:comment:1")
    stage.tracker.say(KEY, REVIEWER, "/ask why?")
    opened = stage.opened()
    opened.session.w = replace(opened.session.w, questions=(Question(fact, "why?"),))
    command = Propose(EID, Task.ANSWER, 1, 100, fact)
    briefs.reserve(opened.session, command, opened, folder(tmp_path))
    brief = Brief.model_validate_json(folder(tmp_path).brief(EID).read_bytes())
    assert brief.question == "why?"
    assert opened.session.w.comments_through == ""


def test_runs_of_one_stream_have_contexts_of_their_own() -> None:
    stage = working()
    before = brief_of(stage)
    run = RunRecord(
        role="implementer",
        provider="anthropic",
        model="claude-test",
        prompt_digest=before.digest(),
        context_digest=before.digest(),
        outcome=Outcome.FAILED,
    )
    stage.record(
        e.RunFinished(at=NOW, eid=EID, task=Task.IMPLEMENT, attempt=1, record=run, charged=1)
    )
    assert brief_of(stage).digest() != before.digest()
