"""Requests of the Chat Completions model, and what goes back to a server."""

import json
from typing import Any

import pytest
from agents import (
    Agent,
    ModelSettings,
    RunConfig,
    Runner,
    UserError,
    WebSearchTool,
    function_tool,
    handoff,
)
from agents.agent_output import AgentOutputSchema
from agents.models.chatcmpl_helpers import HEADERS_OVERRIDE
from completion_kit import STOP, call, delta, say, stream
from model_client_kit import ask
from openai.types.responses import Response
from openai.types.shared import Reasoning

from model_client.canned_server import CannedServer
from model_client.chat_completions import ChatCompletionsModel
from model_client.chat_messages import build_messages
from model_client.errors import ModelBrokenOffError, ModelReportedError, ModelServerError
from model_client.transport import ModelRequest

UNTRACED = RunConfig(tracing_disabled=True)
OTHER = "http://other.example/v1"


@function_tool
def book_room(room: str, note: str | None = None) -> str:
    """Book a room."""
    return f"booked {room} {note}"


class Conversation:
    """A model whose server gives each request the next answer."""

    def __init__(self, *answers: bytes, cut: int | None = None) -> None:
        self._servers = [CannedServer(answer, cut) for answer in answers]
        self._position = 0
        self.base_url = self._servers[0].base_url
        self.model = ChatCompletionsModel("m", self)

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        server = self._servers[self._position]
        self._position += 1
        return server.stream(*args, **kwargs)

    def asked(self, number: int) -> dict[str, Any]:
        """Return the body of a request."""
        ((path, body),) = self._servers[number].requests
        assert path == "/chat/completions"
        decoded: dict[str, Any] = json.loads(body)
        return decoded


HELLO = stream(*say("Hello."), STOP)


async def asked(prompt: Any = "hi", *, model: str = "m", **options: Any) -> dict[str, Any]:
    """Return the body of a request with the SDK's options."""
    server = CannedServer(HELLO)
    await ask(ChatCompletionsModel(model, server), prompt, **options)
    body: dict[str, Any] = json.loads(server.requests[0][1])
    return body


async def test_smallest_request() -> None:
    assert await asked() == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "hi"}],
    }


async def test_settings() -> None:
    settings = ModelSettings(
        temperature=0.5,
        top_p=0.9,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        max_tokens=100,
        tool_choice="book_room",
        parallel_tool_calls=False,
        reasoning=Reasoning(effort="low"),
        verbosity="low",
        metadata={"a": "b"},
        store=False,
        include_usage=False,
        top_logprobs=3,
        extra_args={"seed": 7, "timeout": 3},
        extra_body={"chat_template_kwargs": {"enable_thinking": False}, "x": None},
    )

    body = await asked(model_settings=settings, tools=[book_room], system_instructions="Be brief.")

    assert body.pop("messages")[0] == {"role": "system", "content": "Be brief."}
    (tool,) = body.pop("tools")
    assert tool["function"]["name"] == "book_room"
    assert tool["function"]["parameters"] == book_room.params_json_schema
    assert body == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": False},
        "temperature": 0.5,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "max_tokens": 100,
        "tool_choice": {"type": "function", "function": {"name": "book_room"}},
        "parallel_tool_calls": False,
        "reasoning_effort": "low",
        "verbosity": "low",
        "metadata": {"a": "b"},
        "store": False,
        "top_logprobs": 3,
        "logprobs": True,
        "seed": 7,
        "chat_template_kwargs": {"enable_thinking": False},
        "x": None,
    }


async def test_handoffs_and_output_type() -> None:
    body = await asked(
        handoffs=[handoff(Agent(name="Billing"))],
        output_schema=AgentOutputSchema(dict[str, int], False),
    )

    assert [each["function"]["name"] for each in body["tools"]] == ["transfer_to_billing"]
    assert body["response_format"]["type"] == "json_schema"


async def test_argument_in_two_places_is_an_error() -> None:
    settings = ModelSettings(temperature=0.5, extra_args={"temperature": 1.0})

    with pytest.raises(UserError, match="temperature"):
        await asked(model_settings=settings)


async def test_hosted_tool_is_an_error() -> None:
    with pytest.raises(UserError, match="Hosted tools"):
        await asked(tools=[WebSearchTool()])


async def test_headers_and_query() -> None:
    class Recorder(CannedServer):
        def stream(self, request: ModelRequest, **options: Any) -> Any:
            self.request = request
            return super().stream(request, **options)

    server = Recorder(HELLO)
    settings = ModelSettings(
        extra_headers={"X-A": "1", "X-B": "2"},
        extra_query={"api-version": "3"},
        extra_args={"extra_headers": {"X-C": "3"}},
    )
    token = HEADERS_OVERRIDE.set({"X-B": "4"})

    await ask(ChatCompletionsModel("m", server), model_settings=settings)
    HEADERS_OVERRIDE.reset(token)

    headers = dict(server.request.headers)
    assert headers.pop("User-Agent").startswith("Agents/Python")
    assert headers == {"X-A": "1", "X-B": "4", "X-C": "3"}
    assert server.request.query == {"api-version": "3"}


async def test_static_part_is_encoded_again_for_other_tools_or_settings() -> None:
    server = CannedServer(HELLO)
    model = ChatCompletionsModel("m", server)
    for options in ({}, {"tools": [book_room]}, {}, {"model_settings": ModelSettings(top_p=1.0)}):
        await ask(model, **options)

    bodies = [json.loads(body) for _, body in server.requests]
    assert ["tools" in body for body in bodies] == [False, True, False, False]
    assert [body.get("top_p") for body in bodies] == [None, None, None, 1.0]


async def test_settings_that_were_changed_in_place_are_sent() -> None:
    server = CannedServer(HELLO)
    model = ChatCompletionsModel("m", server)
    settings = ModelSettings(temperature=0.1, extra_body={"seed": 1})

    await ask(model, model_settings=settings)
    settings.temperature = 0.2
    await ask(model, model_settings=settings)
    assert isinstance(settings.extra_body, dict)
    settings.extra_body["seed"] = 2
    await ask(model, model_settings=settings)

    bodies = [json.loads(body) for _, body in server.requests]
    assert [body["temperature"] for body in bodies] == [0.1, 0.2, 0.2]
    assert [body["seed"] for body in bodies] == [1, 1, 2]


async def test_lone_surrogates_and_iterables_in_the_input() -> None:
    parts = ({"type": "input_text", "text": text} for text in ("a\ud83d",))

    body = await asked([{"role": "user", "content": parts}])

    assert body["messages"][0]["content"] == [{"type": "text", "text": "a\ufffd"}]


@pytest.mark.parametrize("cut", [None, 1, 7])
async def test_tool_loop_sends_back_what_the_server_wants(cut: int | None) -> None:
    conversation = Conversation(
        stream(
            delta(reasoning_content="I book it."),
            delta(content="One moment."),
            call("book_room", '{"room":"A","note":"None"}', id="a", extra_content={"sig": "s"}),
            call("refund", "{}", id="b"),
            call("book_room", '{"room":"B', id="c"),
            delta("tool_calls"),
        ),
        HELLO,
        cut=cut,
    )
    agent = Agent(name="A", model=conversation.model, tools=[book_room])

    config = RunConfig(tool_not_found_behavior="return_error_to_model", tracing_disabled=True)
    result = await Runner.run(agent, "book", run_config=config)

    assert result.final_output == "Hello."
    _, answer, *outputs = conversation.asked(1)["messages"]
    assert answer["content"] == "One moment."
    assert answer["reasoning_content"] == "I book it."
    assert answer["tool_calls"][0] == {
        "id": "a",
        "type": "function",
        "function": {"name": "book_room", "arguments": '{"room": "A", "note": null}'},
        "extra_content": {"sig": "s"},
    }
    assert [each["function"]["arguments"] for each in answer["tool_calls"][1:]] == ["{}", "{}"]
    assert {each["tool_call_id"]: each["content"] for each in outputs} == {
        "a": "booked A None",
        "b": "Tool 'refund' not found.",
        "c": "An error occurred while running the tool. Please try again.",
    }


@pytest.mark.parametrize("cut", [None, 1, 7])
async def test_thought_in_tags_is_not_sent_back(cut: int | None) -> None:
    conversation = Conversation(
        stream(
            *say("<think>Hm.</think>\n"), call("book_room", '{"room":"A"}', id="a"), delta("stop")
        ),
        HELLO,
        cut=cut,
    )

    agent = Agent(name="A", model=conversation.model, tools=[book_room])
    await Runner.run(agent, "book", run_config=UNTRACED)

    _, answer, _ = conversation.asked(1)["messages"]
    assert answer.keys() == {"role", "content", "tool_calls"}
    assert answer["content"] is None


async def test_fields_go_back_after_a_takeover_and_to_their_server_alone() -> None:
    server = CannedServer(
        stream(
            delta(reasoning="Hm."),
            call("book_room", '{"room":"A"}', id="a", function_id=3),
            delta("tool_calls"),
        )
    )
    events = await ask(ChatCompletionsModel("m", server))
    stored = json.loads(events[-1].response.model_dump_json(exclude_unset=True))
    items: Any = [item.to_dict() for item in Response.construct(None, **stored).output]

    same, other = (
        build_messages(items, None, model="m", server=url)[0] for url in (server.base_url, OTHER)
    )

    assert same["reasoning"] == "Hm."
    assert same["tool_calls"][0]["function_id"] == 3
    assert other.keys() == {"role", "content", "tool_calls"}
    assert other["tool_calls"][0].keys() == {"id", "type", "function"}


async def test_assistant_texts_of_a_thread() -> None:
    parts = [{"type": "output_text", "text": text} for text in ("A rose", " is a rose.")]

    items: Any = [{"type": "message", "role": "assistant", "content": parts}]

    messages = build_messages(items, None, model="m", server=OTHER)

    assert messages == [{"role": "assistant", "content": "A rose is a rose."}]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": {"message": "model \'m9\' not found"}}', ModelReportedError),
        (b'[{"error": {"message": "bad"}}]', ModelReportedError),
        (b"<html>Bad gateway</html>", ModelBrokenOffError),
        (b'{"choices": [{"message": {"content": "Hi', ModelBrokenOffError),
        (stream(*say("Hi"), b'{"choices": [{"del'), ModelBrokenOffError),
    ],
)
async def test_body_that_is_no_stream(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await ask(ChatCompletionsModel("m", CannedServer(body)))


async def test_whole_completion() -> None:
    body = json.dumps({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})

    events = await ask(ChatCompletionsModel("m", CannedServer(body.encode())))

    assert events[-1].response.output[0].content[0].text == "Hi"


@pytest.mark.parametrize("cut", [None, 1, 7])
@pytest.mark.parametrize("prefix", [b"data: ", b""])
async def test_chunks_in_lines_without_empty_ones(prefix: bytes, cut: int | None) -> None:
    chunks = [*say("Hel", "lo."), STOP]
    body = b"".join(b"%b%b\n" % (prefix, json.dumps(each).encode()) for each in chunks)

    events = await ask(ChatCompletionsModel("m", CannedServer(body + prefix + b"[DONE]\n", cut)))

    assert events[-1].response.output[0].content[0].text == "Hello."


async def test_response_without_a_stream() -> None:
    agent = Agent(name="A", model=ChatCompletionsModel("m", CannedServer(HELLO)))

    result = await Runner.run(agent, "hi", run_config=UNTRACED)

    assert result.final_output == "Hello."


@pytest.mark.parametrize("cut", [None, 7])
@pytest.mark.parametrize(
    "end",
    [
        b'data: {"error": "gone"}\n\n',
        b'data: {"choices": [{"del',
        b'data: {"choices": [{"del\n\ndata: [DONE]\n\n',
        b"",
    ],
)
async def test_runner_yields_what_was_sent_before_an_error(end: bytes, cut: int | None) -> None:
    server = CannedServer(stream(*say("I am about to [1"), end=end), cut)
    agent = Agent(name="A", model=ChatCompletionsModel("m", server))
    result = Runner.run_streamed(agent, "hi", run_config=UNTRACED)

    texts: list[str] = []

    async def read() -> None:
        async for event in result.stream_events():
            if event.type == "raw_response_event":
                texts.append(getattr(event.data, "delta", ""))  # noqa: PERF401 - read after an error

    with pytest.raises(ModelServerError):
        await read()

    assert "".join(texts) == "I am about to [1"
