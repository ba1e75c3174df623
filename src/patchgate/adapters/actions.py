"""The Actions runner: its files for outputs and summaries, and its workflow commands.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions says how each is
written. Nothing else of ours names these files or prints a line that begins with `::`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from patchgate.errors import MalformedError, UsageError
from patchgate.ports.job import Level

LARGEST_SUMMARY = 1_000_000
"""Bytes; the runner drops a whole summary that is larger than 1 MiB."""
LARGEST_OUTPUT = 500_000
"""Bytes of one output; all outputs of a job may have 1 MB together."""
LONGEST_LINE = 4_000
"""Characters of an annotation."""
CUT = "\n\n*The rest is left out: a summary holds at most 1 MiB. The ledger has it all.*\n"
NAME = re.compile(r"[a-z][a-z0-9-]{0,60}")


class Runner:
    """Plays the port `Job`; without files (on another machine) outputs and summary go nowhere."""

    def __init__(self, *, output: str, summary: str, say: Callable[[str], None]) -> None:
        """`output` and `summary` are the runner's files; `say` prints one line."""
        self._output = Path(output) if output else None
        self._summary = Path(summary) if summary else None
        self._say = say
        self._fence = ""

    def output(self, name: str, value: str) -> None:
        """Set an output, between fences that no value can guess."""
        if not NAME.fullmatch(name):
            raise MalformedError(f"{name!r:.60} is no name of an output")
        if len(value.encode()) > LARGEST_OUTPUT:
            raise MalformedError(f"output {name} is larger than {LARGEST_OUTPUT} bytes")
        fence = f"patchgate-{secrets.token_hex(16)}"
        self._append(self._output, f"{name}<<{fence}\n{value}\n{fence}\n")

    def summarise(self, markdown: str) -> None:
        """Add to the summary; cut at the end of a line where it grows too large."""
        held = self._summary.stat().st_size if self._summary and self._summary.exists() else 0
        text = f"{markdown.rstrip()}\n"
        if held + len(text.encode()) > LARGEST_SUMMARY:
            left = max(LARGEST_SUMMARY - held - len(CUT.encode()), 0)
            kept = text.encode()[:left].decode("utf-8", "ignore")
            text = kept.rpartition("\n")[0] + CUT
        self._append(self._summary, text)

    def annotate(self, level: Level, title: str, text: str) -> None:
        """One annotation; neither its title nor its text can end it or begin another."""
        shown = text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"
        self._command(f"::{level} title={_property(title)}::{_data(shown)}")

    def mask(self, secret: str) -> None:
        """Hide a value, and each line of one that has several (a private key)."""
        for line in dict.fromkeys([secret, *secret.splitlines()]):
            if line.strip():
                self._command(f"::add-mask::{_data(line)}")

    @contextmanager
    def foreign(self) -> Iterator[None]:
        """Stop the runner's commands under a word that nobody can guess; ours still go through."""
        self._fence = f"patchgate-{secrets.token_hex(16)}"
        self._say(f"::stop-commands::{self._fence}")
        try:
            yield
        finally:
            self._say(f"::{self._fence}::")
            self._fence = ""

    def _command(self, line: str) -> None:
        if self._fence:
            self._say(f"::{self._fence}::")
        self._say(line)
        if self._fence:
            self._say(f"::stop-commands::{self._fence}")

    @staticmethod
    def _append(path: Path | None, text: str) -> None:
        if path is None:
            return
        try:
            with path.open("a", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            advice = "The runner names its files in GITHUB_OUTPUT and GITHUB_STEP_SUMMARY."
            raise UsageError(f"{path}: {error.strerror}", advice) from error


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
