"""Makes docs/configuration.md from the settings model and the table of variables.

`python tests/configuration_page.py` renews the file; a test holds it to the code.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from patchgate.app.environment import MAY_HOLD, VARIABLES, Kind, Room, Variable
from patchgate.app.settings import SETTINGS_PATH, Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "configuration.md"
EXAMPLE = """\
version: 1
jira:
  url: https://your-site.atlassian.net
  projects: [MWC]
  runner: 5f0000000000000000000001        # account id of the AI Runner
people:
  - {name: Leigh, jira: 5f0000000000000000000002, github: leigh-example}
  - {name: Sam, jira: 5f0000000000000000000003, github: sam-example}
reviewer: Leigh
approvers: [Leigh, Sam]
routes:                                   # the first that matches wins
  - match: {labels: [docs]}
    repository: your-org/online-docs
    plan: none
  - match: {project: MWC, issue_types: [Bug]}
    repository: your-org/service
    base_branch: develop
  - repository: your-org/service
checks:
  commands:
    - [python, -m, pytest, -q]
"""
"""The page's example; a test loads it."""

SETTINGS_HEAD = ("| key | type | default | meaning |", "|---|---|---|---|")
VARIABLES_HEAD = ("| variable | meaning | rooms that may hold it |", "|---|---|---|")
KEYS: dict[type, str] = {str: "text", int: "number", bool: "true or false", float: "number"}


def page() -> str:
    """The whole page."""
    parts = [
        "# Configuration",
        "Made from the code by `make trace`; do not edit.",
        f"Settings are read from `{SETTINGS_PATH}` on the control repository's default branch. "
        "A key that is not listed here is refused, with the nearest one named.",
        f"```yaml\n{EXAMPLE}```",
        "## Settings",
        "\n".join(
            ["| key | type | default | meaning |", "|---|---|---|---|", *_rows(Settings, "")]
        ),
        "A route's conditions compare in any case. All that are given must hold; "
        "of a list, one member suffices. A route without `match` takes every ticket.",
        "## Environment variables",
        "Secrets come as environment variables, never in the settings file. "
        "A room that finds a key which it must not hold refuses to start.",
        "\n".join(
            [
                "| variable | meaning | rooms that may hold it |",
                "|---|---|---|",
                *map(_row, VARIABLES),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = prefix + name
        section = _section(field.annotation)
        if section is None:
            kind = _cell(_type(field.annotation))
            yield f"| `{key}` | {kind} | {_default(field)} | {_cell(field.description or '')} |"
        elif _is_list(field.annotation):
            yield f"| `{key}` | list of mappings | {_default(field)} | {field.description} |"
            yield from _rows(section, f"{key}[].")
        elif field.default is not PydanticUndefined and not field.is_required():
            inside = "; ".join(
                f"`{n}`: {_type(f.annotation)}" for n, f in section.model_fields.items()
            )
            yield f"| `{key}` | mapping of {inside} | {_default(field)} | {field.description} |"
        else:
            yield f"| `{key}` | mapping | | {_cell(field.description or '')} |"
            yield from _rows(section, f"{key}.")


def _section(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _section(arg))), None)


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is tuple


def _type(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    if origin in (Union, types.UnionType):
        return " or ".join(_type(part) for part in inner if part is not types.NoneType)
    return KEYS.get(annotation, "any value") if isinstance(annotation, type) else "any value"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return _cell(f"`{json.dumps(value.model_dump(mode='json'))}`")
    if value is None or value in ("", (), {}):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{json.dumps(value)}`" if isinstance(value, tuple) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _row(variable: Variable) -> str:
    rooms = [f"`{room}`" for room in Room if variable.kind in MAY_HOLD[room]]
    where = "any: it is not secret" if variable.kind is Kind.PLACE else ", ".join(rooms)
    return f"| `{variable.name}` | {_cell(variable.meaning)} | {where} |"


def main() -> None:
    """Renew the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
