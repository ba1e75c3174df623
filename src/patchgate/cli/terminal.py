"""What every command shares: how it speaks, and where it keeps git objects."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from patchgate.app.desk import Line
from patchgate.app.environment import Environment
from patchgate.app.redact import Redactor

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
CACHE_HELP = "Where git objects are kept between rooms (default: a folder that vanishes)."


def say(text: str, *, error: bool = False) -> None:
    """One line for the person at the terminal."""
    click.echo(text, err=error)


def teller(env: Environment) -> Callable[[Line], None]:
    """Prints journal lines as they happen, without this environment's secrets."""
    clean = Redactor(env)

    def tell(line: Line) -> None:
        say(f"{line.key:<12} {line.kind:<7} {clean(line.text)}")

    return tell


def cached(cache: Path | None, use: Callable[[Path], Any]) -> Any:
    """What `use` gives for the folder, or for one that vanishes."""
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        return use(cache)
    with tempfile.TemporaryDirectory(prefix="patchgate-") as place:
        return use(Path(place))
