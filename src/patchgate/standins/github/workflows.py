"""Actions at its door: events start workflows, whose runs wait until somebody plays them.

What starts: the workflow files of the default branch (for a push, of the pushed commit) whose `on:`
lists the event with its action.
Playing a run (its jobs, their steps) is the business of whoever takes it from the queue.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patchgate.standins.github.checking import start_run
from patchgate.standins.github.hub import Hub
from patchgate.standins.github.rest_actions import FOLDER, title_of, triggers
from patchgate.standins.github.shapes import repository, user
from patchgate.standins.github.state import Repository, Token, WorkflowRun

DEFAULT_TYPES = {"pull_request": ["opened", "synchronize", "reopened"]}
"""What an event without `types:` means, where that is not all of it."""
JOB_PERMISSIONS = ("contents", "pull-requests", "issues", "checks", "statuses", "actions")


@dataclass(frozen=True)
class Started:
    """One attempt of a run that waits to be played."""

    repo: str
    path: str
    event: str
    payload: Mapping[str, Any]
    run: int
    attempt: int = 1


class Workflows:
    """The queue of runs; subscribes itself to the stand-in's deliveries."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._queue: list[Started] = []
        self._played: dict[int, Started] = {}
        hub.deliveries.subscribe(self._deliver)

    def take(self) -> list[Started]:
        """Everything that waits, oldest first."""
        with self._lock:
            waiting, self._queue = self._queue, []
        return waiting

    def schedule(self, repo: str) -> None:
        """The clock strikes: each scheduled workflow of the repository starts."""
        with self._hub.lock:
            place = self._hub.repository(repo)
            for path, text in self._files(place):
                for one in triggers(text).get("schedule", []):
                    payload = {"schedule": one["cron"], "repository": repository(self._hub, place)}
                    self._start(place, path, "schedule", payload, login=place.owner, text=text)

    def start_by_hand(self, repo: str, path: str, login: str, inputs: Mapping[str, str]) -> int:
        """Somebody with write access presses the button of a workflow; the run's id."""
        with self._hub.lock:
            self._hub.account(login)
            place = self._hub.repository(repo)
            text = dict(self._files(place))[path]
            payload = {
                "inputs": dict(inputs),
                "ref": f"refs/heads/{place.default_branch}",
                "workflow": path,
                "repository": repository(self._hub, place),
                "sender": user(self._hub, login),
            }
            return self._start(place, path, "workflow_dispatch", payload, login=login, text=text)

    def again(self, repo: str, run: int, login: str) -> None:
        """Somebody re-runs all jobs of a run: same event, same commit, another attempt."""
        with self._hub.lock:
            found = self._run(repo, run)
            found.triggered_by.append(login)
            found.status, found.conclusion = "queued", None
        with self._lock:
            before = self._played[run]
            self._queue.append(
                Started(repo, before.path, before.event, before.payload, run, found.attempt)
            )

    def finish(self, repo: str, run: int, conclusion: str) -> None:
        """The run is over."""
        with self._hub.lock:
            found = self._run(repo, run)
            found.status, found.conclusion = "completed", conclusion
            found.updated_at = self._hub.now()

    def begin(self, repo: str, run: int) -> None:
        """A runner took it up."""
        with self._hub.lock:
            self._run(repo, run).status = "in_progress"

    def job_token(self, repo: str, value: str, permissions: Mapping[str, str]) -> str:
        """The token of one job, which may do what its `permissions:` say and no more."""
        unknown = set(permissions) - set(JOB_PERMISSIONS)
        if unknown:
            message = f"unknown permissions: {', '.join(sorted(unknown))}"
            raise ValueError(message)
        held = {name.replace("-", "_"): level for name, level in permissions.items()}
        login = "github-actions[bot]"
        with self._hub.lock:
            self._hub.account(login)
            full_name = self._hub.repository(repo).full_name
            self._hub.world.tokens[value] = Token(login, {full_name: held}, default=True)
        return value

    # ── how events come in ───────────────────────────────────────────────────────────────

    def _deliver(self, event: str, payload: dict[str, Any], *, starts_workflows: bool) -> None:
        if not starts_workflows or "repository" not in payload:
            return
        with self._hub.lock:
            place = self._hub.repository(payload["repository"]["full_name"])
            pushed = str(payload["after"]) if event == "push" else None
            for path, text in self._files(place, pushed):
                if not _listens(triggers(text), event, payload) or (
                    event == "workflow_dispatch" and path != payload["workflow"]
                ):
                    continue
                self._start(
                    place, path, event, payload, login=payload["sender"]["login"], text=text
                )

    def _start(
        self,
        place: Repository,
        path: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        login: str,
        text: str,
    ) -> int:
        run = self._dispatched(place, path) if event == "workflow_dispatch" else None
        if run is None:
            branch = place.default_branch
            run = start_run(self._hub, place, login, path=path, event=event, branch=branch)
            run.title = title_of(text, payload.get("inputs", {}))
        started = Started(place.full_name, path, event, payload, run.id)
        with self._lock:
            self._queue.append(started)
            self._played[run.id] = started
        return run.id

    def _dispatched(self, place: Repository, path: str) -> WorkflowRun | None:
        """The run that a dispatch over REST has made already."""
        for run in place.runs:
            wanted = run.path == path and run.event == "workflow_dispatch"
            if wanted and run.id not in self._played and run.status == "queued":
                return run
        return None

    def _files(self, place: Repository, commit: str | None = None) -> list[tuple[str, str]]:
        bare = self._hub.bare(place)
        head = bare.resolve(commit or place.default_branch)
        entries = bare.entries(head, recursive=True) if head else []
        return [
            (entry.path, bare.blob(entry.sha).decode("utf-8"))
            for entry in entries
            if entry.path.startswith(f"{FOLDER}/") and entry.path.endswith((".yml", ".yaml"))
        ]

    def _run(self, repo: str, run: int) -> WorkflowRun:
        return next(r for r in self._hub.repository(repo).runs if r.id == run)


def _listens(on: Mapping[str, Any], event: str, payload: Mapping[str, Any]) -> bool:
    """Whether `on:` names the event, and its action where `types:` narrows it."""
    if event not in on:
        return False
    narrowed = on[event] if isinstance(on[event], dict) else {}
    types = narrowed.get("types") or DEFAULT_TYPES.get(event)
    return not types or payload.get("action") in ([types] if isinstance(types, str) else types)
