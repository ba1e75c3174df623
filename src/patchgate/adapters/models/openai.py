"""OpenAI's Responses API through the official SDK (https://platform.openai.com/docs)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from patchgate.adapters.models.failures import TooLongError, translated
from patchgate.adapters.models.prices import Prices
from patchgate.adapters.models.schema import strict
from patchgate.core.ids import digest_json, short
from patchgate.core.proposal import Usage
from patchgate.errors import ServiceError
from patchgate.ports import Query, Stop, ToolCall, ToolResult, Turn

BASE_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class _Items:
    """A turn's own output items: reasoning must go back before the call that it led to."""

    items: tuple[dict[str, Any], ...]


class OpenAIModel:
    """The Responses API behind the port `Model`; nothing is stored at the provider.

    A query takes at most `timeout` seconds for each of its `1 + max_retries` tries.
    """

    provider = "openai"

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
        import openai

        self._sdk: Any = openai
        self._prices = prices
        self._client = openai.OpenAI(
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
                return _turn(self._client.responses.create(**arguments, timeout=query.timeout))
        except TooLongError:
            return Turn(text="", calls=(), stop="context", usage=Usage())

    def cost(self, model: str, usage: Usage) -> int | None:
        """Micro-dollars of one query's usage; None when the price is unknown."""
        return self._prices.cost(model, usage)


def _arguments(query: Query) -> dict[str, Any]:
    """The request; equal prefixes carry the same cache key, whatever the ticket is."""
    tools = [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": strict(tool.schema),
            "strict": True,
        }
        for tool in query.tools
    ]
    arguments: dict[str, Any] = {
        "model": query.model,
        "instructions": query.system,
        "input": [item for message in query.messages for item in _items(message)],
        "max_output_tokens": query.max_tokens,
        "store": False,
        "prompt_cache_key": "patchgate-" + short(digest_json([query.system, tools])),
    }
    if tools:
        arguments["tools"] = tools
    if query.answer_schema is not None:
        wanted = {"type": "json_schema", "name": "answer", "strict": True}
        arguments["text"] = {"format": {**wanted, "schema": strict(query.answer_schema)}}
    return arguments


def _items(message: str | Turn | tuple[ToolResult, ...]) -> list[dict[str, Any]]:
    if isinstance(message, str):
        return [{"role": "user", "content": message}]
    if isinstance(message, Turn):
        return _own_items(message)
    return [
        {
            "type": "function_call_output",
            "call_id": result.call_id,
            "output": f"error: {result.text}" if result.is_error else result.text,
        }
        for result in message
    ]


def _own_items(turn: Turn) -> list[dict[str, Any]]:
    if isinstance(turn.raw, _Items):
        return list(turn.raw.items)
    items: list[dict[str, Any]] = [{"role": "assistant", "content": turn.text}] * bool(turn.text)
    for call in turn.calls:
        arguments = json.dumps(call.input)
        use = {"type": "function_call", "call_id": call.id, "name": call.name}
        items.append({**use, "arguments": arguments})
    return items


def _turn(response: Any) -> Turn:
    if response.status not in ("completed", "incomplete"):
        raise ServiceError(f"openai answered with status {response.status!r}: {response.error}")
    calls = tuple(
        ToolCall(id=item.call_id, name=item.name, input=_input(item.arguments))
        for item in response.output
        if item.type == "function_call"
    )
    parts = [p for item in response.output if item.type == "message" for p in item.content]
    refusals = [part.refusal for part in parts if part.type == "refusal"]
    texts = [part.text for part in parts if part.type == "output_text"]
    return Turn(
        text="".join(refusals or texts),
        calls=calls,
        stop=_stop(response, refused=bool(refusals), calls=calls),
        usage=_usage(response.usage),
        raw=_Items(tuple(_kept(item) for item in response.output)),
    )


def _stop(response: Any, *, refused: bool, calls: tuple[ToolCall, ...]) -> Stop:
    if response.status == "incomplete":
        reason = response.incomplete_details and response.incomplete_details.reason
        return "refusal" if reason == "content_filter" else "length"
    if refused:
        return "refusal"
    return "tools" if calls else "answer"


def _input(arguments: str) -> dict[str, Any]:
    """A call's input; what is no JSON object is kept as text, for the tool to refuse."""
    try:
        parsed = json.loads(arguments)
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"unreadable": arguments}


def _kept(item: Any) -> dict[str, Any]:
    """An output item as the API takes it back as input."""
    dumped: dict[str, Any] = item.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped


def _usage(usage: Any) -> Usage:
    """`input_tokens` counts cached tokens too; ours are apart."""
    if usage is None:
        raise ServiceError("openai sent no usage, so the cost of this answer is unknown")
    details = usage.input_tokens_details
    read, written = details.cached_tokens, details.cache_write_tokens
    return Usage(
        input=usage.input_tokens - read - written,
        output=usage.output_tokens,
        cache_read=read,
        cache_write=written,
    )
