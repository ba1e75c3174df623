"""What one step works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from patchgate.app.action.inputs import Inputs
from patchgate.app.action.tell import Told
from patchgate.app.desk import Journal
from patchgate.app.environment import Environment
from patchgate.ports import Job


@dataclass(frozen=True, slots=True)
class Work:
    """Environment, inputs, the job to tell, a journal, a folder that vanishes, the words so far."""

    env: Environment
    inputs: Inputs
    job: Job
    journal: Journal
    cache: Path
    told: Told


def same_repository(name: str, env: Environment) -> bool:
    """Whether that is the repository that this job runs in (names compare without case)."""
    return name.casefold() == env.github_repository.casefold()
