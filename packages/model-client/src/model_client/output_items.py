"""Output items of the Responses API in progress, and the events that stream them."""

from collections.abc import Iterator
from typing import Any, Final

from agents.items import TResponseStreamEvent
from agents.models.fake_id import FAKE_RESPONSES_ID
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_output_text import Annotation, Logprob
from openai.types.responses.response_reasoning_item import Summary
from openai.types.responses.response_reasoning_summary_part_added_event import Part as AddedPart
from openai.types.responses.response_reasoning_summary_part_done_event import Part as DonePart

from model_client.answer_text import drop_unopened_thought
from model_client.response_types import EVENTS

_ADDED: Final = "response.output_item.added"
_DONE: Final = "response.output_item.done"

_Events = Iterator[TResponseStreamEvent]


class OpenItem:
    """An output item whose text is being streamed.

    Args:
        index: its position in the response.
        numbers: sequence numbers of the stream's events.
    """

    def __init__(self, index: int, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._texts: list[str] = []
        self._position: dict[str, Any] = {"item_id": FAKE_RESPONSES_ID, "output_index": index}

    def item_event(self, kind: str, item: ResponseOutputItem) -> TResponseStreamEvent:
        """Return the event that an item begins, or that it is complete."""
        event: TResponseStreamEvent = EVENTS[kind](
            type=kind,
            item=item,
            output_index=self._position["output_index"],
            sequence_number=next(self._numbers),
        )
        return event

    def event(self, kind: str, **fields: Any) -> TResponseStreamEvent:
        """Return an event of the item's text."""
        event: TResponseStreamEvent = EVENTS[kind](
            type=kind, sequence_number=next(self._numbers), **self._position, **fields
        )
        return event


class OpenMessage(OpenItem):
    """A message, with text or a refusal."""

    def __init__(self, index: int, numbers: Iterator[int], *, is_refusal: bool = False) -> None:
        super().__init__(index, numbers)
        self._is_refusal = is_refusal
        self._position["content_index"] = 0
        self._message = ResponseOutputMessage(
            id=FAKE_RESPONSES_ID,
            type="message",
            role="assistant",
            status="in_progress",
            content=[],
        )

    def open(self) -> _Events:
        """Yield the events before the first delta."""
        yield self.item_event(_ADDED, self._message)
        yield self.event("response.content_part.added", part=self._part(""))

    def add(self, text: str) -> TResponseStreamEvent:
        """Return the event of a delta."""
        self._texts.append(text)
        if self._is_refusal:
            return self.event("response.refusal.delta", delta=text)
        return self.event("response.output_text.delta", delta=text, logprobs=[])

    def close(
        self, output: list[ResponseOutputItem], citations: list[Annotation], logprobs: list[Logprob]
    ) -> _Events:
        """Yield the events after the last delta, and append the message to the output."""
        text = "".join(self._texts)
        if self._is_refusal:
            part = self._part(text)
            yield self.event("response.refusal.done", refusal=text)
        else:
            text = drop_unopened_thought(text)
            part = ResponseOutputText(
                type="output_text", text=text, annotations=citations, logprobs=logprobs
            )
            yield self.event("response.output_text.done", text=text, logprobs=[])
        yield self.event("response.content_part.done", part=part)
        message = self._message.model_copy(update={"status": "completed", "content": [part]})
        output.append(message)
        yield self.item_event(_DONE, message)

    def _part(self, text: str) -> ResponseOutputText | ResponseOutputRefusal:
        if self._is_refusal:
            return ResponseOutputRefusal(type="refusal", refusal=text)
        return ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[])


class OpenReasoning(OpenItem):
    """Reasoning, as a summary with one part."""

    def __init__(self, index: int, numbers: Iterator[int]) -> None:
        super().__init__(index, numbers)
        self._position["summary_index"] = 0

    def open(self) -> _Events:
        """Yield the events before the first delta."""
        item = ResponseReasoningItem(id=FAKE_RESPONSES_ID, type="reasoning", summary=[])
        yield self.item_event(_ADDED, item)
        yield self.event(
            "response.reasoning_summary_part.added",
            part=AddedPart(type="summary_text", text=""),
        )

    def add(self, text: str) -> TResponseStreamEvent:
        """Return the event of a delta."""
        self._texts.append(text)
        return self.event(
            "response.reasoning_summary_text.delta",
            delta=text,
        )

    def close(self, output: list[ResponseOutputItem], origin: dict[str, Any]) -> _Events:
        """Yield the events after the last delta, and append the item to the output.

        Args:
            origin: stored with the item.
        """
        text = "".join(self._texts)
        yield self.event("response.reasoning_summary_text.done", text=text)
        yield self.event(
            "response.reasoning_summary_part.done",
            part=DonePart(type="summary_text", text=text),
        )
        item = ResponseReasoningItem.model_validate(
            {
                "id": FAKE_RESPONSES_ID,
                "type": "reasoning",
                "summary": [Summary(type="summary_text", text=text)],
                "provider_data": origin,
            }
        )
        output.append(item)
        yield self.item_event(_DONE, item)


def call_events(call: ResponseFunctionToolCall, index: int, numbers: Iterator[int]) -> _Events:
    """Yield the events of a complete function call."""
    item = OpenItem(index, numbers)
    yield item.item_event(
        _ADDED, call.model_copy(update={"arguments": "", "status": "in_progress"})
    )
    yield item.event(
        "response.function_call_arguments.delta",
        delta=call.arguments,
    )
    yield item.event(
        "response.function_call_arguments.done",
        arguments=call.arguments,
        name=call.name,
    )
    yield item.item_event(_DONE, call)
