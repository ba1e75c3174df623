"""A stand-in of the OpenAI Responses API (https://platform.openai.com/docs/api-reference)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from patchgate.standins.http import Handler, StandIn, json_response
from patchgate.standins.models.answers import Reply, Script, ScriptError, reply_of
from patchgate.standins.models.openai_rules import faults, items_of
from patchgate.standins.models.tokens import CHARACTERS_PER_TOKEN, Prompt, count, meter

ERROR_TYPES = {429: "requests", 401: "invalid_request_error", 500: "server_error"}
ERROR_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
CACHE_MINIMUM = 1024
CREATED = 1_800_000_000.0
"""Every answer's time: equal requests get equal answers."""


@dataclass
class OpenAIState:
    """What the service remembers."""

    keys: set[str]
    script: Script
    cache: set[str] = field(default_factory=set)
    models: frozenset[str] | None = None
    """The models that exist; None: every name does."""
    window: int = 872_000
    """Input tokens that a model takes."""


class OpenAIResponses(StandIn):
    """`POST /v1/responses` and `POST /v1/responses/input_tokens`."""

    service = "openai"
    state: OpenAIState

    def __init__(
        self, keys: Iterable[str], script: Script, *, models: Iterable[str] | None = None
    ) -> None:
        known = None if models is None else frozenset(models)
        super().__init__(OpenAIState(keys=set(keys), script=script, models=known))

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Both operations."""
        return (
            ("POST", "/v1/responses", self._create),
            ("POST", "/v1/responses/input_tokens", self._count),
        )

    def is_effect(self, request: Request) -> bool:
        """Counting tokens changes nothing; an answer costs money."""
        return request.path == "/v1/responses" and request.method == "POST"

    def guard(self, request: Request) -> Response | None:
        """The key."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key in self.state.keys:
            return None
        return refusal(401, "Incorrect API key provided.")

    def on_error(self, error: HTTPException) -> Response:
        """The service's shape of an error."""
        return refusal(error.code or 500, error.description or "Not Found")

    def _create(self, request: Request) -> Response:
        body = _body(request)
        refused = self._refused(body)
        if refused is not None:
            return refused
        blocks, marks = _blocks(body)
        prompt = meter(blocks, marks, self.state.cache, model=body["model"], minimum=CACHE_MINIMUM)
        if prompt.total > self.state.window:
            return _too_long(prompt.total, self.state.window)
        try:
            turn = self.state.script.turn(_first_text(body), _held(body), _heard(body))
            if turn.status is not None:
                return refusal(
                    turn.status, "As the answers script says.", retry_after=turn.retry_after
                )
            reply = reply_of(turn, [tool["name"] for tool in body.get("tools") or []])
        except ScriptError as error:
            return refusal(400, str(error))
        if reply.stop == "context":
            return _too_long(prompt.total, prompt.total - 1)
        if reply.stop == "pause":
            return refusal(400, "the answers script pauses, and this API knows no pause")
        response = _response(body, reply, prompt)
        return json_response(response, headers={"x-request-id": response["id"]})

    def _count(self, request: Request) -> Response:
        body = _body(request)
        refused = self._refused(body, counting=True)
        if refused is not None:
            return refused
        total = sum(count(block) for block in _blocks(body)[0])
        return json_response({"object": "response.input_tokens", "input_tokens": total})

    def _refused(self, body: dict[str, Any], *, counting: bool = False) -> Response | None:
        param, fault = next(faults(body, counting=counting), (None, None))
        if fault is not None:
            return refusal(400, fault, param=param)
        if self.state.models is not None and body["model"] not in self.state.models:
            return refusal(404, f"The model '{body['model']}' does not exist.", param="model")
        return None


def refusal(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    retry_after: int | None = None,
) -> Response:
    """An error answer of this service."""
    error = {
        "message": message,
        "type": ERROR_TYPES.get(
            status, "invalid_request_error" if status < 500 else "server_error"
        ),
        "param": param,
        "code": code or ERROR_CODES.get(status),
    }
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return json_response({"error": error}, status, headers)


def _too_long(size: int, window: int) -> Response:
    message = f"Your input of {size} tokens exceeds the context window of {window} tokens."
    return refusal(400, message, param="input", code="context_length_exceeded")


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _first_text(body: dict[str, Any]) -> str:
    content = items_of(body)[0].get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def _heard(body: dict[str, Any]) -> str:
    """All that the model is given, as text."""
    return json.dumps(body, ensure_ascii=False)


def _held(body: dict[str, Any]) -> int:
    """How many turns of the model the conversation holds: runs of items that it wrote."""
    wrote = [
        item["type"] in ("function_call", "reasoning") or item.get("role") == "assistant"
        for item in items_of(body)
    ]
    return sum(1 for before, now in zip([False, *wrote], wrote, strict=False) if now and not before)


def _blocks(body: dict[str, Any]) -> tuple[list[Any], list[int]]:
    """The prompt in the order in which it is cached; every prefix of it is."""
    head = [body.get("tools") or [], body.get("text") or {}, body.get("instructions") or ""]
    blocks = [*head, *items_of(body)]
    return blocks, list(range(len(blocks)))


def _response(body: dict[str, Any], reply: Reply, prompt: Prompt) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    text, cut = reply.text, reply.stop == "length"
    allowed = (body.get("max_output_tokens") or 128_000) * CHARACTERS_PER_TOKEN
    if reply.stop == "answer" and len(text) > allowed:
        text, cut = text[:allowed], True
    output = _output(digest, text, reply, cut=cut)
    return {
        "id": f"resp_{digest[:32]}",
        "object": "response",
        "created_at": CREATED,
        "completed_at": None if cut else CREATED + 1,
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": True,
        "store": body.get("store", True),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "usage": _usage(prompt, output),
    }


def _output(digest: str, text: str, reply: Reply, *, cut: bool) -> list[dict[str, Any]]:
    thought = {"type": "reasoning", "id": f"rs_{digest[:24]}", "summary": []}
    output: list[dict[str, Any]] = [{**thought, "encrypted_content": digest}]
    if text:
        part = {"type": "output_text", "text": text, "annotations": []}
        if reply.stop == "refusal":
            part = {"type": "refusal", "refusal": text}
        output.append(
            {
                "type": "message",
                "id": f"msg_{digest[:24]}",
                "role": "assistant",
                "status": "incomplete" if cut else "completed",
                "content": [part],
            }
        )
    for index, call in enumerate(reply.calls):
        output.append(
            {
                "type": "function_call",
                "id": f"fc_{digest[:22]}{index:02}",
                "call_id": f"call_{digest[:20]}{index:02}",
                "name": call.name,
                "arguments": json.dumps(call.input),
                "status": "completed",
            }
        )
    return output


def _usage(prompt: Prompt, output: list[dict[str, Any]]) -> dict[str, Any]:
    written = count(output)
    return {
        "input_tokens": prompt.total,
        "input_tokens_details": {
            "cached_tokens": prompt.read,
            "cache_write_tokens": prompt.written,
        },
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt.total + written,
    }
