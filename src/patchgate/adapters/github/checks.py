"""The required checks of a base branch, and what they say about a commit.

Required are the contexts of branch protection and of the rulesets that are active on the branch:
https://docs.github.com/en/rest/branches/branches and https://docs.github.com/en/rest/repos/rules
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from patchgate.adapters.github.connection import PER_PAGE, Connection
from patchgate.adapters.github.failures import present, told
from patchgate.core.ids import RepoName, Sha
from patchgate.ports import Checks

Level = Literal["green", "red", "pending", "unknown"]
WORST_FIRST: tuple[Level, ...] = ("red", "unknown", "pending", "green")
CONCLUSIONS: dict[str, Level] = {
    **dict.fromkeys(("success", "neutral", "skipped"), "green"),
    **dict.fromkeys(
        ("failure", "cancelled", "timed_out", "action_required", "startup_failure", "stale"), "red"
    ),
}
STATES: dict[str, Level] = {
    "success": "green",
    "pending": "pending",
    "failure": "red",
    "error": "red",
}


@dataclass(frozen=True, slots=True)
class Required:
    """One check that a branch requires; `app` is the only app that may report it, or None."""

    context: str
    app: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """One status or check run on a commit."""

    context: str
    app: int | None
    """The reporting app; None for a status, which does not say."""
    said: str
    level: Level


class RequiredChecks:
    """Asks what a branch requires (once) and what a commit has."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[RepoName, str], frozenset[Required]] = {}

    def on(self, repo: RepoName, commit: Sha, base_branch: str) -> Checks:
        """The required checks on a commit; one that has not reported yet is pending."""
        required = self._required(repo, base_branch)
        if not required:
            return Checks(commit, "not-required", (), f"{base_branch} requires no checks")
        action = f"read the checks of {commit[:12]} in {repo}"
        with told(action, needs="checks: read and commit statuses: read"):
            reports = [*self._runs(repo, commit), *self._statuses(repo, commit)]
        return _aggregated(commit, required, reports)

    def _required(self, repo: RepoName, branch: str) -> frozenset[Required]:
        key = (repo, branch)
        if key not in self._known:
            with told(f"read what {branch} of {repo} requires", needs="metadata: read"):
                self._known[key] = frozenset({*self._protected(*key), *self._ruled(*key)})
        return self._known[key]

    def _protected(self, repo: RepoName, branch: str) -> list[Required]:
        raw = self._connection.repo(repo).get_branch(branch).raw_data
        present(raw.get("name"))
        checks = (raw.get("protection") or {}).get("required_status_checks") or {}
        if checks.get("enforcement_level") == "off":
            return []
        listed = {c["context"]: _app(c.get("app_id")) for c in checks.get("checks") or ()}
        return [Required(c, listed.get(c)) for c in {*(checks.get("contexts") or ()), *listed}]

    def _ruled(self, repo: RepoName, branch: str) -> list[Required]:
        url = f"/repos/{repo}/rules/branches/{quote(branch, safe='')}"
        return [
            Required(check["context"], _app(check.get("integration_id")))
            for rule in self._pages(url)
            if rule["type"] == "required_status_checks"
            for check in rule["parameters"]["required_status_checks"]
        ]

    def _runs(self, repo: RepoName, commit: Sha) -> list[Report]:
        found = []
        for run in self._connection.repo(repo).get_commit(commit).get_check_runs():
            said = run.conclusion or run.status
            level: Level = "pending"
            if run.status == "completed":
                level = CONCLUSIONS.get(run.conclusion, "unknown")
            found.append(Report(run.name, run.app.id if run.app else None, said, level))
        return found

    def _statuses(self, repo: RepoName, commit: Sha) -> list[Report]:
        url = f"/repos/{repo}/commits/{commit}/status"
        return [
            Report(s["context"], None, s["state"], STATES.get(s["state"], "unknown"))
            for s in self._pages(url, "statuses")
        ]

    def _pages(self, url: str, key: str = "") -> list[Any]:
        """Every item of a listing that PyGithub has no (whole) method for."""
        found: list[Any] = []
        page = 1
        while True:
            _, data = self._connection.client.requester.requestJsonAndCheck(
                "GET", url, parameters={"per_page": PER_PAGE, "page": page}
            )
            items = data[key] if key else data
            if not isinstance(items, list):
                raise TypeError(url)
            found += items
            if len(items) < PER_PAGE:
                return found
            page += 1


def _app(number: int | None) -> int | None:
    """An app's id; -1 and nothing mean any."""
    return number if number and number > 0 else None


def _aggregated(commit: Sha, required: frozenset[Required], reports: list[Report]) -> Checks:
    found = [_of_one(check, reports) for check in sorted(required, key=lambda c: c.context)]
    level = next(level for level in WORST_FIRST if any(one == level for _, one in found))
    return Checks(
        head=commit,
        level=level,
        names=tuple(dict.fromkeys(c.context for c in sorted(required, key=lambda c: c.context))),
        detail="; ".join(words for words, _ in found),
    )


def _of_one(check: Required, reports: list[Report]) -> tuple[str, Level]:
    mine = [r for r in reports if r.context == check.context and check.app in (None, r.app)]
    if not mine:
        return f"{check.context}: not reported", "pending"
    worst = min(mine, key=lambda report: WORST_FIRST.index(report.level))
    return f"{check.context}: {worst.said}", worst.level
