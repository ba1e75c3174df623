"""A whole world on loopback: Jira, GitHub and both model services, its people and a doorbell."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from patchgate.standins.github import GitHub
from patchgate.standins.github import Snapshot as Repositories
from patchgate.standins.http import Server, StandIn
from patchgate.standins.jira import AutomationRule, JiraCloud, Project, User, site
from patchgate.standins.jira import Person as JiraPerson
from patchgate.standins.models import AnthropicMessages, OpenAIResponses, Script

CONTROL = "acme/control"
SETTINGS_PATH = ".github/patchgate.yml"
PROJECT = "MWC"
EVENT_TYPE = "patchgate"
REQUIRED_CHECK = "ci"
RINGING = frozenset(
    {
        "repository_dispatch",
        "pull_request.closed",
        "pull_request_review.submitted",
        "issue_comment.created",
        "check_suite.completed",
    }
)
"""The events (with their actions) on which a consumer's workflow runs."""
BOT_PERMISSIONS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "read",
    "statuses": "read",
    "actions": "read",
    "administration": "read",
}
"""What the runner's token may do at GitHub; workflow files are not in it."""


@dataclass(frozen=True)
class Account:
    """One person with their two accounts."""

    name: str
    jira: str
    github: str


RUNNER = Account("AI Runner", "712020:ai-runner", "patchgate-bot")
LEIGH = Account("Leigh", "712020:leigh", "leigh-acme")
ROBIN = Account("Robin", "712020:robin", "robin-acme")
SAM = Account("Sam", "712020:sam", "sam-acme")
DOORBELL = "doorbell-acme"


@dataclass(frozen=True)
class Target:
    """The repository that tickets are about: files, or a local repository whose HEAD is taken."""

    seed: Mapping[str, str | bytes] | Path
    name: str = "acme/shop"
    branch: str = "main"


@dataclass(frozen=True)
class Bell:
    """One event as a workflow of the consumer would be given it."""

    event: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class WorldSnapshot:
    """Everything that the four services and the doorbell hold."""

    jira: Any
    github: Repositories
    models: tuple[Any, Any]
    bells: tuple[Bell, ...]


@dataclass
class Credentials:
    """Made at random for each world."""

    jira: str = field(default_factory=lambda: secrets.token_hex(16))
    anthropic: str = field(default_factory=lambda: f"sk-ant-{secrets.token_hex(16)}")
    openai: str = field(default_factory=lambda: f"sk-{secrets.token_hex(16)}")
    github: str = ""
    doorbell: str = ""


class World:
    """Serves everything from `root` until `close`; the clock is the machine's.

    Leigh reviews and approves, Robin approves, Sam may not; the project has the six statuses,
    the control repository the settings, and the target's default branch requires `ci`.
    """

    def __init__(
        self,
        root: Path,
        *,
        target: Target,
        script: Script | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = root
        self.target = target
        self.keys = Credentials()
        self.jira = JiraCloud(
            site(
                users=[
                    User(RUNNER.jira, RUNNER.name, "ai-runner@acme.test", self.keys.jira, "app"),
                    *(_user(person) for person in (LEIGH, ROBIN, SAM)),
                ],
                projects=[Project(PROJECT, "Moveware Commerce")],
            )
        )
        answers = script or Script()
        self.anthropic = AnthropicMessages([self.keys.anthropic], answers)
        self.openai = OpenAIResponses([self.keys.openai], answers)
        self.github = GitHub(root / "github")
        self._bells: list[Bell] = []
        self._lock = threading.Lock()
        self._populate(settings or {})
        self._serve()

    # ── building ─────────────────────────────────────────────────────────────────────────

    def _populate(self, settings: Mapping[str, Any]) -> None:
        hub = self.github
        for person in (LEIGH, ROBIN, SAM, RUNNER):
            hub.add_user(person.github)
        owner, _, name = CONTROL.partition("/")
        said = default_settings(self.target) | dict(settings)
        text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
        hub.create_repository(owner, name, {SETTINGS_PATH: text, "README.md": "# Control\n"})
        owner, _, name = self.target.name.partition("/")
        branch = self.target.branch
        hub.create_repository(owner, name, self.target.seed, default_branch=branch)
        hub.protect(self.target.name, branch, required_checks=[REQUIRED_CHECK])
        self.keys.github = hub.issue_token(RUNNER.github, permissions=BOT_PERMISSIONS)
        self.keys.doorbell = hub.issue_token(
            DOORBELL, permissions={"contents": "write"}, repository=CONTROL
        )

    def _serve(self) -> None:
        self._servers = [Server(one) for one in self.services]
        self.urls = {server.app.service: server.url for server in self._servers}
        self.rule = AutomationRule(
            f"{self.urls['github']}/api/v3/repos/{CONTROL}/dispatches",
            {"Authorization": f"Bearer {self.keys.doorbell}"},
            EVENT_TYPE,
            RUNNER.jira,
        )
        self.jira.on_change.append(self.rule)
        events = {named.partition(".")[0] for named in RINGING}
        self.github.deliveries.subscribe(self._ring, to=events)

    @property
    def services(self) -> tuple[StandIn, ...]:
        """The four stand-ins."""
        return self.jira, self.github, self.anthropic, self.openai

    def close(self) -> None:
        """Stop serving."""
        for server in self._servers:
            server.close()

    def __enter__(self) -> World:
        """Serve for the length of a `with` block."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop serving."""
        self.close()

    # ── who and where ────────────────────────────────────────────────────────────────────

    def env(self) -> dict[str, str]:
        """The variables that lead patchgate into this world."""
        return {
            "JIRA_BASE_URL": self.urls["jira"],
            "JIRA_EMAIL": "ai-runner@acme.test",
            "JIRA_API_TOKEN": self.keys.jira,
            "GITHUB_TOKEN": self.keys.github,
            "GITHUB_API_URL": f"{self.urls['github']}/api/v3",
            "GITHUB_SERVER_URL": self.urls["github"],
            "GITHUB_REPOSITORY": CONTROL,
            "ANTHROPIC_API_KEY": self.keys.anthropic,
            "ANTHROPIC_BASE_URL": self.urls["anthropic"],
            "OPENAI_API_KEY": self.keys.openai,
            "OPENAI_BASE_URL": f"{self.urls['openai']}/v1",
        }

    def at_jira(self, person: Account) -> JiraPerson:
        """A person at Jira's pages."""
        return self.jira.as_user(person.jira)

    # ── the doorbell ─────────────────────────────────────────────────────────────────────

    def _ring(self, event: str, payload: dict[str, Any], *, starts_workflows: bool) -> None:
        action = payload.get("action", "")
        named = event if event == "repository_dispatch" else f"{event}.{action}"
        own = payload.get("sender", {}).get("login") == RUNNER.github
        if starts_workflows and named in RINGING and not own:
            with self._lock:
                self._bells.append(Bell(event, payload))

    def bells(self) -> list[Bell]:
        """What rang since the last time, once Jira's rule has sent everything."""
        self.rule.settle()
        with self._lock:
            rung, self._bells = self._bells, []
        return rung

    # ── snapshots ────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> WorldSnapshot:
        """A copy of everything that the services hold, and of the bells not yet heard."""
        self.rule.settle()
        with self._lock:
            bells = tuple(self._bells)
        models = self.anthropic.snapshot(), self.openai.snapshot()
        return WorldSnapshot(self.jira.snapshot(), self.github.snapshot(), models, bells)

    def restore(self, snapshot: WorldSnapshot) -> None:
        """Put a snapshot back; it can be restored again. Addresses and keys stay."""
        self.rule.settle()
        self.jira.restore(snapshot.jira)
        self.github.restore(snapshot.github)
        self.anthropic.restore(snapshot.models[0])
        self.openai.restore(snapshot.models[1])
        with self._lock:
            self._bells = list(snapshot.bells)


def default_settings(target: Target) -> dict[str, Any]:
    """The control repository's settings for one target, with this world's people."""
    people = [
        {"name": person.name, "jira": person.jira, "github": person.github}
        for person in (LEIGH, ROBIN)
    ]
    return {
        "version": 1,
        "jira": {"projects": [PROJECT], "runner": RUNNER.jira},
        "people": people,
        "reviewer": LEIGH.name,
        "approvers": [LEIGH.name, ROBIN.name],
        "routes": [{"repository": target.name, "base_branch": target.branch}],
        "checks": {"commands": [["python3", "-m", "unittest", "-q"]]},
    }


def _user(person: Account) -> User:
    return User(person.jira, person.name, f"{person.name.lower()}@acme.test")
