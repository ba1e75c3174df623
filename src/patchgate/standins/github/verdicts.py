"""What statuses and check runs say about a commit, and what protection makes of it."""

from __future__ import annotations

from patchgate.standins.github.state import Check, Repository, Status

PASSING = frozenset({"success", "neutral", "skipped"})


def latest_statuses(repo: Repository, sha: str) -> list[Status]:
    """The newest status of each context, newest first."""
    found: dict[str, Status] = {}
    for status in repo.statuses:
        if status.sha == sha:
            found.pop(status.context, None)
            found[status.context] = status
    return list(reversed(found.values()))


def latest_checks(repo: Repository, sha: str) -> list[Check]:
    """The newest check run of each name and app, newest first."""
    found: dict[tuple[str, str], Check] = {}
    for check in repo.checks:
        if check.sha == sha:
            found.pop((check.app, check.name), None)
            found[check.app, check.name] = check
    return list(reversed(found.values()))


def combined(statuses: list[Status]) -> str:
    """`failure`, `pending` or `success`; nothing at all is `pending`."""
    states = {status.state for status in statuses}
    if states & {"failure", "error"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def suite_state(checks: list[Check]) -> tuple[str, str | None]:
    """Status and conclusion of a suite of check runs."""
    if any(check.status != "completed" for check in checks):
        return "in_progress", None
    conclusions = [check.conclusion or "neutral" for check in checks]
    bad = [c for c in conclusions if c not in PASSING]
    return "completed", bad[0] if bad else "success"


def blocked(repo: Repository, branch: str, sha: str) -> str | None:
    """The first required check of the branch that the commit has not passed, or None."""
    held = repo.protections.get(branch)
    passed = {c.name for c in latest_checks(repo, sha) if c.conclusion in PASSING}
    passed |= {s.context for s in latest_statuses(repo, sha) if s.state == "success"}
    required = held.required_checks if held else ()
    return next((name for name in required if name not in passed), None)
