"""REST operations on commit statuses, check runs and check suites."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from patchgate.standins.github import shapes_ci as shapes
from patchgate.standins.github.call import REPO, Call, Operation
from patchgate.standins.github.checking import add_status, new_check, put_check
from patchgate.standins.github.refusals import Refusal, not_found
from patchgate.standins.github.shapes import minimal_repository, repository_url
from patchgate.standins.github.state import Check, Status
from patchgate.standins.github.verdicts import combined, latest_checks, latest_statuses
from patchgate.standins.http import json_response

STATES = frozenset({"error", "failure", "pending", "success"})
CONCLUSIONS = frozenset(
    {
        "action_required",
        "cancelled",
        "failure",
        "neutral",
        "success",
        "skipped",
        "stale",
        "timed_out",
    }
)
AT = f"{REPO}/commits/<path:ref>"


def create_status(call: Call, sha: str) -> Response:
    """Record a status on a commit."""
    state = call.text("state")
    if state not in STATES:
        raise Refusal(422, "Validation Failed", errors=[{"code": "invalid", "field": "state"}])
    commit = call.commit(sha)
    made = Status(
        id=call.hub.world.next_id(),
        sha=commit,
        state=state,
        context=call.text("context", optional=True) or "default",
        description=call.text("description", optional=True) or None,
        target_url=call.text("target_url", optional=True) or None,
        login=call.token.login,
        created_at=call.hub.now(),
    )
    add_status(call.hub, call.repo, call.actor, made)
    return json_response(shapes.status(call.hub, call.repo, made), 201)


def list_statuses(call: Call, ref: str) -> Response:
    """Every status of a commit, newest first."""
    sha = call.commit(ref)
    found = [s for s in reversed(call.repo.statuses) if s.sha == sha]
    return call.paged(found, lambda s: shapes.status(call.hub, call.repo, s))


def combined_status(call: Call, ref: str) -> Response:
    """The newest status of each context, and what they make together."""
    sha = call.bare.resolve(ref)
    if sha is None:
        raise not_found()
    found = latest_statuses(call.repo, sha)
    url = f"{repository_url(call.hub, call.repo)}/commits/{sha}"
    return json_response(
        {
            "state": combined(found),
            "sha": sha,
            "total_count": len(found),
            "statuses": [shapes.simple_status(call.hub, call.repo, s) for s in found[:100]],
            "repository": minimal_repository(call.hub, call.repo),
            "commit_url": url,
            "url": f"{url}/status",
        }
    )


def create_check(call: Call) -> Response:
    """Record a check run; only apps and Actions may."""
    if not (call.token.default or call.token.installation):
        raise Refusal(403, "You must authenticate via a GitHub App.")
    sha = call.commit(call.text("head_sha"))
    app = call.token.login.removesuffix("[bot]")
    made = new_check(call.hub, sha=sha, name=call.text("name"), conclusion=None, app=app)
    _apply(call, made)
    put_check(call.hub, call.repo, call.actor, made)
    return json_response(shapes.check(call.hub, call.repo, made), 201)


def update_check(call: Call, check: int) -> Response:
    """Move a check run on."""
    found = _check(call, check)
    _apply(call, found)
    put_check(call.hub, call.repo, call.actor, found)
    return json_response(shapes.check(call.hub, call.repo, found))


def get_check(call: Call, check: int) -> Response:
    """One check run."""
    return json_response(shapes.check(call.hub, call.repo, _check(call, check)))


def list_checks(call: Call, ref: str) -> Response:
    """The newest check run of each name (`filter=all`: every one), by name and status."""
    sha, asked = call.commit(ref), call.request.args
    found = latest_checks(call.repo, sha)
    if asked.get("filter") == "all":
        found = [c for c in reversed(call.repo.checks) if c.sha == sha]
    name, status = asked.get("check_name"), asked.get("status")
    found = [c for c in found if name in (None, c.name) and status in (None, c.status)]
    return call.paged(
        found, lambda c: shapes.check(call.hub, call.repo, c), within={"key": "check_runs"}
    )


def list_suites(call: Call, ref: str) -> Response:
    """The check suites of a commit, one for each app."""
    sha = call.commit(ref)
    found = [s for s in call.repo.suites if s.sha == sha]
    return call.paged(
        found, lambda s: shapes.suite(call.hub, call.repo, s), within={"key": "check_suites"}
    )


def _check(call: Call, number: int) -> Check:
    for check in call.repo.checks:
        if check.id == number:
            return check
    raise not_found()


def _apply(call: Call, check: Check) -> None:
    """Take over what the request says about a check run."""
    conclusion = call.text("conclusion", optional=True)
    if conclusion and conclusion not in CONCLUSIONS:
        raise Refusal(422, "Validation Failed", errors=[{"code": "invalid", "field": "conclusion"}])
    status = call.text("status", optional=True)
    check.status = "completed" if conclusion else status or check.status
    if check.status == "completed" and not (conclusion or check.conclusion):
        raise Refusal(422, "Invalid request.\n\nconclusion is required for a completed check run")
    check.conclusion = conclusion or check.conclusion
    if check.status == "completed":
        check.completed_at = check.completed_at or call.hub.now()
    check.details_url = call.text("details_url", optional=True) or check.details_url
    check.external_id = call.text("external_id", optional=True) or check.external_id
    output: Any = call.body().get("output")
    if isinstance(output, dict):
        check.title = output.get("title")
        check.summary = output.get("summary")
        check.text = output.get("text")


def operations() -> list[Operation]:
    """This module's operations."""
    checks = f"{REPO}/check-runs"
    return [
        ("POST", f"{REPO}/statuses/<sha>", "statuses:write", create_status),
        ("GET", f"{AT}/statuses", "statuses:read", list_statuses),
        ("GET", f"{REPO}/statuses/<path:ref>", "statuses:read", list_statuses),
        ("GET", f"{AT}/status", "statuses:read", combined_status),
        ("POST", checks, "checks:write", create_check),
        ("GET", f"{checks}/<int:check>", "checks:read", get_check),
        ("PATCH", f"{checks}/<int:check>", "checks:write", update_check),
        ("GET", f"{AT}/check-runs", "checks:read", list_checks),
        ("GET", f"{AT}/check-suites", "checks:read", list_suites),
    ]
