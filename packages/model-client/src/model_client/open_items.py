"""The items of a streamed answer, and which of them a server's event means.

Compatible servers change the ids of items, leave out the index or the first events of an item, or
list only in the completed answer what they didn't stream.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.items import TResponseStreamEvent
from openai.types.responses import ResponseOutputItem

from model_client.response_fields import Fields, read_item_id
from model_client.response_items import OpenCall, OpenItem, OpenMessage, OpenReasoning
from model_client.response_types import ITEMS, build_event, note_unknown

Events = Iterator[TResponseStreamEvent]

_PART_ADDED: Final = "response.content_part.added"
_PART_DONE: Final = "response.content_part.done"
# The type of the item that an event is about.
ITEM_TYPES: Final[Mapping[str, str]] = {
    "response.output_text.delta": "message",
    "response.output_text.done": "message",
    "response.refusal.delta": "message",
    "response.refusal.done": "message",
    _PART_ADDED: "message",
    _PART_DONE: "message",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_text.done": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_summary_text.done": "reasoning",
    "response.reasoning_summary_part.done": "reasoning",
    "response.function_call_arguments.delta": "function_call",
    "response.function_call_arguments.done": "function_call",
}


class OpenItems:
    """The items of one answer, in the order of their beginning.

    Args:
        numbers: sequence numbers of the stream's events.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._items: list[OpenItem] = []
        self._call_ids: set[str] = set()

    @property
    def are_done(self) -> bool:
        """True if there are items, and all of them are complete."""
        return bool(self._items) and all(item.is_done for item in self._items)

    @property
    def results(self) -> list[ResponseOutputItem]:
        """The complete items, each after the reasoning in its text."""
        items = (each for item in self._items for each in (*item.thoughts, item))
        return [item.result for item in items if item.result is not None]

    def add(self, data: Fields) -> Events:
        """Yield the events for `response.output_item.added`."""
        fields = data.get("item")
        if not isinstance(fields, Mapping):
            return
        same = self._find(data, fields)
        if same is not None:
            is_repeated = same.server_index == data.get("output_index")
            if is_repeated and same.server_id == read_item_id(data, fields):
                return
            yield from same.close({})
        item = self._open(data, fields)
        if item is not None:
            yield from item.start(fields)

    def finish(self, data: Fields) -> Events:
        """Yield the events for `response.output_item.done`."""
        fields = data.get("item")
        if not isinstance(fields, Mapping):
            return
        item = self._find(data, fields)
        if item is None and not self._was_done(data, fields):
            item = self._open(data, fields)
        if item is not None:
            yield from item.close(fields)

    def read(self, kind: str, data: Fields) -> Events:
        """Yield the events for an event about a part of an item, which may begin the item.

        Args:
            kind: one of `ITEM_TYPES`.
        """
        fields = {"type": ITEM_TYPES[kind]}
        if kind in {_PART_ADDED, _PART_DONE}:
            part = data.get("part")
            if not isinstance(part, Mapping) or part.get("type") == "reasoning_text":
                return
        item = self._find(data, fields)
        if item is None:
            is_delta = kind.endswith(".delta")
            if not is_delta and (fields["type"] == "function_call" or self._was_done(data, fields)):
                return
            item = self._open(data, fields)
        if item is not None:
            yield from item.read(kind, data)

    def pass_on(self, kind: str, data: Fields) -> Events:
        """Yield an event of another known type, about an item that has begun."""
        item = self._find(data)
        if item is not None:
            yield from item.announce(data)
            number = next(self._numbers)
            yield build_event(kind, {**data, **item.position, "sequence_number": number})

    def flush(self) -> Events:
        """Yield the text that was held back."""
        for item in self._items:
            if isinstance(item, OpenMessage) and not item.is_done:
                yield from item.flush()

    def complete(self, output: Any) -> Events:
        """Yield the events of items that the completed answer contains and that weren't streamed.

        Both have the same order within a type. An answer without some of the streamed items is
        taken for one that omits them.
        """
        given = output if isinstance(output, list) else []
        listed = [each for each in given if isinstance(each, Mapping)]
        streamed = Counter(item.kind for item in self._items)
        counted = Counter(str(fields.get("type")) for fields in listed)
        if any(counted[kind] < number for kind, number in streamed.items()):
            listed = []
        remaining = list(self._items)
        completed: list[OpenItem] = []
        for fields in listed:
            item = next((each for each in remaining if each.kind == fields.get("type")), None)
            if item is None:
                item = self._open({}, fields)
            else:
                remaining.remove(item)
            if item is None:
                continue
            if not item.is_done:
                yield from item.close(fields)
            item.update_result(fields)
            completed.append(item)
        for item in remaining:
            if not item.is_done:
                yield from item.close({})
        self._items = completed + remaining

    def _open(self, data: Fields, fields: Fields) -> OpenItem | None:
        """Return a new item, None if its type is unknown."""
        kind = str(fields.get("type"))
        if kind not in ITEMS:
            note_unknown("item", kind)
            return None
        server_id, index = read_item_id(data, fields), len(self._items)
        is_taken = any(item.item_id == server_id for item in self._items)
        options: dict[str, Any] = {
            "item_id": f"{server_id or kind}.{index}" if is_taken or not server_id else server_id,
            "server_id": server_id,
            "server_index": data.get("output_index"),
            "index": index,
            "numbers": self._numbers,
        }
        item: OpenItem
        match kind:
            case "message":
                item = OpenMessage(kind, **options)
            case "reasoning":
                item = OpenReasoning(kind, **options)
            case "function_call":
                item = OpenCall(kind, taken_call_ids=self._call_ids, **options)
            case _:
                item = OpenItem(kind, **options)
        self._items.append(item)
        return item

    def _find(self, data: Fields, fields: Fields | None = None) -> OpenItem | None:
        """Return the open item that an event means: by its id, else by its index, else the last."""
        kind = str(fields.get("type")) if fields is not None else None
        items = [
            item for item in self._items if not item.is_done and (kind is None or item.kind == kind)
        ]
        server_id, index = read_item_id(data, fields or {}), data.get("output_index")
        same_id = [item for item in items if server_id and item.server_id == server_id]
        if same_id:
            return same_id[-1]
        if index is None:
            is_certain = not server_id or kind in {"message", "reasoning"} or len(items) == 1
            return items[-1] if items and is_certain else None
        return next((item for item in reversed(items) if item.server_index == index), None)

    def _was_done(self, data: Fields, fields: Fields) -> bool:
        """Return whether an event is about a finished item, and thus no news."""
        server_id, index = read_item_id(data, fields), data.get("output_index")
        for item in self._items:
            if item.is_done and item.kind == fields.get("type"):
                is_same_id = item.server_id == server_id
                if is_same_id if index is None or "id" in fields else item.server_index == index:
                    return True
        return False
