"""The agent loop: query, typed tool calls, typed answer; bounded, billed before parsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from patchgate.agent.tools import faults_of
from patchgate.core.plan import Record
from patchgate.core.proposal import Limits, Outcome, Usage
from patchgate.errors import ConfigError, CredentialError, PatchgateError
from patchgate.ports import Clock, Model, Query, ToolCall, ToolResult, ToolSpec, Turn

Transcript = tuple[str | Turn | tuple[ToolResult, ...], ...]
ENDS = {
    "length": (Outcome.TRUNCATED, "the answer was cut at {0} tokens"),
    "refusal": (Outcome.REFUSED, "the model refuses: {1}"),
    "context": (Outcome.LIMIT_TOKENS, "the conversation exceeds the model's context window"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One task for a model: what is asked, with which tools, within which limits."""

    model: str
    system: str
    user: str
    tools: tuple[ToolSpec, ...]
    answer: type[Record]
    limits: Limits
    tokens: int
    """Tokens of all queries together, in and out."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What was used so far; `micro_dollars` is None as soon as one price is unknown."""

    usage: Usage = field(default_factory=Usage)
    micro_dollars: int | None = 0
    steps: int = 0

    def add(self, usage: Usage, cost: int | None) -> Bill:
        """The bill after one more query."""
        known = self.micro_dollars is not None and cost is not None
        total = (self.micro_dollars or 0) + (cost or 0) if known else None
        return Bill(self.usage + usage, total, self.steps + 1)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a conversation ended; only `answered` has an answer."""

    outcome: Outcome
    detail: str
    answer: Record | None
    bill: Bill
    transcript: Transcript


def converse(
    model: Model, ask: Ask, *, clock: Clock, use: Callable[[ToolCall], ToolResult]
) -> Ended:
    """Ask until there is a valid answer, or a reason to stop.

    Only a wrong key or a wrong setting leaves as an exception, and only before anything
    was billed; whatever happens later is an outcome, because the bill must be kept.
    """
    talk = Ended(Outcome.FAILED, "", None, Bill(), (ask.user,))
    began, reasked = clock.now(), False
    while True:
        left = ask.limits.seconds - (clock.now() - began).total_seconds()
        if reached := _limit(ask, talk.bill, left):
            return replace(talk, outcome=reached[0], detail=reached[1])
        try:
            turn = model.query(_query(ask, talk.transcript, left))
        except PatchgateError as error:
            if isinstance(error, CredentialError | ConfigError) and not talk.bill.steps:
                raise
            return replace(talk, outcome=Outcome.FAILED, detail=error.message)
        talk = _charged(talk, turn, model.cost(ask.model, turn.usage))
        if turn.stop in ENDS:
            outcome, words = ENDS[turn.stop]
            said = words.format(ask.limits.max_tokens, turn.text)
            return replace(talk, outcome=outcome, detail=said)
        if turn.calls:
            results = tuple(use(call) for call in turn.calls)
            talk = replace(talk, transcript=(*talk.transcript, results))
        elif turn.stop != "pause":
            answer, faults = _parsed(ask.answer, turn.text)
            if answer is not None:
                return replace(talk, outcome=Outcome.ANSWERED, answer=answer)
            if reasked:
                return replace(talk, outcome=Outcome.INVALID, detail=faults)
            reasked = True
            talk = replace(talk, transcript=(*talk.transcript, _complaint(faults)))


def _query(ask: Ask, transcript: Transcript, left: float) -> Query:
    return Query(
        model=ask.model,
        system=ask.system,
        messages=transcript,
        tools=ask.tools,
        answer_schema=ask.answer.model_json_schema(),
        max_tokens=ask.limits.max_tokens,
        timeout=left,
    )


def _charged(talk: Ended, turn: Turn, cost: int | None) -> Ended:
    bill = talk.bill.add(turn.usage, cost)
    return replace(talk, bill=bill, transcript=(*talk.transcript, turn))


def _limit(ask: Ask, bill: Bill, left: float) -> tuple[Outcome, str] | None:
    """The limit that forbids another query, in words; an unknown price meets no money limit."""
    limits = ask.limits
    if bill.steps >= limits.steps:
        return Outcome.LIMIT_STEPS, f"no answer after {bill.steps} steps"
    if bill.usage.total >= ask.tokens:
        return Outcome.LIMIT_TOKENS, f"{bill.usage.total} tokens used of {ask.tokens}"
    if bill.micro_dollars is not None and bill.micro_dollars >= limits.micro_dollars:
        spent = f"{bill.micro_dollars} of {limits.micro_dollars}"
        return Outcome.LIMIT_MONEY, f"{spent} micro-dollars spent"
    if left <= 0:
        return Outcome.LIMIT_TIME, f"no answer after {limits.seconds} seconds"
    return None


def _parsed(answer: type[Record], text: str) -> tuple[Record | None, str]:
    try:
        return answer.model_validate_json(text), ""
    except ValidationError as error:
        return None, faults_of(error)


def _complaint(faults: str) -> str:
    return f"Your answer does not fit the schema:\n{faults}\nAnswer again, with all of it."
