"""The events of a model answer that viewers get, with our ids.

Only events published to viewers get our ids. `response.completed` keeps the provider's ids: it
becomes the history of the next call, in which reasoning items are paired by id.
"""

from typing import Any, Final, cast

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputTextAnnotationAddedEvent,
)

from durable_chatkit.agent.call_scope import RunnerCall
from durable_chatkit.agent.model_output import (
    parse_citation,
    parse_message_citations,
    parse_part_citations,
)

_REASONING: Final = "response.reasoning"
_CITING: Final = {"response.content_part.added", "response.output_text.annotation.added"}


class MessageIds:
    """Assigns our ids to one answer's messages, in the order of their first events."""

    def __init__(self, call: RunnerCall, answer: int) -> None:
        self._call = call
        self._answer = answer
        self._ids: dict[tuple[str, int], str] = {}

    def nth(self, index: int) -> str:
        """Return the id of the `index`-th message."""
        return self._call.message_id(self._answer, index)

    def rename_event(self, event: TResponseStreamEvent) -> TResponseStreamEvent | None:
        """Return the event with our id, None if it is not for viewers.

        Calls are executed from the completed answer. Reasoning is dropped: its workflow item would
        be done before the answer that owns it is journaled, and a later attempt couldn't tell.
        """
        if event.type == "response.output_item.added":
            if not isinstance(event.item, ResponseOutputMessage):
                return None
            position = (event.item.id, event.output_index)
            new_id = self._ids.setdefault(position, self.nth(len(self._ids)))
            update = {"id": new_id, "content": parse_message_citations(event.item)}
            return event.model_copy(update={"item": event.item.model_copy(update=update)})
        is_reasoning = event.type.startswith(_REASONING)
        item_id = getattr(event, "item_id", None)
        if item_id is None and not is_reasoning:
            return event
        message_id = self._ids.get((str(item_id), getattr(event, "output_index", 0)))
        if message_id is None or is_reasoning:
            return None
        if event.type in _CITING:
            return _with_citations(event, message_id)
        cast("Any", event).item_id = message_id  # no other owner, and a copy takes 10 times as long
        return event


def _with_citations(event: TResponseStreamEvent, message_id: str) -> TResponseStreamEvent | None:
    """Return a copy with our id and parsed citations, None if its citation is invalid."""
    if event.type == "response.content_part.added":
        part = parse_part_citations(event.part)
        return event.model_copy(update={"item_id": message_id, "part": part})
    citation = parse_citation(cast("ResponseOutputTextAnnotationAddedEvent", event).annotation)
    if citation is None:
        return None
    return event.model_copy(update={"item_id": message_id, "annotation": citation})


def find_messages(response: Response) -> list[ResponseOutputMessage]:
    """Return the messages of an answer."""
    return [item for item in response.output if isinstance(item, ResponseOutputMessage)]


def done_event(message: ResponseOutputMessage, item_id: str) -> TResponseStreamEvent:
    """Return the event that completes a message under our id."""
    return ResponseOutputItemDoneEvent.model_construct(
        type="response.output_item.done",
        item=message.model_copy(
            update={"id": item_id, "content": parse_message_citations(message)}
        ),
        output_index=0,
        sequence_number=0,
    )
