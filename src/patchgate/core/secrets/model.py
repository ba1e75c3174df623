"""A rule file's schema: the one that gitleaks made usual, as strict records."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

GENERIC = "generic"
"""The tag of rules that guess from context: found in patches, not cut out of prose."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Allowlist(_Part):
    """What is no secret although a rule finds it."""

    description: str = ""
    condition: Literal["OR", "AND"] = "OR"
    """With AND, one of the regexes and one of the stop words must both fit."""
    regex_target: Literal["secret", "match", "line"] = Field("secret", alias="regexTarget")
    regexes: tuple[str, ...] = ()
    stopwords: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    """Read and without effect: a proposed patch is no commit yet."""
    target_rules: tuple[str, ...] = Field((), alias="targetRules")

    @field_validator("condition", mode="before")
    @classmethod
    def _in_capitals(cls, condition: object) -> object:
        words = {"&&": "AND", "||": "OR"}
        return words.get(condition, condition.upper()) if isinstance(condition, str) else condition


class SecretRule(_Part):
    """One form of secret."""

    id: str = Field(pattern=r"^[A-Za-z0-9][\w.-]{0,79}$")
    description: str = ""
    regex: str = Field(min_length=1, max_length=4000)
    secret_group: int = Field(0, alias="secretGroup", ge=0)
    entropy: float = Field(0.0, ge=0, le=8)
    """Least Shannon entropy of the secret, in bits per character."""
    keywords: tuple[str, ...] = ()
    """The rule is tried only on a text that holds one of them, in any case; empty: on every one."""
    path: str = ""
    """A pattern that the file's path must fit."""
    tags: tuple[str, ...] = ()
    allowlists: tuple[Allowlist, ...] = Field(
        (), validation_alias=AliasChoices("allowlists", "allowlist")
    )

    @field_validator("allowlists", mode="before")
    @classmethod
    def _one_is_a_list(cls, given: object) -> object:
        return [given] if isinstance(given, dict) else given

    @property
    def is_generic(self) -> bool:
        """Whether it guesses from context."""
        return GENERIC in self.tags


class Extension(_Part):
    """Which rules a file takes over from the shipped one."""

    use_default: bool = Field(False, alias="useDefault")
    disabled_rules: tuple[str, ...] = Field((), alias="disabledRules")


class RuleFile(_Part):
    """A whole rule file."""

    title: str = ""
    description: str = ""
    min_version: str = Field("", alias="minVersion")
    extend: Extension = Extension()
    rules: tuple[SecretRule, ...] = Field((), max_length=2000)
    allowlists: tuple[Allowlist, ...] = Field(
        (), validation_alias=AliasChoices("allowlists", "allowlist")
    )

    @field_validator("allowlists", mode="before")
    @classmethod
    def _one_is_a_list(cls, given: object) -> object:
        return [given] if isinstance(given, dict) else given
