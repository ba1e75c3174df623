"""Statuses, check runs and workflow runs coming in, and the events that follow."""

from __future__ import annotations

from typing import Any

from patchgate.standins.github.hub import Actor, Hub
from patchgate.standins.github.shapes import repository, user
from patchgate.standins.github.shapes_ci import status as status_shape
from patchgate.standins.github.shapes_ci import suite as suite_shape
from patchgate.standins.github.shapes_git import commit, short_branch
from patchgate.standins.github.state import Check, Repository, Status, Suite, WorkflowRun
from patchgate.standins.github.verdicts import suite_state

STATUS_EVENT_KEYS = frozenset(
    {
        "id",
        "state",
        "context",
        "description",
        "target_url",
        "avatar_url",
        "created_at",
        "updated_at",
    }
)


def add_status(hub: Hub, repo: Repository, actor: Actor, status: Status) -> None:
    """Record a commit status."""
    repo.statuses.append(status)

    def build() -> dict[str, Any]:
        bare = hub.bare(repo)
        heads = [(n.removeprefix("refs/heads/"), s) for n, s in bare.refs("refs/heads/").items()]
        told = commit(hub, repo, bare.commit(status.sha))
        del told["commit"]["verification"]["verified_at"]  # in the API alone, not in events
        own = status_shape(hub, repo, status)
        return {
            **{name: value for name, value in own.items() if name in STATUS_EVENT_KEYS},
            "name": repo.full_name,
            "sha": status.sha,
            "commit": told,
            "branches": [short_branch(hub, repo, n, s) for n, s in heads if s == status.sha],
            "repository": repository(hub, repo),
            "sender": user(hub, actor.login),
        }

    hub.emit("status", actor, build)


def put_check(hub: Hub, repo: Repository, actor: Actor, check: Check) -> None:
    """Record a check run (again, when it moved on); a whole suite's end is an event."""
    suite = _suite(hub, repo, check)
    suite.updated_at = hub.now()
    if check not in repo.checks:
        repo.checks.append(check)
    checks = [c for c in repo.checks if c.sha == check.sha and c.app == check.app]
    if suite_state(checks)[0] == "completed":
        announce_suite(hub, repo, actor, suite)


def announce_suite(hub: Hub, repo: Repository, actor: Actor, suite: Suite) -> None:
    """Emit `check_suite` completed."""

    def build() -> dict[str, Any]:
        told = suite_shape(hub, repo, suite)
        del told["repository"]  # in the API alone: the event has its own
        return {
            "action": "completed",
            "check_suite": told,
            "repository": repository(hub, repo),
            "sender": user(hub, actor.login),
        }

    hub.emit("check_suite", actor, build)


def new_check(hub: Hub, *, sha: str, name: str, conclusion: str | None, app: str) -> Check:
    """A check run, completed where it has a conclusion, else queued."""
    now = hub.now()
    state = "completed" if conclusion else "queued"
    done = now if conclusion else None
    return Check(hub.world.next_id(), sha, name, state, conclusion, app, now, done)


def start_run(
    hub: Hub, repo: Repository, login: str, *, path: str, event: str, branch: str
) -> WorkflowRun:
    """Record a queued run of a workflow on a branch's head; LookupError without that branch."""
    sha = hub.bare(repo).resolve(branch)
    if sha is None:
        message = f"{repo.full_name} has no branch {branch}"
        raise LookupError(message)
    number, now = len(repo.runs) + 1, hub.now()
    run = WorkflowRun(
        id=hub.world.next_id(),
        number=number,
        name=path.rpartition("/")[2],
        path=path,
        event=event,
        branch=branch,
        sha=sha,
        login=login,
        status="queued",
        conclusion=None,
        created_at=now,
        updated_at=now,
        triggered_by=[login],
    )
    repo.runs.append(run)
    return run


def _suite(hub: Hub, repo: Repository, check: Check) -> Suite:
    for suite in repo.suites:
        if (suite.sha, suite.app) == (check.sha, check.app):
            return suite
    heads = hub.bare(repo).refs("refs/heads/").items()
    branch = next((n.removeprefix("refs/heads/") for n, sha in heads if sha == check.sha), None)
    now = hub.now()
    suite = Suite(hub.world.next_id(), check.sha, branch, check.app, now, now)
    repo.suites.append(suite)
    return suite
