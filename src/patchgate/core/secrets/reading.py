"""From a rule file's text to rules that find; every complaint names the file and the rule."""

from __future__ import annotations

import difflib
import tomllib
from typing import Any

import re2
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from patchgate.core.secrets.finding import SecretRules
from patchgate.core.secrets.model import Allowlist, Extension, RuleFile, SecretRule
from patchgate.core.secrets.patterns import compiled
from patchgate.errors import ConfigError

MAX_BYTES = 2_000_000
_KEYS: dict[str, type[BaseModel]] = {
    "rules": SecretRule,
    "allowlist": Allowlist,
    "allowlists": Allowlist,
    "extend": Extension,
}


def load_secret_rules(
    text: str, source: str, *, default: SecretRules | None = None, checked: bool = True
) -> SecretRules:
    """Read a rule file; ConfigError names `source` and the rule.

    `default` stands for the shipped rules, for a file that extends them. `checked` compiles every
    pattern now; without it a pattern is compiled when its keyword is first met (for our own file,
    whose patterns a test compiles).
    """
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{source}: more than {MAX_BYTES:,} characters")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not TOML: {error}") from error
    try:
        file = RuleFile.model_validate(data)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ConfigError(f"{source}: {_sentence(detail, data)}") from error
    rules = _extended(file, source, default)
    _tell_apart(rules, source)
    if checked:
        _compile_all(file, rules, source)
    return SecretRules(rules, file.allowlists + _inherited(file, default))


def _extended(file: RuleFile, source: str, default: SecretRules | None) -> tuple[SecretRule, ...]:
    """The file's rules, and of the shipped ones those that it neither disables nor replaces."""
    if not file.extend.use_default:
        if not file.rules:
            raise ConfigError(
                f"{source}: there is no rule in it",
                "Add `[[rules]]`, or `[extend]` with `useDefault = true`.",
            )
        return file.rules
    if default is None:
        raise ConfigError(f"{source}: there are no shipped rules that it could extend")
    known = {rule.id for rule in default.rules}
    for name in file.extend.disabled_rules:
        if name not in known:
            near = _nearest(name, known)
            raise ConfigError(f"{source}: extend.disabledRules: no shipped rule {name!r}{near}")
    gone = {*file.extend.disabled_rules, *(rule.id for rule in file.rules)}
    return (*file.rules, *(rule for rule in default.rules if rule.id not in gone))


def _inherited(file: RuleFile, default: SecretRules | None) -> tuple[Allowlist, ...]:
    return default.allowlists if default is not None and file.extend.use_default else ()


def _tell_apart(rules: tuple[SecretRule, ...], source: str) -> None:
    ids = [rule.id for rule in rules]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice:
        raise ConfigError(f"{source}: the rule {twice!r} stands there twice")


def _compile_all(file: RuleFile, rules: tuple[SecretRule, ...], source: str) -> None:
    for rule in rules:
        where = f"{source}: rule {rule.id!r}"
        groups = _try(rule.regex, f"{where}: regex").groups
        if rule.secret_group > groups:
            said = f"secretGroup is {rule.secret_group} and the regex has {groups} groups"
            raise ConfigError(f"{where}: {said}")
        if rule.path:
            _try(rule.path, f"{where}: path")
        for allowed in rule.allowlists:
            _try_all(allowed, where)
    for allowed in file.allowlists:
        _try_all(allowed, source)


def _try_all(allowed: Allowlist, where: str) -> None:
    for pattern in (*allowed.regexes, *allowed.paths):
        _try(pattern, f"{where}: allowlist")


def _try(pattern: str, where: str) -> Any:
    try:
        return compiled(pattern)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ConfigError(
            f"{where}: the pattern cannot be used: {said}",
            "Patterns run on RE2, in linear time: it knows no look-around and no back-reference.",
        ) from error


def _sentence(detail: ErrorDetails, data: dict[str, Any]) -> str:
    """`rule 'x': entrpy: unknown key; did you mean `entropy`?`"""
    path = list(detail["loc"])
    shown = ".".join(str(part) for part in path)
    model: type[BaseModel] = RuleFile
    for part in path[:-1]:
        model = _KEYS.get(str(part), model)
    if path[:1] == ["rules"] and len(path) > 1 and isinstance(path[1], int):
        rule = data["rules"][path[1]]
        name = rule.get("id", f"number {path[1] + 1}") if isinstance(rule, dict) else path[1]
        shown = f"rule {name!r}: " + ".".join(str(part) for part in path[2:])
    if detail["type"] == "extra_forbidden":
        keys = {field.alias or name for name, field in model.model_fields.items()}
        return f"{shown}: unknown key{_nearest(str(path[-1]), keys)}"
    if detail["type"] == "missing":
        return f"{shown}: is missing"
    return f"{shown}: {detail['msg']}"


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""
