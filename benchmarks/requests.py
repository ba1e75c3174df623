"""What one ticket with one pull request asks of each service, from assignment to Done."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from benchmarks.stage import Stage, stage
from benchmarks.table import Table
from patchgate.standins.jira.adf import adf_to_text
from patchgate.standins.world import LEIGH, REQUIRED_CHECK

AIM = 60


def measure() -> Table:
    """Requests per step and service; git over HTTP is counted apart from REST."""
    with tempfile.TemporaryDirectory() as place, stage(Path(place), plan="none") as at:
        rows, before = [], _counts(at)
        for name, act in STEPS.items():
            act(at)
            at.run()
            now = _counts(at)
            rows.append((name, *(str(b - a) for a, b in zip(before, now, strict=True))))
            before = now
        rows.append(("all together", *map(str, before)))
    return Table(
        "Requests for one ticket with one pull request",
        ("step", "Jira", "GitHub REST", "git over HTTP", "git pushes", "models"),
        rows,
        f"aim: at most {AIM} to Jira and {AIM} to GitHub's REST interface",
    )


def _counts(at: Stage) -> tuple[int, ...]:
    world = at.world
    hub = [(e.path, e.method) for e in world.github.exchanges]
    git = [path for path, _ in hub if ".git/" in path]
    pushes = sum(path.endswith("git-receive-pack") for path in git)
    models = world.anthropic.requests_seen() + world.openai.requests_seen()
    jira = world.jira.requests_seen()
    return jira, len(hub) - len(git), len(git), pushes, models


def _approve(at: Stage) -> None:
    said = "\n".join(adf_to_text(c.body) for c in at.world.jira.issue(at.key).comments)
    digest = re.findall(r"/approve ([0-9a-f]+)", said)[-1]
    at.world.at_jira(LEIGH).comment(at.key, f"/approve {digest}")


def _green(at: Stage) -> None:
    head = at.world.github.refs("acme/shop")[f"refs/heads/ai/{at.key}"]
    at.world.github.report_checks("acme/shop", head, {REQUIRED_CHECK: "success"})


def _merge(at: Stage) -> None:
    at.world.github.as_user(LEIGH.github).merge("acme/shop", 1)


STEPS = {
    "assigned → patch shown": Stage.assign,
    "approved → pull request": _approve,
    "checks green → In Testing": _green,
    "merged → Done": _merge,
}
