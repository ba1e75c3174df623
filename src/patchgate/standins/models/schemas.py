"""What both services ask of a JSON schema that they are to keep strictly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

UNSUPPORTED = frozenset(
    {"minLength", "maxLength", "patternProperties", "propertyNames", "if", "then", "else", "not"}
)
"""Keywords that neither service takes in strict mode."""


def strict_faults(schema: Any, *, all_required: bool, banned: frozenset[str]) -> Iterator[str]:
    """What is wrong with a strict schema, one sentence each; `banned` are the vendor's own."""
    yield from _walk(schema, "schema", all_required, banned | UNSUPPORTED)
    if isinstance(schema, dict) and schema.get("type") != "object":
        yield "schema must have type 'object' at the top"


def _walk(node: Any, where: str, all_required: bool, banned: frozenset[str]) -> Iterator[str]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk(item, f"{where}[{index}]", all_required, banned)
    if not isinstance(node, dict):
        return
    for keyword in sorted(banned & node.keys()):
        yield f"{where}: '{keyword}' is not supported"
    if node.get("type") == "object":
        yield from _object_faults(node, where, all_required)
    for key, child in node.items():
        if key in ("properties", "$defs"):
            for name, part in child.items():
                yield from _walk(part, f"{where}.{name}", all_required, banned)
        elif key in ("items", "anyOf", "allOf"):
            yield from _walk(child, f"{where}.{key}", all_required, banned)


def _object_faults(node: dict[str, Any], where: str, all_required: bool) -> Iterator[str]:
    if node.get("additionalProperties") is not False:
        yield f"{where}: 'additionalProperties' must be false"
    missing = set(node.get("properties", {})) - set(node.get("required", []))
    if all_required and missing:
        yield f"{where}: 'required' must hold every property; missing {sorted(missing)}"
