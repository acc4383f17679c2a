"""Output items of the Responses API for a step, and the events that stream them."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from itertools import count
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
# A word with the white space before it, so that the joined deltas are the text.
_WORD: Final = re.compile(r"\s*\S+|\s+$")


def response_key(instructions: str | None, items: object) -> str:
    """Return a hash of the model's input, used in the IDs of its output.

    Each step of a turn has more input than the previous one, so no two responses share their IDs.
    """
    text = json.dumps([instructions, items], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def output_items(step: PlanStep, key: str) -> list[OutputItem]:
    """Return a step as completed output items: calls, or else a message."""
    if not step.calls:
        return [
            ResponseOutputMessage(
                id=f"msg_{key}",
                type="message",
                role="assistant",
                status="completed",
                content=[_text(step.text)],
            )
        ]
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
    """Yield the events of a response, with its text word by word."""
    numbers = count()
    yield ResponseCreatedEvent(
        type="response.created",
        response=_response(key, created_at, [], "in_progress"),
        sequence_number=next(numbers),
    )
    for index, item in enumerate(items):
        empty: dict[str, Any] = {"arguments": ""}
        if isinstance(item, ResponseOutputMessage):
            empty = {"content": []}
        yield ResponseOutputItemAddedEvent(
            type="response.output_item.added",
            item=item.model_copy(update={"status": "in_progress", **empty}),
            output_index=index,
            sequence_number=next(numbers),
        )
        if isinstance(item, ResponseOutputMessage):
            yield from _text_events(item, index, numbers)
        else:
            yield ResponseFunctionCallArgumentsDoneEvent(
                type="response.function_call_arguments.done",
                item_id=item.id or item.call_id,
                arguments=item.arguments,
                output_index=index,
                sequence_number=next(numbers),
            )
        yield ResponseOutputItemDoneEvent(
            type="response.output_item.done",
            item=item,
            output_index=index,
            sequence_number=next(numbers),
        )
    yield ResponseCompletedEvent(
        type="response.completed",
        response=_response(key, created_at, items, "completed"),
        sequence_number=next(numbers),
    )


def _text_events(
    item: ResponseOutputMessage, index: int, numbers: Iterator[int]
) -> Iterator[ResponseStreamEvent]:
    position: dict[str, Any] = {"item_id": item.id, "output_index": index, "content_index": 0}
    text = "".join(part.text for part in item.content if isinstance(part, ResponseOutputText))
    yield ResponseContentPartAddedEvent(
        type="response.content_part.added",
        part=_text(""),
        sequence_number=next(numbers),
        **position,
    )
    for word in _WORD.findall(text):
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta",
            delta=word,
            logprobs=[],
            sequence_number=next(numbers),
            **position,
        )
    yield ResponseTextDoneEvent(
        type="response.output_text.done",
        text=text,
        logprobs=[],
        sequence_number=next(numbers),
        **position,
    )
    yield ResponseContentPartDoneEvent(
        type="response.content_part.done",
        part=_text(text),
        sequence_number=next(numbers),
        **position,
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
