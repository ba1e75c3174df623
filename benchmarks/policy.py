"""What the judge costs: a full verdict beside a parse alone, a commit beside `git apply` alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.core.patches import standard
from unidiff.patch import PatchSet

from patchgate.adapters.git.local import LocalHistory, local_history, made_history
from patchgate.adapters.git.process import try_git
from patchgate.adapters.git.scratch import scratch
from patchgate.core.ids import Sha
from patchgate.core.policy import judge

ROOT = Path(__file__).resolve().parents[1]
COMMITS = 100
"""How many of our own latest commits are judged, where this checkout has a history."""


@dataclass(frozen=True)
class Policies:
    """Speeds in MB of diff per second, times in seconds."""

    megabytes: float
    verdict: float
    parse: float
    commits: int
    judged: tuple[float, float]
    """The median and the 99th percentile of a commit's way through the whole judge."""
    applied: tuple[float, float]
    """The same for `git read-tree` and `git apply --cached` alone."""


def measure(rounds: int) -> Policies:
    """Our own source as one new diff, and our own latest commits."""
    with made_history(_source()) as history:
        change = history.change("after")
        applied = history.apply(change.start, change.patch)
    policy = standard()
    size = len(applied.rendered.encode()) / 1e6
    verdict = _best(rounds, lambda: judge(applied, policy, scope=None))
    parse = _best(rounds, lambda: PatchSet(applied.rendered))
    judged, alone = _commits()
    return Policies(
        size, size / verdict, size / parse, len(judged), _spread(judged), _spread(alone)
    )


def _source() -> bytes:
    """Our own modules and tests as a commit for `git fast-import`."""
    head = b"commit refs/heads/%s\ncommitter a <a@b> 1 +0000\ndata 0\n"
    out = head % b"before" + b"M 100644 inline README\ndata 2\nx\n\n\n"
    out += head % b"after" + b"from refs/heads/before\n"
    for path in sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py")]):
        content = path.read_bytes()
        name = path.relative_to(ROOT).as_posix().encode()
        out += b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(content), content)
    return out


def _best(rounds: int, work: Callable[[], object]) -> float:
    """Processor time: both sides of the ratio are nothing but Python at work."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def _commits() -> tuple[list[float], list[float]]:
    judged, alone = [], []
    policy = standard()
    if not (ROOT / ".git").exists():
        return [], []
    with local_history(ROOT) as history:
        for at, change in enumerate(history.commits("HEAD")):
            if at == COMMITS:
                break
            began = time.perf_counter()
            judge(history.apply(change.start, change.patch), policy, scope=None)
            judged.append(time.perf_counter() - began)
            alone.append(_applied(history, change.start, change.patch))
    return judged, alone


def _applied(history: LocalHistory, start: Sha, patch: bytes) -> float:
    began = time.perf_counter()
    with scratch(history.cache) as place:
        for args, stdin in (["read-tree", start], b""), (["apply", "--cached", "-"], patch):
            try_git(args, git_dir=history.cache.git_dir, env=place.env, stdin=stdin)
    return time.perf_counter() - began


def _spread(times: list[float]) -> tuple[float, float]:
    if len(times) < 2:
        return 0.0, 0.0
    return statistics.median(times), statistics.quantiles(times, n=100)[98]
