"""Converts the messages of a Responses stream into the SDK's events, whatever a server left out.

The events come out as OpenAI sends them: an item is added before its deltas and done after them,
its id stays the same, each text comes once, and the stream ends with `response.completed`.
Compatible servers change ids, omit the first or the last events of an item, or send nothing but the
completed answer. Nothing here reads from a network.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, ClassVar, Final

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
)

from model_client.errors import ModelBrokenOffError, find_error, reported_error
from model_client.json_codec import encode_json
from model_client.response_items import OpenCall, OpenItem, OpenMessage, OpenReasoning
from model_client.response_types import EVENTS, ITEMS, build_event, build_response, note_unknown

Events = Iterator[TResponseStreamEvent]

_END_MARK: Final = "[done]"
_STARTS: Final = frozenset({"response.created", "response.in_progress", "response.queued"})
_ENDS: Final = frozenset(
    {
        "response.completed",
        "response.done",
        "response.incomplete",
        "response.failed",
        "response.cancelled",
    }
)
_FAILED: Final = frozenset({"failed", "cancelled"})
# Names of other versions of the API.
_ALIASES: Final = {
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.reasoning.delta": "response.reasoning_text.delta",
    "response.reasoning.done": "response.reasoning_text.done",
    "response.reasoning_summary.delta": "response.reasoning_summary_text.delta",
    "response.reasoning_summary.done": "response.reasoning_summary_text.done",
}
# Events without content of an item, of which the events made here take the place.
_REPLACED: Final = frozenset(
    {
        "response.reasoning_part.added",
        "response.reasoning_part.done",
        "response.reasoning_summary_part.added",
    }
)


class ResponsesStream:
    """One streamed answer of the Responses API.

    Args:
        model: the name of the model.

    Attributes:
        is_done: the answer is complete; what follows is ignored.
        raw_usage: what the server reported as usage.
    """

    def __init__(self, model: str) -> None:
        self.is_done = False
        self.raw_usage: Any = None
        self._model = model
        self._numbers = count()
        self._items: list[OpenItem] = []
        self._call_ids: set[str] = set()
        self._head: Mapping[str, Any] = {}
        self._has_end_mark = False
        self._unread = ""  # the first message of an unknown kind, for the log

    @property
    def has_finished(self) -> bool:
        """True if the answer is complete even when the stream breaks off now."""
        return self.is_done

    def feed(self, data: Any, name: str) -> Events:
        """Yield the events of a message.

        Args:
            data: decoded JSON, or text that is none.
            name: of the server-sent event, "" without one.

        Raises:
            ModelServerError: the message reports a failure.
        """
        if self.is_done:
            return
        if isinstance(data, str) and name != "error":
            self._has_end_mark |= data.lower() == _END_MARK
            return
        error = find_error(name, data)
        if error is not None:
            yield from self._flush()
            raise reported_error(error, model=self._model)
        if not isinstance(data, Mapping):
            self._unread = self._unread or encode_json(data).decode()
            return
        kind = str(data.get("type") or name)
        kind = _ALIASES.get(kind, kind)
        if kind in _ENDS or (data.get("object") == "response" and kind not in EVENTS):
            yield from self._end_response(kind, data)
        elif kind in _STARTS:
            yield from self._start_response(data)
        else:
            yield from self._convert(kind, data)

    def end(self) -> Events:
        """Yield the events after the last message of the stream.

        Raises:
            ModelBrokenOffError: the stream has no end.
        """
        if self.is_done:
            return
        if not (self._has_end_mark and self._items and all(item.is_done for item in self._items)):
            yield from self._flush()
            reason = "the stream ended before the end of its answer"
            raise ModelBrokenOffError(reason, status=200, model=self._model, body=self._unread)
        yield from self._end_response("response.completed", {"response": self._head})

    def _start_response(self, data: Mapping[str, Any]) -> Events:
        is_first, head = not self._head, data.get("response")
        self._head = head if isinstance(head, Mapping) else {}
        if not is_first:
            return
        yield ResponseCreatedEvent(
            type="response.created",
            response=build_response(self._head, [], model=self._model, status="in_progress"),
            sequence_number=next(self._numbers),
        )

    def _convert(self, kind: str, data: Mapping[str, Any]) -> Events:
        """Yield the events for an event about an item."""
        handle = self._HANDLERS.get(kind)
        if handle is not None:
            yield from handle(self, data)
        elif kind in _REPLACED:
            return
        elif kind not in EVENTS:
            self._unread = self._unread or encode_json(data).decode()
            note_unknown("event", kind)
        else:
            item = self._find(data)
            if item is not None:
                yield from item.announce(data)
                yield build_event(kind, {**data, **item.position, "sequence_number": self._next()})

    def _add_item(self, data: Mapping[str, Any]) -> Events:
        fields = data.get("item")
        if not isinstance(fields, Mapping):
            return
        same = self._find(data, fields)
        if same is not None:
            is_repeated = same.server_index == data.get("output_index")
            if is_repeated and same.server_id == _server_id(data, fields):
                return
            yield from same.close({})
        item = self._open(data, fields)
        if item is not None:
            yield from item.start(fields)

    def _finish_item(self, data: Mapping[str, Any]) -> Events:
        fields = data.get("item")
        if not isinstance(fields, Mapping):
            return
        item = self._find(data, fields)
        if item is None:
            if self._was_done(data, fields):
                return
            item = self._open(data, fields)
        if item is not None:
            yield from item.close(fields)

    def _add_text(self, data: Mapping[str, Any]) -> Events:
        item = self._find(data, {"type": "message"}) or self._open(data, {"type": "message"})
        if isinstance(item, OpenMessage):
            text, logprobs = _text(data, "delta"), data.get("logprobs")
            yield from item.add(_index(data, "content_index"), text, logprobs=logprobs)

    def _add_refusal(self, data: Mapping[str, Any]) -> Events:
        item = self._find(data, {"type": "message"}) or self._open(data, {"type": "message"})
        if isinstance(item, OpenMessage):
            index = _index(data, "content_index")
            yield from item.add(index, _text(data, "delta"), is_refusal=True)

    def _finish_text(self, data: Mapping[str, Any]) -> Events:
        yield from self._finish_part(data, {"type": "output_text", "text": _text(data, "text")})

    def _finish_refusal(self, data: Mapping[str, Any]) -> Events:
        yield from self._finish_part(data, {"type": "refusal", "refusal": _text(data, "refusal")})

    def _change_part(self, data: Mapping[str, Any]) -> Events:
        part = data.get("part")
        if isinstance(part, Mapping) and part.get("type") != "reasoning_text":
            yield from self._finish_part(data, part)

    def _finish_part(self, data: Mapping[str, Any], part: Mapping[str, Any]) -> Events:
        """Yield the events of a part's text that wasn't streamed; it is closed with its item."""
        item = self._find(data, {"type": "message"})
        if item is None and not self._was_done(data, {"type": "message"}):
            item = self._open(data, {"type": "message"})
        if isinstance(item, OpenMessage):
            yield from item.complete_part(_index(data, "content_index"), part)

    def _add_thought(self, data: Mapping[str, Any]) -> Events:
        yield from self._reason(data, "content_index", is_summary=False)

    def _add_summary(self, data: Mapping[str, Any]) -> Events:
        yield from self._reason(data, "summary_index", is_summary=True)

    def _reason(self, data: Mapping[str, Any], index: str, *, is_summary: bool) -> Events:
        fields = {"type": "reasoning"}
        item = self._find(data, fields)
        if item is None:
            if "delta" not in data and self._was_done(data, fields):
                return
            item = self._open(data, fields)
        if not isinstance(item, OpenReasoning):
            return
        if "delta" in data:
            text = _text(data, "delta")
            yield from item.add(_index(data, index), text, is_summary=is_summary)
        else:
            part = data.get("part")
            text = _text(part if isinstance(part, Mapping) else data, "text")
            yield from item.complete(_index(data, index), text, is_summary=is_summary)

    def _add_arguments(self, data: Mapping[str, Any]) -> Events:
        item = self._find(data, {"type": "function_call"})
        if item is None and "delta" in data:
            item = self._open(data, {"type": "function_call"})
        if isinstance(item, OpenCall):
            if "delta" in data:
                yield from item.add(_text(data, "delta"))
            else:
                yield from item.complete(data)

    def _end_response(self, kind: str, data: Mapping[str, Any]) -> Events:
        """Yield what wasn't streamed, and the completed answer.

        Raises:
            ModelServerError: the response failed.
        """
        fields = data.get("response", data)
        fields = fields if isinstance(fields, Mapping) else {}
        status = str(fields.get("status") or kind.rpartition(".")[2])
        if kind == "response.failed" or status in _FAILED:
            yield from self._flush()
            raise reported_error(fields.get("error") or {"status": status}, model=self._model)
        is_incomplete = "incomplete" in {status, kind.rpartition(".")[2]}
        self.raw_usage = fields.get("usage")
        yield from self._complete_items(fields.get("output"))
        items = [each for item in self._items for each in (*item.thoughts, item)]
        output = [item.result for item in items if item.result is not None]
        self.is_done = True
        yield ResponseCompletedEvent(
            type="response.completed",
            response=build_response(
                {**self._head, **fields},
                output,
                model=self._model,
                status="incomplete" if is_incomplete else "completed",
            ),
            sequence_number=self._next(),
        )

    def _flush(self) -> Events:
        """Yield the text that was held back."""
        for item in self._items:
            if isinstance(item, OpenMessage) and not item.is_done:
                yield from item.flush()

    def _complete_items(self, output: Any) -> Events:
        """Yield the events of items that the completed answer contains and that weren't streamed.

        Both have the same order within a type. An answer without some of the streamed items is
        taken for one that omits them.
        """
        listed = [each for each in output if isinstance(each, Mapping)] if output else []
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

    def _open(self, data: Mapping[str, Any], fields: Mapping[str, Any]) -> OpenItem | None:
        """Return a new item, None if its type is unknown."""
        kind = str(fields.get("type"))
        if kind not in ITEMS:
            note_unknown("item", kind)
            return None
        server_id, index = _server_id(data, fields), len(self._items)
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

    def _find(
        self, data: Mapping[str, Any], fields: Mapping[str, Any] | None = None
    ) -> OpenItem | None:
        """Return the open item that an event means: by its id, else by its index, else the last."""
        kind = fields.get("type") if fields is not None else None
        items = [
            item for item in self._items if not item.is_done and (kind is None or item.kind == kind)
        ]
        server_id, index = _server_id(data, fields or {}), data.get("output_index")
        same_id = [item for item in items if server_id and item.server_id == server_id]
        if same_id:
            return same_id[-1]
        if index is None:
            is_certain = not server_id or kind in {"message", "reasoning"} or len(items) == 1
            return items[-1] if items and is_certain else None
        return next((item for item in reversed(items) if item.server_index == index), None)

    def _was_done(self, data: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
        """Return whether an event is about a finished item, and thus no news."""
        server_id, index = _server_id(data, fields), data.get("output_index")
        for item in self._items:
            if item.is_done and item.kind == fields.get("type"):
                is_same_id = item.server_id == server_id
                if is_same_id if index is None or "id" in fields else item.server_index == index:
                    return True
        return False

    def _next(self) -> int:
        return next(self._numbers)

    _HANDLERS: ClassVar[Mapping[str, Callable[[Any, Mapping[str, Any]], Events]]] = {
        "response.output_item.added": _add_item,
        "response.output_item.done": _finish_item,
        "response.output_text.delta": _add_text,
        "response.output_text.done": _finish_text,
        "response.refusal.delta": _add_refusal,
        "response.refusal.done": _finish_refusal,
        "response.content_part.added": _change_part,
        "response.content_part.done": _change_part,
        "response.reasoning_text.delta": _add_thought,
        "response.reasoning_text.done": _add_thought,
        "response.reasoning_summary_text.delta": _add_summary,
        "response.reasoning_summary_text.done": _add_summary,
        "response.reasoning_summary_part.done": _add_summary,
        "response.function_call_arguments.delta": _add_arguments,
        "response.function_call_arguments.done": _add_arguments,
    }


def _server_id(data: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    return str(data.get("item_id") or fields.get("id") or "")


def _index(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


def _text(data: Mapping[str, Any], name: str) -> str:
    """Return a text; some servers send it as an object with `text`."""
    value = data.get(name)
    if isinstance(value, Mapping):
        value = value.get("text")
    return value if isinstance(value, str) else ""
