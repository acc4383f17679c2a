"""Converts the messages of a Responses stream into the SDK's events, whatever a server left out.

The events come out as OpenAI sends them: an item is added before its deltas and done after them,
its id stays the same, each text comes once, and the stream ends with `response.completed`.
Compatible servers change ids, omit the first or the last events of an item, or send nothing but the
completed answer. Nothing here reads from a network.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
)

from model_client.errors import ModelBrokenOffError, find_error, reported_error
from model_client.json_codec import encode_json
from model_client.open_items import ITEM_TYPES, OpenItems
from model_client.response_types import EVENTS, build_response, note_unknown

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
        self._items = OpenItems(self._numbers)
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
            yield from self._items.flush()
            raise reported_error(error, model=self._model)
        if not isinstance(data, dict):
            self._unread = self._unread or encode_json(data).decode()
            return
        kind = str(data.get("type") or name)
        kind = _ALIASES.get(kind, kind)
        if kind in _ENDS or (data.get("object") == "response" and kind not in EVENTS):
            yield from self._end_response(kind, data)
        else:
            yield from self._read(kind, data)

    def end(self) -> Events:
        """Yield the events after the last message of the stream.

        Raises:
            ModelBrokenOffError: the stream has no end.
        """
        if self.is_done:
            return
        if not (self._has_end_mark and self._items.are_done):
            yield from self._items.flush()
            reason = "the stream ended before the end of its answer"
            raise ModelBrokenOffError(reason, status=200, model=self._model, body=self._unread)
        yield from self._end_response("response.completed", {"response": self._head})

    def _read(self, kind: str, data: Mapping[str, Any]) -> Events:
        """Yield the events for a message that doesn't end the response."""
        if kind in _STARTS:
            is_first, head = not self._head, data.get("response")
            self._head = head if isinstance(head, Mapping) else {}
            if is_first:
                yield ResponseCreatedEvent(
                    type="response.created",
                    response=build_response(
                        self._head, [], model=self._model, status="in_progress"
                    ),
                    sequence_number=next(self._numbers),
                )
        elif kind == "response.output_item.added":
            yield from self._items.add(data)
        elif kind == "response.output_item.done":
            yield from self._items.finish(data)
        elif kind in ITEM_TYPES:
            yield from self._items.read(kind, data)
        elif kind in _REPLACED:
            return
        elif kind in EVENTS:
            yield from self._items.pass_on(kind, data)
        else:
            self._unread = self._unread or encode_json(data).decode()
            note_unknown("event", kind)

    def _end_response(self, kind: str, data: Mapping[str, Any]) -> Events:
        """Yield what wasn't streamed, and the completed answer.

        Raises:
            ModelServerError: the response failed.
        """
        fields = data.get("response", data)
        fields = fields if isinstance(fields, Mapping) else {}
        status = str(fields.get("status") or kind.rpartition(".")[2])
        if kind == "response.failed" or status in _FAILED:
            yield from self._items.flush()
            raise reported_error(fields.get("error") or {"status": status}, model=self._model)
        is_incomplete = "incomplete" in {status, kind.rpartition(".")[2]}
        self.raw_usage = fields.get("usage")
        yield from self._items.complete(fields.get("output"))
        self.is_done = True
        yield ResponseCompletedEvent(
            type="response.completed",
            response=build_response(
                {**self._head, **fields},
                self._items.results,
                model=self._model,
                status="incomplete" if is_incomplete else "completed",
            ),
            sequence_number=next(self._numbers),
        )
