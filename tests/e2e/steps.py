"""The rooms as steps of jobs, in this process: what the action is given, and what it leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patchgate.app import bootstrap
from patchgate.app.action import play
from patchgate.app.environment import Environment, Room
from patchgate.core.ids import RepoName, Sha
from patchgate.errors import PatchgateError
from tests.adapters.test_actions import outputs
from tests.e2e.lives import Life


@dataclass
class Step:
    """What one step left behind."""

    code: int
    said: list[str]
    outputs: dict[str, str]
    summary: str
    place: Path

    @property
    def annotations(self) -> list[str]:
        """Annotations with their level."""
        return [x for x in self.said if x.startswith(("::error", "::warning", "::notice"))]


@dataclass
class Jobs:
    """A run whose artifacts lie in one folder; every job begins in a folder of its own."""

    life: Life
    root: Path
    payload: Mapping[str, Any]
    run: str = "9001"
    count: int = field(default=0)

    def job(self, room: str, amiss: Mapping[str, str] | None = None, /, **given: str) -> Step:
        """Play one step; artifacts of the run are there under their names.

        `amiss` has variables as they are by mistake, `given` inputs.
        """
        self.count += 1
        place = self.root / f"job-{self.count}"
        (place / "patchgate").mkdir(parents=True)
        if self.artifacts.is_dir():
            shutil.copytree(self.artifacts, place / "patchgate" / "in")
        event = place / "event.json"
        event.write_text(json.dumps(self.payload), "utf-8")
        held = {
            **self._keys(room, given.pop("provider", None)),
            "PATCHGATE_ROOM": room,
            "RUNNER_TEMP": str(place),
            "GITHUB_WORKSPACE": str(self.root),
            "GITHUB_OUTPUT": str(place / "outputs"),
            "GITHUB_STEP_SUMMARY": str(place / "summary"),
            "GITHUB_EVENT_NAME": given.pop("event", "repository_dispatch"),
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_RUN_ID": self.run,
            **{f"PATCHGATE_{name.upper()}": value for name, value in given.items()},
            **(amiss or {}),
        }
        said: list[str] = []
        code = 0
        try:
            play(Environment.from_mapping(held), said.append, said.append)
        except PatchgateError as error:
            code = error.exit_code
        read = {n: (place / n).read_text("utf-8") if (place / n).exists() else "" for n in
                ("outputs", "summary")}  # fmt: skip
        step = Step(code, said, outputs(read["outputs"]), read["summary"], place)
        self._upload(step)
        return step

    @property
    def artifacts(self) -> Path:
        """Where the run's artifacts lie."""
        return self.root / "artifacts"

    def checkout(self, matrix: Mapping[str, str]) -> None:
        """What the job's checkout step does."""
        target = self.root / "checkout"
        shutil.rmtree(target, ignore_errors=True)
        env = Environment.from_mapping(self.life.world.env())
        repo, start = RepoName(matrix["repo"]), Sha(matrix["start"])
        bootstrap.checkout(env, repo, start, into=target, cache=self.root / "cache")
        (target / ".git" / "HEAD").write_text(f"{start}\n")

    def asked(self) -> tuple[Step, dict[str, str]]:
        """Tick, and the one brief that it left."""
        tick = self.job("tick")
        (matrix,) = json.loads(tick.outputs["briefs"])
        self.checkout(matrix)
        return tick, matrix

    def _keys(self, room: str, provider: str | None) -> dict[str, str]:
        kinds = {"tick": Room.TICK, "settle": Room.SETTLE, "propose": Room.PROPOSE}
        world = Environment.from_mapping(self.life.world.env())
        place = {
            k: v for k, v in self.life.world.env().items() if k.endswith(("URL", "REPOSITORY"))
        }
        return place | world.for_room(kinds.get(room, Room.CHECK), provider)

    def _upload(self, step: Step) -> None:
        if step.outputs.get("parcel"):
            left = step.place / "patchgate" / "out"
            shutil.copytree(left, self.artifacts / step.outputs["parcel"])
