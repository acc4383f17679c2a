"""An answer as the Responses API gives it: its items, and the events that stream them."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)

from offline_assistant.conversation import CALL_ID_PREFIX
from offline_assistant.planner import PlanStep

MODEL_NAME: Final = "todochat-offline"
OutputItem = ResponseOutputMessage | ResponseFunctionToolCall
# A word with the white space before it, so that the pieces joined are the text.
_WORD: Final = re.compile(r"\s*\S+|\s+$")


def response_key(instructions: str | None, items: object) -> str:
    """Return a key of everything that led to an answer; its ids are made of it.

    Each step of a turn has more input than the one before, so no two answers share their ids.
    """
    text = json.dumps([instructions, items], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def output_items(step: PlanStep, key: str) -> list[OutputItem]:
    """Return a step as finished output items: calls, or else a message."""
    if not step.calls:
        return [_message(key, step.text)]
    return [
        ResponseFunctionToolCall(
            type="function_call",
            id=f"fc_{key}_{index}",
            call_id=f"{CALL_ID_PREFIX}{key}_{index}",
            name=call.name,
            arguments=call.arguments_json,
            status="completed",
        )
        for index, call in enumerate(step.calls)
    ]


def stream_events(
    items: Sequence[OutputItem], key: str, created_at: float
) -> Iterator[ResponseStreamEvent]:
    """Yield the events of an answer, its text word by word."""
    counter = _Counter()
    begun = _response(key, created_at, [], "in_progress")
    yield ResponseCreatedEvent(
        type="response.created", response=begun, sequence_number=counter.next()
    )
    for index, item in enumerate(items):
        if isinstance(item, ResponseOutputMessage):
            yield from _message_events(item, index, counter)
        else:
            yield from _call_events(item, index, counter)
    yield ResponseCompletedEvent(
        type="response.completed",
        response=_response(key, created_at, items, "completed"),
        sequence_number=counter.next(),
    )


class _Counter:
    """Numbers the events of one answer."""

    def __init__(self) -> None:
        self._last = -1

    def next(self) -> int:
        self._last += 1
        return self._last


def _message_events(
    item: ResponseOutputMessage, index: int, counter: _Counter
) -> Iterator[ResponseStreamEvent]:
    place: dict[str, Any] = {"item_id": item.id, "output_index": index, "content_index": 0}
    text = "".join(part.text for part in item.content if isinstance(part, ResponseOutputText))
    empty = item.model_copy(update={"content": [], "status": "in_progress"})
    yield ResponseOutputItemAddedEvent(
        type="response.output_item.added",
        item=empty,
        output_index=index,
        sequence_number=counter.next(),
    )
    yield ResponseContentPartAddedEvent(
        type="response.content_part.added", part=_text(""), sequence_number=counter.next(), **place
    )
    for word in _WORD.findall(text):
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta",
            delta=word,
            logprobs=[],
            sequence_number=counter.next(),
            **place,
        )
    yield ResponseTextDoneEvent(
        type="response.output_text.done",
        text=text,
        logprobs=[],
        sequence_number=counter.next(),
        **place,
    )
    yield ResponseContentPartDoneEvent(
        type="response.content_part.done", part=_text(text), sequence_number=counter.next(), **place
    )
    yield ResponseOutputItemDoneEvent(
        type="response.output_item.done",
        item=item,
        output_index=index,
        sequence_number=counter.next(),
    )


def _call_events(
    item: ResponseFunctionToolCall, index: int, counter: _Counter
) -> Iterator[ResponseStreamEvent]:
    begun = item.model_copy(update={"arguments": "", "status": "in_progress"})
    yield ResponseOutputItemAddedEvent(
        type="response.output_item.added",
        item=begun,
        output_index=index,
        sequence_number=counter.next(),
    )
    yield ResponseFunctionCallArgumentsDoneEvent(
        type="response.function_call_arguments.done",
        item_id=item.id or item.call_id,
        arguments=item.arguments,
        output_index=index,
        sequence_number=counter.next(),
    )
    yield ResponseOutputItemDoneEvent(
        type="response.output_item.done",
        item=item,
        output_index=index,
        sequence_number=counter.next(),
    )


def _message(key: str, text: str) -> ResponseOutputMessage:
    return ResponseOutputMessage(
        id=f"msg_{key}", type="message", role="assistant", status="completed", content=[_text(text)]
    )


def _text(text: str) -> ResponseOutputText:
    return ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[])


def _response(key: str, created_at: float, items: Sequence[OutputItem], status: str) -> Response:
    return Response.model_validate(
        {
            "id": f"resp_{key}",
            "object": "response",
            "created_at": created_at,
            "model": MODEL_NAME,
            "output": list(items),
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "status": status,
        }
    )
