"""A model provider: one question, one turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from patchgate.core.ids import Json
from patchgate.core.proposal import Usage


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it; `schema` is a JSON schema of an object."""

    name: str
    description: str
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants made."""

    id: str
    name: str
    input: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the call gave, for the model to read."""

    call_id: str
    text: str
    is_error: bool = False


Stop = Literal["answer", "tools", "length", "refusal", "context", "pause"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model: text, calls or both; `raw` is the adapter's own continuation."""

    text: str
    calls: tuple[ToolCall, ...]
    stop: Stop
    usage: Usage
    raw: object = None


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the model; `messages` is the append-only transcript."""

    model: str
    system: str
    messages: tuple[str | Turn | tuple[ToolResult, ...], ...]
    tools: tuple[ToolSpec, ...]
    answer_schema: Mapping[str, Json] | None
    max_tokens: int
    timeout: float
    """Seconds."""


class Model(Protocol):
    """A model provider: one question, one turn; retries of transport are the SDK's."""

    provider: str

    def query(self, query: Query) -> Turn:
        """Ask once. CredentialError, RateLimitedError, ServiceError, MalformedError."""
        ...

    def cost(self, model: str, usage: Usage) -> int | None:
        """Micro-dollars of that usage; None when the price is unknown."""
        ...
