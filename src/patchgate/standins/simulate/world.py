"""All services, one clock, and the desk that a run gets: the composition of the simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from patchgate.app.desk import Desk, Journal
from patchgate.app.desk import Line as Said
from patchgate.app.evidence import EvidenceReader
from patchgate.app.folding import Folds
from patchgate.app.packs import shipped_pack, with_secrets
from patchgate.app.ruling import rules_of
from patchgate.app.settings import Settings, load_settings, route
from patchgate.app.writegate import WriteGate
from patchgate.core.ids import AccountId, RepoName
from patchgate.core.policy import Policy, load_policy
from patchgate.core.rules import Rules
from patchgate.standins.simulate.forge import MemoryForge, MemoryReader
from patchgate.standins.simulate.github import GitHubSite
from patchgate.standins.simulate.jira import RUNNER, JiraSite, MemoryTracker
from patchgate.standins.simulate.ledger import LedgerStore, MemoryLedger
from patchgate.standins.simulate.time import VirtualClock
from patchgate.standins.simulate.wire import Line

REPO = RepoName("acme/shop")
CONTROL = RepoName("acme/control")
LEIGH, ROBIN, EVE = "acc-leigh", "acc-robin", "acc-eve"
"""An approver, who also reviews; another approver; somebody who is neither."""
GITHUB = {LEIGH: "leigh", ROBIN: "robin"}
PROJECT = "MWC"
SETTINGS = f"""\
version: 1
jira: {{projects: [PROJECTS], runner: {RUNNER}}}
people:
  - {{name: Leigh, jira: {LEIGH}, github: leigh}}
  - {{name: Robin, jira: {ROBIN}, github: robin}}
reviewer: Leigh
approvers: [Leigh, Robin]
plan: {{default: required, issue_types: {{Task: none}}}}
"""


@lru_cache(maxsize=64)
def settings_for(text: str) -> Settings:
    """Settings from YAML that follows the people and projects of this world."""
    return load_settings(text)


@lru_cache(maxsize=8)
def shipped_policy(name: str) -> Policy:
    """A shipped policy pack."""
    text, source = shipped_pack(name) or ("", name)
    return with_secrets(load_policy(text, source))


@dataclass(frozen=True, slots=True)
class Configuration:
    """How an installation is set up: project, mode and repository of one place belong together."""

    modes: tuple[str, ...] = ("patchset",)
    projects: tuple[str, ...] = (PROJECT,)
    repositories: tuple[str, ...] = (REPO,)
    triage: bool = False
    policy: str = "standard"
    extra: str = ""

    def settings(self) -> Settings:
        """The settings as they are read; tickets of type Task have no plan."""
        head = SETTINGS.replace("PROJECTS", ", ".join(self.projects))
        routes = "".join(
            f"  - {{repository: {repo}, match: {{project: {project}}}, approval: {mode}}}\n"
            for project, repo, mode in zip(
                self.projects, self.repositories, self.modes, strict=True
            )
        )
        more = f"policy: {self.policy}\ntriage: {str(self.triage).lower()}\n{self.extra}"
        return settings_for(f"{head}routes:\n{routes}{more}")


@dataclass(slots=True)
class Runs:
    """Which runs there were, and which of them are over."""

    started: int = 0
    ended: set[str] = field(default_factory=set)

    def begin(self) -> str:
        """The name of a new run."""
        self.started += 1
        return f"simulated:{self.started}"

    def copy(self) -> Runs:
        """The same again."""
        return Runs(self.started, set(self.ended))


@dataclass(slots=True)
class World:
    """One installation with its services."""

    configuration: Configuration
    clock: VirtualClock
    jira: JiraSite
    github: GitHubSite
    ledger: LedgerStore
    runs: Runs
    policy: Policy
    settings: Settings
    rules: Rules
    folds: Folds = field(default_factory=Folds)
    """What runs have folded; in Actions each starts without."""
    seen: Folds = field(default_factory=Folds)
    """What pictures of this world have folded, apart from the runs."""

    @classmethod
    def new(cls, configuration: Configuration | None = None, policy: Policy | None = None) -> World:
        """A world in which nothing has happened."""
        configuration = configuration or Configuration()
        clock = VirtualClock()
        settings = configuration.settings()
        policy = policy or shipped_policy(settings.policy)
        github = GitHubSite(clock, *(RepoName(r) for r in configuration.repositories))
        rules = rules_of(settings, policy, MemoryReader(github, Line("nobody")))
        return cls(
            configuration,
            clock,
            JiraSite(clock),
            github,
            LedgerStore(),
            Runs(),
            policy,
            settings,
            rules,
        )

    def copy(self) -> World:
        """The same world, to go another way from here."""
        clock = VirtualClock(self.clock.ms)
        return replace(
            self,
            clock=clock,
            jira=self.jira.copy(clock),
            github=self.github.copy(clock),
            ledger=self.ledger.copy(),
            runs=self.runs.copy(),
            folds=Folds(self.folds),
            seen=Folds(self.seen),
        )

    def desk(self, line: Line, tell: Callable[[Said], None] | None = None) -> Desk:
        """What a room of that run holds, wired as `bootstrap.desk` wires it."""
        tracker = MemoryTracker(self.jira, line)
        forge = MemoryForge(self.github, line)
        settings = self.settings
        gate = WriteGate(
            forge,
            forge,
            EvidenceReader(tracker, forge, self.rules, CONTROL),
            rules=self.rules,
            policy=self.policy,
            routed=lambda ticket: route(settings, ticket),
        )
        return Desk(
            settings=settings,
            rules=self.rules,
            policy=self.policy,
            tracker=tracker,
            forge=forge,
            gate=gate,
            ledger=MemoryLedger(self.ledger, line),
            clock=self.clock,
            run=line.run,
            run_ended=self.runs.ended.__contains__,
            journal=Journal(tell or _unheard),
            providers=frozenset({"anthropic", "openai"}),
            folds=self.folds,
            reviewers=(AccountId("leigh"),),
        )


def _unheard(line: Said) -> None:
    """Nobody listens."""
