"""The name of our branch."""

from __future__ import annotations

from patchgate.core.state import Workflow


def branch_of(w: Workflow, prefix: str = "ai/") -> str:
    """`ai/<KEY>`; later generations of a reopened ticket get a branch of their own."""
    opened_as = w.stream.rpartition("-")[0] or w.key
    return f"{prefix}{opened_as}" + (f"-{w.generation}" if w.generation > 1 else "")
