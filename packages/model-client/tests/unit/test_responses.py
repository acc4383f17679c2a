"""The model of the Responses API: its requests and answers, beside those of the SDK's model."""

import json
from typing import Any

import pytest
from agents import (
    Agent,
    CodeInterpreterTool,
    HostedMCPTool,
    ItemHelpers,
    ModelSettings,
    ModelTracing,
    OpenAIResponsesModel,
    Runner,
    UserError,
    WebSearchTool,
    function_tool,
    handoff,
    trace,
)
from agents.agent_output import AgentOutputSchema
from agents.models.fake_id import FAKE_RESPONSES_ID
from agents.retry import ModelRetryAdviceRequest
from agents.tracing import (
    Span,
    Trace,
    TracingProcessor,
    set_trace_processors,
    set_tracing_disabled,
)
from model_client_kit import ask, collect, sse
from openai import AsyncOpenAI, omit
from openai.types.shared import Reasoning
from pydantic import BaseModel

from model_client.canned_server import CannedServer
from model_client.errors import ModelBusyError, ModelRejectedError, ModelUnreachableError
from model_client.responses import ResponsesModel
from model_client.transport import ModelServer
from todochat.testing.model_server import Call, Say, ScriptedModelServer, Think


@function_tool
def add_task(title: str, tags: list[str] | None = None) -> str:
    """Add a task."""
    return f"{title} {tags}"


@function_tool(strict_mode=False, defer_loading=False)
def list_tasks() -> str:
    """List the tasks."""
    return "none"


class Report(BaseModel):
    """An answer in parts."""

    title: str
    numbers: list[int]


HANDOFF = handoff(Agent(name="Gardener", handoff_description="Knows plants."))
SCHEMA = AgentOutputSchema(Report)
HISTORY: list[Any] = [
    {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
    {"id": FAKE_RESPONSES_ID, "type": "reasoning", "summary": [], "provider_data": {"x": 1}},
    {"id": FAKE_RESPONSES_ID, "type": "message", "role": "assistant", "content": []},
    {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "abc"},
    {
        "type": "function_call",
        "call_id": "call_1",
        "name": "add_task",
        "arguments": "{}",
        "provider_data": {"extra": 1},
    },
    {"type": "function_call_output", "call_id": "call_1", "output": "done \udc00"},
]

REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "instructions": {"system_instructions": "Be kind."},
    "tools": {"tools": [add_task, list_tasks], "handoffs": [HANDOFF]},
    "hosted tools": {
        "tools": [
            add_task,
            WebSearchTool(search_content_types=["text", "image"]),
            CodeInterpreterTool({"type": "code_interpreter", "container": {"type": "auto"}}),
            HostedMCPTool(
                {"type": "mcp", "server_label": "s", "server_url": "http://h", "headers": {}}
            ),
        ]
    },
    "output schema": {"output_schema": SCHEMA},
    "settings": {
        "tools": [add_task],
        "model_settings": ModelSettings(
            temperature=0.5,
            top_p=0.9,
            tool_choice="add_task",
            parallel_tool_calls=False,
            truncation="auto",
            max_tokens=100,
            reasoning=Reasoning(effort="low", summary="auto"),
            verbosity="low",
            metadata={"a": "b"},
            store=False,
            response_include=["reasoning.encrypted_content"],
            top_logprobs=2,
            extra_body={"top_k": 5},
            extra_args={"service_tier": "flex", "user": omit},
        ),
    },
    "parallel calls without tools": {"model_settings": ModelSettings(parallel_tool_calls=True)},
    "verbosity with a schema": {
        "output_schema": SCHEMA,
        "model_settings": ModelSettings(verbosity="high"),
    },
    "conversation": {"conversation_id": "conv_1"},
    "previous response": {"previous_response_id": "resp_0"},
    "prompt": {
        "prompt": {"id": "pmpt_1"},
        "model_settings": ModelSettings(tool_choice="required"),
    },
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_request_equals_that_of_the_sdk(request_: dict[str, Any]) -> None:
    async with (
        ScriptedModelServer() as server,
        AsyncOpenAI(base_url=server.url, api_key="k") as client,
        ModelServer(server.url, "k") as model_server,
    ):
        for _ in range(3):
            server.answer(Say("Hello."))
        ours = ResponsesModel("m", model_server)

        await ask(OpenAIResponsesModel("m", client), **request_)
        await ask(ours, **request_)
        await ask(ours, **request_)  # with tools from the cache

    expected, body, again = (request.body for request in server.requests)
    expected["include"] = sorted(expected["include"])
    assert body == expected
    assert again == expected


async def test_input_is_cleaned() -> None:
    canned = CannedServer(sse({"type": "response.completed", "response": {}}))

    await ask(ResponsesModel("m", canned), HISTORY)

    sent = json.loads(canned.requests[0][1])["input"]
    assert sent == [
        HISTORY[0],
        {"type": "message", "role": "assistant", "content": []},
        HISTORY[3],
        {key: value for key, value in HISTORY[4].items() if key != "provider_data"},
        {**HISTORY[5], "output": "done \ufffd"},
    ]


@pytest.mark.parametrize("arguments", ["", '{"title": "mi', "[1]"])
async def test_malformed_arguments_are_not_sent_back(arguments: str) -> None:
    canned = CannedServer(sse({"type": "response.completed", "response": {}}))
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": arguments}

    await ask(ResponsesModel("m", canned), [call])

    assert json.loads(canned.requests[0][1])["input"] == [{**call, "arguments": "{}"}]


async def test_headers_and_query_of_the_settings() -> None:
    settings = ModelSettings(
        extra_headers={"X-Title": "a", "User-Agent": "b"}, extra_query={"api-version": "1"}
    )
    async with ScriptedModelServer() as server, ModelServer(server.url, "k") as model_server:
        server.answer(Say("Hello."))
        await ask(ResponsesModel("m", model_server), model_settings=settings)

    headers = server.requests[0].headers
    assert (headers["X-Title"], headers["User-Agent"]) == ("a", "b")
    assert headers["Authorization"] == "Bearer k"


async def test_repeated_argument_is_an_error() -> None:
    settings = ModelSettings(temperature=1, extra_args={"temperature": 0})

    with pytest.raises(UserError, match="temperature"):
        await ask(ResponsesModel("m", CannedServer(b"")), model_settings=settings)


async def test_changed_tool_is_sent() -> None:
    canned = CannedServer(sse({"type": "response.completed", "response": {}}))
    model = ResponsesModel("m", canned)
    tool = function_tool(lambda: "", name_override="a", description_override="First.")

    await ask(model, tools=[tool])
    tool.description = "Second."
    await ask(model, tools=[tool])

    sent = [json.loads(body)["tools"][0]["description"] for _, body in canned.requests]
    assert sent == ["First.", "Second."]


async def test_runner_carries_out_calls() -> None:
    async with ScriptedModelServer() as server, ModelServer(server.url, "k") as model_server:
        server.answer(Think("Milk."), Call("add_task", {"title": "milk"}, call_id="call_1"))
        server.answer(Say("Added ", "milk."))
        agent = Agent(name="A", model=ResponsesModel("m", model_server), tools=[add_task])

        result = await Runner.run(agent, "add milk")

    assert result.final_output == "Added milk."
    assert result.context_wrapper.usage.requests == 2
    assert server.requests[1].body["input"][-1]["output"] == "milk None"


async def test_answer_without_a_stream() -> None:
    usage = {"input_tokens": 3, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 9}}
    item = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "Hi."}]}
    response = {"id": "resp_1", "output": [item], "usage": usage}
    canned = CannedServer(sse({"type": "response.completed", "response": response}))

    answer = await ResponsesModel("m", canned).get_response(
        None,
        "hi",
        ModelSettings(preserve_raw_usage=True),
        [],
        None,
        [],
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )

    assert answer.response_id == "resp_1"
    assert ItemHelpers.extract_text(answer.output[0]) == "Hi."
    assert (answer.usage.total_tokens, answer.usage.input_tokens_details.cached_tokens) == (8, 3)
    assert answer.raw_usage == usage


async def test_answer_without_usage_is_one_request() -> None:
    canned = CannedServer(sse({"type": "response.completed", "response": {}}))

    answer = await ResponsesModel("m", canned).get_response(
        None, "hi", ModelSettings(), [], None, [], ModelTracing.DISABLED
    )

    assert (answer.usage.requests, answer.usage.total_tokens) == (1, 0)
    assert (answer.response_id, answer.raw_usage) == (None, None)


async def test_deltas_of_one_read_are_merged() -> None:
    deltas = [
        {"type": "response.output_text.delta", "item_id": item, "output_index": 0, "delta": text}
        for item, text in (("a", "1"), ("a", "2"), ("a", "3"))
    ]
    canned = CannedServer(sse(*deltas, {"type": "response.completed", "response": {}}))

    received = await collect(ResponsesModel("m", canned))

    assert [each.delta for each in received.events if hasattr(each, "delta")] == ["123"]


@pytest.mark.parametrize(
    ("error", "suggested", "is_network_error"),
    [
        (ModelBusyError("x", status=429, retry_after_s=2.0), True, False),
        (ModelUnreachableError("x"), True, True),
        (ModelUnreachableError("x", status=500), True, False),
        (ModelRejectedError("x", status=400), False, False),
    ],
)
async def test_retry_advice(error: Any, suggested: bool, is_network_error: bool) -> None:
    request = ModelRetryAdviceRequest(error=error, attempt=1, stream=True)

    advice = ResponsesModel("m", CannedServer(b"")).get_retry_advice(request)

    assert advice is not None
    assert (advice.suggested, advice.retry_after) == (suggested, error.retry_after_s)
    assert advice.normalized is not None
    assert advice.normalized.is_network_error is is_network_error


class Spans(TracingProcessor):
    """Keeps the spans that have ended."""

    def __init__(self) -> None:
        self.ended: list[Span[Any]] = []

    def on_trace_start(self, trace: Trace) -> None: ...
    def on_trace_end(self, trace: Trace) -> None: ...
    def on_span_start(self, span: Span[Any]) -> None: ...
    def shutdown(self) -> None: ...
    def force_flush(self) -> None: ...

    def on_span_end(self, span: Span[Any]) -> None:
        self.ended.append(span)


async def test_answer_and_error_are_traced() -> None:
    spans = Spans()
    set_trace_processors([spans])
    set_tracing_disabled(False)
    try:
        with trace("test"):
            good = sse({"type": "response.completed", "response": {"id": "resp_1"}})
            await ask(ResponsesModel("m", CannedServer(good)), tracing=ModelTracing.ENABLED)
            with pytest.raises(Exception, match="events"):
                await ask(ResponsesModel("m", CannedServer(b"")), tracing=ModelTracing.ENABLED)
    finally:
        set_trace_processors([])
        set_tracing_disabled(True)

    answered, failed = spans.ended
    assert answered.span_data.response.id == "resp_1"
    assert answered.span_data.input == "hi"
    assert failed.error is not None
