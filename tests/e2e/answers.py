"""What the models say in whole lives: answers files made of a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml


def script(*answers: Mapping[str, Any]) -> str:
    """An answers file of these entries; the first that fits answers."""
    return yaml.safe_dump({"version": 1, "answers": [dict(one) for one in answers]})


def answer(task: str, *turns: Mapping[str, Any], **match: Any) -> dict[str, Any]:
    """One entry: what is said to that task (`ticket=`, `attempt=`, `run=`)."""
    return {"match": {"task": task, **match}, "turns": [dict(turn) for turn in turns]}


def edits(*steps: tuple[str, str, str], summary: str = "Greets politely", **match: Any) -> Any:
    """The implementer edits each (path, old, new), reading first; an empty `old` creates it."""
    reads = [{"name": "read_file", "input": {"path": path}} for path, old, _ in steps if old]
    writes = [_write(*step) for step in steps]
    turns: list[Mapping[str, Any]] = [{"tools": reads}] if reads else []
    turns += [{"tools": writes}, {"final": _implemented(summary)}]
    return answer("implement", *turns, **match)


def _write(path: str, old: str, new: str) -> dict[str, Any]:
    if not old:
        return {"name": "create_file", "input": {"path": path, "content": new}}
    return {"name": "edit_file", "input": {"path": path, "old": old, "new": new}}


def _implemented(summary: str) -> dict[str, Any]:
    return {"summary": summary, "rationale": "As asked.", "criteria": []}


def plan(*items: Mapping[str, Any], files: Sequence[str] = (), **said: Any) -> dict[str, Any]:
    """A planner's answer with these work items."""
    return {
        "approach": "Change the greeting in one place.",
        "files": [{"path": p, "action": "modify", "reason": "it greets"} for p in files],
        "risks": ["Somebody may rely on the old greeting."],
        "unknowns": ["Whether names may be empty."],
        "acceptance": [{"id": "AC1", "text": "The greeting is polite."}],
        "items": [dict(item) for item in items],
        **said,
    }


def item(title: str, *files: str) -> dict[str, Any]:
    """One work item of a plan."""
    return {
        "title": title,
        "description": f"{title}, with its test.",
        "files": list(files),
        "acceptance": ["AC1"],
    }


POLITE = edits(("greet.py", '"Hello "', '"Good day "'), attempt=1)
FIRST_AT_ANY_ATTEMPT = edits(("greet.py", '"Hello "', '"Good day "'))
POLITER = edits(("greet.py", '"Good day "', '"A very good day "'), summary="Politer still")
