"""Both model adapters over HTTP against the stand-ins, with the SDKs in strict validation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from patchgate.adapters.models import AnthropicModel, OpenAIModel, load_prices
from patchgate.adapters.models.schema import strict
from patchgate.core.plan import Plan
from patchgate.core.proposal import Usage
from patchgate.errors import (
    ConfigError,
    CredentialError,
    MalformedError,
    PatchgateError,
    RateLimitedError,
    ServiceError,
)
from patchgate.ports import Query, ToolResult, ToolSpec, Turn
from patchgate.standins.http import Fault, FaultKind, Server, StandIn
from patchgate.standins.models import AnthropicMessages, OpenAIResponses, Script, parse_script

ASK = "Task: implement MWC-2 attempt 1 run 1"
Provider = Literal["anthropic", "openai"]
BOTH = pytest.mark.parametrize("provider", ["anthropic", "openai"])
TOOL = ToolSpec(
    name="read_file",
    description="Read.",
    schema={
        "type": "object",
        "title": "ReadFile",
        "properties": {"path": {"type": "string", "title": "Path", "maxLength": 9}},
        "required": ["path"],
    },
)
ANSWER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"ok": {"type": "boolean", "default": True}},
}
CALLS = """
answers:
  - match: {ticket: MWC-2}
    turns:
      - {text: Look., tools: [{name: read_file, input: {path: a}}]}
      - tools: [{name: read_file, input: {path: b}}, {name: read_file, input: {path: c}}]
      - final: {ok: true}
"""


def one_turn(turn: str) -> str:
    return f"answers: [{{match: {{}}, turns: [{turn}]}}]"


@contextmanager
def at(
    provider: Provider, script: str, **options: Any
) -> Iterator[tuple[AnthropicModel | OpenAIModel, StandIn]]:
    answers: Script = parse_script(script)
    known = ["claude-sonnet-5-5", "gpt-6-sol"]
    app: StandIn
    if provider == "anthropic":
        app = AnthropicMessages({"sk-1"}, answers, models=known)
    else:
        app = OpenAIResponses({"sk-1"}, answers, models=known)
    with Server(app) as server:
        more: dict[str, Any] = {"key": "sk-1", "max_retries": 0, "strict_responses": True}
        more |= options
        if provider == "anthropic":
            yield AnthropicModel(prices=load_prices(), base_url=server.url, **more), app
        else:
            yield OpenAIModel(prices=load_prices(), base_url=f"{server.url}/v1", **more), app


def query(provider: Provider, *messages: Any, **more: Any) -> Query:
    values: dict[str, Any] = {
        "model": "claude-sonnet-5-5" if provider == "anthropic" else "gpt-6-sol",
        "system": "You read.",
        "messages": messages or (ASK,),
        "tools": (TOOL,),
        "answer_schema": ANSWER,
        "max_tokens": 1000,
        "timeout": 20.0,
    }
    return Query(**(values | more))


def talk(model: AnthropicModel | OpenAIModel, provider: Provider, max_tokens: int) -> list[Turn]:
    """A whole conversation in which every call gets a result, the second one an error."""
    messages: tuple[Any, ...] = (ASK,)
    turns: list[Turn] = []
    while not turns or turns[-1].calls:
        turns.append(model.query(query(provider, *messages, max_tokens=max_tokens)))
        results = tuple(ToolResult(c.id, "text", c.input["path"] == "b") for c in turns[-1].calls)
        messages = (*messages, turns[-1], results)
    return turns


@pytest.mark.parametrize("max_tokens", [1000, 32_000])
@BOTH
def test_a_conversation_with_tools_ends_in_json(provider: Provider, max_tokens: int) -> None:
    with at(provider, CALLS) as (model, _):
        first, second, third = talk(model, provider, max_tokens)
    assert (first.stop, first.text, first.calls[0].input) == ("tools", "Look.", {"path": "a"})
    assert [call.input["path"] for call in second.calls] == ["b", "c"]
    assert (third.stop, third.text, third.calls) == ("answer", '{"ok": true}', ())
    assert all(turn.usage.output > 0 for turn in (first, second, third))


def test_long_answers_of_claude_are_streamed_and_short_ones_are_not() -> None:
    with at("anthropic", CALLS) as (model, app):
        model.query(query("anthropic", max_tokens=1000))
        model.query(query("anthropic", max_tokens=32_000))
    assert [e.request.get("stream") for e in app.exchanges] == [None, True]


@BOTH
def test_thoughts_go_back_unchanged_before_their_calls(provider: Provider) -> None:
    with at(provider, CALLS) as (model, app):
        talk(model, provider, 1000)
    sent, got = app.exchanges[1].request, app.exchanges[0].response
    if provider == "anthropic":
        assert sent["messages"][1]["content"][0] == got["content"][0]
        assert got["content"][0]["type"] == "thinking"
    else:
        assert sent["input"][1] == got["output"][0]
        assert got["output"][0]["encrypted_content"]


@BOTH
def test_a_turn_of_another_provider_is_told_in_plain_words(provider: Provider) -> None:
    with at(provider, CALLS) as (model, _):
        first = model.query(query(provider))
        foreign = Turn(first.text, first.calls, first.stop, first.usage)
        result = (ToolResult(first.calls[0].id, "x"),)
        assert model.query(query(provider, ASK, foreign, result)).stop == "tools"


@BOTH
def test_errors_of_tools_are_marked_as_such(provider: Provider) -> None:
    with at(provider, CALLS) as (model, app):
        talk(model, provider, 1000)
    last = app.exchanges[-1].request
    if provider == "anthropic":
        marks = [block["is_error"] for block in last["messages"][-1]["content"]]
        assert marks == [True, False]
    else:
        assert [item["output"] for item in last["input"][-2:]] == ["error: text", "text"]


@pytest.mark.parametrize(
    ("turn", "stop"),
    [
        ("{refuse: No.}", "refusal"),
        ("{max_tokens: true}", "length"),
        ("{context: true}", "context"),
        ("{garbage: hm}", "answer"),
        ("{endless: true}", "tools"),
    ],
)
@BOTH
def test_every_way_to_stop_has_its_name(provider: Provider, turn: str, stop: str) -> None:
    with at(provider, one_turn(turn)) as (model, _):
        assert model.query(query(provider)).stop == stop


def test_a_paused_turn_of_claude_can_be_continued() -> None:
    script = "answers: [{match: {}, turns: [{pause: Wait.}, {final: {ok: true}}]}]"
    with at("anthropic", script) as (model, _):
        first = model.query(query("anthropic"))
        assert first.stop == "pause"
        assert model.query(query("anthropic", ASK, first)).stop == "answer"


@BOTH
def test_a_prompt_over_the_window_stops_for_context_and_costs_nothing(provider: Provider) -> None:
    with at(provider, CALLS) as (model, app):
        app.state.window = 10
        turn = model.query(query(provider))
    assert (turn.stop, turn.usage) == ("context", Usage())


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (403, CredentialError, "may not use"),
        (429, RateLimitedError, "limits our rate"),
        (500, ServiceError, "status 500"),
        (529, ServiceError, "overloaded"),
        (400, MalformedError, "refuses the request"),
    ],
)
@BOTH
def test_statuses_become_errors_of_ours(
    provider: Provider, status: int, error: type[PatchgateError], words: str
) -> None:
    script = one_turn(f"{{status: {status}, retry_after: 7}}")
    with at(provider, script) as (model, _), pytest.raises(error, match=words) as caught:
        model.query(query(provider))
    assert caught.type is error
    assert caught.value.__cause__ is not None
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after == 7


@BOTH
def test_a_wrong_key_is_a_credential_error_that_does_not_show_it(provider: Provider) -> None:
    wrong = at(provider, CALLS, key="sk-wrong-1234")
    with wrong as (model, _), pytest.raises(CredentialError, match="not know the key") as caught:
        model.query(query(provider))
    assert "1234" not in str(caught.value)


@BOTH
def test_a_model_that_is_not_offered_is_a_setting_to_correct(provider: Provider) -> None:
    with at(provider, CALLS) as (model, _), pytest.raises(ConfigError, match="'gpt-0'"):
        model.query(query(provider, model="gpt-0"))


@pytest.mark.parametrize("strict_responses", [True, False])
@pytest.mark.parametrize("max_tokens", [1000, 32_000])
@BOTH
def test_an_answer_that_is_no_json_is_malformed(
    provider: Provider, max_tokens: int, strict_responses: bool
) -> None:
    with at(provider, CALLS, strict_responses=strict_responses) as (model, app):
        app.plan_fault(Fault(FaultKind.MALFORMED))
        with pytest.raises(MalformedError):
            model.query(query(provider, max_tokens=max_tokens))


@pytest.mark.parametrize("body", ["[]", "{}", '{"id": "x", "content": null}', "null"])
@pytest.mark.parametrize("strict_responses", [True, False])
@BOTH
def test_json_that_is_no_message_is_malformed(
    provider: Provider, strict_responses: bool, body: str
) -> None:
    with at(provider, CALLS, strict_responses=strict_responses) as (model, app):
        app.plan_fault(Fault(FaultKind.STATUS, status=200, body=body))
        with pytest.raises(PatchgateError) as caught:
            model.query(query(provider))
    assert isinstance(caught.value, MalformedError | ServiceError)


@BOTH
def test_silence_and_a_closed_connection_are_the_services_fault(provider: Provider) -> None:
    with at(provider, CALLS) as (model, app):
        app.plan_fault(Fault(FaultKind.DELAY, seconds=0.6))
        with pytest.raises(ServiceError, match="in time"):
            model.query(query(provider, timeout=0.2))
        app.plan_fault(Fault(FaultKind.RESET_BEFORE))
        with pytest.raises(ServiceError, match="cannot be reached"):
            model.query(query(provider))


@BOTH
def test_the_sdk_tries_as_often_as_it_is_told(provider: Provider) -> None:
    overloaded = Fault(FaultKind.STATUS, status=503, headers={"retry-after-ms": "1"})
    with at(provider, CALLS, max_retries=1) as (model, app):
        app.plan_fault(overloaded)
        assert model.query(query(provider)).stop == "tools"
        assert app.requests_seen() == 2
        app.plan_fault(Fault(FaultKind.STATUS, status=503, times=2))
        with pytest.raises(ServiceError):
            model.query(query(provider))


@BOTH
def test_the_prefix_is_byte_identical_and_read_from_the_cache(provider: Provider) -> None:
    script = one_turn("{final: {ok: true}}")
    system = "Rules. " * 800
    with at(provider, script) as (model, app):
        first = model.query(query(provider, ASK, system=system))
        second = model.query(query(provider, ASK.replace("MWC-2", "MWC-3"), system=system))
    assert first.usage.cache_read == 0
    assert first.usage.cache_write > 1300
    assert second.usage.cache_read > 1300
    one, two = (dict(exchange.request) for exchange in app.exchanges)
    for body in (one, two):
        del body["messages" if provider == "anthropic" else "input"]
    assert one == two


@BOTH
def test_usage_counts_every_token_once(provider: Provider) -> None:
    with at(provider, one_turn("{final: {ok: true}}")) as (model, app):
        for _ in range(2):
            turn = model.query(query(provider, system="Rules. " * 800))
            usage = app.exchanges[-1].response["usage"]
            expected = usage["input_tokens"] + usage["output_tokens"]
            if provider == "anthropic":
                expected += usage["cache_creation_input_tokens"]
                expected += usage["cache_read_input_tokens"]
            assert turn.usage.total == expected
        assert turn.usage.cache_read > 0


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("claude-sonnet-5-5", Usage(input=1_000_000, output=1_000_000), 12_000_000),
        ("claude-sonnet-5-5", Usage(cache_read=1_000_000, cache_write=1_000_000), 2_600_000),
        ("claude-sonnet-5-5", Usage(input=1), 2),
        ("claude-haiku-5-5", Usage(input=1), 1),
        ("claude-haiku-5-5", Usage(input=100_000, output=1000), 10_500),
        ("claude-haiku-5-5", Usage(input=50_000, cache_read=50_001, output=1000), 30_001),
        ("claude-haiku-4-5-20251001", Usage(input=1000, output=1000), 6_000),
        ("gpt-6-sol", Usage(input=1234, output=567, cache_read=89, cache_write=10), 8_181),
        ("gpt-6-sol", Usage(input=272_001), None),
        ("gpt-6.1-sol", Usage(input=1000, cache_write=1), None),
        ("gpt-6.1-sol", Usage(input=272_001, output=1_000_000), 16_088_004),
        ("gpt-7", Usage(input=1), None),
        ("gpt-6-sol", Usage(), 0),
    ],
)
@pytest.mark.covers("S2.85")
def test_costs_are_integers_and_unknown_is_none(model: str, usage: Usage, cost: int | None) -> None:
    assert load_prices().cost(model, usage) == cost


def test_a_consumers_price_replaces_ours() -> None:
    prices = load_prices()
    own = prices.models["claude-haiku-4-5"]
    assert prices.with_models({"gpt-7": own}).cost("gpt-7", Usage(input=1000)) == 1000
    assert prices.cost("gpt-7", Usage(input=1000)) is None


@pytest.mark.parametrize("text", ["{", "{}", '{"as_of": "", "models": {"m": {"input": 1.5}}}'])
def test_a_wrong_price_table_is_named(tmp_path: Any, text: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.json cannot be read"):
        load_prices(tmp_path / "mine.json")


class Inner(BaseModel):
    title: str = Field(min_length=1, max_length=5, description="short")
    count: int | None = None


class Outer(BaseModel):
    inner: Inner
    many: list[Inner] = Field(default=[], max_length=3)


def test_a_schema_is_closed_and_keeps_its_limits_in_words() -> None:
    schema = strict(Outer.model_json_schema())
    inner = schema["$defs"]["Inner"]
    assert inner["required"] == ["title", "count"]
    assert inner["additionalProperties"] is False
    assert inner["properties"]["title"] == {
        "type": "string",
        "description": "short (at most 5 characters)",
    }
    assert schema["properties"]["many"]["description"] == "(at most 3 items)"
    assert schema["properties"]["inner"] == {"$ref": "#/$defs/Inner"}


@BOTH
def test_the_plans_schema_is_one_that_both_services_take(provider: Provider) -> None:
    with at(provider, one_turn("{final: {ok: true}}")) as (model, _):
        turn = model.query(query(provider, answer_schema=Plan.model_json_schema()))
    assert turn.stop == "answer"


def test_importing_the_adapters_imports_no_sdk() -> None:
    code = (
        "import sys, patchgate.adapters.models; "
        "print([m for m in ('anthropic', 'openai', 'httpx2') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
