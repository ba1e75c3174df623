"""The one loader of what a step is given: typed, complete, each slip named with its cure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import get_args

from patchgate.app.environment import Environment
from patchgate.app.settings import Provider
from patchgate.errors import UsageError

EID = re.compile(r"[0-9a-f]{16}")
PARCEL = re.compile(r"(briefs|proposal-[0-9a-f]{16}|evidence-[0-9a-f]{16})-[0-9a-f]{64}")
"""Names of artifacts: what they are, of which brief, and the digest of their files."""
EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,100}")
RESULTS = frozenset({"success", "failure", "cancelled", "skipped"})


class Step(StrEnum):
    """What one job does."""

    TICK = "tick"
    PROPOSE = "propose"
    SEAL = "seal"
    CHECK = "check"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs of one step, checked."""

    step: Step
    place: Path
    """Folder of this job: artifacts lie in `in` and are left in `out`."""
    checkout: Path
    brief: str = ""
    """Effect id of the brief that propose and check work on."""
    expect: tuple[str, ...] = ()
    """Names of the only artifacts that count; empty: each one whose name fits its content."""
    models: tuple[Provider, ...] = ()
    rooms: tuple[tuple[str, str], ...] = ()
    """How the jobs before this one ended."""
    event_type: str = "patchgate"

    @property
    def given(self) -> Path:
        """Where artifacts were downloaded to, each in a folder of its name."""
        return self.place / "in"

    @property
    def left(self) -> Path:
        """Where the files of the artifact are left that this step makes."""
        return self.place / "out"


def load(env: Environment) -> Inputs:
    """The inputs of this step; UsageError names the first that is missing or malformed."""
    step = _step(env.patchgate_room)
    if not env.runner_temp or not Path(env.runner_temp).is_absolute():
        raise UsageError("RUNNER_TEMP is not set", "Run this as a step of a job, by the action.")
    return Inputs(
        step=step,
        place=Path(env.runner_temp) / "patchgate",
        checkout=Path(env.github_workspace or ".") / "checkout",
        brief=_brief(step, env.patchgate_brief),
        expect=_expected(step, env.patchgate_expect),
        models=_models(env.patchgate_models),
        rooms=_rooms(env.patchgate_rooms),
        event_type=_event_type(env.patchgate_event_type),
    )


def _step(text: str) -> Step:
    try:
        return Step(text)
    except ValueError as error:
        what = f"input `room` is {text!r:.40}" if text else "input `room` is missing"
        raise UsageError(what, f"Give one of: {', '.join(Step)}.") from error


def _brief(step: Step, text: str) -> str:
    if step not in (Step.PROPOSE, Step.CHECK):
        return ""
    if not EID.fullmatch(text):
        what = f"input `brief` is {text!r:.40}" if text else "input `brief` is missing"
        raise UsageError(what, "Pass an `eid` of the matrix that the job before made.")
    return text


def _expected(step: Step, text: str) -> tuple[str, ...]:
    """Names of artifacts, as a JSON list or as one word."""
    names = _listed("expect", text) if text.startswith("[") else [text] if text else []
    for name in names:
        if not PARCEL.fullmatch(name):
            raise UsageError(
                f"input `expect` names {name!r:.120}, which is no artifact of ours",
                "Pass the output `parcel` or `sealed` of the job before, unchanged.",
            )
    if not names and step in (Step.PROPOSE, Step.CHECK):
        raise UsageError("input `expect` is missing", "Pass the output `parcel` of the tick job.")
    return tuple(names)


def _listed(name: str, text: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"input `{name}` is not JSON", "Pass the output unchanged.") from error
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UsageError(f"input `{name}` is no list of names", "Pass the output unchanged.")
    return found


def _models(text: str) -> tuple[Provider, ...]:
    known: tuple[Provider, ...] = get_args(Provider)
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in known]
    if wrong:
        raise UsageError(
            f"input `models` names {wrong[0]!r:.40}", f"Give one or both of: {', '.join(known)}."
        )
    return tuple(one for one in known if one in words or not words)


def _rooms(text: str) -> tuple[tuple[str, str], ...]:
    """`{"propose": {"result": "failure", …}, …}`, as the context `needs` has it."""
    if not text:
        return ()
    try:
        found = json.loads(text)
        pairs = tuple((str(name), str(one["result"])) for name, one in found.items())
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise UsageError("input `rooms` is malformed", "Pass `toJSON(needs)`.") from error
    wrong = [result for _, result in pairs if result not in RESULTS]
    if wrong:
        raise UsageError(f"input `rooms` has result {wrong[0]!r:.40}", "Pass `toJSON(needs)`.")
    return pairs


def _event_type(text: str) -> str:
    if text and not EVENT_TYPE.fullmatch(text):
        advice = "Give the type that the workflow's `repository_dispatch` lists."
        raise UsageError(f"input `event-type` is {text!r:.60}", advice)
    return text or "patchgate"
