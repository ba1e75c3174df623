"""JSON schemas made strict: what both vendors enforce while a model writes its answer.

Neither keeps lengths and ranges, so these go into the description and pydantic checks them
again. Sources: https://platform.claude.com/docs/en/build-with-claude/structured-outputs and
https://platform.openai.com/docs/guides/structured-outputs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOLD = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matching {}",
    "format": "format {}",
}
DROPPED = frozenset({"title", "default", "examples", *TOLD})


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with closed objects, every property required and no unsupported keyword."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            result[key] = {name: strict(part) for name, part in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            result[key] = strict(value)
        elif key in ("anyOf", "oneOf"):
            result["anyOf"] = [strict(part) for part in value]
        elif key not in DROPPED:
            result[key] = value
    if result.get("type") == "object":
        result["properties"] = result.get("properties", {})
        result["required"] = list(result["properties"])
        result["additionalProperties"] = False
    return _told(schema, result)


def _told(schema: Mapping[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Put the constraints that no vendor keeps into the description."""
    limits = [
        words.format(schema[key])
        for key, words in TOLD.items()
        if key in schema and (key, schema[key]) != ("minLength", 1)
    ]
    if limits:
        said = str(result.get("description", ""))
        result["description"] = f"{said} ({'; '.join(limits)})".strip()
    return result
