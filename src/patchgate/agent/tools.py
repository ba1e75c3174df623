"""The tools: typed inputs, plain text back, errors that tell the model what to do next."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import re2
from pydantic import Field, ValidationError

from patchgate.agent.edit import replaced
from patchgate.agent.workspace import FILE_LIMIT, ToolFault, Workspace, as_text, lines_of
from patchgate.core.plan import Record
from patchgate.ports import ToolCall, ToolResult, ToolSpec

LISTED = 400
READ_BYTES = 40_000
MATCHES = 100
LINE_SHOWN = 240


class ListFiles(Record):
    """What list_files takes."""

    path: str | None = Field(default=None, description="folder; null: all")
    glob: str | None = Field(default=None, description="such as *.py; null: any")


class ReadFile(Record):
    """What read_file takes."""

    path: str
    first: int | None = Field(default=None, description="line, from 1")
    last: int | None = Field(default=None, description="line, inclusive")


class Search(Record):
    """What search takes."""

    pattern: str = Field(min_length=1, description="RE2 regular expression")
    path: str | None = Field(default=None, description="folder; null: all")
    glob: str | None = Field(default=None, description="such as *.py; null: any")


class EditFile(Record):
    """What edit_file takes."""

    path: str
    old: str = Field(description="exact text, without line numbers")
    new: str


class CreateFile(Record):
    """What create_file takes."""

    path: str
    content: str


class DeleteFile(Record):
    """What delete_file takes."""

    path: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what the model reads about it, what it takes, what it does."""

    name: str
    description: str
    takes: type[Record]
    run: Callable[[Workspace, Any], str]
    writes: bool = False

    def spec(self) -> ToolSpec:
        """The tool as the model sees it."""
        schema = self.takes.model_json_schema()
        schema.pop("description", None)
        return ToolSpec(name=self.name, description=self.description, schema=schema)


def list_files(space: Workspace, asked: ListFiles) -> str:
    """Paths, or counts by folder where there are too many."""
    paths = list(_selected(space, asked.path, asked.glob))
    if len(paths) <= LISTED:
        return "\n".join(paths) or "no files"
    depth = 0 if not asked.path else asked.path.strip("/").count("/") + 1
    folders: Counter[str] = Counter()
    for path in paths:
        parts = path.split("/")
        folders["/".join(parts[: depth + 1]) + ("/" if len(parts) > depth + 1 else "")] += 1
    shown = [f"{name} ({n} files)" if name.endswith("/") else name for name, n in folders.items()]
    more = f"\n… {len(shown) - LISTED} more" if len(shown) > LISTED else ""
    return f"{len(paths)} files; narrow with path or glob:\n" + "\n".join(shown[:LISTED]) + more


def read_file(space: Workspace, asked: ReadFile) -> str:
    """Numbered lines, up to a size; the end says how to go on."""
    lines = lines_of(space.read(asked.path))
    first, last = max(1, asked.first or 1), min(len(lines), asked.last or len(lines))
    if lines and first > len(lines):
        raise ToolFault(f"{asked.path} has only {len(lines)} lines")
    shown: list[str] = []
    size = 0
    for number in range(first, last + 1):
        line = f"{number}\t{lines[number - 1]}"
        size += len(line.encode()) + 1
        if size > READ_BYTES and shown:
            return "\n".join([*shown, f"… of {len(lines)} lines; go on with first={number}"])
        shown.append(line[:READ_BYTES])
    return "\n".join(shown) or "(no lines)"


def search(space: Workspace, asked: Search) -> str:
    """Matching lines as `path:line: text`."""
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(asked.pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ToolFault(f"the pattern is not RE2: {words}") from None
    found: list[str] = []
    for path in _selected(space, asked.path, asked.glob):
        for number, line in _lines(space, path):
            if pattern.search(line):
                found.append(f"{path}:{number}: {line.strip()[:LINE_SHOWN]}")
            if len(found) == MATCHES:
                return "\n".join([*found, f"… only the first {MATCHES}; narrow the search"])
    return "\n".join(found) or "no matches"


def _lines(space: Workspace, path: str) -> Iterable[tuple[int, str]]:
    place = space.root / path
    if place.stat().st_size > FILE_LIMIT:
        return
    yield from enumerate(lines_of(as_text(place.read_bytes()) or ""), start=1)


def _selected(space: Workspace, under: str | None, glob: str | None) -> Iterable[str]:
    for path in space.files(under or ""):
        name = path.rsplit("/", 1)[-1]
        if not glob or fnmatch.fnmatchcase(path, glob) or fnmatch.fnmatchcase(name, glob):
            yield path


def edit_file(space: Workspace, asked: EditFile) -> str:
    """Replace the one occurrence of `old`."""
    text = replaced(space.read(asked.path), asked.old, asked.new, path=asked.path)
    space.write(asked.path, text)
    return f"edited {asked.path}"


def create_file(space: Workspace, asked: CreateFile) -> str:
    """Write a file that does not exist."""
    if space.place(asked.path).exists():
        raise ToolFault(f"{asked.path} exists; use edit_file")
    space.write(asked.path, asked.content)
    return f"created {asked.path}"


def delete_file(space: Workspace, asked: DeleteFile) -> str:
    """Remove a file."""
    space.existing(asked.path).unlink()
    return f"deleted {asked.path}"


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("list_files", "List repository files.", ListFiles, list_files),
        Tool("read_file", "Read a text file; lines are numbered.", ReadFile, read_file),
        Tool("search", "Find lines that match a pattern.", Search, search),
        Tool(
            "edit_file",
            "Replace text that occurs exactly once in a file.",
            EditFile,
            edit_file,
            writes=True,
        ),
        Tool("create_file", "Create a new file.", CreateFile, create_file, writes=True),
        Tool("delete_file", "Delete a file.", DeleteFile, delete_file, writes=True),
    )
}


def use(call: ToolCall, names: Iterable[str], space: Workspace) -> ToolResult:
    """Do one call; whatever is wrong with it goes back to the model as an error."""
    tool = TOOLS.get(call.name)
    if tool is None or call.name not in names:
        offered = ", ".join(names)
        return ToolResult(call.id, f"there is no tool {call.name!r}; use {offered}", is_error=True)
    try:
        return ToolResult(call.id, tool.run(space, tool.takes.model_validate(call.input)))
    except ValidationError as error:
        return ToolResult(call.id, faults_of(error), is_error=True)
    except ToolFault as fault:
        return ToolResult(call.id, str(fault), is_error=True)
    except OSError as error:
        return ToolResult(call.id, f"{call.name}: {error.strerror}", is_error=True)


def faults_of(error: ValidationError) -> str:
    """A validation error in one line for each field."""
    return "\n".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'answer'}: {fault['msg']}"
        for fault in error.errors()
    )
