"""The one reader of the process environment: which variables there are, and who may hold them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from patchgate.errors import CredentialError, RefusedError


class Room(StrEnum):
    """The kinds of job, each with its own keys (DESIGN.md §2)."""

    TICK = "tick"
    PROPOSE = "propose"
    CHECK = "check"
    SETTLE = "settle"


class Kind(StrEnum):
    """What a variable is good for."""

    PLACE = "place"
    """Not secret: an address, an id, a file of the runner."""
    JIRA = "jira"
    GITHUB = "github"
    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    RUNNER = "runner"
    """A token of the Actions runner itself, which no room of ours uses."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable that patchgate knows."""

    name: str
    kind: Kind
    meaning: str


VARIABLES = (
    Variable("JIRA_BASE_URL", Kind.PLACE, "Jira site, such as https://your-site.atlassian.net"),
    Variable("JIRA_CLOUD_ID", Kind.PLACE, "Cloud id of the site, for OAuth; else it is asked for"),
    Variable("ATLASSIAN_TOKEN_URL", Kind.PLACE, "Where OAuth tokens are fetched"),
    Variable("JIRA_EMAIL", Kind.JIRA, "Account of the API token (basic authentication)"),
    Variable("JIRA_API_TOKEN", Kind.JIRA, "API token of the service user"),
    Variable("JIRA_CLIENT_ID", Kind.JIRA, "OAuth client id of a service account"),
    Variable("JIRA_CLIENT_SECRET", Kind.JIRA, "OAuth client secret of a service account"),
    Variable("GITHUB_TOKEN", Kind.GITHUB, "Token that may write contents and pull requests"),
    Variable("GH_TOKEN", Kind.GITHUB, "The same, where GITHUB_TOKEN is not set"),
    Variable(
        "PATCHGATE_DEFAULT_TOKEN",
        Kind.GITHUB,
        "The job's own token, which wakes no CI; for modes plan and request; set by the action",
    ),
    Variable("GITHUB_APP_ID", Kind.PLACE, "GitHub App, instead of a token"),
    Variable("GITHUB_APP_PRIVATE_KEY", Kind.GITHUB, "Private key of the GitHub App (PEM)"),
    Variable("GITHUB_APP_INSTALLATION_ID", Kind.PLACE, "Installation of the GitHub App"),
    Variable("GITHUB_API_URL", Kind.PLACE, "GitHub's API; set by the runner"),
    Variable("GITHUB_SERVER_URL", Kind.PLACE, "GitHub itself; set by the runner"),
    Variable("GITHUB_REPOSITORY", Kind.PLACE, "The control repository; set by the runner"),
    Variable("GITHUB_RUN_ID", Kind.PLACE, "The workflow run; set by the runner"),
    Variable("GITHUB_EVENT_NAME", Kind.PLACE, "What woke the run; set by the runner"),
    Variable("GITHUB_EVENT_PATH", Kind.PLACE, "File of the event; set by the runner"),
    Variable("GITHUB_OUTPUT", Kind.PLACE, "File for outputs; set by the runner"),
    Variable("GITHUB_STEP_SUMMARY", Kind.PLACE, "File for the job summary; set by the runner"),
    Variable("GITHUB_RUN_ATTEMPT", Kind.PLACE, "How often the run was started; set by the runner"),
    Variable("GITHUB_WORKSPACE", Kind.PLACE, "Folder of checkouts; set by the runner"),
    Variable("RUNNER_TEMP", Kind.PLACE, "Folder of one job; set by the runner"),
    Variable("RUNNER_ENVIRONMENT", Kind.PLACE, "Whose machine the runner is; set by the runner"),
    Variable("ANTHROPIC_API_KEY", Kind.ANTHROPIC, "Key for Claude; either model key suffices"),
    Variable("ANTHROPIC_BASE_URL", Kind.PLACE, "Another endpoint for Claude"),
    Variable("OPENAI_API_KEY", Kind.OPENAI, "Key for OpenAI; either model key suffices"),
    Variable("OPENAI_BASE_URL", Kind.PLACE, "Another endpoint for OpenAI (with /v1)"),
    Variable("PATCHGATE_STOP", Kind.PLACE, "STOP: why nothing may be written; empty: go on"),
    Variable("PATCHGATE_ROOM", Kind.PLACE, "Room that a step in Actions plays; set by the action"),
    Variable("PATCHGATE_BRIEF", Kind.PLACE, "Brief that it works on; set by the action"),
    Variable("PATCHGATE_EXPECT", Kind.PLACE, "Artifacts that it accepts; set by the action"),
    Variable("PATCHGATE_ROOMS", Kind.PLACE, "How the rooms before it ended; set by the action"),
    Variable("PATCHGATE_MODELS", Kind.PLACE, "Providers whose key is there; set by the action"),
    Variable("PATCHGATE_EVENT_TYPE", Kind.PLACE, "Type of the doorbell; set by the action"),
    Variable("PATCHGATE_DEBUG", Kind.PLACE, "1: show a traceback beside each error"),
    Variable("ACTIONS_RUNTIME_TOKEN", Kind.RUNNER, "The runner's own; only in tick and settle"),
    Variable(
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        Kind.RUNNER,
        "The runner's own; only in tick and settle",
    ),
)

MAY_HOLD: Mapping[Room, frozenset[Kind]] = {
    Room.TICK: frozenset({Kind.JIRA, Kind.GITHUB, Kind.RUNNER}),
    Room.SETTLE: frozenset({Kind.JIRA, Kind.GITHUB, Kind.RUNNER}),
    Room.PROPOSE: frozenset({Kind.ANTHROPIC, Kind.OPENAI}),
    Room.CHECK: frozenset(),
}
"""Kinds of secret that each room may hold; places are not secret."""

PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
)  # fmt: skip
"""What every room needs of the machine; nothing else is handed to a room's process."""

HINTS = {
    "jira": "Create an API token for the service user (JIRA_EMAIL and JIRA_API_TOKEN), or OAuth "
    "credentials for a service account (JIRA_CLIENT_ID and JIRA_CLIENT_SECRET).",
    "github": "Pass a token with contents and pull requests: write as GITHUB_TOKEN, or a GitHub "
    "App as GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID.",
    "anthropic": "Create a key in the Anthropic console and pass it as ANTHROPIC_API_KEY; with the "
    "other provider's key alone, the workflow says so (`models: openai`).",
    "openai": "Create a key on the OpenAI platform and pass it as OPENAI_API_KEY; with the other "
    "provider's key alone, the workflow says so (`models: anthropic`).",
    "model": "Set ANTHROPIC_API_KEY or OPENAI_API_KEY; one of them suffices.",
}

Need = Literal["jira", "github", "anthropic", "openai", "model"]


class Environment(BaseModel):
    """The variables as they were at the start; secrets do not show in text or errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    jira_base_url: str = ""
    jira_cloud_id: str = ""
    atlassian_token_url: str = ""
    jira_email: str = ""
    jira_api_token: SecretStr | None = None
    jira_client_id: str = ""
    jira_client_secret: SecretStr | None = None
    github_token: SecretStr | None = None
    gh_token: SecretStr | None = None
    patchgate_default_token: SecretStr | None = None
    github_app_id: str = ""
    github_app_private_key: SecretStr | None = None
    github_app_installation_id: str = ""
    github_api_url: str = "https://api.github.com"
    github_server_url: str = "https://github.com"
    github_repository: str = ""
    github_run_id: str = ""
    github_event_name: str = ""
    github_event_path: str = ""
    github_output: str = ""
    github_step_summary: str = ""
    github_run_attempt: str = ""
    github_workspace: str = ""
    runner_temp: str = ""
    runner_environment: str = ""
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = ""
    openai_api_key: SecretStr | None = None
    openai_base_url: str = ""
    patchgate_stop: str = ""
    patchgate_room: str = ""
    patchgate_brief: str = ""
    patchgate_expect: str = ""
    patchgate_rooms: str = ""
    patchgate_models: str = ""
    patchgate_event_type: str = ""
    patchgate_debug: str = ""
    actions_runtime_token: SecretStr | None = None
    actions_id_token_request_token: SecretStr | None = None
    machine: tuple[tuple[str, str], ...] = ()
    """The variables of PASSED_ON that are set."""

    @classmethod
    def from_os(cls) -> Environment:
        """This process's environment."""
        return cls.from_mapping(os.environ)

    @classmethod
    def from_mapping(cls, values: Mapping[str, str]) -> Environment:
        """Variables from a mapping; an empty one counts as absent."""
        known = {v.name.lower(): values[v.name] for v in VARIABLES if values.get(v.name)}
        machine = tuple((name, values[name]) for name in PASSED_ON if name in values)
        return cls.model_validate({**known, "machine": machine})

    @property
    def forge_token(self) -> SecretStr | None:
        """The GitHub token: GITHUB_TOKEN, else GH_TOKEN."""
        return self.github_token or self.gh_token

    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set here, to be kept out of what people read."""
        return tuple(self.secrets_by_field().values())

    def secrets_by_field(self) -> dict[str, str]:
        """The same by the variable's name in lower case, which may be spoken of."""
        held = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: one.get_secret_value() for name, one in held if isinstance(one, SecretStr)}

    def model_keys(self) -> frozenset[Literal["anthropic", "openai"]]:
        """Providers whose key is there."""
        keys: set[Literal["anthropic", "openai"]] = set()
        if self.anthropic_api_key:
            keys.add("anthropic")
        if self.openai_api_key:
            keys.add("openai")
        return frozenset(keys)

    def forbidden(self, room: Room, provider: str | None = None) -> tuple[str, ...]:
        """Names of keys that are set here and that the room must not hold.

        With `provider`, a model task's room may hold that provider's key alone.
        """
        allowed = MAY_HOLD[room]
        if provider is not None:
            allowed = allowed - ({Kind.ANTHROPIC, Kind.OPENAI} - {Kind(provider)})
        return tuple(
            variable.name
            for variable in VARIABLES
            if variable.kind is not Kind.PLACE
            and variable.kind not in allowed
            and self._text(variable.name)
        )

    def admit(self, room: Room, provider: str | None = None) -> None:
        """Refuse to start a room that holds a key which it must not hold."""
        found = self.forbidden(room, provider)
        if found:
            raise RefusedError(
                f"the {room} room must not hold {', '.join(found)}",
                "Remove it from this job's environment; each room has its own keys.",
            )

    def missing(self, need: Need) -> tuple[str, ...]:
        """Variables without which a service cannot be reached; empty when all are there."""
        if need == "model":
            return () if self.model_keys() else ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")
        if need == "jira":
            return self._missing_of_either(
                ("JIRA_EMAIL", "JIRA_API_TOKEN"), ("JIRA_CLIENT_ID", "JIRA_CLIENT_SECRET")
            )
        if need == "github":
            app = ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_INSTALLATION_ID")
            return () if self.forge_token else self._missing_of_either(("GITHUB_TOKEN",), app)
        return self._missing_of_either((f"{need.upper()}_API_KEY",))

    def require(self, need: Need) -> None:
        """CredentialError naming what is missing and how to get it."""
        missing = self.missing(need)
        if missing:
            joined = (" or " if need == "model" else " and ").join(missing)
            raise CredentialError(f"not set: {joined}", HINTS[need])

    def for_room(self, room: Room, provider: str | None = None) -> dict[str, str]:
        """All that a room's own process is given: the machine's variables and the room's keys."""
        allowed = (MAY_HOLD[room] - {Kind.RUNNER}) | {Kind.PLACE}
        if room is Room.CHECK:
            allowed = frozenset()
        given = {v.name: self._text(v.name) for v in VARIABLES if v.kind in allowed}
        barred = self.forbidden(room, provider)
        kept = {name: text for name, text in given.items() if text and name not in barred}
        return dict(self.machine) | kept

    def _missing_of_either(self, *ways: tuple[str, ...]) -> tuple[str, ...]:
        """What the way that was begun lacks (the first way when none was begun)."""
        lacks = [tuple(name for name in way if not self._text(name)) for way in ways]
        if () in lacks:
            return ()
        begun = [lack for way, lack in zip(ways, lacks, strict=True) if len(lack) < len(way)]
        return (begun or lacks)[0]

    def _text(self, name: str) -> str:
        if name.lower() not in self.model_fields_set:
            return ""
        value = getattr(self, name.lower())
        return value.get_secret_value() if isinstance(value, SecretStr) else value
