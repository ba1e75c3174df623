"""Prompt files: front matter, a fixed system text and a strict template (docs/prompts.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from jinja2 import DictLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, ValidationError, field_validator

from patchgate.agent.answers import ANSWERS
from patchgate.agent.fence import fence
from patchgate.agent.tools import TOOLS
from patchgate.core.plan import Record
from patchgate.errors import ConfigError

LAYOUT = re.compile(r"---\n(?P<head>.*?\n)---\n(?P<system>.*?)\n<!-- user -->\n(?P<user>.*)", re.S)
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Budget(Record):
    """Where the task stops unless settings say otherwise; tokens count over all queries."""

    steps: int = Field(ge=1)
    tokens: int = Field(ge=1)
    max_tokens: int = Field(ge=256, description="output tokens of one query")
    micro_dollars: int = Field(ge=0)
    seconds: int = Field(ge=1)


class Header(Record):
    """A prompt file's front matter."""

    name: str
    label: str = Field(min_length=1, max_length=60)
    help: str = Field(min_length=1, max_length=200)
    role: Literal["triager", "planner", "implementer", "reviewer"]
    output: str
    tools: tuple[str, ...] = ()
    sandbox: Literal["read", "write"] = "read"
    budget: Budget
    builds_on: tuple[str, ...] = ()

    @field_validator("output")
    @classmethod
    def _known_output(cls, output: str) -> str:
        if output not in ANSWERS:
            raise ValueError(f"unknown output {output!r}; there are {', '.join(ANSWERS)}")
        return output

    @field_validator("tools")
    @classmethod
    def _known_tools(cls, tools: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [tool for tool in tools if tool not in TOOLS]
        if unknown:
            raise ValueError(f"unknown tools {unknown}; there are {', '.join(TOOLS)}")
        return tools


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt ready to be asked; `system` is the same for every ticket."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One model task as data."""

    header: Header
    system: str
    template: str

    def render(self, values: Mapping[str, object]) -> Rendered:
        """Fill the template; ConfigError when it uses what `values` does not hold."""
        try:
            user = _environment().from_string(self.template).render(values)
        except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise ConfigError(
                f"the prompt {self.header.name!r} cannot be rendered: {error}",
                "Correct the template; docs/prompts.md lists what it may use.",
            ) from error
        return Rendered(system=self.system, user=user)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader({}),
        undefined=StrictUndefined,
        autoescape=False,  # the output is read by a model, never by a browser
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals = {"fence": fence}
    environment.filters = {
        name: environment.filters[name] for name in ("length", "join", "indent", "trim")
    }
    return environment


def load_prompt(name: str, folder: Path) -> Prompt:
    """Read `<folder>/<name>.md`; ConfigError says what is wrong with it."""
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is not a prompt's name", "Use lower-case words and hyphens.")
    path = folder / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the prompt {path} cannot be read: {error}") from error
    return _parse(text, path)


def load_prompts(folder: Path) -> Mapping[str, Prompt]:
    """Every prompt of a folder, by name."""
    return {path.stem: load_prompt(path.stem, folder) for path in sorted(folder.glob("*.md"))}


def _parse(text: str, path: Path) -> Prompt:
    found = LAYOUT.fullmatch(text)
    if not found:
        raise ConfigError(f"{path} needs front matter between `---`, a text and `<!-- user -->`")
    try:
        header = Header.model_validate(yaml.safe_load(found["head"]))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"the front matter of {path} is wrong: {error}") from error
    if header.name != path.stem:
        raise ConfigError(f"{path} calls itself {header.name!r}; the name is the file's")
    if header.sandbox == "read" and any(TOOLS[tool].writes for tool in header.tools):
        raise ConfigError(f"{path} has sandbox `read` and a tool that writes")
    if "{{" in found["system"] or "{%" in found["system"]:
        raise ConfigError(f"{path}: the system text is the same for every ticket, so no `{{{{`")
    return Prompt(header=header, system=found["system"].strip(), template=found["user"])
