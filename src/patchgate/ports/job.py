"""The Actions job that a room is a step of: outputs, summary, annotations, masks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal, Protocol

Level = Literal["notice", "warning", "error"]


class Job(Protocol):
    """What the runner is told; nobody but its adapter knows how."""

    def output(self, name: str, value: str) -> None:
        """Set an output of the step: an id, a digest or a word of ours."""
        ...

    def summarise(self, markdown: str) -> None:
        """Add to the job's summary; what is beyond the runner's limit is cut with a word why."""
        ...

    def annotate(self, level: Level, title: str, text: str) -> None:
        """Show one line on the run's page."""
        ...

    def mask(self, secret: str) -> None:
        """Have the runner hide a value in every log from now on."""
        ...

    def foreign(self) -> AbstractContextManager[None]:
        """While this lasts, what is printed is text and never a command to the runner."""
        ...
