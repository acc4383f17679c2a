"""Runs a model on bytes that a server might send, and reads its events."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from agents import Model, ModelSettings, ModelTracing
from agents.items import TResponseStreamEvent

from model_client.canned_server import CannedServer
from model_client.errors import ModelServerError
from model_client.responses import ResponsesModel
from model_client.streaming_model import StreamingModel

CUTS = (None, 1, 7)


def sse(*events: dict[str, Any]) -> bytes:
    """Encode events as a Responses server does."""
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join(lines).encode()


def stream_of(model: Model, model_input: Any = "hi", **options: Any) -> AsyncIterator[Any]:
    """Return the events of an answer as they arrive."""
    arguments: dict[str, Any] = {
        "system_instructions": None,
        "input": model_input,
        "model_settings": ModelSettings(),
        "tools": [],
        "output_schema": None,
        "handoffs": [],
        "tracing": ModelTracing.DISABLED,
        "previous_response_id": None,
        "conversation_id": None,
        "prompt": None,
        **options,
    }
    return model.stream_response(**arguments)


async def ask(model: Model, model_input: Any = "hi", **options: Any) -> list[Any]:
    """Return the events of an answer."""
    return [event async for event in stream_of(model, model_input, **options)]


class Received:
    """The events of an answer, and the error that ended it."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.error: ModelServerError | None = None

    @property
    def types(self) -> list[str]:
        """The types, with adjacent deltas as one."""
        types: list[str] = []
        for event in self.events:
            name = event.type.removeprefix("response.")
            if not (name.endswith("delta") and types and types[-1] == name):
                types.append(name)
        return types

    @property
    def response(self) -> Any:
        """The completed response; there must be exactly one, at the end."""
        assert self.error is None
        assert [each.type for each in self.events].count("response.completed") == 1
        assert self.events[-1].type == "response.completed"
        return self.events[-1].response

    def streamed(self, kind: str = "output_text") -> dict[str, str]:
        """Return the streamed text of each item by its id."""
        texts: dict[str, str] = {}
        for event in self.events:
            if event.type == f"response.{kind}.delta":
                texts[event.item_id] = texts.get(event.item_id, "") + event.delta
        return texts


async def receive(body: bytes, cut: int | None = None) -> Received:
    """Return what the Responses model makes of a server's bytes."""
    return await collect(ResponsesModel("local", CannedServer(body, cut)))


async def collect(
    model: StreamingModel, on_event: Callable[[TResponseStreamEvent], object] = id
) -> Received:
    """Return the events of an answer, also of one that ends with an error.

    Args:
        on_event: called with each event before the next one is read.
    """
    received = Received()
    stream: Any = model.stream_response(
        None, "hi", ModelSettings(), [], None, [], ModelTracing.DISABLED
    )
    try:
        async for event in stream:
            received.events.append(event)
            on_event(event)
    except ModelServerError as error:
        received.error = error
    return received
