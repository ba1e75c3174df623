"""The ticket file: Markdown whose first heading is the summary, with optional front matter."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchgate.errors import MalformedError

ADVICE = "docs/rehearse.md shows a ticket file."
FENCE = "---"


class FrontMatter(BaseModel):
    """What a ticket file may set; everything has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["patchset", "plan", "request"] = "patchset"
    plan: Literal["required", "none"] = "required"
    checks: tuple[tuple[str, ...], ...] = ()
    labels: tuple[str, ...] = ()
    type: str = Field("Story", min_length=1)


class TicketFile(BaseModel):
    """One ticket: what it asks for, and how it is to be worked on."""

    model_config = ConfigDict(frozen=True)

    summary: str = Field(min_length=1, max_length=255)
    description: str
    front: FrontMatter


def read_ticket(path: Path) -> TicketFile:
    """Read a ticket file; MalformedError names what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedError(f"the ticket {path} cannot be read: {error}", ADVICE) from error
    front, body = _parts(text)
    lines = body.strip().splitlines()
    if not lines or not lines[0].startswith("# "):
        raise MalformedError(f"{path} does not begin with a heading `# Summary`", ADVICE)
    try:
        return TicketFile(
            summary=lines[0].removeprefix("# ").strip(),
            description="\n".join(lines[1:]).strip(),
            front=FrontMatter.model_validate(yaml.safe_load(front) or {}),
        )
    except yaml.YAMLError as error:
        raise MalformedError(f"{path}: the front matter is not YAML: {error}", ADVICE) from error
    except ValidationError as error:
        raise MalformedError(f"{path}: {_first_fault(error)}", ADVICE) from error


def _parts(text: str) -> tuple[str, str]:
    """The front matter (without its fences) and the rest."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != FENCE:
        return "", text.lstrip("\ufeff")
    ends = [number for number, line in enumerate(lines[1:], 1) if line.strip() == FENCE]
    if not ends:
        return "", text
    return "\n".join(lines[1 : ends[0]]), "\n".join(lines[ends[0] + 1 :])


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
