"""Inputs of a step and artifacts between jobs: each slip is named, and nothing slips through."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchgate.app.action.inputs import Step, load
from patchgate.app.action.parcels import arrived, digest_of, named, opened
from patchgate.app.environment import Environment
from patchgate.errors import MalformedError, NotFoundError, UsageError

EID = "0123456789abcdef"
BRIEFS = "briefs-" + "a" * 64
GOOD = {
    "PATCHGATE_ROOM": "propose",
    "PATCHGATE_BRIEF": EID,
    "PATCHGATE_EXPECT": BRIEFS,
    "RUNNER_TEMP": "/job",
}


def inputs(**changed: str) -> object:
    return load(Environment.from_mapping({**GOOD, **changed}))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"PATCHGATE_ROOM": ""}, "`room` is missing"),
        ({"PATCHGATE_ROOM": "tock"}, "`room` is 'tock'"),
        ({"RUNNER_TEMP": ""}, "RUNNER_TEMP is not set"),
        ({"RUNNER_TEMP": "here"}, "RUNNER_TEMP is not set"),
        ({"PATCHGATE_BRIEF": ""}, "`brief` is missing"),
        ({"PATCHGATE_BRIEF": "../../etc"}, "`brief` is '../../etc'"),
        ({"PATCHGATE_EXPECT": ""}, "`expect` is missing"),
        ({"PATCHGATE_EXPECT": "briefs-1"}, "`expect` names 'briefs-1'"),
        ({"PATCHGATE_EXPECT": '["x'}, "`expect` is not JSON"),
        ({"PATCHGATE_EXPECT": "[1]"}, "`expect` is no list"),
        ({"PATCHGATE_EXPECT": f'["{BRIEFS}", "../x"]'}, "`expect` names '../x'"),
        ({"PATCHGATE_MODELS": "claude"}, "`models` names 'claude'"),
        ({"PATCHGATE_ROOMS": "[]"}, "`rooms` is malformed"),
        ({"PATCHGATE_ROOMS": '{"propose": {"result": "maybe"}}'}, "`rooms` has result 'maybe'"),
        ({"PATCHGATE_EVENT_TYPE": "a b"}, "`event-type` is 'a b'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_slip_in_an_input_is_named_with_its_cure(changed: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        inputs(**changed)
    assert words in caught.value.message
    assert caught.value.advice != UsageError.default_advice


def test_good_inputs_are_read() -> None:
    found = load(Environment.from_mapping({**GOOD, "PATCHGATE_MODELS": "openai"}))
    assert (found.step, found.brief, found.expect) == (Step.PROPOSE, EID, (BRIEFS,))
    assert (found.models, found.given) == (("openai",), Path("/job/patchgate/in"))


# ── artifacts ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def parcel(tmp_path: Path) -> Path:
    """A proposal that came under its own name."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "proposal.json").write_text("{}")
    (made / "patch.diff").write_text("--- a\n+++ b\n")
    came = tmp_path / "in" / named(f"proposal-{EID}", made)
    came.parent.mkdir()
    return made.rename(came)


def test_a_parcel_that_came_whole_is_opened(parcel: Path) -> None:
    assert opened(parcel.parent, parcel.name) == parcel
    assert arrived(parcel.parent, "proposal") == {EID: parcel.name}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda p: (p / "patch.diff").write_text("--- a\n"), id="truncated"),
        pytest.param(lambda p: (p / "patch.diff").unlink(), id="a file missing"),
        pytest.param(lambda p: (p / "more").write_text(""), id="a file more"),
        pytest.param(lambda p: (p / "patch.diff").rename(p / "patch.dif"), id="renamed"),
        pytest.param(lambda p: (p / "more").symlink_to("/etc/passwd"), id="a link"),
    ],
)
def test_a_parcel_with_other_files_than_its_name_says_is_refused(
    parcel: Path, spoil: object
) -> None:
    assert callable(spoil)
    spoil(parcel)
    with pytest.raises(MalformedError):
        opened(parcel.parent, parcel.name)


def test_a_parcel_that_did_not_come_is_missed(parcel: Path) -> None:
    with pytest.raises(NotFoundError, match="did not come"):
        opened(parcel.parent, f"proposal-{EID}-" + "0" * 64)


def test_of_two_parcels_for_one_brief_neither_counts(parcel: Path) -> None:
    (parcel.parent / f"proposal-{EID}-{'0' * 64}").mkdir()
    assert arrived(parcel.parent, "proposal") == {}


def test_the_digest_is_of_names_and_contents_alone(parcel: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "patch.diff").write_text("--- a\n+++ b\n")
    (other / "proposal.json").write_text("{}")
    assert digest_of(other) == digest_of(parcel)
