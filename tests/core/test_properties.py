"""What holds on every course that people, models and services can take together."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.stories import LEIGH, POLICY, RULES, RUNNER, Story
from tests.core.walks import ACTIONS, KINDS, active, begin, mended, to_the_end, walk

from patchgate.core import events as e
from patchgate.core.commands import JudgePatch, LookAtChecks, Propose, PublishPatch
from patchgate.core.decide import decide, foresee
from patchgate.core.events import Event
from patchgate.core.expect import after_showing, expected
from patchgate.core.fold import fold
from patchgate.core.ids import Eid
from patchgate.core.rules import ChildNow, World
from patchgate.core.state import State, Workflow

steps = st.lists(
    st.one_of(
        st.tuples(st.just("wake"), st.booleans()),
        st.tuples(st.just("help"), st.booleans()),
        st.tuples(st.sampled_from(sorted(ACTIONS)), st.booleans()),
    ),
    max_size=30,
)
kinds = st.integers(0, KINDS - 1)
walks = settings(max_examples=60)


def family(story: Story) -> list[Story]:
    return [story, *story.children.values()]


@walks
@given(kinds, steps, st.integers(0, 200))
def test_folding_goes_prefix_by_prefix(kind: int, way: list[tuple[str, bool]], cut: int) -> None:
    events = walk(begin(kind), way).events
    assert fold(events[cut:], fold(events[:cut])) == fold(events)


@walks
@given(kinds, steps)
def test_seeing_a_fact_again_adds_nothing(kind: int, way: list[tuple[str, bool]]) -> None:
    w = walk(begin(kind), way).w
    for event in walk(begin(kind), way).events:
        if isinstance(event, e.Observed):
            assert replace(fold([event], w), seq=w.seq) == w


@walks
@given(kinds, steps)
def test_no_effect_has_two_identities_and_no_identity_two_effects(
    kind: int, way: list[tuple[str, bool]]
) -> None:
    for story in family(walk(begin(kind), way)):
        eids = [c.eid for c in story.performed]
        assert len(set(eids)) == len(eids)
        patches = [(c.patch, c.eid) for c in story.performed if isinstance(c, PublishPatch)]
        assert len({eid for _, eid in patches}) == len(patches)


@walks
@given(kinds, steps)
def test_what_waits_or_is_parked_says_for_what(kind: int, way: list[tuple[str, bool]]) -> None:
    for story in family(mended(walk(begin(kind), way))):
        w = story.wake().w
        assert w.inbox == ()
        assert w.is_parked == (w.parked is not None)
        assert w.is_over == (w.ended is not None)
        assert w.is_parked == (w.resume_to is not None)
        assert story.waiting
        if w.parked:
            assert w.parked.reason
            assert w.parked.advice


# ── total, and it comes to rest ──────────────────────────────────────────────────────────

tickets = st.none() | st.builds(
    replace,
    st.just(Story().ticket),
    status=st.sampled_from(["Backlog", "Blocked", "In Progress", "Done", "Elsewhere"]),
    assignee=st.sampled_from(["", RUNNER, LEIGH, "eve"]),
    labels=st.sampled_from([frozenset[str](), frozenset({"rejected"})]),
    last_move=st.sampled_from([None, "jira:change:1"]),
)
worlds = st.builds(
    World,
    now=st.just("2026-02-01T00:00:00Z"),
    ticket=tickets,
    gone=st.sampled_from(["", "", "gone"]),
    stopped=st.sampled_from(["", "", "stopped"]),
    failures_in_row=st.integers(0, 4),
    run_ended=st.booleans(),
    parent_state=st.none() | st.sampled_from(State),
    children=st.dictionaries(st.integers(1, 2), st.builds(ChildNow, st.sampled_from(State))),
    wake=st.booleans(),
    patch_length=st.sampled_from([0, 50_000]),
)


def play(w: Workflow, world: World) -> tuple[Workflow, list[Eid]]:
    """The optimistic course until it waits or asks a model; the writes in order."""
    written: list[Eid] = []
    for _ in range(100):
        step = decide(w, world, RULES)
        assert step.events or step.commands or step.waiting
        if step.events:
            w = fold(step.events, w)
            continue
        if not step.commands or isinstance(step.commands[0], Propose):
            return w, written
        event: Event
        match step.commands[0]:
            case JudgePatch(patch):
                event = e.PatchJudged(at="t", patch=patch, policy=POLICY, level="ACCEPT")
            case LookAtChecks(head):
                event = e.ChecksSeen(
                    at="t", fact=f"c{len(w.seen)}", repo="r", head=head, level="pending"
                )
            case command:
                written.append(command.eid)
                event = expected(command, w, world)
        w, world = fold([event], w), after_showing(world, event, RULES)
    raise AssertionError(f"{w.state}: no end")


@settings(max_examples=120)
@given(kinds, steps, worlds)
def test_every_state_answers_every_world_and_comes_to_rest(
    kind: int, way: list[tuple[str, bool]], world: World
) -> None:
    for story in family(walk(begin(kind), way)):
        play(story.w, world)


@settings(max_examples=120)
@given(kinds, steps, worlds)
def test_what_is_foreseen_is_what_is_asked_for(
    kind: int, way: list[tuple[str, bool]], world: World
) -> None:
    for story in family(walk(begin(kind), way)):
        seen = [c.eid for c in foresee(story.w, world, RULES)]
        _, written = play(story.w, world)
        assert written[: len(seen)] == seen
        assert bool(seen) == bool(written) or _reads_first(story.w, world)


def _reads_first(w: Workflow, world: World) -> bool:
    while True:
        step = decide(w, world, RULES)
        if not step.events:
            return bool(step.commands) and isinstance(step.commands[0], JudgePatch | LookAtChecks)
        w = fold(step.events, w)


@walks
@given(kinds, steps)
def test_asking_twice_asks_for_the_same(kind: int, way: list[tuple[str, bool]]) -> None:
    for story in family(walk(begin(kind), way)):
        world = story.world()
        assert decide(story.w, world, RULES) == decide(story.w, world, RULES)


# ── ways on ──────────────────────────────────────────────────────────────────────────────


@settings(max_examples=120)
@given(kinds, steps)
def test_from_wherever_it_got_people_can_bring_a_ticket_to_its_end(
    kind: int, way: list[tuple[str, bool]]
) -> None:
    story = to_the_end(mended(walk(begin(kind), way)))
    assert story.w.is_over
    if not any(name in ("reject", "to Done", "gone") for name, _ in way):
        assert story.state is State.DONE


@walks
@given(kinds, steps)
def test_an_approver_can_end_whatever_has_not_ended(kind: int, way: list[tuple[str, bool]]) -> None:
    story = mended(walk(begin(kind), way))
    if not story.w.is_over:
        story.say(LEIGH, "reject")
        assert story.wake().state is State.REJECTED
    assert all(child.w.is_over for child in story.children.values())


def test_every_state_is_reached_and_left() -> None:
    chance = random.Random(7)  # noqa: S311 - a walk, not a secret
    reached: set[State] = set()
    left: set[State] = set()
    for n in range(150):
        names = ["defer", "wake", "approve bare", "wake"] if n % 5 == 0 else []
        names += ["gone", "wake", "a week passes", "wake"] if n % 25 == 1 else []
        names += [
            chance.choice(["wake", "help", chance.choice(sorted(ACTIONS))]) for _ in range(30)
        ]
        story = walk(begin(n), [(name, chance.random() < 0.5) for name in names])
        w = Workflow()
        for event in story.events:
            before, w = w.state, fold([event], w)
            reached.add(w.state)
            if before is not w.state:
                left.add(before)
    assert reached == set(State)
    assert left >= {s for s in State if s is not State.FAILED}


# ── wake-ups ─────────────────────────────────────────────────────────────────────────────

COURSE = ["changes", "approve", "red", "approve", "push", "green", "review", "approve", "green"]
"""What people and CI do to a single ticket, each once the one before was taken up."""


def lived(kind: int, disturb: list[str]) -> Story:
    """One ticket's life to its end, its wake-ups disturbed."""
    story = begin(kind)
    noise = iter(disturb)
    acts = [ACTIONS[name] for name in COURSE]
    for act in [*acts, *([None] * 20)]:
        for name in (next(noise, ""), next(noise, "")):
            if name:
                ACTIONS[name](active(story))
        story.wake()
        story.wake()
        if story.w.is_over:
            break
        if act is None:
            to_the_end(story, rounds=1)
        else:
            act(story)
    return story


@pytest.mark.covers("S1.36", "S1.77")
@settings(max_examples=60)
@given(
    st.sampled_from([0, 3, 1, 4]),
    st.lists(st.sampled_from(["", "wake", "look", "seen again", "run dies"]), max_size=40),
)
def test_wake_ups_doubled_late_lost_or_killed_lead_to_the_same_end(
    kind: int, disturb: list[str]
) -> None:
    calm, rough = lived(kind, []), lived(kind, disturb)
    assert rough.state is calm.state is State.DONE
    assert [c.eid for c in rough.performed] == [c.eid for c in calm.performed]
    assert rough.runs_asked == calm.runs_asked
    assert (rough.w.money, rough.w.attempt) == (calm.w.money, calm.w.attempt)


@settings(max_examples=30)
@given(kinds, steps, st.integers(1, 3))
def test_a_wake_up_with_nothing_new_does_nothing(
    kind: int, way: list[tuple[str, bool]], times: int
) -> None:
    story = mended(walk(begin(kind), way))
    story.wake()
    before = copy.copy(story.events), [list(s.performed) for s in family(story)]
    for _ in range(times):
        story.wake()
    assert (story.events, [s.performed for s in family(story)]) == before
