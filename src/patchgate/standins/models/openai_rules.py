"""What the Responses API refuses, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from patchgate.standins.models.schemas import strict_faults

KEYS = frozenset(
    {
        "access_programs",
        "background",
        "context_management",
        "conversation",
        "image",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "moderation",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "truncation",
        "user",
    }
)
UNSUPPORTED = frozenset({"temperature", "top_p"})
"""Known, and refused by reasoning models."""
BANNED = frozenset({"allOf", "default"})
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MIN_OUTPUT = 16
ITEMS = frozenset({"message", "function_call", "function_call_output", "reasoning"})


def faults(body: dict[str, Any], *, counting: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a request: the parameter and a sentence."""
    for key in sorted(set(body) & UNSUPPORTED):
        yield key, f"Unsupported parameter: '{key}' is not supported with this model."
    for key in sorted(set(body) - KEYS - UNSUPPORTED):
        yield key, f"Unknown parameter: '{key}'."
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model", "Missing required parameter: 'model'."
    if not body.get("input"):
        yield "input", "Missing required parameter: 'input'."
    limit = body.get("max_output_tokens")
    if limit is not None and not counting and (not isinstance(limit, int) or limit < MIN_OUTPUT):
        yield "max_output_tokens", f"Expected an integer of at least {MIN_OUTPUT}."
    if body.get("previous_response_id"):
        yield "previous_response_id", "Previous response not found: nothing is stored here."
    if body.get("stream"):
        yield "stream", "This stand-in answers whole responses only."
    yield from _tools(body.get("tools") or [])
    yield from _format((body.get("text") or {}).get("format"))
    yield from _items(items_of(body), stored=body.get("store", True))


def items_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The input as a list of items, each with its type."""
    given = body.get("input") or []
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [{"type": "message", **item} for item in given if isinstance(item, dict)]


def _tools(tools: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for index, tool in enumerate(tools):
        where = f"tools[{index}]"
        if tool.get("type") != "function":
            yield f"{where}.type", f"Unsupported tool type: {tool.get('type')!r}."
        if not NAME.fullmatch(tool.get("name") or ""):
            yield f"{where}.name", f"Expected a string that matches {NAME.pattern}."
        if "strict" not in tool or "parameters" not in tool:
            yield where, "Missing required parameter: 'strict' or 'parameters'."
        elif tool["strict"]:
            for fault in strict_faults(tool["parameters"], all_required=True, banned=BANNED):
                yield f"{where}.parameters", f"Invalid schema for function: {fault}"


def _format(wanted: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if wanted is None or wanted.get("type") == "text":
        return
    if wanted.get("type") != "json_schema" or not NAME.fullmatch(wanted.get("name") or ""):
        yield "text.format", "A named json_schema is required."
    if wanted.get("strict"):
        for fault in strict_faults(wanted.get("schema"), all_required=True, banned=BANNED):
            yield "text.format.schema", f"Invalid schema for response_format: {fault}"


def _items(items: list[dict[str, Any]], *, stored: bool) -> Iterator[tuple[str, str]]:
    called: set[str] = set()
    answered: set[str] = set()
    for index, item in enumerate(items):
        kind, where = item["type"], f"input[{index}]"
        if kind not in ITEMS:
            yield where, f"Invalid value: {kind!r}."
        if kind == "reasoning":
            yield from _reasoning(item, items[index + 1 :], where=where, stored=stored)
        if kind == "function_call":
            called.add(item.get("call_id", ""))
        if kind == "function_call_output":
            if item.get("call_id") not in called:
                yield where, f"No tool call found for call_id {item.get('call_id')}."
            answered.add(item.get("call_id", ""))
    for call in sorted(called - answered):
        yield "input", f"No tool output found for function call {call}."


def _reasoning(
    item: dict[str, Any], rest: list[dict[str, Any]], *, where: str, stored: bool
) -> Iterator[tuple[str, str]]:
    if not rest or rest[0]["type"] not in ("message", "function_call", "reasoning"):
        yield where, f"Item {item.get('id')} of type 'reasoning' has no following item."
    if not stored and not item.get("encrypted_content"):
        yield where, f"Item with id {item.get('id')} not found: items are not stored."
