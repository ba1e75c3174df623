"""Evidence is what the platform shows now: words, moves, and the comments that they answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.app.fakes import RUNNER
from tests.app.stage import APPROVER, KEY, NOW, PLAN, REPO, STRANGER, Stage, refusal_code
from tests.app.test_writegate import (
    OTHER,
    PATCH,
    approval,
    approved_patch,
    approved_plan,
    last,
    overridden,
)

from patchgate.adapters.jira.reading import to_markdown
from patchgate.adapters.jira.writing import to_adf
from patchgate.app.evidence import EvidenceReader, Proof, published_in
from patchgate.core import words
from patchgate.core.events import Approved, Evidence, OverrideGiven, WriteRefused
from patchgate.core.ids import AccountId, TicketKey, digest_bytes, short
from patchgate.core.state import State
from patchgate.core.words import COMMENT_LIMIT


def reader(stage: Stage) -> EvidenceReader:
    return EvidenceReader(stage.tracker, stage.forge, stage.rules, REPO)


def reread(stage: Stage, grant: Approved | None = None) -> Proof | str:
    return reader(stage).reread(stage.w, grant or stage.w.grants[-1])


# ── what publishes ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("limit", [COMMENT_LIMIT, 3_000], ids=["whole", "cut"])
def test_a_patch_comment_is_known_again_after_jiras_own_format(limit: int) -> None:
    stage = approved_patch(Stage())
    said = stage.tracker.issue(KEY).comments[0].body[:limit]
    assert published_in(said) == short(digest_bytes(PATCH))
    there_and_back = to_markdown(to_adf(said))
    assert published_in(there_and_back) == short(digest_bytes(PATCH))
    patch = stage.w.patch
    assert patch is not None
    assert patch.repo in there_and_back.replace("\\", "")
    assert patch.start[:12] in there_and_back


@pytest.mark.parametrize("revision", [1, 3])
def test_a_plan_comment_is_known_again_after_jiras_own_format(revision: int) -> None:
    said = words.plan_comment(PLAN, PLAN.digest(), revision=revision, reviewer="Rita")
    assert published_in(to_markdown(to_adf(said))) == short(PLAN.digest())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Patch for approval · `0123456789ab`",
        "### Not done\n\n### Patch for approval · `0123456789ab`",
        "### Patch for approval `0123456789ab`",
        "### Patch for approval · `0123456789a`",
        words.refused_comment("/approve 0123456789ab", "no", next_step="wait"),
        words.answer_comment("what?", "### Plan for review · `0123456789ab`"),
        words.parked_comment("gate", "### Patch for approval · `0123456789ab`", advice="wait"),
    ],
)
def test_other_talk_publishes_nothing(text: str) -> None:
    assert published_in(text) == ""


# ── what is found again ──────────────────────────────────────────────────────────────────


def test_a_word_is_found_as_it_stands_with_the_publication_before_it() -> None:
    stage = approved_patch(Stage(), said=f"/approve {short(digest_bytes(PATCH))}")
    proof = reread(stage)
    assert not isinstance(proof, str)
    word, shown = proof
    shown_by, said = stage.tracker.issue(KEY).comments
    assert (word.evidence.id, word.typed, word.edited) == (
        said.id,
        short(digest_bytes(PATCH)),
        False,
    )
    assert (shown.comment, shown.at) == (shown_by.id, shown_by.at)


def test_each_question_is_answered_from_a_fresh_look() -> None:
    stage = approved_patch(Stage())
    evidence = reader(stage)
    assert not isinstance(evidence.reread(stage.w, stage.w.grants[-1]), str)
    said = stage.tracker.issue(KEY).comments[-1]
    stage.tracker.edit_comment(KEY, said.id, "/reject")
    assert "no approval" in str(evidence.reread(stage.w, stage.w.grants[-1]))


def test_a_second_publication_of_the_same_patch_asks_for_a_second_word() -> None:
    stage = approved_patch(Stage())
    stage.publish_patch()
    proof = reread(stage)
    assert not isinstance(proof, str)
    assert proof[1].at > proof[0].evidence.at


def test_the_transition_that_approves_is_read_from_the_changelog() -> None:
    stage = approved_plan(Stage("plan"))
    proof = reread(stage)
    assert not isinstance(proof, str)
    assert proof[0].evidence.author == APPROVER
    stage.tracker.issue(KEY).changes.pop()
    assert "changelog" in str(reread(stage))


@pytest.mark.parametrize(("before", "after"), [("Backlog", "In Progress"), ("Plan Review", "Done")])
def test_no_other_transition_approves_a_plan(before: str, after: str) -> None:
    stage = approved_plan(Stage("plan"))
    changes = stage.tracker.issue(KEY).changes
    changes[-1] = replace(changes[-1], before=before, after=after)
    assert "approves no plan" in str(reread(stage))


def test_status_names_are_the_same_in_any_case() -> None:
    stage = approved_plan(Stage("plan"))
    changes = stage.tracker.issue(KEY).changes
    changes[-1] = replace(changes[-1], before="PLAN REVIEW", after="in progress")
    assert not isinstance(reread(stage), str)


def test_a_bare_plan_approval_counts_for_the_revision_that_was_shown_last() -> None:
    stage = Stage("plan")
    stage.start()
    stage.propose_plan()
    stage.publish_plan()
    revised = PLAN.model_copy(update={"approach": "Another way."})
    stage.propose_plan(revised)
    stage.publish_plan(revised)
    stage.tracker.move(TicketKey(KEY), "Plan Review")
    stage.tracker.change(KEY, APPROVER, "status", "In Progress")
    stage.observe()
    grant = stage.w.grants[-1]
    assert grant.subject == revised.digest()
    assert not isinstance(reread(stage), str)
    old = grant.model_copy(update={"subject": PLAN.digest()})
    assert "shown last" in str(reread(stage, old))


def request_grant(stage: Stage, *, evidence_id: str, author: str, at: str) -> Approved:
    assert stage.w.request is not None
    evidence = Evidence(
        platform="jira", kind="assignment", id=evidence_id, target=KEY, author=author, at=at
    )
    return Approved(
        at=NOW,
        subject=stage.w.request,
        what="request",
        approver="Leigh",
        evidence=evidence,
        policy=stage.rules.policy,
        base="",
    )


@pytest.mark.parametrize(
    ("reporter", "assignee", "holds"),
    [(APPROVER, RUNNER, True), (STRANGER, RUNNER, False), (APPROVER, None, False)],
)
def test_a_ticket_created_for_the_runner_is_its_reporters_word(
    reporter: str, assignee: str | None, holds: bool
) -> None:
    stage = Stage("request")
    issue = stage.tracker.issue(KEY)
    fresh = stage.tracker.create("MWC-2", reporter=reporter, assignee=assignee).ticket
    issue.ticket = replace(
        issue.ticket, reporter=fresh.reporter, assignee=fresh.assignee, created=fresh.created
    )
    grant = request_grant(stage, evidence_id="created", author=APPROVER, at=fresh.created)
    assert isinstance(reread(stage, grant), tuple) is holds


def test_a_ticket_given_to_the_runner_later_was_not_created_for_it() -> None:
    stage = Stage("request", requester=APPROVER)
    created = stage.tracker.issue(KEY).ticket.created
    grant = request_grant(stage, evidence_id="created", author=APPROVER, at=created)
    stage.tracker.change(KEY, STRANGER, "assignee", RUNNER)
    assert "not created" in str(reread(stage, grant))
    born = replace(stage.tracker.issue(KEY).ticket, assignee=None)
    stage.tracker.issue(KEY).ticket = born
    changes = stage.tracker.issue(KEY).changes
    changes[0] = replace(changes[0], before=RUNNER, after=STRANGER)
    assert not isinstance(reread(stage, grant), str)


@pytest.mark.parametrize("kind", ["review", "dispatch"])
def test_evidence_of_another_kind_opens_nothing(kind: str) -> None:
    stage = approved_patch(Stage())
    grant = stage.w.grants[-1]
    told = grant.evidence.model_copy(update={"kind": kind})
    assert "opens nothing" in str(reread(stage, grant.model_copy(update={"evidence": told})))


# ── overrides ────────────────────────────────────────────────────────────────────────────


def why_not(stage: Stage) -> str:
    at = last(stage, OverrideGiven)
    given = stage.events[at]
    assert isinstance(given, OverrideGiven)
    return reader(stage).why_no_override(stage.w, given)


def test_an_override_holds_while_its_comment_stands() -> None:
    stage = overridden(Stage())
    assert why_not(stage) == ""
    number = stage.w.overrides[0].evidence.id
    kept = next(c for c in stage.tracker.issue(KEY).comments if c.id == number)
    stage.tracker.edit_comment(KEY, number, kept.body)
    assert "edited" in why_not(stage)
    stage.tracker.edit_comment(KEY, number, "/override no-vault another reason")
    assert "another reason" in why_not(stage)
    stage.tracker.edit_comment(KEY, number, "never mind")
    assert "no such override" in why_not(stage)
    stage.tracker.delete_comment(KEY, number)
    assert "no such override" in why_not(stage)


def test_an_override_falls_with_its_givers_right_to_approve() -> None:
    stage = overridden(Stage())
    stage.rules = replace(stage.rules, approvers={})
    assert why_not(stage)


def test_an_override_on_a_ticket_that_is_gone_does_not_hold() -> None:
    stage = overridden(Stage())
    stage.tracker.issues.clear()
    assert "cannot be read again" in why_not(stage)


# ── shown for another place, given by ourselves ──────────────────────────────────────────


def test_a_patch_shown_for_one_commit_opens_nothing_on_another_with_the_same_files() -> None:
    stage = approved_patch(Stage())
    files = dict(stage.forge.commits[REPO, stage.base].tree)
    stage.forge.push(REPO, "main", {"src/app.py": "between\n"})
    other = stage.forge.push(REPO, "main", files)
    patch, grant = stage.w.patch, stage.w.grants[-1]
    assert patch is not None
    moved = patch.model_copy(update={"base": other, "start": other})
    moved_grant = grant.model_copy(update={"base": other})
    stage.w = replace(stage.w, patch=moved, grants=(moved_grant,))
    assert "another repository or commit" in str(reread(stage))
    assert refusal_code(stage.publish()) == "evidence"


def test_a_move_by_the_runner_approves_nothing_even_where_settings_would_let_it() -> None:
    stage = Stage("plan")
    stage.start()
    stage.propose_plan()
    stage.tracker.move(TicketKey(KEY), "Plan Review")
    stage.publish_plan()
    number = stage.tracker.change(KEY, RUNNER, "status", "In Progress")
    stage.rules = replace(stage.rules, approvers={("jira", RUNNER): "Bot"})
    moved = stage.tracker.issue(KEY).changes[-1]
    evidence = Evidence(
        platform="jira", kind="transition", id=number, target=KEY, author=RUNNER, at=moved.at
    )
    grant = Approved(
        at=NOW,
        subject=PLAN.digest(),
        what="plan",
        approver="Bot",
        evidence=evidence,
        policy=stage.rules.policy,
        base="",
    )
    stage.record(grant)
    stage.propose(PATCH)
    stage.w = replace(stage.w, state=State.APPLYING_PATCHES, cleared=True)
    assert not isinstance(reread(stage, grant), str)
    event = stage.publish()
    assert isinstance(event, WriteRefused)
    assert "its own work" in event.reason


def test_a_typed_digest_approves_that_patch_and_no_other_that_was_shown() -> None:
    stage = Stage()
    stage.start()
    for patch in (OTHER, PATCH):
        stage.propose(patch)
        stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, f"/approve {short(digest_bytes(OTHER))}")
    stage.observe()
    assert stage.w.grants == ()
    said = stage.tracker.issue(KEY).comments[-1]
    evidence = Evidence(
        platform="jira", kind="comment", id=said.id, target=KEY, author=APPROVER, at=said.at
    )
    assert stage.w.patch is not None
    stage.record(approval(stage.w.patch, evidence))
    event = stage.publish()
    assert isinstance(event, WriteRefused)
    assert event.code == "evidence"


@pytest.mark.parametrize(
    ("item", "after"),
    [("assignee", "acc-rita"), ("status", "In Progress")],
    ids=["to another", "a move"],
)
def test_only_an_assignment_to_the_runner_approves_a_request(item: str, after: str) -> None:
    stage = Stage("request")
    number = stage.tracker.change(KEY, APPROVER, item, after)
    at = stage.tracker.issue(KEY).changes[-1].at
    grant = request_grant(stage, evidence_id=number, author=APPROVER, at=at)
    assert "no assignment" in str(reread(stage, grant))
    number = stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
    at = stage.tracker.issue(KEY).changes[-1].at
    grant = request_grant(stage, evidence_id=number, author=APPROVER, at=at)
    assert not isinstance(reread(stage, grant), str)


def test_a_text_that_changed_without_a_trace_in_the_history_voids_the_approval() -> None:
    stage = Stage("request")
    number = stage.tracker.change(KEY, APPROVER, "assignee", RUNNER)
    issue = stage.tracker.issue(KEY)
    grant = request_grant(stage, evidence_id=number, author=APPROVER, at=issue.changes[-1].at)
    issue.ticket = replace(issue.ticket, fields={"customfield_1": "another scope"})
    assert "text changed" in str(reread(stage, grant))


def test_somebody_elses_comment_that_looks_like_ours_publishes_nothing() -> None:
    stage = Stage()
    stage.start()
    patch = stage.propose(PATCH)
    number = stage.publish_patch()
    comments = stage.tracker.issue(KEY).comments
    comments[:] = [replace(comments[0], author=AccountId(STRANGER), ours=None)]
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.observe()
    assert stage.w.published_on("jira", patch.patch) is not None
    assert number == comments[0].id
    event = stage.publish()
    assert isinstance(event, WriteRefused)
    assert "no comment of ours" in event.reason


# ── a word given by starting the workflow by hand ────────────────────────────────────────


def dispatched(*, login: str = "leigh-m", title: str = "", **changed: str) -> Stage:
    """A patch that is shown, and the approver's run for it; `changed` is what is odd about it."""
    stage = Stage()
    stage.start()
    stage.propose(PATCH)
    stage.judge()
    stage.publish_patch()
    said = title or f"patchgate approve {KEY} {short(digest_bytes(PATCH))}"
    stage.forge.dispatch(login, said, **changed)
    stage.observe()
    return stage


def test_an_approval_by_a_run_of_the_approvers_own_lets_exactly_that_patch_be_written() -> None:
    stage = dispatched()
    (grant,) = stage.w.grants
    assert (grant.approver, grant.evidence.platform, grant.evidence.kind) == (
        "Leigh",
        "actions",
        "dispatch",
    )
    assert stage.publish().kind == "patch-published"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"login": STRANGER}, id="somebody else's run"),
        pytest.param({"login": "rita-r"}, id="a reviewer's run"),
        pytest.param({"login": "patchgate-bot"}, id="our own run"),
        pytest.param({"triggered_by": "eve"}, id="run again by another"),
        pytest.param({"branch": "ai/MWC-1"}, id="the workflow of a branch"),
        pytest.param({"event": "repository_dispatch"}, id="rung, not pressed"),
        pytest.param({"title": f"patchgate approve {KEY}"}, id="no digest"),
        pytest.param({"title": f"patchgate approve {KEY} 0123456789ab"}, id="another digest"),
        pytest.param({"title": "patchgate"}, id="a title that says nothing"),
        pytest.param({"at": "2026-11-01T00:00:00Z"}, id="before the patch was shown"),
    ],
)
def test_no_other_run_approves_anything(changed: dict[str, str]) -> None:
    stage = dispatched(**changed)
    assert stage.w.grants == ()
    assert stage.publish().kind == "write-refused"


@pytest.mark.parametrize(
    "changed",
    [
        {"author": "rita-r"},
        {"at": "2026-11-21T09:00:01Z"},
        {"target": "MWC-2"},
        {"id": "7001"},
        {"id": "x"},
        {"platform": "github"},
        {"platform": "jira"},
    ],
    ids=str,
)
def test_a_dispatched_approval_is_read_again_and_must_be_as_the_ledger_tells(
    changed: dict[str, str],
) -> None:
    stage = dispatched()
    grant = stage.w.grants[-1]
    assert not isinstance(reread(stage), str)
    forged = Evidence.model_validate({**grant.evidence.model_dump(), **changed})
    assert isinstance(reread(stage, grant.model_copy(update={"evidence": forged})), str)


def test_a_run_that_somebody_ran_again_still_shows_who_asked_for_it_first() -> None:
    stage = dispatched()
    (run,) = stage.forge.runs.values()
    stage.forge.runs[run.id] = replace(run, attempt=2, triggered_by=AccountId("eve"))
    assert not isinstance(reread(stage), str)


def test_a_run_that_is_gone_proves_nothing() -> None:
    stage = dispatched()
    stage.forge.runs.clear()
    assert "cannot be read again" in str(reread(stage))
    assert refusal_code(stage.publish()) == "evidence"
