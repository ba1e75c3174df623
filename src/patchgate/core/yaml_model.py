"""YAML into a strict model: every complaint names file, line and key, and the nearest known key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from patchgate.errors import ConfigError

MAX_BYTES = 500_000
MAX_SHOWN = 10
Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


class _AliasFound(Exception):
    """A name that stands for what was written elsewhere."""


class _PlainParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for a build without libyaml."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


try:
    # Ten times as fast, and every wake-up reads settings and a policy.
    from yaml._yaml import CParser as _Parser
except ImportError:
    _Parser = _PlainParser  # type: ignore[misc, assignment]


class _Reader(Composer, _Parser, SafeConstructor, Resolver):
    """Plain data in one pass, without aliases: a few of them could stand for billions of nodes."""

    def __init__(self, text: str) -> None:
        _Parser.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node; _AliasFound instead of going back to an earlier one."""
        if self.check_event(yaml.AliasEvent):
            raise _AliasFound
        return super().compose_node(parent, index)


def read_model(model: type[M], text: str, source: str) -> M:
    """Read one YAML document; ConfigError with one line for each thing that is wrong."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise ConfigError(f"{source}: more than {MAX_BYTES:,} bytes")
    data, lines = _parsed(text, source)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        found = [detail for detail in found if not _follows_from_another(detail, found)]
        shown = [_sentence(detail, source, (model, lines)) for detail in found[:MAX_SHOWN]]
        if len(found) > MAX_SHOWN:
            shown.append(f"… and {len(found) - MAX_SHOWN} more")
        raise ConfigError("\n".join(dict.fromkeys(shown))) from error


def top_keys(text: str, source: str) -> set[str]:
    """The keys of the document's top level; ConfigError when it is no YAML mapping."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise ConfigError(f"{source}: more than {MAX_BYTES:,} bytes")
    data, _ = _parsed(text, source)
    return set(map(str, data)) if isinstance(data, dict) else set()


def line_of(text: str, path: Path) -> int:
    """The line of a key in a document that was read before; 1 where it does not stand."""
    _, lines = _parsed(text, "")
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)


@lru_cache(maxsize=8)
def _parsed(text: str, source: str) -> tuple[object, dict[Path, int]]:
    """The plain data, and the line of every key and list member."""
    try:
        reader = _Reader(text)
        node = reader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{source}: should be a mapping of keys to values")
        lines = dict(_lines(node, (), source))
        return reader.construct_document(node), lines
    except _AliasFound as error:
        raise ConfigError(f"{source}: YAML aliases (`*name`) are not read here") from error
    except yaml.MarkedYAMLError as error:
        # Where what does not end was begun says more than where the end was missed.
        mark = error.context_mark or error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{source}{line}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{source}: not YAML: {error}") from error


def _lines(node: yaml.Node, path: Path, source: str) -> Iterator[tuple[Path, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise ConfigError(f"{source}:{line}: {_dotted((*path, name))}: stands there twice")
            seen.add(name)
            yield (*path, name), line
            yield from _lines(value, (*path, name), source)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _lines(value, (*path, index), source)


def _follows_from_another(detail: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """Whether a list only seems too short because its members could not be read."""
    path = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(path) and other["loc"][: len(path)] == path for other in found
    )


def _sentence(
    detail: ErrorDetails, source: str, known: tuple[type[BaseModel], dict[Path, int]]
) -> str:
    model, lines = known
    path: Path = detail["loc"]
    line = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)
    where = f"{source}:{line}: {_dotted(path)}" if path else source
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_suggestion(model, path)}"
    if detail["type"] == "missing":
        return f"{where}: is missing"
    wanted = detail["msg"].removeprefix("Value error, ")
    wanted = wanted.replace("Input should be", "should be").replace("Input should", "should")
    if detail["type"] == "value_error":
        return f"{where}: {wanted}"
    return f"{where}: {wanted}, not {str(detail['input'])[:60]!r}"


def _suggestion(model: type[BaseModel], path: Path) -> str:
    """The nearest key of the section that the unknown key stands in."""
    section = _section(model, path[:-1])
    known = list(section.model_fields) if section else []
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known here: {', '.join(known)}" if known else ""


def _section(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that stands at a path of keys and list positions, or None."""
    here: type[BaseModel] | None = model
    is_entry = False
    for part in path:
        if isinstance(part, int) or is_entry:
            is_entry = False
            continue
        if here is None or part not in here.model_fields:
            return None
        annotation = here.model_fields[part].annotation
        here, is_entry = _model_in(annotation), get_origin(annotation) is dict
    return here


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model inside a field's type: itself, optional, or the member of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
