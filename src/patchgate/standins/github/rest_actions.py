"""REST operations on dispatches, workflows, runs and variables."""

from __future__ import annotations

import re
from typing import Any

import yaml
from werkzeug.wrappers import Response

from patchgate.standins.github import shapes_ci as shapes
from patchgate.standins.github.bare import Entry
from patchgate.standins.github.call import REPO, Call, Operation
from patchgate.standins.github.checking import start_run
from patchgate.standins.github.refusals import Refusal, not_found
from patchgate.standins.github.shapes import page_url, repository, repository_url, user
from patchgate.standins.github.state import WorkflowRun
from patchgate.standins.http import json_response

FOLDER = ".github/workflows"
INPUT = re.compile(r"\$\{\{\s*inputs\.([A-Za-z_][\w-]*)\s*\}\}")
EVENT_TYPE_LIMIT, PAYLOAD_KEYS, PAYLOAD_BYTES, INPUTS = 100, 10, 65_535, 25
WORKFLOW = f"{REPO}/actions/workflows/<workflow>"
RUN = f"{REPO}/actions/runs/<int:run>"


def repository_dispatch(call: Call) -> Response:
    """Ring: a small payload to the default branch's workflows."""
    kind, payload = call.text("event_type"), call.body().get("client_payload", {})
    if not 1 <= len(kind) <= EVENT_TYPE_LIMIT:
        raise Refusal(422, f"event_type must be of 1 to {EVENT_TYPE_LIMIT} characters")
    if not isinstance(payload, dict):
        raise Refusal(422, "For 'client_payload', not an object.")
    if len(payload) > PAYLOAD_KEYS:
        raise Refusal(422, f"No more than {PAYLOAD_KEYS} properties are allowed in client_payload")
    if len(call.request.get_data()) > PAYLOAD_BYTES:
        raise Refusal(422, "client_payload is too large")
    hub, repo = call.hub, call.repo

    def build() -> dict[str, Any]:
        return {
            "action": kind,
            "branch": repo.default_branch,
            "client_payload": payload,
            "repository": repository(hub, repo),
            "sender": user(hub, call.token.login),
            "installation": {"id": call.token.installation or 0, "node_id": "I_0"},
        }

    hub.emit("repository_dispatch", call.actor, build)
    return json_response(None, 204)


def workflow_dispatch(call: Call, workflow: str) -> Response:
    """Start a workflow by hand: its run waits in the queue."""
    path, text = _workflow(call, workflow)
    ref, inputs = call.text("ref"), call.body().get("inputs", {})
    branch = ref.removeprefix("refs/heads/")
    trigger = triggers(text).get("workflow_dispatch", "absent")
    if trigger == "absent":
        raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
    if call.bare.resolve(branch) is None:
        raise Refusal(422, f"No ref found for: {ref}")
    declared = trigger.get("inputs") or {} if isinstance(trigger, dict) else {}
    if not isinstance(inputs, dict) or len(inputs) > INPUTS or set(inputs) - set(declared):
        raise Refusal(422, "Unexpected inputs provided")
    run = start_run(
        call.hub, call.repo, call.token.login, path=path, event="workflow_dispatch", branch=branch
    )
    hub, repo = call.hub, call.repo
    run.title = title_of(text, {**_defaults(declared), **inputs})

    def build() -> dict[str, Any]:
        return {
            "inputs": {**_defaults(declared), **inputs},
            "ref": f"refs/heads/{branch}",
            "workflow": path,
            "repository": repository(hub, repo),
            "sender": user(hub, call.token.login),
        }

    hub.emit("workflow_dispatch", call.actor, build)
    if call.body().get("return_run_details") is not True:
        return json_response(None, 204)
    url = f"{repository_url(hub, repo)}/actions/runs/{run.id}"
    page = f"{page_url(hub, repo)}/actions/runs/{run.id}"
    return json_response({"workflow_run_id": run.id, "run_url": url, "html_url": page})


def list_workflows(call: Call) -> Response:
    """The workflow files of the default branch."""
    return call.paged(
        _files(call), lambda f: _shown(call, f.path, _text(call, f)), within={"key": "workflows"}
    )


def get_workflow(call: Call, workflow: str) -> Response:
    """A workflow by file name or number."""
    return json_response(_shown(call, *_workflow(call, workflow)))


def list_runs(call: Call, workflow: str | None = None) -> Response:
    """Runs, newest first, by workflow, branch, event, head and status or conclusion."""
    asked = call.request.args
    path = _workflow(call, workflow)[0] if workflow else None

    def wanted(run: WorkflowRun) -> bool:
        return (
            path in (None, run.path)
            and asked.get("branch") in (None, "", run.branch)
            and asked.get("event") in (None, "", run.event)
            and asked.get("head_sha") in (None, "", run.sha)
            and asked.get("status") in (None, "", run.status, run.conclusion)
        )

    found = [run for run in reversed(call.repo.runs) if wanted(run)]
    return call.paged(
        found, lambda run: shapes.run(call.hub, call.repo, run), within={"key": "workflow_runs"}
    )


def get_run(call: Call, run: int) -> Response:
    """One run."""
    for one in call.repo.runs:
        if one.id == run:
            return json_response(shapes.run(call.hub, call.repo, one))
    raise not_found()


def list_variables(call: Call) -> Response:
    """The repository's variables."""
    found = list(call.repo.variables.values())
    return call.paged(found, shapes.variable, within={"key": "variables"})


def get_variable(call: Call, variable: str) -> Response:
    """One variable; names compare without case."""
    found = call.repo.variables.get(variable.upper())
    if found is None:
        raise not_found()
    return json_response(shapes.variable(found))


def _files(call: Call) -> list[Entry]:
    head = call.bare.branch(call.repo.default_branch)
    entries = call.bare.entries(head, recursive=True) if head else []
    return [e for e in entries if e.path.startswith(FOLDER) and e.path.endswith((".yml", ".yaml"))]


def _text(call: Call, entry: Entry) -> str:
    return call.bare.blob(entry.sha).decode("utf-8", "replace")


def _workflow(call: Call, asked: str) -> tuple[str, str]:
    """Path and text of the workflow that a file name or number means."""
    for entry in _files(call):
        if asked in (entry.path.rpartition("/")[2], str(shapes.workflow_id(entry.path))):
            return entry.path, _text(call, entry)
    raise not_found()


def parsed(text: str) -> dict[str, Any]:
    """The workflow as plain strings (YAML 1.1 would read the key `on` as true)."""
    try:
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # makes strings only
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def triggers(text: str) -> dict[str, Any]:
    """The events of a workflow file, each with what narrows it."""
    found = parsed(text).get("on", {})
    if isinstance(found, dict):
        return found
    return dict.fromkeys([found] if isinstance(found, str) else found)


def _defaults(declared: dict[str, Any]) -> dict[str, Any]:
    said = {name: (one or {}).get("default", "") for name, one in declared.items()}
    return {name: value for name, value in said.items() if value != ""}


def title_of(text: str, inputs: dict[str, Any]) -> str:
    """The run's title by the workflow's `run-name`; of its expressions only `inputs.…` is known."""
    name = str(parsed(text).get("run-name", ""))
    filled = INPUT.sub(lambda found: str(inputs.get(found[1], "")), name)
    return " ".join(filled.split())


def _shown(call: Call, path: str, text: str) -> dict[str, Any]:
    name = parsed(text).get("name") or path
    return shapes.workflow(call.hub, call.repo, path, str(name))


def operations() -> list[Operation]:
    """This module's operations."""
    read, write = "actions:read", "actions:write"
    return [
        ("POST", f"{REPO}/dispatches", "contents:write", repository_dispatch),
        ("GET", f"{REPO}/actions/workflows", read, list_workflows),
        ("GET", WORKFLOW, read, get_workflow),
        ("POST", f"{WORKFLOW}/dispatches", write, workflow_dispatch),
        ("GET", f"{WORKFLOW}/runs", read, list_runs),
        ("GET", f"{REPO}/actions/runs", read, list_runs),
        ("GET", RUN, read, get_run),
        ("GET", f"{REPO}/actions/variables", "variables|actions:read", list_variables),
        ("GET", f"{REPO}/actions/variables/<variable>", "variables|actions:read", get_variable),
    ]
