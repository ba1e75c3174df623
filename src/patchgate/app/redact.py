"""This environment's way out for text: its secrets, and the shipped rules for everybody else's."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from patchgate.app.environment import VARIABLES, Environment
from patchgate.core.outlet import Outlet
from patchgate.core.secrets import KnownValues, SecretRules, load_secret_rules
from patchgate.data import data_dir

RULES = Path("secrets", "standard.toml")


@cache
def shipped_rules() -> SecretRules:
    """The rules for secrets that we ship, read once; a test compiles every pattern of them."""
    path = data_dir("policies") / RULES
    return load_secret_rules(path.read_text(encoding="utf-8"), path.name, checked=False)


class Redactor(Outlet):
    """The way out of a room that holds this environment."""

    def __init__(self, env: Environment) -> None:
        super().__init__(KnownValues(_named(env)), shipped_rules)


def _named(env: Environment) -> dict[str, str]:
    """Every secret that is set here, by the name of its variable."""
    held = env.secrets_by_field()
    return {v.name: held[v.name.lower()] for v in VARIABLES if v.name.lower() in held}


@lru_cache(maxsize=8)
def redactor(env: Environment) -> Redactor:
    """The way out of this environment, made once."""
    return Redactor(env)


def leave(path: Path, content: bytes, *, outlet: Outlet, what: str) -> None:
    """A file that travels on: written whole, or not at all where it holds a secret of this room.

    Nothing of ours writes a file by another way, but for the scratch copy that a model works in and
    git's own objects.
    """
    outlet.content(content, what)
    with suppress(FileExistsError, NotADirectoryError):  # then writing says it, naming the file
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
