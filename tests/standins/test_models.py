"""The model stand-ins: both SDKs, in strict validation, against both wires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from patchgate.standins.http import Server
from patchgate.standins.models import (
    AnthropicMessages,
    OpenAIResponses,
    ScriptError,
    load_script,
    parse_script,
)
from patchgate.standins.models.answers import KINDS

ASK = "Task: implement MWC-2 attempt 1 run 1\nPlease."
SCRIPT = """
answers:
  - match: {task: implement, ticket: MWC-2, attempt: 1}
    turns:
      - text: Looking.
        tools: [{name: read_file, input: {path: a.py}}, {name: read_file, input: {path: b.py}}]
      - final: {summary: done, nested: [1, null]}
  - match: {ticket: MWC-3}
    turns: [{refuse: I will not.}]
  - match: {ticket: MWC-4}
    turns: [{max_tokens: true}]
  - match: {ticket: MWC-5}
    turns: [{garbage: "not json"}]
  - match: {ticket: MWC-6}
    turns: [{status: 429, retry_after: 7}]
  - match: {ticket: MWC-7}
    turns: [{endless: true}]
"""
SCHEMA = {
    "type": "object",
    "properties": {"summary": {"type": "string"}},
    "required": ["summary"],
    "additionalProperties": False,
}
PATH = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
CLAUDE_TOOL: Any = {"name": "read_file", "description": "d", "input_schema": PATH, "strict": True}
GPT_TOOL: Any = {
    "type": "function",
    "name": "read_file",
    "description": "d",
    "parameters": PATH,
    "strict": True,
}


@pytest.fixture
def claude() -> Iterator[anthropic.Anthropic]:
    with Server(AnthropicMessages({"sk-a"}, parse_script(SCRIPT), models=["m", "n"])) as server:
        yield anthropic.Anthropic(
            api_key="sk-a", base_url=server.url, max_retries=0, _strict_response_validation=True
        )


@pytest.fixture
def gpt() -> Iterator[openai.OpenAI]:
    with Server(OpenAIResponses({"sk-o"}, parse_script(SCRIPT), models=["m"])) as server:
        yield openai.OpenAI(
            api_key="sk-o",
            base_url=f"{server.url}/v1",
            max_retries=0,
            _strict_response_validation=True,
        )


def ask(client: Any, text: str = ASK, **more: Any) -> Any:
    base: dict[str, Any] = {"model": "m", "max_tokens": 900, "tools": [CLAUDE_TOOL]}
    return client.messages.create(
        **{**base, "messages": [{"role": "user", "content": text}]} | more
    )


def respond(client: Any, given: Any = ASK, **more: Any) -> Any:
    return client.responses.create(
        **{"model": "m", "input": given, "tools": [GPT_TOOL], "store": False} | more
    )


def kept(blocks: Any) -> list[Any]:
    return [block.model_dump(exclude_none=True) for block in blocks]


def test_claude_calls_tools_then_answers_by_the_number_of_turns_held(
    claude: anthropic.Anthropic,
) -> None:
    first = ask(claude)
    assert first.stop_reason == "tool_use"
    calls = [block for block in first.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"path": "a.py"}, {"path": "b.py"}]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "x"} for call in calls]
    messages = [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": kept(first.content)},
        {"role": "user", "content": results},
    ]
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    second = ask(claude, messages=messages, output_config=form)
    assert second.stop_reason == "end_turn"
    assert json.loads(second.content[-1].text) == {"summary": "done", "nested": [1, None]}


def test_the_same_request_gets_the_same_answer_again(claude: anthropic.Anthropic) -> None:
    assert ask(claude).content == ask(claude).content


def test_claude_streams_the_message_that_it_would_answer_whole(
    claude: anthropic.Anthropic,
) -> None:
    whole = ask(claude)
    with claude.messages.stream(
        model="m",
        max_tokens=900,
        tools=[CLAUDE_TOOL],
        messages=[{"role": "user", "content": ASK}],
    ) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in streamed.content] == [
        "thinking",
        "text",
        "tool_use",
        "tool_use",
    ]
    assert [b.input for b in streamed.content if b.type == "tool_use"] == [
        b.input for b in whole.content if b.type == "tool_use"
    ]
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.output_tokens == whole.usage.output_tokens


@pytest.mark.parametrize(
    ("ticket", "stop"), [("MWC-3", "refusal"), ("MWC-4", "max_tokens"), ("MWC-5", "end_turn")]
)
def test_claude_stops_as_the_script_says(
    claude: anthropic.Anthropic, ticket: str, stop: str
) -> None:
    assert ask(claude, ASK.replace("MWC-2", ticket)).stop_reason == stop


def test_an_answer_longer_than_max_tokens_is_cut(claude: anthropic.Anthropic) -> None:
    script = parse_script("answers: [{match: {}, turns: [{final: {text: '%s'}}]}]" % ("x" * 500))
    with Server(AnthropicMessages({"k"}, script)) as server:
        client = anthropic.Anthropic(api_key="k", base_url=server.url)
        answer = ask(client, max_tokens=20)
    assert answer.stop_reason == "max_tokens"
    assert len(answer.content[-1].text) == 80


def test_a_planned_status_carries_its_retry_after(
    claude: anthropic.Anthropic, gpt: openai.OpenAI
) -> None:
    text = ASK.replace("MWC-2", "MWC-6")
    with pytest.raises(anthropic.RateLimitError) as one:
        ask(claude, text)
    with pytest.raises(openai.RateLimitError) as two:
        respond(gpt, text)
    assert one.value.response.headers["retry-after"] == "7"
    assert two.value.response.headers["retry-after"] == "7"


def test_what_the_script_does_not_know_is_a_400_that_names_it(
    claude: anthropic.Anthropic, gpt: openai.OpenAI
) -> None:
    text = "Task: plan MWC-99 attempt 2 run 3"
    with pytest.raises(anthropic.BadRequestError, match="no entry for plan MWC-99 attempt 2 run 3"):
        ask(claude, text)
    with pytest.raises(openai.BadRequestError, match="no entry for plan MWC-99 attempt 2 run 3"):
        respond(gpt, text)
    with pytest.raises(anthropic.BadRequestError, match="no line `Task:"):
        ask(claude, "hello")


def test_a_conversation_longer_than_the_script_is_a_400(claude: anthropic.Anthropic) -> None:
    messages = [{"role": "user", "content": ASK}]
    messages += [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}] * 2
    with pytest.raises(anthropic.BadRequestError, match=r"has 2 turns .* turn 3 was asked"):
        ask(claude, messages=messages)


def test_unknown_keys_are_refused_by_both(claude: anthropic.Anthropic, gpt: openai.OpenAI) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        ask(claude.with_options(api_key="wrong"))
    with pytest.raises(openai.AuthenticationError):
        respond(gpt.with_options(api_key="wrong"))


def test_unknown_models_are_not_found_by_both(
    claude: anthropic.Anthropic, gpt: openai.OpenAI
) -> None:
    with pytest.raises(anthropic.NotFoundError):
        ask(claude, model="other")
    with pytest.raises(openai.NotFoundError):
        respond(gpt, model="other")


def test_a_missing_version_header_is_refused(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="anthropic-version"):
        ask(claude.with_options(default_headers={"anthropic-version": "1999-01-01"}))


USE = {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "a"}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
FORGED = {"type": "thinking", "thinking": "", "signature": "aa.bb"}
OPEN_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
LENGTH = {**PATH, "properties": {"path": {"type": "string", "maxLength": 3}}}


def talk(*rest: Any) -> list[Any]:
    return [{"role": "user", "content": ASK}, *rest]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra_body": {"temperature": 0.5}}, "temperature: Extra inputs"),
        ({"model": ""}, "model: Field required"),
        ({"extra_body": {"max_tokens": None}}, "max_tokens: Field required"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "first message"),
        ({"messages": talk({"role": "assistant", "content": [USE]})}, "without `tool_result`"),
        ({"messages": talk({"role": "user", "content": [RESULT]})}, "unexpected `tool_use_id`"),
        ({"messages": talk({"role": "assistant", "content": [FORGED]})}, "Invalid `signature`"),
        ({"messages": talk({"role": "assistant", "content": []})}, "must be non-empty"),
        ({"messages": talk({"role": "user", "content": " "})}, "must contain text"),
        ({"tools": [CLAUDE_TOOL, CLAUDE_TOOL]}, "unique"),
        ({"tools": [{**CLAUDE_TOOL, "name": "a b"}]}, "does not match"),
        ({"tools": [{**CLAUDE_TOOL, "input_schema": LENGTH}]}, "'maxLength' is not supported"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": OPEN_SCHEMA}}},
            "'additionalProperties' must be false",
        ),
        ({"extra_body": {"output_config": {"shape": 1}}}, "output_config.shape"),
    ],
)
def test_claude_refuses_what_the_service_refuses(
    claude: anthropic.Anthropic, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message):
        ask(claude, **change)


CALL = {"type": "function_call", "call_id": "c1", "name": "read_file", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "x"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
USER = {"role": "user", "content": ASK}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 0.5}, "Unsupported parameter: 'temperature'"),
        ({"extra_body": {"zeal": 1}}, "Unknown parameter: 'zeal'"),
        ({"model": ""}, "'model'"),
        ({"input": []}, "'input'"),
        ({"max_output_tokens": 3}, "at least 16"),
        ({"previous_response_id": "resp_1"}, "Previous response not found"),
        ({"input": [USER, CALL]}, "No tool output found for function call c1"),
        ({"input": [USER, OUTPUT]}, "No tool call found for call_id c1"),
        ({"input": [USER, THOUGHT, CALL, OUTPUT]}, "items are not stored"),
        ({"input": [USER, THOUGHT]}, "no following item"),
        ({"tools": [{**GPT_TOOL, "parameters": OPEN_SCHEMA}]}, "'additionalProperties'"),
        (
            {"tools": [{**GPT_TOOL, "parameters": {**PATH, "required": []}}]},
            "'required' must hold every property",
        ),
        ({"text": {"format": {"type": "json_schema", "name": "a b", "schema": SCHEMA}}}, "named"),
    ],
)
def test_openai_refuses_what_the_service_refuses(
    gpt: openai.OpenAI, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=message):
        respond(gpt, **change)


def test_openai_calls_tools_then_answers(gpt: openai.OpenAI) -> None:
    first = respond(gpt)
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(call.arguments)["path"] for call in calls] == ["a.py", "b.py"]
    outputs = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "x"} for call in calls
    ]
    form = {"format": {"type": "json_schema", "name": "v", "schema": SCHEMA, "strict": True}}
    second = respond(gpt, [USER, *kept(first.output), *outputs], text=form)
    assert json.loads(second.output_text)["summary"] == "done"
    assert second.status == "completed"


def test_openai_refuses_and_truncates_in_its_own_shapes(gpt: openai.OpenAI) -> None:
    refused = respond(gpt, ASK.replace("MWC-2", "MWC-3"))
    assert refused.output[-1].content[0].type == "refusal"
    cut = respond(gpt, ASK.replace("MWC-2", "MWC-4"))
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_an_endless_model_calls_a_tool_at_every_turn(gpt: openai.OpenAI) -> None:
    items: list[Any] = [{"role": "user", "content": ASK.replace("MWC-2", "MWC-7")}]
    for _ in range(3):
        answer = respond(gpt, items)
        call = answer.output[-1]
        assert call.type == "function_call"
        items += kept(answer.output)
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": "x"})


def test_claude_reads_a_marked_prefix_from_its_cache_the_second_time(
    claude: anthropic.Anthropic,
) -> None:
    marked = [{"type": "text", "text": "s" * 8000, "cache_control": {"type": "ephemeral"}}]
    first, second = ask(claude, system=marked), ask(claude, ASK + "?", system=marked)
    assert first.usage.cache_read_input_tokens == 0
    assert first.usage.cache_creation_input_tokens >= 2000
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens
    assert second.usage.cache_creation_input_tokens == 0
    other = ask(claude, system=[{**marked[0], "text": "t" * 8000}])
    assert other.usage.cache_read_input_tokens == 0
    assert ask(claude, system=marked, model="n").usage.cache_read_input_tokens == 0


def test_a_growing_conversation_is_cached_as_far_as_it_was_sent(
    claude: anthropic.Anthropic,
) -> None:
    auto: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
    long = [{"role": "user", "content": ASK + "x" * 8000}]
    first = ask(claude, messages=long, **auto)
    longer = [*long, {"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]
    second = ask(claude, messages=longer, **auto)
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens
    assert second.usage.cache_creation_input_tokens > 0


def test_openai_reports_cached_and_written_tokens_inside_the_input(gpt: openai.OpenAI) -> None:
    first = respond(gpt, instructions="s" * 8000)
    second = respond(gpt, instructions="s" * 8000)
    assert first.usage.input_tokens_details.cached_tokens == 0
    assert first.usage.input_tokens_details.cache_write_tokens == first.usage.input_tokens
    assert second.usage.input_tokens_details.cached_tokens == second.usage.input_tokens


def test_both_count_tokens(claude: anthropic.Anthropic, gpt: openai.OpenAI) -> None:
    message: Any = {"role": "user", "content": "x" * 400}
    counted = claude.messages.count_tokens(model="m", messages=[message])
    assert 100 <= counted.input_tokens <= 130
    assert 100 <= gpt.responses.input_tokens.count(model="m", input="x" * 400).input_tokens <= 130


def test_the_state_can_be_copied_and_restored(claude: anthropic.Anthropic) -> None:
    app = AnthropicMessages({"sk"}, parse_script(SCRIPT))
    before = app.snapshot()
    app.state.cache.add("prefix")
    app.restore(before)
    assert app.state.cache == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("answers: [{match: {}, turns: [{}]}]", "exactly one of tools"),
        ("answers: [{match: {}, turns: [{final: {}, refuse: x}]}]", "exactly one of tools"),
        ("answers: [{match: {tickets: A-1}, turns: [{final: {}}]}]", "match.tickets"),
        ("answers: [{match: {}, turns: []}]", "answers.0.turns"),
        ("answers: [}", "is not YAML"),
        ("[]", "is not valid"),
    ],
)
def test_a_wrong_script_says_what_is_wrong_with_it(text: str, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        parse_script(text)


def test_a_script_that_is_not_there_is_named(tmp_path: Any) -> None:
    with pytest.raises(ScriptError, match=r"nowhere\.yml cannot be read"):
        load_script(tmp_path / "nowhere.yml")


def test_the_documented_script_is_one_and_every_turn_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "answers.md").read_text("utf-8")
    script = parse_script(page.split("```yaml\n")[1].split("```")[0])
    assert [entry.match.task for entry in script.answers] == ["plan", "implement"]
    for kind in KINDS:
        assert f"| `{kind}:" in page
