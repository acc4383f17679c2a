"""The fast path for deltas: equal events, and the library still uses it."""

from itertools import groupby
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, DefaultAioHttpClient

from durable_chatkit.agent.model_client import DeltaClient, ModelEventDecoder
from todochat.testing.model_server import Call, Raw, Say, ScriptedModelServer

ANSWER = (
    Say("Hello", ", ", "Ada"),
    # As sent by lenient servers: no logprobs, no sequence number, an unknown field.
    Raw(b'data: {"type":"response.output_text.delta","item_id":"m","delta":"x","new":1}\n\n'),
    Raw(b'data: {"type":"response.from.the.future","text":"?"}\n\n'),
    Call("add_task", {"title": "milk"}, call_id="call_1"),
)


async def events(client_type: type[AsyncOpenAI], url: str) -> list[dict[str, Any]]:
    http = DefaultAioHttpClient()
    async with client_type(api_key="k", base_url=url, http_client=http, max_retries=0) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True)
        return [event.model_dump(warnings=False) async for event in stream]


def outline(events_: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return types and texts; consecutive deltas are merged, because they may arrive together."""
    return [
        (kind, "".join(str(event.get("delta") or event.get("text") or "") for event in group))
        for kind, group in groupby(events_, key=lambda event: event["type"])
    ]


async def test_events_equal_those_of_the_library() -> None:
    async with ScriptedModelServer() as server:
        server.answer(*ANSWER)
        server.answer(*ANSWER)

        ours, theirs = await events(DeltaClient, server.url), await events(AsyncOpenAI, server.url)

    assert outline(ours) == outline(theirs)
    assert ("response.from.the.future", "?") in outline(ours)


async def test_library_still_calls_the_fast_path() -> None:
    """If this fails, openai no longer calls it: check `durable_chatkit.agent.model_client`."""
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


async def test_library_still_requests_the_decoder() -> None:
    """If this fails, openai no longer calls it: check `durable_chatkit.agent.model_client`."""
    decoders: list[ModelEventDecoder] = []

    class Watched(DeltaClient):
        def _make_sse_decoder(self) -> ModelEventDecoder:
            decoders.append(super()._make_sse_decoder())
            return decoders[-1]

    async with ScriptedModelServer() as server:
        server.answer(Say("Hello"))
        await events(Watched, server.url)

    assert len(decoders) == 1


async def test_stream_errors_are_raised_by_the_library() -> None:
    async with ScriptedModelServer() as server:
        server.answer(Raw(b'data: {"error":{"message":"out of order"}}\n\n'))

        with pytest.raises(openai.APIError, match="out of order"):
            await events(DeltaClient, server.url)
