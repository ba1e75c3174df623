"""What the Messages API refuses, sentence by sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from patchgate.standins.models.schemas import strict_faults

CREATE_KEYS = frozenset(
    {
        "max_tokens",
        "messages",
        "model",
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "metadata",
        "output_config",
        "service_tier",
        "speed",
        "stop_sequences",
        "system",
        "thinking",
        "tool_choice",
        "tools",
        "user_profile_id",
        "workspace_id",
        "stream",
    }
)
COUNT_KEYS = CREATE_KEYS - {"max_tokens", "stream", "metadata", "stop_sequences", "service_tier"}
VERSIONS = frozenset({"2023-06-01", "2026-10-21"})
BLOCKS = frozenset({"text", "tool_use", "tool_result", "thinking", "redacted_thinking", "image"})
NUMERIC = frozenset({"minimum", "maximum", "multipleOf", "maxItems", "exclusiveMinimum"})
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
MAX_OUTPUT = 128_000
MAX_MARKS = 4


def faults(body: dict[str, Any], *, counting: bool = False) -> Iterator[str]:
    """What is wrong with a request, in the service's words as far as they are known."""
    for key in sorted(set(body) - (COUNT_KEYS if counting else CREATE_KEYS)):
        yield f"{key}: Extra inputs are not permitted"
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model: Field required"
    if not counting:
        yield from _max_tokens(body.get("max_tokens"))
    yield from _tools(body.get("tools"))
    yield from _output(body.get("output_config"))
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    yield from _messages(messages)
    if _marks(body) > MAX_MARKS:
        yield f"A maximum of {MAX_MARKS} blocks with cache_control may be provided"


def _max_tokens(value: Any) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        yield "max_tokens: Field required"
    elif value > MAX_OUTPUT:
        yield f"max_tokens: {value} > {MAX_OUTPUT}, the most that the model may answer"


def _tools(tools: Any) -> Iterator[str]:
    if tools is None:
        return
    names = [tool.get("name") for tool in tools]
    if len(set(names)) != len(names):
        yield "tools: Tool names must be unique."
    for index, tool in enumerate(tools):
        if not NAME.fullmatch(tool.get("name") or ""):
            yield f"tools.{index}.name: does not match {NAME.pattern}"
        if not isinstance(tool.get("input_schema"), dict):
            yield f"tools.{index}.input_schema: Field required"
        elif tool.get("strict"):
            for fault in strict_faults(tool["input_schema"], all_required=False, banned=NUMERIC):
                yield f"tools.{index}.{fault}"


def _output(config: Any) -> Iterator[str]:
    if config is None:
        return
    for key in sorted(set(config) - {"effort", "format"}):
        yield f"output_config.{key}: Extra inputs are not permitted"
    wanted = config.get("format")
    if wanted is None:
        return
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        yield "output_config.format: a json_schema with its schema is required"
        return
    for fault in strict_faults(wanted["schema"], all_required=False, banned=NUMERIC):
        yield f"output_config.format.{fault}"


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """A message's content as a list of blocks."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, dict)]


def _messages(messages: list[Any]) -> Iterator[str]:
    if messages[0].get("role") != "user":
        yield 'messages: first message must use the "user" role'
    waiting: set[str] = set()
    seen: set[str] = set()
    for index, message in enumerate(messages):
        blocks = blocks_of(message)
        if message.get("role") not in ("user", "assistant"):
            yield f"messages.{index}.role: must be 'user' or 'assistant'"
        if not blocks:
            yield f"messages.{index}: content must be non-empty"
        yield from _block_faults(blocks, index)
        results = [b.get("tool_use_id") for b in blocks if b.get("type") == "tool_result"]
        yield from _pairing(index, waiting, results)
        calls = [str(b.get("id")) for b in blocks if b.get("type") == "tool_use"]
        if seen & set(calls) or len(set(calls)) != len(calls):
            yield f"messages.{index}: `tool_use` ids must be unique"
        seen |= set(calls)
        waiting = set(calls)
    yield from _pairing(len(messages), waiting, [])


def _block_faults(blocks: list[dict[str, Any]], index: int) -> Iterator[str]:
    for at, block in enumerate(blocks):
        if block.get("type") not in BLOCKS:
            yield f"messages.{index}.content.{at}: unexpected type {block.get('type')!r}"
        mark, _, signature = str(block.get("signature", "")).partition(".")
        if block.get("type") == "thinking" and signature != _sign(mark):
            yield f"messages.{index}.content.{at}: Invalid `signature` in `thinking` block"
        if block.get("type") == "text" and not str(block.get("text", "")).strip():
            yield f"messages.{index}.content.{at}: text content blocks must contain text"


def thinking(seed: str) -> dict[str, Any]:
    """A thinking block as the service returns it: its text hidden, its signature checkable."""
    mark = hashlib.sha256(seed.encode()).hexdigest()[:24]
    return {"type": "thinking", "thinking": "", "signature": f"{mark}.{_sign(mark)}"}


def _sign(mark: str) -> str:
    return hashlib.sha256(f"thought {mark}".encode()).hexdigest()[:24]


def _pairing(index: int, waiting: set[str], results: list[Any]) -> Iterator[str]:
    missing = waiting - set(results)
    if missing:
        yield (
            f"messages.{index}: `tool_use` ids were found without `tool_result` blocks "
            f"immediately after: {', '.join(sorted(missing))}"
        )
    for result in results:
        if result not in waiting:
            yield (
                f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{result}; each must have a `tool_use` block in the previous message"
            )
    if len(set(results)) != len(results):
        yield f"messages.{index}: each `tool_use` must have a single result"


def _marks(body: dict[str, Any]) -> int:
    blocks: list[Any] = [body, *(body.get("tools") or [])]
    blocks += body["system"] if isinstance(body.get("system"), list) else []
    for message in body["messages"]:
        blocks += blocks_of(message)
    return sum(1 for block in blocks if block.get("cache_control"))
