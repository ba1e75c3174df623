"""The answers script: what a model stand-in says, turn by turn (format: docs/answers.md)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

MARKER = re.compile(
    r"^Task: (?P<task>[a-z][a-z0-9-]*) (?P<ticket>\S+) attempt (?P<attempt>\d+) run (?P<run>\d+)$",
    re.MULTILINE,
)
"""The line by which a request says what it is about; the first one in the first message counts."""

Stop = Literal["answer", "tools", "length", "refusal", "context", "pause"]
KINDS = (
    "tools",
    "final",
    "refuse",
    "max_tokens",
    "garbage",
    "endless",
    "status",
    "context",
    "pause",
)


class ScriptError(ValueError):
    """The answers script cannot be read, or says nothing to what was asked."""


class Part(BaseModel):
    """Data of a script: strict and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(Part):
    """One tool call that the model makes."""

    name: str = Field(min_length=1)
    input: dict[str, Any] = Field(default_factory=dict)


class Match(Part):
    """Which requests an entry answers; what is left out matches everything."""

    task: str | None = None
    ticket: str | None = None
    attempt: int | None = None
    run: int | None = None

    def fits(self, asked: Asked) -> bool:
        """Whether every part that is given equals what was asked."""
        pairs = (
            (self.task, asked.task),
            (self.ticket, asked.ticket),
            (self.attempt, asked.attempt),
            (self.run, asked.run),
        )
        return all(wanted is None or wanted == got for wanted, got in pairs)


class Turn(Part):
    """One turn of the model: exactly one of the kinds; `text` may go along with `tools`."""

    text: str = ""
    tools: tuple[Call, ...] = ()
    final: dict[str, Any] | None = None
    refuse: str | None = None
    max_tokens: str | Literal[True] | None = None
    garbage: str | None = None
    endless: Call | Literal[True] | None = None
    status: Literal[400, 401, 403, 404, 429, 500, 503, 529] | None = None
    retry_after: int | None = None
    """Seconds; goes along with `status`."""
    context: Literal[True] | None = None
    pause: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Turn:
        given = [kind for kind in KINDS if getattr(self, kind) not in (None, ())]
        if len(given) != 1:
            kinds = ", ".join(KINDS)
            raise ValueError(f"a turn has exactly one of {kinds}; this one has {given or 'none'}")
        return self


class Entry(Part):
    """The turns of one conversation."""

    match: Match
    turns: tuple[Turn, ...] = Field(min_length=1)


class Script(Part):
    """A whole answers file; the first entry that matches answers."""

    version: Literal[1] = 1
    answers: tuple[Entry, ...] = ()

    def turn(self, first_message: str, held: int, heard: str = "") -> Turn:
        """The turn for a conversation that already holds `held` turns of the model.

        `heard` is all that the model was given; a script does not listen.
        """
        del heard
        asked = Asked.read(first_message)
        entry = next((entry for entry in self.answers if entry.match.fits(asked)), None)
        if entry is None:
            raise ScriptError(f"the answers script has no entry for {asked}")
        for turn in entry.turns[: held + 1]:
            if turn.endless is not None:
                return turn
        if held >= len(entry.turns):
            raise ScriptError(
                f"the answers script has {len(entry.turns)} turns for {asked}, "
                f"and turn {held + 1} was asked for"
            )
        return entry.turns[held]


@dataclass(frozen=True)
class Asked:
    """What a request is about, as its marker line says."""

    task: str
    ticket: str
    attempt: int
    run: int

    @classmethod
    def read(cls, message: str) -> Asked:
        """Read the marker line; ScriptError when there is none."""
        found = MARKER.search(message)
        if not found:
            raise ScriptError("the request has no line `Task: <task> <ticket> attempt <n> run <n>`")
        return cls(found["task"], found["ticket"], int(found["attempt"]), int(found["run"]))

    def __str__(self) -> str:
        return f"{self.task} {self.ticket} attempt {self.attempt} run {self.run}"


@dataclass(frozen=True)
class Reply:
    """A turn made ready for a wire: what is said, what is called and why it stopped."""

    text: str
    calls: tuple[Call, ...]
    stop: Stop


def reply_of(turn: Turn, offered: list[str]) -> Reply:
    """What a turn says on any wire; `offered` are the names of the request's tools.

    Turns of kind `status` are answered before a reply is made.
    """
    if turn.tools:
        return Reply(turn.text, turn.tools, "tools")
    if turn.endless is not None:
        call = turn.endless if isinstance(turn.endless, Call) else _any_call(offered)
        return Reply(turn.text, (call,), "tools")
    if turn.final is not None:
        return Reply(json.dumps(turn.final, ensure_ascii=False), (), "answer")
    if turn.refuse is not None:
        return Reply(turn.refuse, (), "refusal")
    if turn.max_tokens is not None:
        cut = "{" if turn.max_tokens is True else turn.max_tokens
        return Reply(cut, (), "length")
    if turn.context:
        return Reply("", (), "context")
    if turn.pause is not None:
        return Reply(turn.pause, (), "pause")
    return Reply(turn.garbage or "", (), "answer")


def _any_call(offered: list[str]) -> Call:
    if not offered:
        raise ScriptError("`endless: true` needs a request that offers tools")
    return Call(name="list_files" if "list_files" in offered else offered[0])


def parse_script(text: str, *, name: str = "the answers script") -> Script:
    """Parse a script from YAML or JSON text; ScriptError says what is wrong and where."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScriptError(f"{name} is not YAML: {error}") from error
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'top'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ScriptError(f"{name} is not valid: {faults}") from error


def load_script(path: Path) -> Script:
    """Read a script from a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path} cannot be read: {error}") from error
    return parse_script(text, name=str(path))
