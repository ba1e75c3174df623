"""What must be true of every workflow, as rules over its YAML: each names what breaks it.

A rule gets one workflow (its text and what YAML makes of it) and answers with findings. The rules
know no file of ours by name, so that they hold for examples in documents too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("tick", "settle", "propose", "seal", "check")
PINNED = re.compile(r"uses:\s*[\w.-]+/[\w./-]+@[0-9a-f]{40} +# v\d+(\.\d+)*\s*$")
LOCAL = re.compile(r"uses:\s*(\./|\$/)")
SECRET = re.compile(r"\bsecrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([^']*)'\s*\])")
MODEL_KEY = re.compile(r"ANTHROPIC|OPENAI")
WRITE_TOKEN = re.compile(r"PATCHGATE_TOKEN|APP_PRIVATE_KEY|^GITHUB_TOKEN$")
JIRA = re.compile(r"^JIRA_")


@dataclass(frozen=True)
class Workflow:
    """One workflow file, or one example of a document."""

    name: str
    text: str
    tree: Mapping[str, Any]

    @property
    def jobs(self) -> Mapping[str, Mapping[str, Any]]:
        """Its jobs by id."""
        jobs: Mapping[str, Mapping[str, Any]] = self.tree.get("jobs") or {}
        return jobs


Rule = Callable[[Workflow], list[str]]


def parsed(name: str, text: str) -> Workflow:
    """A workflow from its text; every scalar stays the text that was written."""
    return Workflow(name, text, yaml.load(text, yaml.BaseLoader))  # noqa: S506  # makes text only


def shipped() -> list[Workflow]:
    """Our workflows, the consumers' examples, and what documents show."""
    folders = (ROOT / ".github" / "workflows", ROOT / "docs" / "examples")
    files = sorted(path for folder in folders for path in folder.glob("*.y*ml"))
    found = [parsed(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in files]
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return found + [block for page in pages for block in shown_in(page)]


def composites() -> list[Workflow]:
    """Our composite actions, their steps as one job: the rules on steps hold for them too."""
    found = []
    for name in ("action.yml", "step/action.yml"):
        text = (ROOT / name).read_text("utf-8")
        steps = yaml.load(text, yaml.BaseLoader)["runs"]["steps"]  # noqa: S506  # makes text only
        found.append(Workflow(name, text, {"jobs": {"action": {"steps": steps}}}))
    return found


def shown_in(page: Path) -> Iterator[Workflow]:
    """The whole workflows that a page shows."""
    for number, text in enumerate(blocks(page.read_text("utf-8"), "yaml"), 1):
        found = yaml.load(text, yaml.BaseLoader)  # noqa: S506  # makes text only
        if isinstance(found, dict) and {"on", "jobs"} <= set(found):
            yield parsed(f"{page.relative_to(ROOT)}#{number}", text)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a Markdown text in one language, without their indentation."""
    fence = re.compile(rf"^( *)```{language}\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
    return [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in fence.findall(text)
    ]


# ── what a job has ───────────────────────────────────────────────────────────────────────


def steps_of(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps of a job; a job that calls a workflow has none."""
    return list(job.get("steps") or [])


def scopes_of(job: Mapping[str, Any]) -> dict[str, str]:
    """The grants of a job's token; a word instead of a list is kept under `*`."""
    granted = job.get("permissions")
    return dict(granted) if isinstance(granted, dict) else {"*": str(granted)}


def writes(job: Mapping[str, Any]) -> set[str]:
    """The scopes that it may write."""
    return {scope for scope, level in scopes_of(job).items() if "write" in level}


def secrets_of(job: Mapping[str, Any]) -> set[str]:
    """Names of the secrets that a job is given, by whatever notation; `*` means all of them."""
    text = yaml.safe_dump(job, width=10_000)
    named = {one or other for one, other in SECRET.findall(text)}
    left = SECRET.sub("", text)
    everything = re.search(r"\$\{\{[^}]*\bsecrets\b|^secrets: inherit", left, re.MULTILINE)
    return named | ({"*"} if everything else set())


def room_of(job: Mapping[str, Any]) -> str:
    """The room that one of its steps is, or nothing."""
    rooms = [step["with"]["room"] for step in steps_of(job) if "room" in (step.get("with") or {})]
    return rooms[0] if rooms else ""


def checks_out(step: Mapping[str, Any]) -> bool:
    """Whether a step puts a repository into the workspace."""
    return str(step.get("uses", "")).startswith("actions/checkout@")


def runs_repository_code(job: Mapping[str, Any]) -> bool:
    """Whether something of a checkout may run: the check room, or a script after a checkout.

    Model rooms have a checkout too, and run nothing but the action.
    """
    steps = steps_of(job)
    first = next((n for n, step in enumerate(steps) if checks_out(step)), len(steps))
    return room_of(job) == "check" or any("run" in step for step in steps[first:])


# ── rules ────────────────────────────────────────────────────────────────────────────────


def nothing_is_granted_by_default(workflow: Workflow) -> list[str]:
    """The workflow grants nothing; each job asks for what it needs."""
    found = [] if workflow.tree.get("permissions") == {} else ["top: permissions are not {}"]
    return found + [
        f"{name}: no permissions of its own"
        for name, job in workflow.jobs.items()
        if not isinstance(job.get("permissions"), dict)
    ]


def every_grant_has_a_reason(workflow: Workflow) -> list[str]:
    """Beside each grant a comment says what it is for."""
    found = []
    lines = workflow.text.splitlines()
    for name, key, value in _permissions(workflow):
        rows = [(k, k.start_mark.line) for k, _ in value.value] or [(key, value.start_mark.line)]
        for scope, number in rows:
            if "#" not in lines[number]:
                found.append(f"{name}: {scope.value} is granted without a reason")
    return found


def _permissions(workflow: Workflow) -> Iterator[tuple[str, yaml.Node, yaml.MappingNode]]:
    """Every job's `permissions` with their places in the text."""
    top = yaml.compose(workflow.text, yaml.BaseLoader)
    for name, job in _items(_value(top, "jobs")):
        for key, value in _items(job):
            if key.value == "permissions" and isinstance(value, yaml.MappingNode):
                yield name.value, key, value


def _items(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return next((value for key, value in _items(node) if key.value == name), None)


def every_job_has_a_time_out(workflow: Workflow) -> list[str]:
    """No job may hang for the six hours that GitHub allows."""
    found = []
    for name, job in workflow.jobs.items():
        if "uses" not in job and not 1 <= int(job.get("timeout-minutes", 0)) <= 60:
            found.append(f"{name}: no timeout-minutes between 1 and 60")
    return found


def every_foreign_action_is_pinned(workflow: Workflow) -> list[str]:
    """A full commit, and the version that it is in a comment."""
    uses = [line.strip() for line in workflow.text.splitlines() if _names_an_action(line)]
    return [
        f"not pinned: {line}" for line in uses if not PINNED.search(line) and not LOCAL.search(line)
    ]


def _names_an_action(line: str) -> bool:
    return re.match(r"\s*(- )?uses:", line) is not None


def checkouts_keep_no_credential(workflow: Workflow) -> list[str]:
    """What runs later in the job finds no token in `.git/config`."""
    return [
        f"{name}: a checkout persists its credential"
        for name, job in workflow.jobs.items()
        for step in steps_of(job)
        if checks_out(step) and (step.get("with") or {}).get("persist-credentials") != "false"
    ]


def no_expression_in_a_script(workflow: Workflow) -> list[str]:
    """Scripts read the environment: an expression would be text of somebody else in a shell."""
    return [
        f"{name}: an expression in a script"
        for name, job in workflow.jobs.items()
        for step in steps_of(job)
        if "${{" in str(step.get("run", "")) + str(step.get("shell", ""))
    ]


def no_dangerous_trigger(workflow: Workflow) -> list[str]:
    """Nothing that a fork's author writes meets a token that writes."""
    triggers = workflow.tree.get("on") or {}
    names = {triggers} if isinstance(triggers, str) else set(triggers)
    return [f"on: {name}" for name in sorted(names & {"pull_request_target", "workflow_run"})]


def secrets_are_named(workflow: Workflow) -> list[str]:
    """Each secret is handed to one job by its name."""
    top = secrets_of({key: value for key, value in workflow.tree.items() if key == "env"})
    return [f"top: {secret} in the environment of every job" for secret in sorted(top)] + [
        f"{name}: all secrets" for name, job in workflow.jobs.items() if "*" in secrets_of(job)
    ]


def no_job_thinks_and_writes(workflow: Workflow) -> list[str]:
    """A job with a model's key has no write scope, no token that writes, nothing of Jira.

    A job that calls a workflow runs nothing itself: what it hands on is divided there.
    """
    found = []
    for name, job in workflow.jobs.items():
        held = secrets_of(job)
        if "uses" in job or not any(MODEL_KEY.search(secret) for secret in held):
            continue
        found += [f"{name}: a model key and {scope}: write" for scope in sorted(writes(job))]
        found += [
            f"{name}: a model key and {secret}"
            for secret in sorted(held)
            if WRITE_TOKEN.search(secret) or JIRA.search(secret)
        ]
    return found


def repository_code_runs_with_nothing(workflow: Workflow) -> list[str]:
    """A job that runs repository code holds no secret and may write nothing."""
    found = []
    for name, job in workflow.jobs.items():
        if runs_repository_code(job):
            found += [f"{name}: runs repository code with {s}" for s in sorted(secrets_of(job))]
            found += [f"{name}: runs repository code with {s}: write" for s in sorted(writes(job))]
            if job.get("environment"):
                found.append(f"{name}: runs repository code in an environment")
    return found


def rooms_hold_their_own_keys(workflow: Workflow) -> list[str]:
    """Jira and the repository only in tick and settle, models only in propose."""
    found = []
    for name, job in workflow.jobs.items():
        room = room_of(job)
        if not room:
            continue
        if room not in ROOMS and "${{" not in room:
            found.append(f"{name}: {room} is no room")
        for secret in sorted(secrets_of(job)):
            jira_or_write = JIRA.search(secret) or WRITE_TOKEN.search(secret)
            if jira_or_write and room not in ("tick", "settle"):
                found.append(f"{name}: the room {room} holds {secret}")
            if MODEL_KEY.search(secret) and room != "propose":
                found.append(f"{name}: the room {room} holds {secret}")
        if room not in ("tick", "settle"):
            found += [f"{name}: the room {room} writes {s}" for s in sorted(writes(job))]
    return found


def runs_that_write_are_not_cancelled(workflow: Workflow) -> list[str]:
    """A newer run waits for one that writes."""
    found = []
    places = {"top": workflow.tree, **workflow.jobs}
    writing = any(writes(job) for job in workflow.jobs.values())
    for name, place in places.items():
        group = place.get("concurrency")
        stops = isinstance(group, dict) and group.get("cancel-in-progress", "false") != "false"
        if stops and writing:
            found.append(f"{name}: a run that writes is cancelled by the next")
    return found


def the_gate_needs_every_job(workflow: Workflow) -> list[str]:
    """A job called `gate` runs always and needs all the others."""
    gate = workflow.jobs.get("gate")
    if gate is None:
        return []
    missing = sorted(set(workflow.jobs) - {"gate"} - set(gate.get("needs") or []))
    found = [f"gate: does not need {name}" for name in missing]
    if gate.get("if") != "always()":
        found.append("gate: does not run always")
    return found


def ci_can_be_left_asleep(workflow: Workflow) -> list[str]:
    """A room that writes with a token that wakes CI also holds the one that wakes none."""
    quiet = "${{ github.token }}"
    return [
        f"{name}: the room {given['room']} lacks the default token"
        for name, job in workflow.jobs.items()
        for given in (step.get("with") or {} for step in steps_of(job))
        if given.get("room") in ("tick", "settle")
        and given.get("github-token", quiet) != quiet
        and given.get("default-token") != quiet
    ]


STEP_RULES: tuple[Rule, ...] = (
    every_foreign_action_is_pinned,
    checkouts_keep_no_credential,
    no_expression_in_a_script,
    secrets_are_named,
)
"""The rules that look at steps alone."""
RULES: tuple[Rule, ...] = (
    nothing_is_granted_by_default,
    every_grant_has_a_reason,
    every_job_has_a_time_out,
    every_foreign_action_is_pinned,
    checkouts_keep_no_credential,
    no_expression_in_a_script,
    no_dangerous_trigger,
    secrets_are_named,
    no_job_thinks_and_writes,
    repository_code_runs_with_nothing,
    rooms_hold_their_own_keys,
    runs_that_write_are_not_cancelled,
    the_gate_needs_every_job,
    ci_can_be_left_asleep,
)
