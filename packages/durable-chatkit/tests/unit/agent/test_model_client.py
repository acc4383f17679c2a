"""The shortcut for deltas: the same events as without it, and the library still goes through it."""

from itertools import groupby
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, DefaultAioHttpClient

from durable_chatkit.agent.model_client import DeltaClient, ModelEventDecoder
from todochat.testing.model_server import Call, Raw, Say, ScriptedModelServer

ANSWER = (
    Say("Hello", ", ", "Ada"),
    # What lenient servers send: no logprobs, no sequence number, a field nobody knows.
    Raw(b'data: {"type":"response.output_text.delta","item_id":"m","delta":"x","new":1}\n\n'),
    Raw(b'data: {"type":"response.from.the.future","text":"?"}\n\n'),
    Call("add_task", {"title": "milk"}, call_id="call_1"),
)


async def events(client_type: type[AsyncOpenAI], url: str) -> list[dict[str, Any]]:
    http = DefaultAioHttpClient()
    async with client_type(api_key="k", base_url=url, http_client=http, max_retries=0) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True)
        return [event.model_dump(warnings=False) async for event in stream]


def said(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Kinds and texts; deltas that follow each other are one, since they may come together."""
    return [
        (kind, "".join(str(event.get("delta") or event.get("text") or "") for event in group))
        for kind, group in groupby(found, key=lambda event: event["type"])
    ]


async def test_events_are_those_of_the_library() -> None:
    async with ScriptedModelServer() as server:
        server.answer(*ANSWER)
        server.answer(*ANSWER)

        ours, theirs = await events(DeltaClient, server.url), await events(AsyncOpenAI, server.url)

    assert said(ours) == said(theirs)
    assert ("response.from.the.future", "?") in said(ours)


async def test_the_library_still_reads_events_through_the_shortcut() -> None:
    """Fails when openai no longer calls it: look at `durable_chatkit.agent.model_client` then."""
    seen: list[Any] = []

    class Watched(DeltaClient):
        def _process_response_data(self, *, data: Any, cast_to: Any, response: Any) -> Any:
            event = super()._process_response_data(data=data, cast_to=cast_to, response=response)
            seen.append((data["type"], type(event).__name__))
            return event

    async with ScriptedModelServer() as server:
        server.answer(Say("Hello"))
        await events(Watched, server.url)

    assert ("response.output_text.delta", "ResponseTextDeltaEvent") in seen


async def test_the_library_still_asks_for_the_decoder() -> None:
    """Fails when openai no longer does: look at `durable_chatkit.agent.model_client` then."""
    asked: list[ModelEventDecoder] = []

    class Watched(DeltaClient):
        def _make_sse_decoder(self) -> ModelEventDecoder:
            asked.append(super()._make_sse_decoder())
            return asked[-1]

    async with ScriptedModelServer() as server:
        server.answer(Say("Hello"))
        await events(Watched, server.url)

    assert len(asked) == 1


async def test_errors_in_a_stream_are_the_librarys() -> None:
    async with ScriptedModelServer() as server:
        server.answer(Raw(b'data: {"error":{"message":"out of order"}}\n\n'))

        with pytest.raises(openai.APIError, match="out of order"):
            await events(DeltaClient, server.url)
