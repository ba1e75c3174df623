"""Parts of payloads that several operations share, each refused as the service refuses it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from patchgate.standins.jira.adf import fault_in, too_long
from patchgate.standins.jira.refusal import Refusal, bad_field
from patchgate.standins.jira.state import ISSUE_TYPES

MAX_PROPERTY = 32_768
"""Bytes of an entity property's JSON."""


def part(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object inside a payload, copied; empty where the payload has none."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal(400, f"INVALID_INPUT: {name} is an object")
    return dict(value or {})


def issue_type(value: Any) -> str:
    """The name of the issue type that a payload names or identifies."""
    ids = {known[0]: name for name, known in ISSUE_TYPES.items()}
    name = (value.get("name") or ids.get(str(value.get("id")))) if isinstance(value, dict) else None
    if name not in ISSUE_TYPES:
        raise bad_field("issuetype", "Specify a valid issue type")
    return str(name)


def comment_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a comment payload, if the service would take it."""
    document = body.get("body")
    fault = fault_in(document)
    if fault is None and isinstance(document, dict):
        if not document["content"]:
            raise bad_field("comment", "Comment body can not be empty!")
        fault = too_long(document)
        if fault is None:
            return document
    raise bad_field("comment", str(fault))


def properties_of(value: Any) -> dict[str, Any]:
    """The properties of a payload by key, each checked for size."""
    if value is None:
        return {}
    if not isinstance(value, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("key"), str) and "value" in entry
        for entry in value
    ):
        raise Refusal(400, "properties is a list of objects with a key and a value")
    for entry in value:
        check_property(entry["key"], entry["value"])
    return {entry["key"]: entry["value"] for entry in value}


def check_property(key: str, value: Any) -> None:
    """Refuse a key over 255 characters or a value over the limit."""
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if not key or len(key) > 255:
        raise Refusal(400, "The length of the property key must be between 1 and 255 characters.")
    if size > MAX_PROPERTY:
        raise Refusal(
            400, f"The property value is {size} bytes long; the limit is {MAX_PROPERTY} bytes."
        )
