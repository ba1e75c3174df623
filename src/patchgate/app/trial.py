"""A policy tried out: on a diff, on a range of commits, on golden verdicts, on history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from patchgate.app.bootstrap import local_history, made_history
from patchgate.app.packs import (
    Place,
    pack_names,
    secret_rules,
    secret_rules_of,
    shipped_pack,
    utf8,
    with_secrets,
)
from patchgate.app.settings import SETTINGS_PATH, load_settings
from patchgate.core.ids import Sha
from patchgate.core.patch import AppliedPatch
from patchgate.core.policy import Policy, PolicyResult, Scope, judge, load_policy
from patchgate.core.policy.golden import Case, Golden, stream
from patchgate.core.secrets import SecretRules
from patchgate.core.yaml_model import read_model
from patchgate.errors import ConfigError, MalformedError, NotFoundError
from patchgate.ports import LocalHistory

Source = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a policy says of one change; `refused` where git or the reader would not take it."""

    name: str
    result: PolicyResult | None
    refused: str = ""
    applied: AppliedPatch | None = None

    @property
    def level(self) -> str:
        """ACCEPT, ESCALATE or REFUSE."""
        return self.result.level if self.result else "REFUSE"

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that found something, in the policy's order."""
        found = self.result.violations if self.result else ()
        return tuple(dict.fromkeys(violation.rule for violation in found))

    @property
    def stops(self) -> tuple[str, ...]:
        """Those of them that do more than warn."""
        found = self.result.violations if self.result else ()
        return tuple(dict.fromkeys(v.rule for v in found if v.severity != "WARN"))


@dataclass(frozen=True, slots=True)
class Trial:
    """Where a change is tried."""

    repo: Path
    onto: str = "HEAD"
    """The commit that a diff file is for."""
    words: str = ""
    """What the proposal says of itself."""
    secrets: Path | None = None
    """Rules for secrets; None: those that the repository's settings name, or the shipped ones."""


@dataclass(frozen=True)
class _Commit(Place):
    """A commit of a local repository, to read what its settings name."""

    history: LocalHistory
    commit: Sha
    folder: Path

    @property
    def name(self) -> str:
        """Folder and commit."""
        return f"{self.folder.resolve().name}@{self.commit[:12]}"

    def read(self, path: str) -> bytes | None:
        """A file as it is there."""
        return self.history.file(self.commit, path)


def _with_rules(policy: Policy, trial: Trial, history: LocalHistory, start: Sha) -> Policy:
    """The policy with the rules for secrets that hold before the change: none of its own."""
    return with_secrets(policy, _secret_rules(trial, history, start))


def _secret_rules(trial: Trial, history: LocalHistory, start: Sha) -> SecretRules | None:
    if trial.secrets is not None:
        return secret_rules(_read(trial.secrets, "rules for secrets"), str(trial.secrets))
    raw = history.file(start, SETTINGS_PATH)
    if raw is None:
        return None
    source = f"{SETTINGS_PATH}@{start[:12]}"
    settings = load_settings(utf8(raw, source), source)
    return secret_rules_of(settings, _Commit(history, start, trial.repo))


def policy_named(name: str) -> Policy:
    """A shipped pack, or a file on this machine with what it extends; ConfigError."""
    return with_secrets(load_policy(*_source(name), _from(name)))


def _from(name: str) -> Callable[[str], Source]:
    """What a policy extends: a pack, or a file beside which the first one lies."""
    folder = Path(name).parent

    def source(wanted: str) -> Source:
        beside = folder / wanted
        return _source(str(beside) if beside.is_file() else wanted)

    return source


def _source(name: str) -> Source:
    shipped = shipped_pack(name)
    if shipped is not None:
        return shipped
    path = Path(name)
    if not path.is_file():
        raise ConfigError(
            f"policy {name!r} is neither a file nor a shipped pack",
            f"The packs are {', '.join(pack_names())}; anything else is a path.",
        )
    return _read(path, "policy"), name


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{what} {path}: cannot be read: {error}") from error


def judged(policy: Policy, what: str, trial: Trial) -> Tried:
    """A diff file put on a commit, or a range of commits as one change."""
    with local_history(trial.repo) as history:
        path = Path(what)
        if path.is_file():
            start, patch = history.commit(trial.onto), path.read_bytes()
        else:
            change = history.change(what)
            start, patch = change.start, change.patch
        try:
            applied = history.apply(start, patch)
        except MalformedError as error:
            return Tried(what, None, error.message)
        policy = _with_rules(policy, trial, history, start)
    result = judge(applied, policy, scope=None, words=trial.words)
    return Tried(what, result, applied=applied)


def golden_beside(policy: str) -> Path:
    """Where the verdicts of a policy lie: `ours.yml` has `ours.verdicts.yml` beside it."""
    from patchgate.data import data_dir

    path = Path(policy)
    if shipped_pack(policy) is not None:
        path = data_dir("policies") / f"{policy}.yml"
    return path.with_suffix(".verdicts.yml")


def golden(policy: Policy, verdicts: Path) -> Iterator[tuple[Case, Tried]]:
    """Every golden case with what the policy says of it now."""
    if not verdicts.is_file():
        raise NotFoundError(
            f"there are no golden verdicts at {verdicts}",
            "Write some: docs/policies.md shows one.",
        )
    cases = read_model(Golden, verdicts.read_text("utf-8"), str(verdicts)).cases
    with made_history(stream(cases)) as history:
        for at, case in enumerate(cases):
            yield case, _golden(policy, case, history, at)


def _golden(policy: Policy, case: Case, history: LocalHistory, at: int) -> Tried:
    start = history.commit(f"before-{at}")
    patch = case.patch.encode() or history.change(f"after-{at}").patch
    try:
        applied = history.apply(start, patch)
    except MalformedError as error:
        return Tried(case.name, None, error.message)
    result = judge(
        applied,
        policy,
        scope=None if case.scope is None else Scope(case.scope),
        overrides=frozenset(case.overrides),
        words=case.words,
    )
    return Tried(case.name, result, applied=applied)


@dataclass(frozen=True, slots=True)
class Flip:
    """One commit by two policies."""

    commit: Sha
    subject: str
    before: Tried
    after: Tried

    @property
    def flips(self) -> bool:
        """Whether the two disagree on what happens to it."""
        return self.before.level != self.after.level


def replay(new: Policy, old: Policy, trial: Trial, *, spec: str, since: str) -> Iterator[Flip]:
    """Every commit of a branch by the policy in force and by the changed one, newest first.

    Both look for secrets by the rules of the commit that is checked out.
    """
    with local_history(trial.repo) as history:
        head = history.commit(trial.onto)
        new, old = (_with_rules(policy, trial, history, head) for policy in (new, old))
        for change in history.commits(spec, since=since):
            try:
                applied = history.apply(change.start, change.patch)
            except MalformedError as error:
                none = Tried(change.subject, None, error.message)
                yield Flip(change.commit, change.subject, none, none)
                continue
            tried = [
                Tried(change.subject, judge(applied, policy, scope=None, words=change.subject))
                for policy in (old, new)
            ]
            yield Flip(change.commit, change.subject, tried[0], tried[1])
