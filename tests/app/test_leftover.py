"""A commit of ours that a dead run left on our branch makes room; nobody else's ever does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.app.fake_forge import BOT, Commit, FakeForge, patch_of
from tests.app.stage import APPROVER, EID, KEY, NOW, REPO, Stage, refusal_code

from patchgate.app import briefs
from patchgate.core import events as e
from patchgate.core import words
from patchgate.core.commands import Propose
from patchgate.core.events import Event
from patchgate.core.ids import RepoName, Sha
from patchgate.core.proposal import Task
from patchgate.errors import TakenError
from patchgate.ports import CommitFacts

PATCH = patch_of(**{"src/app.py": ("one\n", "two\n")})
NEXT = patch_of(**{"src/app.py": ("one\n", "three\n")})
BRANCH = "ai/MWC-1"
PLACE = (REPO, BRANCH)


def approved(stage: Stage, patch: bytes) -> None:
    stage.propose(patch)
    stage.publish_patch()
    stage.tracker.say(KEY, APPROVER, "/approve")
    stage.observe()


def published(stage: Stage) -> Event:
    """The write of the present patch, with the words of a real commit."""
    assert stage.w.patch is not None
    message = words.commit_message(
        KEY, "change", patch=stage.w.patch.patch, approver="Leigh", head="head"
    )
    return stage.gate().publish(stage.w, replace(stage.order(), message=message), NOW)


def announced(stage: Stage) -> None:
    intent = e.Intent(eid=EID, effect="commit", target=f"{REPO}:{BRANCH}")
    stage.record(e.Intended(at=NOW, effects=(intent,), run="run-1"))


def left_by_a_dead_run(*, intent: bool = True) -> Stage:
    """A patch was approved and pushed, its record was lost, and then its approval."""
    stage = Stage()
    stage.start()
    approved(stage, PATCH)
    if intent:
        announced(stage)
    assert isinstance(published(stage), e.PatchPublished)
    given_up(stage)
    return stage


def given_up(stage: Stage) -> None:
    asked = {"at": NOW, "source": "person", "by": "Leigh", "detail": "shorter"}
    stage.record(e.ChangesRequested.model_validate(asked))


def brief_start(stage: Stage) -> str:
    command = Propose(EID, Task.IMPLEMENT, stage.w.attempt, 500_000)
    opened = stage.opened()
    return briefs.assemble(opened.session, command, opened).start


@pytest.mark.covers("S1.77")
def test_what_a_dead_run_left_on_our_branch_makes_room_for_the_next_patch() -> None:
    stage = left_by_a_dead_run()
    left = stage.forge.branches[PLACE]
    assert brief_start(stage) == stage.base, "the next patch does not build on what nobody wants"
    approved(stage, NEXT)
    event = published(stage)
    assert isinstance(event, e.PatchPublished)
    assert stage.forge.branches[PLACE] == event.commit != left
    assert stage.forge.commits[REPO, Sha(event.commit)].parent == stage.base
    stage.record(event)
    assert stage.w.unrecorded == (), "from here on the branch is what the ledger says"


def test_the_same_patch_approved_anew_takes_the_place_of_what_a_dead_run_left() -> None:
    stage = left_by_a_dead_run()
    left = stage.forge.branches[PLACE]
    approved(stage, PATCH)
    event = published(stage)
    assert isinstance(event, e.PatchPublished)
    assert stage.forge.branches[PLACE] == event.commit != left, "its trailers name the new word"


def test_before_the_next_approval_nothing_is_taken_off_the_branch() -> None:
    stage = left_by_a_dead_run()
    left = stage.forge.branches[PLACE]
    stage.propose(NEXT)
    stage.publish_patch()
    assert refusal_code(published(stage)) == "no-approval"
    assert stage.forge.branches[PLACE] == left


class Slow(FakeForge):
    """The approval is taken back while our own commit is looked at."""

    def __init__(self, stage: Stage) -> None:
        vars(self).update(vars(stage.forge))
        self.stage = stage

    def commit_facts(self, repo: RepoName, commit: Sha) -> CommitFacts:
        found = super().commit_facts(repo, commit)
        self.stage.tracker.issue(KEY).comments.clear()
        return found


def test_a_word_that_is_taken_back_during_that_look_takes_nothing_off_the_branch() -> None:
    stage = left_by_a_dead_run()
    left = stage.forge.branches[PLACE]
    approved(stage, NEXT)
    stage.forge = Slow(stage)
    assert refusal_code(published(stage)) == "evidence"
    assert stage.forge.branches[PLACE] == left


def made(stage: Stage, **changes: object) -> None:
    """The branch is at a commit that differs from ours in this."""
    ours = stage.forge.commits[REPO, stage.forge.branches[PLACE]]
    other: Commit = replace(ours, **changes)  # type: ignore[arg-type]  # fields by name
    stage.forge.site.point(REPO, BRANCH, stage.forge.site.store(REPO, other))


STRANGE: dict[str, Callable[[Stage], object]] = {
    "a person went on": lambda s: s.forge.push(REPO, BRANCH, {"mine": "kept\n"}),
    "by another author": lambda s: made(s, author="person@acme.test"),
    "another tree": lambda s: made(s, tree_id=Sha("1" * 40)),
    "another parent": lambda s: made(s, parent=s.forge.push(REPO, "side", {"x": "1\n"})),
    "another message": lambda s: made(s, message="MWC-1: change\n"),
    "the message of another patch": lambda s: made(s, message=f"\nPatch-Digest: {'0' * 64}"),
}


@pytest.mark.parametrize("meddle", STRANGE.values(), ids=STRANGE.keys())
def test_what_differs_from_our_lost_commit_in_anything_stays(
    meddle: Callable[[Stage], object],
) -> None:
    stage = left_by_a_dead_run()
    meddle(stage)
    head = stage.forge.branches[PLACE]
    with pytest.raises(TakenError, match="is not ours"):
        brief_start(stage)
    approved(stage, NEXT)
    assert refusal_code(published(stage)) == "taken"
    assert stage.forge.branches[PLACE] == head


def test_a_commit_by_our_name_that_was_never_announced_stays() -> None:
    stage = left_by_a_dead_run(intent=False)
    head = stage.forge.branches[PLACE]
    assert stage.forge.commits[REPO, head].author == BOT
    approved(stage, NEXT)
    assert refusal_code(published(stage)) == "taken"
    assert stage.forge.branches[PLACE] == head
