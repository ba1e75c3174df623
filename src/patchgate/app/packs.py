"""The policy in force: a pack that comes with patchgate, or a file of the control repository.

The rules for secrets are found the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from patchgate.app.redact import shipped_rules
from patchgate.app.settings import Settings
from patchgate.core.ids import Digest, RepoName, Sha, digest_bytes
from patchgate.core.policy import Kind, Policy, limited, load_policy
from patchgate.core.secrets import SecretFound, SecretRules, load_secret_rules
from patchgate.data import data_dir
from patchgate.errors import ConfigError
from patchgate.ports import ForgeReader


def shipped_pack(name: str) -> tuple[str, str] | None:
    """The text of a shipped policy and the name of its file; None where there is none."""
    if name not in pack_names():
        return None
    path = data_dir("policies") / f"{name}.yml"
    return path.read_text(encoding="utf-8"), path.name


def pack_names() -> list[str]:
    """Every shipped policy."""
    names = (path.stem for path in data_dir("policies").glob("*.yml"))
    return sorted(name for name in names if "." not in name)


class ShippedSecrets:
    """The shipped rules for secrets, parsed when something is first looked for."""

    def __init__(self) -> None:
        self._raw = (data_dir("policies") / "secrets" / "standard.toml").read_bytes()
        self._rules: SecretRules | None = None

    def find(self, text: str, path: str = "") -> tuple[SecretFound, ...]:
        """Everything in a text that looks like a credential."""
        if self._rules is None:
            text_of = utf8(self._raw, "standard.toml")
            self._rules = load_secret_rules(text_of, "standard.toml", checked=False)
        return self._rules.find(text, path)

    def digest(self) -> Digest:
        """Of the file."""
        return digest_bytes(self._raw)


def with_secrets(policy: Policy, rules: SecretRules | None = None) -> Policy:
    """The policy, ready to look for credentials where it has a rule for them."""
    if any(rule.kind is Kind.SECRETS for rule in policy.rules):
        return policy.with_secrets(rules or ShippedSecrets())
    return policy


def utf8(raw: bytes, source: str) -> str:
    """The text of a file; ConfigError names a file that is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source} is not UTF-8 text") from error


class Place(ABC):
    """One commit of a repository, where files that settings name are read."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in a message."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is none."""

    def text(self, path: str, what: str, advice: str) -> str:
        """A file's text; ConfigError says whether it is missing or no text."""
        raw = self.read(path)
        if raw is None:
            raise ConfigError(f"{what} {self.name}", advice)
        return utf8(raw, path)


@dataclass(frozen=True)
class Control(Place):
    """The head of the control repository's default branch: policies are read nowhere else."""

    forge: ForgeReader
    repo: RepoName
    head: Sha

    @property
    def name(self) -> str:
        """Repository and commit."""
        return f"{self.repo}@{self.head[:12]}"

    def read(self, path: str) -> bytes | None:
        """A file as it is there."""
        return self.forge.read_file(self.repo, self.head, path)


def policy_of(settings: Settings, control: Place, secrets: SecretRules | None = None) -> Policy:
    """The shipped pack of that name, or the file of that path in the control repository.

    `secrets` are rules to look for secrets by, in place of the shipped ones.
    """

    def source(name: str) -> tuple[str, str]:
        shipped = shipped_pack(name)
        if shipped is not None:
            return shipped
        what = f"policy {name!r} is neither a shipped pack nor a file of"
        advice = "Correct `policy` in the settings, or add the file to the default branch."
        return control.text(name, what, advice), name

    policy = with_secrets(load_policy(*source(settings.policy), source), secrets)
    patch = settings.limits.patch
    given = {name: getattr(patch, name) for name in patch.model_fields_set}
    return limited(
        policy, files=given.get("files"), lines=given.get("lines"), size=given.get("bytes")
    )


def secret_rules_of(settings: Settings, control: Place) -> SecretRules | None:
    """The rules for secrets that settings name where they lie themselves; None for none."""
    name = settings.secret_rules
    if not name:
        return None
    what = f"secret_rules: {name!r} is no file of"
    advice = "Correct `secret_rules` in the settings, or add the file to the default branch."
    return secret_rules(control.text(name, what, advice), name)


def secret_rules(text: str, source: str) -> SecretRules:
    """Rules for secrets of a consumer's own; the shipped ones are there to be extended."""
    return load_secret_rules(text, source, default=shipped_rules())
