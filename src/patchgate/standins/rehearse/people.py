"""Who decides: a person at the terminal, or a scripted one who only ever acts on stand-ins."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape

from patchgate.app.environment import Environment
from patchgate.errors import MalformedError, RefusedError, UsageError

Kind = Literal["plan", "patch", "pull", "blocked", "question"]
ADVICE = "docs/rehearse.md shows a people file."
VERBS = ("approve", "changes", "reject", "ask", "retry", "stop", "resume", "override")
"""Command words; at the terminal the slash may be left out."""
OFFERS: dict[Kind, str] = {
    "plan": "approve · changes … · ask … · reject …",
    "patch": "approve · changes … · ask … · reject …",
    "pull": "checks green · checks red … · merge · changes …",
    "blocked": "override RULE why · changes … · reject …",
    "question": "resume · retry · changes … · reject …",
}


@dataclass(frozen=True)
class Decision:
    """What a person is asked: at which ticket, of which kind, and what it waits for."""

    key: str
    kind: Kind
    waits_for: str


class Person(Protocol):
    """Somebody who decides."""

    def decide(self, asked: Decision) -> str:
        """What to do: a command, `comment …`, `assign`, `move …`, `checks …`, `merge`, `quit`."""
        ...

    def refused(self, why: str) -> None:
        """What was to be done was refused; raises when nobody can do better."""
        ...


@dataclass
class AtTerminal:
    """The person who started the rehearsal."""

    console: Console

    def decide(self, asked: Decision) -> str:
        """Ask until something was typed; the end of the input, or Ctrl-C, means quit."""
        self.console.print(f"[bold yellow]{asked.key} waits for {escape(asked.waits_for)}.[/]")
        self.console.print(f"  {OFFERS[asked.kind]} · comment … · assign · quit")
        try:
            typed = self.console.input("[bold]? [/]").strip()
            while not typed:
                typed = self.console.input("[bold]? [/]").strip()
        except (EOFError, KeyboardInterrupt):
            return "quit"
        return f"/{typed}" if typed.split()[0] in VERBS else typed

    def refused(self, why: str) -> None:
        """Say it; the next question follows."""
        self.console.print(f"[bold red]refused:[/] {escape(why)}")


class Line(BaseModel):
    """One entry of a people file: at the next decision of this kind, do that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: Kind
    do: str | tuple[str, ...] = Field(min_length=1)

    def acts(self) -> tuple[str, ...]:
        """The acts, in order."""
        return (self.do,) if isinstance(self.do, str) else self.do


@dataclass
class Scripted:
    """Answers from a people file; each entry once, in order, at the decisions that it names."""

    path: Path
    lines: list[Line]
    acts: list[str] = field(default_factory=list)
    """What is left of an entry with several acts."""

    def decide(self, asked: Decision) -> str:
        """The next act for a decision of this kind; UsageError when the file has none."""
        if not self.acts:
            found = next((line for line in self.lines if line.when == asked.kind), None)
            if found is None:
                raise UsageError(
                    f"{self.path} has no entry left for `when: {asked.kind}` "
                    f"({asked.key} waits for {asked.waits_for})",
                    ADVICE,
                )
            self.lines.remove(found)
            self.acts = list(found.acts())
        return self.acts.pop(0)

    def refused(self, why: str) -> None:
        """A script cannot do better."""
        raise RefusedError(f"what {self.path} asks for was refused: {why}", ADVICE)


def read_people(path: Path, given: Environment) -> Scripted:
    """A scripted person; RefusedError when a real Jira or GitHub is anywhere in sight."""
    only_stand_ins(given)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        lines = TypeAdapter(list[Line]).validate_python(data)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MalformedError(f"the people file {path} cannot be read: {error}", ADVICE) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MalformedError(f"{path}: {place}: {first['msg']}", ADVICE) from error
    for number, line in enumerate(lines):
        for act in line.acts():
            if not is_act(act):
                raise MalformedError(f"{path}: {number}.do: {act!r} is nothing to do", ADVICE)
    return Scripted(path, lines)


def is_act(text: str) -> bool:
    """Whether a text says something to do."""
    word, _, rest = text.strip().partition(" ")
    if word.startswith("/") or word in ("assign", "merge", "quit"):
        return True
    if word == "checks":
        return rest.split(" ")[0] in ("green", "red")
    return word in ("comment", "move", "patchgate") and bool(rest.strip())


def only_stand_ins(given: Environment) -> None:
    """Refuse a scripted person unless every Jira and GitHub address is loopback.

    Nothing switches this off: a script must never approve where approvals count.
    """
    named = {
        "JIRA_BASE_URL": given.jira_base_url,
        "GITHUB_API_URL": given.github_api_url if _is_set(given, "github_api_url") else "",
        "GITHUB_SERVER_URL": given.github_server_url if _is_set(given, "github_server_url") else "",
    }
    real = [name for name, url in named.items() if url and not is_loopback(url)]
    if real:
        raise RefusedError(
            f"a scripted person never acts on real services, and {', '.join(real)} names one",
            "Unset it: a rehearsal brings its own stand-ins.",
        )


def _is_set(given: Environment, name: str) -> bool:
    return name in given.model_fields_set


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine and no further."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
