"""A stand-in of the Anthropic Messages API (https://platform.claude.com/docs/en/api/messages)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from patchgate.standins.http import Handler, StandIn, json_response
from patchgate.standins.models.answers import Reply, Script, ScriptError, reply_of
from patchgate.standins.models.anthropic_rules import VERSIONS, blocks_of, faults, thinking
from patchgate.standins.models.tokens import CHARACTERS_PER_TOKEN, Prompt, count, meter

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
STOPS = {
    "answer": "end_turn",
    "tools": "tool_use",
    "length": "max_tokens",
    "refusal": "refusal",
    "context": "model_context_window_exceeded",
    "pause": "pause_turn",
}
PLANNED = "as the answers script says"
CACHE_MINIMUM = 1024
"""Shorter prefixes are not cached by the service."""


@dataclass
class AnthropicState:
    """What the service remembers."""

    keys: set[str]
    script: Script
    cache: set[str] = field(default_factory=set)
    models: frozenset[str] | None = None
    """The models that exist; None: every name does."""
    window: int = 1_000_000
    """Input tokens that a model takes."""


class AnthropicMessages(StandIn):
    """`POST /v1/messages` (whole or as events) and `POST /v1/messages/count_tokens`."""

    service = "anthropic"
    state: AnthropicState

    def __init__(
        self, keys: Iterable[str], script: Script, *, models: Iterable[str] | None = None
    ) -> None:
        known = None if models is None else frozenset(models)
        super().__init__(AnthropicState(keys=set(keys), script=script, models=known))

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Both operations."""
        return (
            ("POST", "/v1/messages", self._create),
            ("POST", "/v1/messages/count_tokens", self._count),
        )

    def is_effect(self, request: Request) -> bool:
        """Counting tokens changes nothing; an answer costs money."""
        return request.path == "/v1/messages" and request.method == "POST"

    def guard(self, request: Request) -> Response | None:
        """The key, then the version header."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key not in self.state.keys:
            return refusal(401, "invalid bearer token")
        version = request.headers.get("anthropic-version")
        if version not in VERSIONS:
            return refusal(400, f"anthropic-version: {version!r} is not a version of this API")
        return None

    def on_error(self, error: HTTPException) -> Response:
        """The service's shape of an error."""
        return refusal(error.code or 500, error.description or "Not Found")

    def _create(self, request: Request) -> Response:
        body = _body(request)
        refused = self._refused(body, next(faults(body), None) if body else "not a JSON object")
        if refused is not None:
            return refused
        prompt = self._meter(body)
        if prompt.total > self.state.window:
            return refusal(
                400, f"prompt is too long: {prompt.total} tokens > {self.state.window} maximum"
            )
        try:
            turn = self.state.script.turn(_first_text(body), _held(body), _heard(body))
            if turn.status is not None:
                return refusal(turn.status, PLANNED, retry_after=turn.retry_after)
            reply = reply_of(turn, [tool["name"] for tool in body.get("tools") or []])
        except ScriptError as error:
            return refusal(400, str(error))
        message = _message(body, reply, prompt)
        if body.get("stream"):
            return Response(_events(message), mimetype="text/event-stream")
        return json_response(message, headers={"request-id": message["id"]})

    def _count(self, request: Request) -> Response:
        body = _body(request)
        fault = next(faults(body, counting=True), None) if body else "not a JSON object"
        refused = self._refused(body, fault)
        if refused is not None:
            return refused
        return json_response({"input_tokens": sum(count(block) for block in _blocks(body)[0])})

    def _refused(self, body: dict[str, Any], fault: str | None) -> Response | None:
        if fault is not None:
            return refusal(400, fault)
        if self.state.models is not None and body["model"] not in self.state.models:
            return refusal(404, f"model: {body['model']}")
        return None

    def _meter(self, body: dict[str, Any]) -> Prompt:
        blocks, marks = _blocks(body)
        return meter(blocks, marks, self.state.cache, model=body["model"], minimum=CACHE_MINIMUM)


def refusal(status: int, message: str, *, retry_after: int | None = None) -> Response:
    """An error answer of this service."""
    error = {"type": ERROR_TYPES.get(status, "api_error"), "message": message}
    body = {"type": "error", "error": error, "request_id": "req_standin"}
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return json_response(body, status, headers)


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _first_text(body: dict[str, Any]) -> str:
    return "\n".join(b.get("text", "") for b in blocks_of(body["messages"][0]))


def _heard(body: dict[str, Any]) -> str:
    """All that the model is given, as text."""
    return json.dumps(body, ensure_ascii=False)


def _held(body: dict[str, Any]) -> int:
    """How many turns of the model the conversation holds."""
    return sum(1 for message in body["messages"] if message["role"] == "assistant")


def _blocks(body: dict[str, Any]) -> tuple[list[Any], list[int]]:
    """The prompt in the order in which it is cached, and the indexes of its cache marks."""
    system = body.get("system") or []
    blocks: list[Any] = list(body.get("tools") or [])
    blocks += [{"type": "text", "text": system}] if isinstance(system, str) else system
    for message in body["messages"]:
        blocks += [{"role": message["role"], **block} for block in blocks_of(message)]
    marks = [index for index, block in enumerate(blocks) if block.get("cache_control")]
    if body.get("cache_control"):
        marks.append(len(blocks) - 1)
    return blocks, sorted(set(marks))


def _message(body: dict[str, Any], reply: Reply, prompt: Prompt) -> dict[str, Any]:
    text, stop = reply.text, STOPS[reply.stop]
    allowed = body["max_tokens"] * CHARACTERS_PER_TOKEN
    if reply.stop == "answer" and len(text) > allowed:
        text, stop = text[:allowed], STOPS["length"]
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    content: list[dict[str, Any]] = [thinking(digest)]
    if text:
        content.append({"type": "text", "text": text, "citations": None})
    for index, call in enumerate(reply.calls):
        use = {"type": "tool_use", "id": f"toolu_{digest[:20]}{index:02}"}
        content.append({**use, "name": call.name, "input": call.input})
    return {
        "id": f"msg_{digest[:24]}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "stop_details": _details(reply),
        "usage": _usage(prompt, count(content)),
    }


def _details(reply: Reply) -> dict[str, Any] | None:
    if reply.stop != "refusal":
        return None
    return {"type": "refusal", "category": None, "explanation": reply.text}


def _usage(prompt: Prompt, output: int) -> dict[str, Any]:
    return {
        "input_tokens": prompt.plain,
        "cache_creation_input_tokens": prompt.written,
        "cache_read_input_tokens": prompt.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": prompt.written,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
    }


def _events(message: dict[str, Any]) -> Iterator[str]:
    """The message as server-sent events (…/build-with-claude/streaming)."""
    usage = message["usage"]
    start = {**message, "content": [], "stop_reason": None, "stop_details": None}
    yield _event({"type": "message_start", "message": start})
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block)
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    counted = {"output_tokens": usage["output_tokens"]}
    yield _event({"type": "message_delta", "delta": delta, "usage": counted})
    yield _event({"type": "message_stop"})


def _block_events(index: int, block: dict[str, Any]) -> Iterator[str]:
    if block["type"] == "thinking":
        yield from _thinking_events(index, block)
        return
    if block["type"] == "text":
        empty, whole = {**block, "text": ""}, block["text"]
        kind, name = "text_delta", "text"
    else:
        empty, whole = {**block, "input": {}}, json.dumps(block["input"])
        kind, name = "input_json_delta", "partial_json"
    yield _event({"type": "content_block_start", "index": index, "content_block": empty})
    for at in range(0, len(whole), 400):
        delta = {"type": kind, name: whole[at : at + 400]}
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
    yield _event({"type": "content_block_stop", "index": index})


def _thinking_events(index: int, block: dict[str, Any]) -> Iterator[str]:
    empty = {**block, "thinking": "", "signature": ""}
    yield _event({"type": "content_block_start", "index": index, "content_block": empty})
    for kind, name in (("thinking_delta", "thinking"), ("signature_delta", "signature")):
        delta = {"type": kind, name: block[name]}
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
    yield _event({"type": "content_block_stop", "index": index})


def _event(data: dict[str, Any]) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"
