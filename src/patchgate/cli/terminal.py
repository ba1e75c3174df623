"""What every command shares: how it speaks, and where it keeps git objects."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from patchgate.app.desk import Line
from patchgate.app.environment import Environment
from patchgate.app.redact import redactor

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
CACHE_HELP = "Where git objects are kept between rooms (default: a folder that vanishes)."


def say(text: str, *, error: bool = False) -> None:
    """Words for the person at the terminal, without secrets and inert: the only way to print."""
    click.echo(redactor(Environment.from_os()).terminal(text), err=error)


def width() -> int:
    """Columns of the terminal; 0 where the output goes elsewhere, to be read by line."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def command(line: str) -> None:
    """A line for the Actions runner itself; its adapter alone knows how one is written."""
    click.echo(line)


class _Said(logging.Handler):
    """What a library logs, said as everything else is."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        say(f"{record.levelname.lower()}: {record.getMessage()}", error=True)


def hear_libraries() -> None:
    """From now on warnings and log records of libraries go out by the one way too."""
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=logging.WARNING, handlers=[_Said()], force=True)


def teller(env: Environment) -> Callable[[Line], None]:
    """Prints journal lines as they happen, each on one line of its own."""

    def tell(line: Line) -> None:
        text = redactor(env)(line.text).replace("\n", "⏎")
        say(f"{line.key:<12} {line.kind:<7} {text}")

    return tell


def cached(cache: Path | None, use: Callable[[Path], Any]) -> Any:
    """What `use` gives for the folder, or for one that vanishes."""
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        return use(cache)
    with tempfile.TemporaryDirectory(prefix="patchgate-") as place:
        return use(Path(place))
