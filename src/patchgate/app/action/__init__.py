"""One room as a step of an Actions job: inputs in, room, artifacts, summary and outputs out."""

from __future__ import annotations

from patchgate.app.action.play import play

__all__ = ["play"]
