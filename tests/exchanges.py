"""Checks what the stand-ins recorded during the run against the vendors' own descriptions.

Every exchange is looked at; alike ones are judged once. Two are alike when service, method, path
(segments with a digit folded), status and both shapes are the same. A shape keeps keys, types,
the kinds of a list's members, and short words, since these may be members of an enumeration.
A request that the stand-in refused (status 400 or more) is not judged, its answer is: tests send
wrong requests on purpose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Findings = Callable[[str, str, str, int, Any, Any], list[str]]
SERVICES = ("jira", "github")
WORD = re.compile(r"^[A-Za-z_-]{1,24}$")
UNKNOWN_OPERATION = "not an operation of"
MAX_SHOWN = 40
TRIMMED_AWAY = re.compile(r"GET /repos/[^/ ]+/[^/ ]+/rules/branches/[^ ]+: not an operation of")
"""A real operation that the trimmed description lacks: docs.github.com/rest/repos/rules."""


def recorded(folder: Path) -> Iterator[dict[str, Any]]:
    """Every recorded exchange; a last line that a killed process left half-written is passed by."""
    for path in sorted(folder.glob("*.jsonl")):
        text = path.read_text("utf-8")
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


def shape(value: Any) -> Any:
    """The hashable shape of a JSON value, as the module says."""
    if isinstance(value, dict):
        return tuple(sorted((key, shape(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", frozenset(shape(item) for item in value))
    if isinstance(value, str):
        return ("str", value if WORD.match(value) else "")
    return (type(value).__name__,)


def folded(path: str) -> str:
    """The path with every segment that holds a digit replaced."""
    return "/".join("#" if re.search(r"\d", part) else part for part in path.split("/"))


def judged(folder: Path, findings: Findings) -> tuple[int, list[str]]:
    """How many exchanges were looked at, and what is wrong with them (each thing once)."""
    count = 0
    seen: set[int] = set()
    wrong: dict[str, None] = {}
    for exchange in recorded(folder):
        service, method, path = exchange["service"], exchange["method"], exchange["path"]
        if service not in SERVICES:
            continue
        count += 1
        status = exchange["status"]
        request = None if status >= 400 else exchange["request"]
        response = exchange["response"]
        likeness = hash((service, method, folded(path), status, shape(request), shape(response)))
        if likeness in seen:
            continue
        seen.add(likeness)
        for message in findings(service, method, path, status, request, response):
            unknown = UNKNOWN_OPERATION in message
            if not (unknown and (status >= 400 or TRIMMED_AWAY.match(message))):
                wrong[f"{service}: {message}"] = None
    return count, list(wrong)
