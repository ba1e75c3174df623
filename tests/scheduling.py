"""Which tests one worker runs together, and which of them begin first."""

from __future__ import annotations

import functools
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
LONG = (
    "tests/e2e/test_kills.py",
    "tests/actions/",
    "tests/e2e/test_demo.py",
    "tests/e2e/test_rehearse.py",
    "tests/test_packaging.py",
    "tests/step/",
    "tests/e2e/",
)
"""Where the tests are that take longest, the longest first."""


def turn(nodeid: str) -> int:
    """What takes long begins first, so that the workers end together."""
    return next((n for n, path in enumerate(LONG) if nodeid.startswith(path)), len(LONG))


def unit(nodeid: str) -> str:
    """What a worker takes at once: a module, or one test of a module of long tests.

    A module that builds something for all its tests stays whole: else each worker builds it.
    """
    module = nodeid.partition("::")[0]
    return module if turn(nodeid) == len(LONG) or _builds_once(module) else nodeid


@functools.cache
def _builds_once(module: str) -> bool:
    return 'scope="module"' in (ROOT / module).read_text("utf-8")


class ByStage(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's scheduling by scope (it has no types), with our units as scopes."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
