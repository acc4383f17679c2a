"""The events of a model answer that viewers get, with our ids.

Shown are messages, reasoning, generated images and the calls of hosted tools; function calls are
executed from the completed answer. Only shown events get our ids. `response.completed` keeps the
provider's ids: it becomes the history of the next call, in which reasoning items are paired by id.

openai-chatkit shows reasoning from `response.reasoning_summary_text.delta` and `.done` alone, so
that the other forms are converted to these: text without a summary (`response.reasoning_text.*`, as
gpt-oss and servers with a `reasoning` field send it), and parts that are never completed (as
`reasoning_content` of Chat Completions arrives).

Events are copied before they change, because they belong to the model, which may keep them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, cast

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCodeInterpreterToolCall,
    ResponseFileSearchToolCall,
    ResponseFunctionWebSearch,
    ResponseOutputItem,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputTextAnnotationAddedEvent,
    ResponseReasoningItem,
)
from openai.types.responses.response_output_item import ImageGenerationCall, McpCall

from durable_chatkit.agent.model_output import (
    parse_citation,
    parse_message_citations,
    parse_part_citations,
)
from model_client.response_types import build_event

HOSTED_CALLS: Final = (
    ResponseFunctionWebSearch,
    ResponseFileSearchToolCall,
    ResponseCodeInterpreterToolCall,
    McpCall,
)
_PREFIXES: Final = {"message": "msg", "image_generation_call": "img"}
_WORKFLOW: Final = "wf"
_SHOWN: Final = (ResponseOutputMessage, ResponseReasoningItem, ImageGenerationCall, *HOSTED_CALLS)

_CITING: Final = {"response.content_part.added", "response.output_text.annotation.added"}
_PREVIEW: Final = "response.image_generation_call.partial_image"
_SUMMARY: Final = "response.reasoning_summary_"
_REASONING_TEXT: Final = "response.reasoning_text."
_REASONING: Final = "response.reasoning"
_MIN_THOUGHT_CHARS: Final = 40
_THOUGHT_SHARE: Final = 8

DeriveId = Callable[[str, int], str]


class AnswerIds:
    """Our ids of one answer's items: messages, and other shown items, each in their order.

    Args:
        derive_id: returns the id of the n-th item with a prefix, the same in every attempt.
    """

    def __init__(self, derive_id: DeriveId) -> None:
        self._derive_id = derive_id
        self._ids: dict[tuple[bool, int], str] = {}

    def nth(self, item: ResponseOutputItem, index: int) -> str:
        """Return the id of an answer's `index`-th message or `index`-th other shown item."""
        key = (item.type == "message", index)
        if key not in self._ids:
            self._ids[key] = self._derive_id(_PREFIXES.get(item.type, _WORKFLOW), index)
        return self._ids[key]

    def of_answer(self, response: Response) -> tuple[list[str], list[str]]:
        """Return the ids of a completed answer's messages and of its other shown items."""
        messages = [item for item in response.output if item.type == "message"]
        others = find_other_items(response)
        return (
            [self.nth(item, index) for index, item in enumerate(messages)],
            [self.nth(item, index) for index, item in enumerate(others)],
        )


class _Thought:
    """One part of an item's reasoning, published in pieces until it is finished."""

    def __init__(self, item_id: str, index: int) -> None:
        self.text = ""
        self._item_id = item_id
        self._index = index
        self._published_chars = 0
        self._is_done = False

    def extend(self, delta: str) -> Iterator[TResponseStreamEvent]:
        """Add to the text; yield the text so far not published, once there is enough of it.

        openai-chatkit repeats the whole thought in each event. Waiting for an eighth of the text
        keeps the sum linear in its length.
        """
        self.text += delta
        waiting = len(self.text) - self._published_chars
        if waiting < max(_MIN_THOUGHT_CHARS, len(self.text) // _THOUGHT_SHARE):
            return
        published, self._published_chars = self._published_chars, len(self.text)
        yield self._event("delta", self.text[published:])

    def finish(self, text: str) -> Iterator[TResponseStreamEvent]:
        """Yield the completion with the whole text; nothing if it is empty or already completed."""
        if not self._is_done:
            self._is_done = True
            if text:
                yield self._event("done", text)

    def _event(self, kind: Literal["delta", "done"], text: str) -> TResponseStreamEvent:
        return build_event(
            f"response.reasoning_summary_text.{kind}",
            {
                "item_id": self._item_id,
                "output_index": 0,
                "summary_index": self._index,
                "delta" if kind == "delta" else "text": text,
                "sequence_number": 0,
            },
        )


class AnswerEvents:
    """Converts the events of one live answer, except the last, `response.completed`.

    Args:
        shows_reasoning: False drops reasoning.

    Attributes:
        items: the completed items, for servers whose `response.completed` lacks them.
    """

    def __init__(self, ids: AnswerIds, *, shows_reasoning: bool) -> None:
        self.items: list[ResponseOutputItem] = []
        self._ids = ids
        self._shows_reasoning = shows_reasoning
        self._positions: dict[tuple[str, int, bool], str] = {}
        self._messages = 0
        self._others = 0
        self._thoughts: dict[tuple[str, int], _Thought] = {}
        self._has_summary: dict[str, bool] = {}
        self._previews: Counter[str] = Counter()

    def convert(self, event: TResponseStreamEvent) -> Iterator[TResponseStreamEvent]:
        """Yield the events that viewers get for an event of the model.

        The `done` events of messages and images aren't among them: they may be published only
        after the answer is journaled, see `done_events`. Until then an image is its last preview.
        """
        if event.type == "response.output_item.added":
            yield from self._add_item(event)
        elif event.type == "response.output_item.done":
            self.items.append(event.item)
            yield from self._finish_item(event)
        elif event.type.startswith(_REASONING):
            if self._shows_reasoning:
                yield from self._convert_reasoning(event)
        elif getattr(event, "item_id", None) is None:
            yield event
        else:
            is_preview = event.type == _PREVIEW
            item_id = self._positions.get(_position(event, is_message=not is_preview))
            if item_id is None:
                return
            if is_preview:
                self._previews[item_id] += 1
            renamed = _rename(event, item_id)
            if renamed is not None:
                yield renamed

    def done_events(self, response: Response) -> Iterator[TResponseStreamEvent]:
        """Yield the events that complete a journaled answer: all that weren't streamed."""
        message_ids, item_ids = self._ids.of_answer(response)
        added = set(self._positions.values())
        for item, item_id in pair_items(response, message_ids, item_ids):
            if item_id not in added:
                yield from replay_item(item, item_id, shows_reasoning=self._shows_reasoning)
            elif isinstance(item, ResponseOutputMessage | ImageGenerationCall):
                yield _item_event("done", item, item_id)

    def close_thoughts(self) -> Iterator[TResponseStreamEvent]:
        """Yield the completion of thoughts in progress; another item or the answer's end follows."""
        for thought in self._thoughts.values():
            yield from thought.finish(thought.text)

    def _add_item(self, event: ResponseOutputItemAddedEvent) -> Iterator[TResponseStreamEvent]:
        item = event.item
        if not isinstance(item, _SHOWN):
            return
        item_id = self._id_at(_position(event, item), item)
        if isinstance(item, ResponseReasoningItem) and not self._shows_reasoning:
            return
        yield from self.close_thoughts()
        update: dict[str, Any] = {"id": item_id}
        if isinstance(item, ResponseOutputMessage):
            update["content"] = parse_message_citations(item)
        yield event.model_copy(update={"item": item.model_copy(update=update)})

    def _finish_item(self, event: ResponseOutputItemDoneEvent) -> Iterator[TResponseStreamEvent]:
        item = event.item
        item_id = self._positions.get(_position(event, item))
        if item_id is None or isinstance(item, ResponseOutputMessage):
            return
        if isinstance(item, ImageGenerationCall):
            if item.result:  # the text after an image may take long
                yield build_event(
                    _PREVIEW,
                    {
                        "item_id": item_id,
                        "output_index": 0,
                        "partial_image_b64": item.result,
                        "partial_image_index": self._previews[item_id],
                        "sequence_number": 0,
                    },
                )
            return
        if isinstance(item, ResponseReasoningItem):
            if not self._shows_reasoning:
                return
            for index, text in enumerate(_thoughts_of(item)):
                yield from self._thought_at(item_id, index).finish(text)
            yield from self.close_thoughts()
        yield event.model_copy(update={"item": item.model_copy(update={"id": item_id})})

    def _convert_reasoning(self, event: Any) -> Iterator[TResponseStreamEvent]:
        is_summary = event.type.startswith(_SUMMARY)
        if not (is_summary or event.type.startswith(_REASONING_TEXT)):
            return
        position = _position(event, is_message=False)
        item_id = self._positions.get(position)
        if item_id is None:  # some servers announce no item
            item = ResponseReasoningItem(id="", type="reasoning", summary=[])
            item_id = self._id_at(position, item)
            yield _item_event("added", item, item_id)
        # An item with a summary may have its full text, too. The first of them is shown.
        if self._has_summary.setdefault(item_id, is_summary) != is_summary:
            return
        thought = self._thought_at(
            item_id, event.summary_index if is_summary else event.content_index
        )
        if event.type.endswith("text.delta"):
            yield from thought.extend(event.delta)
        elif event.type.endswith(".done"):
            text = event.text if event.type.endswith("text.done") else event.part.text
            yield from thought.finish(text)

    def _thought_at(self, item_id: str, index: int) -> _Thought:
        return self._thoughts.setdefault((item_id, index), _Thought(item_id, index))

    def _id_at(self, position: tuple[str, int, bool], item: ResponseOutputItem) -> str:
        if position not in self._positions:
            if item.type == "message":
                index, self._messages = self._messages, self._messages + 1
            else:
                index, self._others = self._others, self._others + 1
            self._positions[position] = self._ids.nth(item, index)
        return self._positions[position]


def find_other_items(response: Response) -> list[ResponseOutputItem]:
    """Return an answer's shown items other than messages."""
    return [item for item in response.output if isinstance(item, _SHOWN) and item.type != "message"]


def pair_items(
    response: Response, message_ids: Iterable[str], item_ids: Iterable[str]
) -> Iterator[tuple[ResponseOutputItem, str]]:
    """Yield an answer's shown items with their ids.

    Items without an id are left out: an earlier version of this program recorded only messages.
    """
    messages, others = iter(message_ids), iter(item_ids)
    for item in response.output:
        if isinstance(item, _SHOWN):
            item_id = next(messages if item.type == "message" else others, None)
            if item_id is not None:
                yield item, item_id


def replay_item(
    item: ResponseOutputItem, item_id: str, *, shows_reasoning: bool
) -> Iterator[TResponseStreamEvent]:
    """Yield the events of a recorded item, without its deltas.

    openai-chatkit needs `added` as well as `done`: a message ends the reasoning before it.
    """
    if isinstance(item, ResponseReasoningItem) and not shows_reasoning:
        return
    yield _item_event("added", item, item_id)
    if isinstance(item, ResponseReasoningItem):
        for index, text in enumerate(_thoughts_of(item)):
            yield from _Thought(item_id, index).finish(text)
    yield _item_event("done", item, item_id)


def _position(
    event: Any, item: ResponseOutputItem | None = None, *, is_message: bool = False
) -> tuple[str, int, bool]:
    """Return the key of an item; ids and indexes repeat across messages and reasoning."""
    if item is not None:
        return str(item.id), event.output_index, item.type == "message"
    return str(event.item_id), getattr(event, "output_index", 0), is_message


def _thoughts_of(item: ResponseReasoningItem) -> list[str]:
    parts: Iterable[Any] = item.summary or getattr(item, "content", None) or []
    return [part.text or "" for part in parts]


def _rename(event: TResponseStreamEvent, message_id: str) -> TResponseStreamEvent | None:
    """Return a copy with our id and parsed citations, None if its citation is invalid.

    openai-chatkit streams text, but no refusals, so that a refusal becomes text.
    """
    if event.type == "response.refusal.delta":
        return build_event(
            "response.output_text.delta",
            {
                "item_id": message_id,
                "output_index": event.output_index,
                "content_index": event.content_index,
                "delta": event.delta,
                "logprobs": [],
                "sequence_number": event.sequence_number,
            },
        )
    if event.type not in _CITING:
        return event.model_copy(update={"item_id": message_id})
    if event.type == "response.content_part.added":
        part = parse_part_citations(event.part)
        return event.model_copy(update={"item_id": message_id, "part": part})
    citation = parse_citation(cast("ResponseOutputTextAnnotationAddedEvent", event).annotation)
    if citation is None:
        return None
    return event.model_copy(update={"item_id": message_id, "annotation": citation})


def _item_event(
    kind: Literal["added", "done"], item: ResponseOutputItem, item_id: str
) -> TResponseStreamEvent:
    """Return the event that starts or completes an item; a message starts without content."""
    update: dict[str, Any] = {"id": item_id}
    if isinstance(item, ResponseOutputMessage):
        update["content"] = [] if kind == "added" else parse_message_citations(item)
    return build_event(
        f"response.output_item.{kind}",
        {
            "item": item.model_copy(update=update),
            "output_index": 0,
            "sequence_number": 0,
        },
    )
