"""Merges deltas of the same text, so that everything after handles one event in their place.

Models emit up to 200 tokens a second. Merged, each needs less CPU time from the SDK's loop to the
viewers' browsers. `merge_messages` merges what a server sent, which is cheapest; `DeltaWindow`
merges the events of other clients that follow each other within some milliseconds.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterable
from contextlib import aclosing
from typing import Any, Final, NamedTuple, cast

from agents.items import TResponseStreamEvent

# The types of deltas, and what numbers the texts of an item.
_INDEXES: Final = {
    "response.output_text.delta": "content_index",
    "response.refusal.delta": "content_index",
    "response.reasoning_text.delta": "content_index",
    "response.reasoning_summary_text.delta": "summary_index",
    "response.function_call_arguments.delta": "output_index",
}
DELTAS: Final = frozenset(_INDEXES)
_CHAT_TEXTS: Final = frozenset({"content", "reasoning_content", "reasoning"})
# A reader that falls this many events behind stops the stream.
_MAX_READY: Final = 100
_POSITION: Final = ("type", "item_id", "output_index", "content_index", "summary_index")

Message = tuple[bytes, Any]
"""The name of a server-sent event, b"" without one, and its data.

The data are decoded JSON, in which lone surrogates are kept; text if they are no JSON.
"""


class Delta(NamedTuple):
    """The text of a message that contains nothing else.

    Attributes:
        position: equal for the deltas of the same text.
        fields: where `key` is the text.
    """

    position: Hashable
    fields: dict[str, Any]
    key: str

    @property
    def text(self) -> str:
        """The text."""
        text: str = self.fields[self.key]
        return text

    def find_next(self, data: Any) -> str | None:
        """Return the text of data that are the next delta of the same text, else None."""
        fields = self.fields
        try:  # each token of a model comes here, so this calls nothing
            index = _INDEXES[fields["type"]]
            if (
                data["type"] == fields["type"]
                and data["item_id"] == fields["item_id"]
                and data["output_index"] == fields["output_index"]
                and data[index] == fields[index]
                and not ("logprobs" in data and data["logprobs"])  # noqa: RUF019 - no call
                and data["delta"].__class__ is str
            ):
                text: str = data["delta"]
                return text
        except (KeyError, TypeError):
            pass
        delta = find_delta(data)
        return delta.text if delta is not None and delta.position == self.position else None


def find_delta(data: Any) -> Delta | None:
    """Return the delta of a message of either API, None if it is or has anything else."""
    if not isinstance(data, dict):
        return None
    if "choices" not in data:
        kind = data.get("type")
        is_delta = isinstance(kind, str) and kind in DELTAS and isinstance(data.get("delta"), str)
        if not is_delta or data.get("logprobs"):
            return None
        return Delta(tuple(map(data.get, _POSITION)), data, "delta")
    match data["choices"]:
        case [{"delta": dict(fields)} as choice]:
            has_more = any(choice.get(name) for name in ("finish_reason", "logprobs", "error"))
            names = [name for name, value in fields.items() if value and name != "role"]
            if len(names) == 1 and names[0] in _CHAT_TEXTS and not has_more:
                position = (names[0], choice.get("index"), tuple(data), tuple(choice))
                is_text = isinstance(fields[names[0]], str)
                return Delta(position, fields, names[0]) if is_text else None
    return None


def merge_messages(messages: Iterable[Message]) -> tuple[list[Message], Delta | None]:
    """Merge adjacent deltas of the same text into the last of them.

    The messages belong to the caller, who doesn't use the originals afterwards.

    Returns:
        The messages, and the delta that the last of them is.
    """
    merged: list[Message] = []
    texts: list[str] = []
    last: Delta | None = None  # the delta that may grow
    for message in messages:
        text = last.find_next(message[1]) if last is not None else None
        if text is None:
            join_texts(merged, texts)
            merged.append(message)
            last = find_delta(message[1])
            texts = [] if last is None else [last.text]
        else:
            merged[-1] = message
            texts.append(text)
    return merged, join_texts(merged, texts) or last


def join_texts(merged: list[Message], texts: list[str]) -> Delta | None:
    """Give the last message the texts of the deltas that it stands for; return it if it has several."""
    delta = find_delta(merged[-1][1]) if len(texts) > 1 else None
    if delta is not None:
        delta.fields[delta.key] = "".join(texts)
    return delta


class DeltaWindow:
    """Merges the deltas of a model's stream that arrive within a window.

    The first delta of a text isn't held, and any other event, the end and an error release what is
    held. The events aren't changed: a merged delta is a copy.

    Args:
        window_s: how long a delta waits at most.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._ready: deque[TResponseStreamEvent] = deque()
        self._held: list[Any] = []
        self._last: list[Any] | None = None  # the position of the delta before
        self._timer: asyncio.TimerHandle | None = None
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()

    async def merge(
        self, events: AsyncIterator[TResponseStreamEvent]
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        """Yield a stream's events and close it; raises what the stream raises.

        The stream runs in a task of its own, since a timeout around its next event would cancel it.
        """
        reading = asyncio.create_task(self._read(events))
        reading.add_done_callback(lambda _: self._has_news.set())
        try:
            while self._ready or not reading.done():
                if not self._ready:
                    self._has_news.clear()
                    await self._has_news.wait()
                    continue
                yield self._ready.popleft()
                self._has_room.set()
            await reading
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if not reading.done():
                reading.cancel()
                await asyncio.wait([reading])
            if not reading.cancelled():
                reading.result()

    async def _read(self, events: AsyncIterator[TResponseStreamEvent]) -> None:
        stream = cast("AsyncGenerator[TResponseStreamEvent, None]", events)
        try:
            async with aclosing(stream):
                async for event in stream:
                    is_plain = event.type in DELTAS and not getattr(event, "logprobs", None)
                    position = (
                        [getattr(event, name, None) for name in _POSITION] if is_plain else None
                    )
                    if position is not None and position == self._last:
                        self._held.append(event)
                        if self._timer is None:
                            loop = asyncio.get_running_loop()
                            self._timer = loop.call_later(self._window_s, self._release)
                    else:
                        self._release()
                        self._ready.append(event)
                        self._has_news.set()
                    self._last = position
                    while len(self._ready) >= _MAX_READY:
                        self._has_room.clear()
                        await self._has_room.wait()
        finally:
            self._release()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            text = "".join(delta.delta for delta in self._held)
            merged = self._held[-1]
            if len(self._held) > 1:
                merged = merged.model_copy(update={"delta": text})
            self._held = []
            self._ready.append(merged)
            self._has_news.set()
