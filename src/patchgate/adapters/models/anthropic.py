"""Claude through the official SDK (https://platform.claude.com/docs/en/api/messages)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patchgate.adapters.models.failures import TooLongError, translated
from patchgate.adapters.models.prices import Prices
from patchgate.adapters.models.schema import strict
from patchgate.core.proposal import Usage
from patchgate.errors import ServiceError
from patchgate.ports import Query, Stop, ToolCall, ToolResult, Turn

BASE_URL = "https://api.anthropic.com"
WHOLE_MAX = 16_000
"""Answers that may be longer are streamed, as the vendor advises for slow answers."""
CACHED = {"type": "ephemeral"}
STOPS: Mapping[str, Stop] = {
    "end_turn": "answer",
    "stop_sequence": "answer",
    "tool_use": "tools",
    "max_tokens": "length",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context",
}


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A turn's own blocks: signed thoughts must go back exactly as they came."""

    blocks: tuple[dict[str, Any], ...]


class AnthropicModel:
    """The Messages API behind the port `Model`.

    A query takes at most `timeout` seconds for each of its `1 + max_retries` tries.
    """

    provider = "anthropic"

    def __init__(
        self,
        key: str,
        prices: Prices,
        *,
        base_url: str = BASE_URL,
        max_retries: int = 2,
        strict_responses: bool = False,
    ) -> None:
        """Import the SDK (it takes a second) and open a client."""
        import anthropic

        self._sdk: Any = anthropic
        self._prices = prices
        self._client = anthropic.Anthropic(
            api_key=key,
            base_url=base_url,
            max_retries=max_retries,
            _strict_response_validation=strict_responses,
        )

    def query(self, query: Query) -> Turn:
        """Ask once; a prompt that is too long is a turn that stopped for `context`."""
        arguments = _arguments(query)
        try:
            with translated(self._sdk, provider=self.provider, model=query.model):
                return _turn(self._ask(query, arguments))
        except TooLongError:
            return Turn(text="", calls=(), stop="context", usage=Usage())

    def cost(self, model: str, usage: Usage) -> int | None:
        """Micro-dollars of one query's usage; None when the price is unknown."""
        return self._prices.cost(model, usage)

    def _ask(self, query: Query, arguments: dict[str, Any]) -> Any:
        if query.max_tokens <= WHOLE_MAX:
            return self._client.messages.create(**arguments, timeout=query.timeout)
        deadline = time.monotonic() + query.timeout
        with self._client.messages.stream(**arguments, timeout=query.timeout) as stream:
            for _ in stream:
                if time.monotonic() > deadline:
                    raise ServiceError(f"{query.model} was still answering at the time limit")
            return stream.get_final_message()


def _arguments(query: Query) -> dict[str, Any]:
    """The request: tools, system text and messages in the order in which they are cached.

    The first mark ends the prefix that all tickets share; the request's own mark follows
    the conversation as it grows.
    """
    arguments: dict[str, Any] = {
        "model": query.model,
        "max_tokens": query.max_tokens,
        "system": [{"type": "text", "text": query.system, "cache_control": CACHED}],
        "messages": [_message(item) for item in query.messages],
        "cache_control": CACHED,
    }
    if query.tools:
        arguments["tools"] = [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": strict(tool.schema),
                "strict": True,
            }
            for tool in query.tools
        ]
    if query.answer_schema is not None:
        wanted = {"type": "json_schema", "schema": strict(query.answer_schema)}
        arguments["output_config"] = {"format": wanted}
    return arguments


def _message(item: str | Turn | tuple[ToolResult, ...]) -> dict[str, Any]:
    if isinstance(item, str):
        return {"role": "user", "content": item}
    if isinstance(item, Turn):
        return {"role": "assistant", "content": _blocks(item)}
    results = [
        {
            "type": "tool_result",
            "tool_use_id": result.call_id,
            "content": result.text,
            "is_error": result.is_error,
        }
        for result in item
    ]
    return {"role": "user", "content": results}


def _blocks(turn: Turn) -> list[dict[str, Any]]:
    if isinstance(turn.raw, _Blocks) and turn.raw.blocks:
        return list(turn.raw.blocks)
    blocks: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text else []
    for call in turn.calls:
        use = {"type": "tool_use", "id": call.id, "name": call.name}
        blocks.append({**use, "input": dict(call.input)})
    return blocks or [{"type": "text", "text": "(nothing)"}]


def _turn(message: Any) -> Turn:
    texts = [block.text for block in message.content if block.type == "text"]
    calls = [
        ToolCall(id=block.id, name=block.name, input=dict(block.input))
        for block in message.content
        if block.type == "tool_use"
    ]
    # A reason that we do not know is judged by what was said, so that the bill is not lost.
    stop = STOPS.get(message.stop_reason, "tools" if calls else "answer")
    return Turn(
        text="".join(texts),
        calls=tuple(calls),
        stop=stop,
        usage=_usage(message.usage),
        raw=_Blocks(tuple(_kept(block) for block in message.content)),
    )


def _kept(block: Any) -> dict[str, Any]:
    """A block as the API takes it back."""
    dumped: dict[str, Any] = block.model_dump(mode="json", by_alias=True, exclude_none=True)
    dumped.pop("parsed_output", None)
    return dumped


def _usage(usage: Any) -> Usage:
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_input_tokens or 0,
        cache_write=usage.cache_creation_input_tokens or 0,
    )
