"""The loop over both real adapters and the stand-ins' every fault, and over a scripted model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from patchgate.agent.answers import Reply
from patchgate.agent.loop import Ask, Ended, converse
from patchgate.agent.tools import TOOLS, use
from patchgate.agent.workspace import Workspace
from patchgate.core.proposal import Limits, Outcome, Usage
from patchgate.errors import ConfigError, CredentialError, PatchgateError, ServiceError
from patchgate.ports import Model, Query, ToolCall, ToolResult, Turn
from tests.agent.conftest import MODELS, Provider, SteppingClock, served

BOTH = pytest.mark.parametrize("provider", ["anthropic", "openai"])
READ = "{tools: [{name: read_file, input: {path: README.md}}]}"
GOOD = "{final: {summary: done}}"
BAD = "{final: {sumary: done}}"


def ask_of(model: str, **more: int) -> Ask:
    limits = {"steps": 6, "max_tokens": 4000, "micro_dollars": 1_000_000, "seconds": 600}
    tokens = more.pop("tokens", 1_000_000)
    return Ask(
        model=model,
        system="Rules.",
        user="Task: implement MWC-2 attempt 1 run 1",
        tools=tuple(tool.spec() for tool in TOOLS.values()),
        answer=Reply,
        limits=Limits(**(limits | more)),
        tokens=tokens,
    )


def play(provider: Provider, space: Workspace, *turns: str, **more: int) -> Ended:
    script = f"answers: [{{match: {{}}, turns: [{', '.join(turns)}]}}]"
    with served(provider, script) as (model, _):
        return converse(
            model,
            ask_of(MODELS[provider], **more),
            clock=SteppingClock(),
            use=lambda call: use(call, tuple(TOOLS), space),
        )


@BOTH
def test_tools_then_an_answer(provider: Provider, space: Workspace) -> None:
    ended = play(provider, space, READ, GOOD)
    assert ended.outcome is Outcome.ANSWERED
    assert ended.answer == Reply(summary="done")
    assert ended.bill.steps == 2
    assert ended.bill.micro_dollars
    assert ended.bill.usage.input > 0


@BOTH
def test_every_query_holds_all_that_was_said_before(provider: Provider, space: Workspace) -> None:
    ended = play(provider, space, READ, READ, GOOD)
    kinds = [type(item).__name__ for item in ended.transcript]
    assert kinds == ["str", "Turn", "tuple", "Turn", "tuple", "Turn"]


@BOTH
def test_the_model_recovers_from_a_wrong_anchor_and_a_failing_tool(
    provider: Provider, space: Workspace
) -> None:
    ended = play(
        provider,
        space,
        "{tools: [{name: edit_file, input: {path: src/app.py, old: return 1, new: return 2}}]}",
        "{tools: [{name: shell, input: {}}, {name: read_file, input: {path: ../x}}]}",
        '{tools: [{name: edit_file, input: {path: src/app.py, old: "two():\\n    return 1",'
        ' new: "two():\\n    return 2"}}]}',
        GOOD,
    )
    assert ended.outcome is Outcome.ANSWERED
    results = [r for item in ended.transcript if isinstance(item, tuple) for r in item]
    assert [result.is_error for result in results] == [True, True, True, False]
    assert "return 2" in (space.root / "src/app.py").read_text()


@BOTH
def test_an_answer_that_does_not_fit_is_asked_again_once(
    provider: Provider, space: Workspace
) -> None:
    ended = play(provider, space, BAD, GOOD)
    assert ended.outcome is Outcome.ANSWERED
    complaint = ended.transcript[2]
    assert isinstance(complaint, str)
    assert "summary: Field required" in complaint


@pytest.mark.parametrize("turn", [BAD, "{garbage: 'no json'}", "{garbage: ''}"])
@BOTH
def test_a_second_answer_that_does_not_fit_is_invalid(
    provider: Provider, space: Workspace, turn: str
) -> None:
    ended = play(provider, space, turn, turn, GOOD)
    assert ended.outcome is Outcome.INVALID
    assert ended.bill.steps == 2
    assert ended.detail


@pytest.mark.parametrize(
    ("turn", "outcome", "detail"),
    [
        ("{refuse: Not that.}", Outcome.REFUSED, "the model refuses: Not that."),
        ("{max_tokens: true}", Outcome.TRUNCATED, "the answer was cut at 4000 tokens"),
        ("{context: true}", Outcome.LIMIT_TOKENS, "context window"),
        ("{status: 429}", Outcome.FAILED, "limits our rate"),
        ("{status: 500}", Outcome.FAILED, "status 500"),
        ("{status: 529}", Outcome.FAILED, "overloaded"),
        ("{status: 400}", Outcome.FAILED, "refuses the request"),
        ("{status: 401}", Outcome.FAILED, "key"),
    ],
)
@BOTH
def test_every_fault_is_an_outcome_and_keeps_the_bill(
    provider: Provider, space: Workspace, turn: str, outcome: Outcome, detail: str
) -> None:
    ended = play(provider, space, READ, turn)
    assert ended.outcome is outcome
    assert detail in ended.detail
    assert ended.answer is None
    assert ended.bill.steps >= 1
    assert ended.bill.usage.output > 0


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        ({"steps": 3}, Outcome.LIMIT_STEPS),
        ({"tokens": 300}, Outcome.LIMIT_TOKENS),
        ({"micro_dollars": 900}, Outcome.LIMIT_MONEY),
        ({"seconds": 2}, Outcome.LIMIT_TIME),
    ],
)
@BOTH
def test_a_model_that_never_ends_is_stopped_by_each_limit(
    provider: Provider, space: Workspace, limit: dict[str, int], outcome: Outcome
) -> None:
    ended = play(provider, space, "{endless: true}", **({"steps": 100} | limit))
    assert ended.outcome is outcome
    assert 1 <= ended.bill.steps <= 10
    assert ended.answer is None


def test_a_paused_turn_goes_on(space: Workspace) -> None:
    assert play("anthropic", space, "{pause: Hm.}", GOOD).outcome is Outcome.ANSWERED


class Scripted(Model):
    """A model that answers from a list; prices are unknown unless given."""

    provider = "scripted"

    def __init__(self, turns: Iterable[Turn | PatchgateError], cost: int | None = None) -> None:
        self.turns = list(turns)
        self.price = cost
        self.queries: list[Query] = []

    def query(self, query: Query) -> Turn:
        self.queries.append(query)
        turn = self.turns.pop(0)
        if isinstance(turn, PatchgateError):
            raise turn
        return turn

    def cost(self, model: str, usage: Usage) -> int | None:
        return self.price


def said(text: str, *calls: ToolCall, stop: Any = "answer") -> Turn:
    return Turn(text, calls, "tools" if calls else stop, Usage(input=10, output=5))


def nothing(call: ToolCall) -> ToolResult:
    return ToolResult(call.id, "nothing")


def run(model: Scripted, **more: int) -> Ended:
    return converse(model, ask_of("m", **more), clock=SteppingClock(), use=nothing)


CALL = ToolCall("c", "read_file", {"path": "a"})


@pytest.mark.parametrize("error", [CredentialError("no key"), ConfigError("no model")])
def test_a_wrong_key_or_setting_at_the_first_query_is_an_error(error: PatchgateError) -> None:
    with pytest.raises(type(error)):
        run(Scripted([error]))


def test_a_key_that_expires_on_the_way_keeps_the_bill() -> None:
    ended = run(Scripted([said("", CALL), CredentialError("no key")], cost=7))
    assert (ended.outcome, ended.bill.micro_dollars) == (Outcome.FAILED, 7)


def test_a_service_that_is_down_at_the_first_query_is_an_outcome() -> None:
    ended = run(Scripted([ServiceError("down")]))
    assert (ended.outcome, ended.detail, ended.bill.steps) == (Outcome.FAILED, "down", 0)


def test_an_unknown_price_makes_the_cost_unknown_and_never_zero() -> None:
    ended = run(Scripted([said("", CALL), said('{"summary": "s"}')], cost=None))
    assert ended.outcome is Outcome.ANSWERED
    assert ended.bill.micro_dollars is None
    assert ended.bill.usage == Usage(input=20, output=10)


def test_with_no_money_nothing_is_asked() -> None:
    model = Scripted([said('{"summary": "s"}')], cost=1)
    assert run(model, micro_dollars=0).outcome is Outcome.LIMIT_MONEY
    assert model.queries == []


def test_the_answer_that_crosses_a_limit_is_paid_for_and_kept() -> None:
    ended = run(Scripted([said('{"summary": "s"}')], cost=500), micro_dollars=100)
    assert (ended.outcome, ended.bill.micro_dollars) == (Outcome.ANSWERED, 500)


def test_an_answer_that_cannot_be_parsed_is_billed_too() -> None:
    ended = run(Scripted([said("?"), said("??")], cost=5))
    assert (ended.outcome, ended.bill.micro_dollars) == (Outcome.INVALID, 10)


def test_a_query_may_last_no_longer_than_what_is_left() -> None:
    model = Scripted([said("", CALL), said('{"summary": "s"}')])
    run(model, seconds=100)
    assert [query.timeout for query in model.queries] == [99.0, 98.0]
