"""Statuses, checks, workflows, runs and variables in the shape of GitHub's answers."""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import quote

from patchgate.standins.github.hub import Hub
from patchgate.standins.github.shapes import (
    app,
    minimal_repository,
    node_id,
    page_url,
    repository_url,
    user,
)
from patchgate.standins.github.shapes_git import simple_commit
from patchgate.standins.github.state import (
    App,
    Check,
    Repository,
    Status,
    Suite,
    Variable,
    WorkflowRun,
)
from patchgate.standins.github.verdicts import suite_state

RUN_LINKS = {
    "jobs_url": "/jobs",
    "logs_url": "/logs",
    "cancel_url": "/cancel",
    "rerun_url": "/rerun",
    "artifacts_url": "/artifacts",
}


def simple_status(hub: Hub, repo: Repository, status: Status) -> dict[str, Any]:
    """A commit status inside the combined one."""
    account = hub.account(status.login)
    return {
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "url": f"{repository_url(hub, repo)}/statuses/{status.sha}",
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "avatar_url": f"{hub.web}/avatars/{account.id}",
        "created_at": status.created_at,
        "updated_at": status.created_at,
    }


def status(hub: Hub, repo: Repository, status: Status) -> dict[str, Any]:
    """A commit status."""
    return {**simple_status(hub, repo, status), "creator": user(hub, status.login)}


def check_app(hub: Hub, repo: Repository, slug: str) -> dict[str, Any]:
    """The app that made a check."""
    known = next((a for a in hub.world.apps.values() if a.slug == slug), None)
    made = known or App(zlib.crc32(slug.encode()), slug, "", {"checks": "write"}, 0, ())
    return app(hub, repo.owner, made)


def check(hub: Hub, repo: Repository, check: Check) -> dict[str, Any]:
    """A check run."""
    url = f"{repository_url(hub, repo)}/check-runs/{check.id}"
    page = f"{page_url(hub, repo)}/runs/{check.id}"
    suite = next(s for s in repo.suites if s.sha == check.sha and s.app == check.app)
    return {
        "id": check.id,
        "node_id": node_id("CR", check.id),
        "head_sha": check.sha,
        "name": check.name,
        "url": url,
        "html_url": page,
        "details_url": check.details_url or page,
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": check.started_at,
        "completed_at": check.completed_at,
        "external_id": check.external_id,
        "check_suite": {"id": suite.id},
        "output": {
            "title": check.title,
            "summary": check.summary,
            "text": check.text,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "app": check_app(hub, repo, check.app),
        "pull_requests": pulls_of(hub, repo, check.sha),
    }


def suite(hub: Hub, repo: Repository, suite: Suite) -> dict[str, Any]:
    """The check runs of one app for one commit, taken together."""
    url = f"{repository_url(hub, repo)}/check-suites/{suite.id}"
    checks = [c for c in repo.checks if c.sha == suite.sha and c.app == suite.app]
    state, conclusion = suite_state(checks)
    return {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.branch,
        "head_sha": suite.sha,
        "status": state,
        "conclusion": conclusion,
        "url": url,
        "before": None,
        "after": suite.sha,
        "pull_requests": pulls_of(hub, repo, suite.sha),
        "app": check_app(hub, repo, suite.app),
        "created_at": suite.created_at,
        "updated_at": suite.updated_at,
        "latest_check_runs_count": len(checks),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": simple_commit(hub.bare(repo).commit(suite.sha)),
        "repository": minimal_repository(hub, repo),
    }


def pulls_of(hub: Hub, repo: Repository, sha: str) -> list[dict[str, Any]]:
    """The open pull requests with that head, as checks and runs embed them."""
    url = repository_url(hub, repo)
    own = {"id": repo.id, "url": url, "name": repo.name}
    return [
        {
            "id": issue.id,
            "number": issue.number,
            "url": f"{url}/pulls/{issue.number}",
            "head": {"ref": issue.pull.head, "sha": issue.pull.head_sha, "repo": own},
            "base": {"ref": issue.pull.base, "sha": issue.pull.base_sha, "repo": own},
        }
        for issue in repo.open_pulls()
        if issue.pull and issue.pull.head_sha == sha
    ]


def workflow_id(path: str) -> int:
    """A number for a workflow file; ours follows from the path."""
    return zlib.crc32(path.encode("utf-8"))


def workflow(hub: Hub, repo: Repository, path: str, name: str) -> dict[str, Any]:
    """A workflow."""
    number = workflow_id(path)
    url = f"{repository_url(hub, repo)}/actions/workflows/{number}"
    page = f"{page_url(hub, repo)}/blob/{repo.default_branch}/{quote(path)}"
    return {
        "id": number,
        "node_id": node_id("W", number),
        "name": name,
        "path": path,
        "state": "active",
        "url": url,
        "html_url": page,
        "badge_url": f"{page_url(hub, repo)}/workflows/{quote(name)}/badge.svg",
        "created_at": repo.created_at,
        "updated_at": repo.created_at,
    }


def run(hub: Hub, repo: Repository, run: WorkflowRun) -> dict[str, Any]:
    """A run of a workflow, as its latest attempt has it."""
    api = repository_url(hub, repo)
    url = f"{api}/actions/runs/{run.id}"
    number = workflow_id(run.path)
    return {
        "id": run.id,
        "node_id": node_id("WFR", run.id),
        "name": run.name,
        "display_title": run.title or run.name,
        "path": run.path,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "workflow_id": number,
        "workflow_url": f"{api}/actions/workflows/{number}",
        "check_suite_url": f"{api}/check-suites/{run.id}",
        "url": url,
        "html_url": f"{page_url(hub, repo)}/actions/runs/{run.id}",
        **{name: url + path for name, path in RUN_LINKS.items()},
        "pull_requests": pulls_of(hub, repo, run.sha),
        "actor": user(hub, run.login),
        "triggering_actor": user(hub, (run.triggered_by or [run.login])[-1]),
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "run_started_at": run.created_at,
        "head_commit": simple_commit(hub.bare(repo).commit(run.sha)),
        "repository": minimal_repository(hub, repo),
        "head_repository": minimal_repository(hub, repo),
    }


def variable(variable: Variable) -> dict[str, Any]:
    """An Actions variable."""
    return dict(vars(variable))
