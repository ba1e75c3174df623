"""The only place that builds adapters: environment and settings → a desk, a model, a checkout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from patchgate.adapters import runs, sandbox
from patchgate.adapters.actions import Runner
from patchgate.adapters.git import local
from patchgate.adapters.git.cache import GitHost
from patchgate.adapters.git.process import credential_env
from patchgate.adapters.git.repositories import GitReader
from patchgate.adapters.git.room import RoomTree
from patchgate.adapters.github import GitHubDoorbell, GitHubForge
from patchgate.adapters.guarded import (
    GuardedJob,
    GuardedLedger,
    GuardedModel,
    GuardedTracker,
    GuardedWriter,
)
from patchgate.adapters.jira import (
    ApiToken,
    ClientCredentials,
    Connection,
    Credential,
    JiraTracker,
)
from patchgate.adapters.ledger import (
    Action,
    Branches,
    GitLedger,
    Remote,
    Restoration,
    show,
    verify_repository,
)
from patchgate.app.desk import Desk, Journal
from patchgate.app.environment import Environment
from patchgate.app.evidence import EvidenceReader
from patchgate.app.packs import Control, policy_of, secret_rules_of, utf8
from patchgate.app.redact import Redactor, redactor
from patchgate.app.ruling import rules_of
from patchgate.app.settings import SETTINGS_PATH, Provider, Settings, load_settings, route
from patchgate.app.writegate import WriteGate
from patchgate.core.ids import AccountId, RepoName, Sha
from patchgate.core.policy import Policy
from patchgate.core.secrets import SecretRules
from patchgate.errors import ConfigError, RefusedError
from patchgate.ports import Clock, ForgeReader, Job, Ledger, LocalHistory, Model, Tracker

run_inside = sandbox.run_inside
run_bare = sandbox.run_bare
Ran = sandbox.Ran
sandbox_barred = sandbox.unavailable


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


def job(env: Environment, say: Callable[[str], None]) -> Job:
    """The Actions job that this process is a step of; `say` prints one line."""
    runner = Runner(output=env.github_output, summary=env.github_step_summary, say=say)
    return GuardedJob(runner, redactor(env))


def run_name(env: Environment) -> str:
    """How reservations name this run."""
    return runs.this_run(env.github_repository, env.github_run_id)


# ── services ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Services:
    """The adapters of one tick before settings are known, and the settings."""

    forge: GitHubForge
    settings: Settings
    policy: Policy
    source: str
    secrets: SecretRules | None
    """The consumer's own rules for secrets, where settings name some."""


def forge_of(env: Environment, cache: Path, prefix: str = "ai/") -> GitHubForge:
    """GitHub and git for this environment; nothing is sent yet."""
    env.require("github")
    app = None
    if env.github_app_private_key and env.github_app_id:
        app = (
            env.github_app_id,
            env.github_app_private_key.get_secret_value(),
            env.github_app_installation_id,
        )
    token = env.forge_token.get_secret_value() if env.forge_token else ""
    return GitHubForge.connect(
        api_url=env.github_api_url,
        server_url=env.github_server_url,
        token=token,
        app=app,
        cache=cache / "repositories",
        branch_prefix=prefix,
    )


def services(env: Environment, cache: Path) -> Services:
    """Settings, policy and rules for secrets from the control repository's default branch."""
    control = RepoName(env.github_repository)
    if not control:
        raise ConfigError(
            "GITHUB_REPOSITORY is not set", "Name the control repository as owner/name."
        )
    forge = forge_of(env, cache)
    branch, head = forge.default_head(control)
    raw = forge.read_file(control, head, SETTINGS_PATH)
    if raw is None:
        raise ConfigError(
            f"{control}@{branch} has no {SETTINGS_PATH}",
            "Add it to the default branch; docs/configuration.md shows every key.",
        )
    source = f"{control}@{head[:12]}:{SETTINGS_PATH}"
    settings = load_settings(utf8(raw, source), source)
    here = Control(forge, control, head)
    secrets = secret_rules_of(settings, here)
    return Services(forge, settings, policy_of(settings, here, secrets), source, secrets)


def tracker_of(
    env: Environment, settings: Settings, on_secret: Callable[[str], object] = str
) -> JiraTracker:
    """Jira for this environment; nothing is sent yet."""
    env.require("jira")
    jira = settings.jira
    return JiraTracker(
        Connection(_jira_credential(env, settings, on_secret)),
        custom_fields=jira.request_fields,
        via=jira.via(),
        transition_fields=jira.transition_fields,
    )


def _jira_credential(
    env: Environment, settings: Settings, on_secret: Callable[[str], object]
) -> Credential:
    url = env.jira_base_url or settings.jira.url
    if env.jira_client_id and env.jira_client_secret:
        return ClientCredentials(
            env.jira_client_id,
            env.jira_client_secret.get_secret_value(),
            cloud_id=env.jira_cloud_id or settings.jira.cloud_id,
            site_url=url,
            token_url=env.atlassian_token_url or settings.jira.token_url,
            api_url=_api_root(settings),
            on_token=on_secret,
        )
    if not url:
        raise ConfigError("no Jira site is named", "Set JIRA_BASE_URL, or `jira.url` in settings.")
    token = env.jira_api_token.get_secret_value() if env.jira_api_token else ""
    return ApiToken(url, env.jira_email, token)


def _api_root(settings: Settings) -> str:
    """The API's root: what stands before `/oauth/token/accessible-resources`."""
    return settings.jira.resources_url.removesuffix("/oauth/token/accessible-resources")


def ledger_of(env: Environment, settings: Settings, forge: GitHubForge, cache: Path) -> GitLedger:
    """The ledger of this installation, created on its first use."""
    repo = settings.ledger.repository or env.github_repository
    server = env.github_server_url.rstrip("/")
    remote = Remote(f"{server}/{repo}.git", credential_env(server, forge.token()))
    return GitLedger(
        remote,
        cache / "ledger" / repo.replace("/", "--"),
        branches=Branches(ledger=settings.ledger.branch),
        may_initialise=True,
    )


# ── the desk ─────────────────────────────────────────────────────────────────────────────


def desk(
    env: Environment,
    journal: Journal,
    *,
    cache: Path,
    run: str = "",
    providers: Sequence[str] = (),
    event_type: str = "",
    on_secret: Callable[[str], object] = str,
) -> Desk:
    """Everything that the deterministic rooms hold; with `event_type` they can ring, too.

    `on_secret` is told every token that is made from a credential.
    """
    clock: Clock = SystemClock()
    found = services(env, cache)
    settings, forge = found.settings, found.forge
    forge.confine(settings.branch_prefix)
    out = _outlet(env, found)

    def made(token: str) -> None:
        out.learn("a token made for this run", token)
        on_secret(token)

    if env.github_app_private_key:
        made(forge.token())
    tracker: Tracker = GuardedTracker(tracker_of(env, settings, made), out)
    ledger: Ledger = GuardedLedger(ledger_of(env, settings, forge, cache), out)
    quiet = _quietly(env, found, cache, out)
    rules = replace(rules_of(settings, found.policy, forge), quiet=quiet is not None)
    gate = WriteGate(
        GuardedWriter(forge, out),
        forge,
        EvidenceReader(tracker, forge, rules, RepoName(env.github_repository)),
        rules=rules,
        policy=found.policy,
        routed=lambda ticket: route(settings, ticket),
        quiet=quiet,
    )
    reviewer = settings.person(settings.reviewer).github
    return Desk(
        settings=settings,
        rules=rules,
        policy=found.policy,
        tracker=tracker,
        forge=forge,
        gate=gate,
        ledger=ledger,
        clock=clock,
        run=run or run_name(env),
        run_ended=lambda name: _run_has_ended(name, forge),
        journal=journal,
        providers=_known(providers),
        reviewers=(AccountId(reviewer),) if reviewer else (),
        settings_source=found.source,
        clean=out,
        bell=GitHubDoorbell(forge.connection, RepoName(env.github_repository), event_type)
        if event_type
        else None,
    )


def _known(providers: Sequence[str]) -> frozenset[Provider]:
    """The providers that are named; all of them where none is."""
    both: tuple[Provider, ...] = ("anthropic", "openai")
    return frozenset(p for p in both if not providers or p in providers)


def _quietly(
    env: Environment, found: Services, cache: Path, out: Redactor
) -> Callable[[RepoName], GuardedWriter] | None:
    """What opens pull requests whose patch no person saw, beside a token that wakes CI.

    None where the only token is the default one anyway, where there is none (outside of Actions),
    and where settings want CI awake.
    """
    token = env.patchgate_default_token.get_secret_value() if env.patchgate_default_token else ""
    own = env.forge_token.get_secret_value() if env.forge_token else ""
    alone = token == own and not env.github_app_private_key
    if not token or alone or found.settings.approval.wakes_ci:
        return None
    forge = GitHubForge.connect(
        api_url=env.github_api_url,
        server_url=env.github_server_url,
        token=token,
        cache=cache / "repositories",
        branch_prefix=found.settings.branch_prefix,
    )

    def writer(repo: RepoName) -> GuardedWriter:
        if repo.casefold() == env.github_repository.casefold():
            return GuardedWriter(forge, out)
        raise RefusedError(
            f"nobody has seen this patch, and a pull request in {repo} would wake its CI: the "
            "default token, which wakes none, reaches the control repository alone",
            "Set `approval.wakes_ci: true`, or mode `patchset` for this route; then `/retry`.",
        )

    return writer


def _outlet(env: Environment, found: Services) -> Redactor:
    """The way out of this environment, which knows the consumer's own forms of secrets as well."""
    out = redactor(env)
    if found.secrets is not None:
        out.heed(found.secrets)
    return out


def _run_has_ended(name: str, forge: GitHubForge) -> bool:
    """Asked of the run itself: GitHub for one in Actions, the machine for one of ours."""
    kind, _, rest = name.partition(":")
    if kind != "actions":
        return runs.local_run_has_ended(name)
    repo, _, run_id = rest.rpartition("/")
    return run_id.isdigit() and forge.run_has_ended(RepoName(repo), int(run_id))


# ── propose and check ────────────────────────────────────────────────────────────────────


def model(env: Environment, provider: str) -> Model:
    """The model of a provider; its SDK is loaded here and nowhere before."""
    from patchgate.adapters import models

    prices = models.load_prices()
    if provider == "anthropic":
        env.require("anthropic")
        key = env.anthropic_api_key.get_secret_value() if env.anthropic_api_key else ""
        url = env.anthropic_base_url or models.anthropic.BASE_URL
        return GuardedModel(models.AnthropicModel(key, prices, base_url=url), redactor(env))
    env.require("openai")
    key = env.openai_api_key.get_secret_value() if env.openai_api_key else ""
    url = env.openai_base_url or models.openai.BASE_URL
    return GuardedModel(models.OpenAIModel(key, prices, base_url=url), redactor(env))


def checkout(env: Environment, repo: RepoName, commit: Sha, *, into: Path, cache: Path) -> None:
    """A plain work tree of one commit, with no credential in it."""
    host = GitHost(env.github_server_url, forge_of(env, cache).token)
    GitReader(host, cache / "repositories").checkout(repo, commit, into)


def local_history(folder: Path) -> AbstractContextManager[LocalHistory]:
    """The history of the repository that a folder lies in, only read."""
    return local.local_history(folder)


def made_history(stream: bytes) -> AbstractContextManager[LocalHistory]:
    """A history that git makes of a `fast-import` stream, and that vanishes."""
    return local.made_history(stream)


def room_tree(folder: Path) -> RoomTree:
    """git's own view of a checkout that the model's tools cannot reach into."""
    return RoomTree(folder)


# ── looking after the ledger ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Keeper:
    """The ledger of this installation, and where its heads are kept outside of it."""

    ledger: GitLedger
    tracker: Callable[[], Tracker]
    forge: ForgeReader
    branch_prefix: str


def keeper(env: Environment, cache: Path) -> Keeper:
    """The ledger with everything that its own methods offer."""
    found = services(env, cache)
    ledger = ledger_of(env, found.settings, found.forge, cache)
    prefix = found.settings.branch_prefix
    return Keeper(ledger, lambda: tracker_of(env, found.settings), found.forge, prefix)


show_links = show
verify_clone = verify_repository
restoration = Restoration
RESTORE = Action.RESTORE
