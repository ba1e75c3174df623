"""What subscribers are sent, held against GitHub's own schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.contracts import contracts_folder
from tests.standins.github.desk import DEFAULT, REPO, Desk, opened


def webhook_schemas() -> dict[str, Any]:
    folder = contracts_folder()
    if folder is None:
        pytest.skip("no vendor descriptions: set PATCHGATE_CONTRACTS to their folder")
    path = folder / "github" / "webhooks.schema.trimmed.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_every_kind_of_event_has_the_vendors_shape(desk: Desk, token: str) -> None:
    schemas, rita = webhook_schemas(), desk.hub.as_user("rita")
    pull = opened(desk, token)
    pull.add_to_labels("ready")
    pull.create_review_request(reviewers=["rita"])
    rita.push(REPO, "ai/X", {"more.txt": "x"}, "More")
    rita.comment(REPO, pull.number, "looks good")
    rita.review(REPO, pull.number, "APPROVE", "yes")
    sha = rita.merge(REPO, pull.number)
    desk.hub.report_checks(REPO, sha, {"tests": "success"})
    repo = desk.client(token)
    repo.get_commit(sha).create_status("success", context="deploy")
    repo.create_repository_dispatch("ticket", {"v": 1})
    repo.get_workflow("ci.yml").create_dispatch("main", {"key": "K"})
    kinds, wrong = set(), set()
    for event, payload, _ in desk.seen:
        single = {"push", "status", "repository_dispatch", "workflow_dispatch"}
        name = f"{event}${'event' if event in single else payload['action']}"
        schema = {"$ref": f"#/definitions/{name}", "definitions": schemas["definitions"]}
        errors = Draft7Validator(schema).iter_errors(payload)
        wrong |= {f"{name} {list(e.path)}: {e.message[:200]}" for e in errors}
        kinds.add(name)
    assert wrong == set()
    assert kinds == {
        "push$event",
        "pull_request$opened",
        "pull_request$labeled",
        "pull_request$review_requested",
        "pull_request$synchronize",
        "pull_request$closed",
        "issue_comment$created",
        "pull_request_review$submitted",
        "check_suite$completed",
        "status$event",
        "repository_dispatch$event",
        "workflow_dispatch$event",
    }


def test_a_runs_own_events_start_nothing_but_its_dispatches_do(desk: Desk) -> None:
    token = desk.hub.issue_token(DEFAULT, default=True)
    opened(desk, token)
    desk.client(token).create_repository_dispatch("ticket", {})
    starts = [(event, starts) for event, _, starts in desk.seen]
    assert starts == [("push", True), ("pull_request", False), ("repository_dispatch", True)]
