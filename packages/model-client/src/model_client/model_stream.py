"""The body of a model server's response, read as messages."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final

import aiohttp

from model_client.errors import MAX_BODY_CHARS, ModelBrokenOffError, describe_connection_error
from model_client.json_codec import decode_each, decode_values
from model_client.merging import Delta, Message, merge_messages
from model_client.response_body import ByteSource, IdleWatch
from model_client.sse import EventTooLargeError, SseParser

MAX_JSON_BYTES: Final = 32 * 1024 * 1024
_DRAIN_S: Final = 0.25
# The windows of all streams end at the same moments, so that one wake-up handles many deltas. For
# that they are longer: exactly 40 ms cost more CPU than 60 ms.
_LONGER_S: Final = 0.02
_CLOCK_S: Final = 0.002  # uvloop's clock has milliseconds, and a timer may be that early
# The events that at least follow the last delta of a text, each larger than it by the whole text:
# the text's, the part's and the item's `done`, and `response.completed`. An end is never collected.
_EVENTS_OF_AN_END: Final = {"response.output_text.delta": 4, "response.reasoning_text.delta": 3}


class ModelStream:
    """The body of a response, as messages.

    Iterating yields the messages of each read; deltas of the same text are merged. In place of an
    event stream, a body may be JSON: one value, or one in each line.

    Attributes:
        window_s: how long a delta that continues a text waits for the next ones; may be changed
            between reads. Up to 20 ms are added, until the windows of other streams end. Anything
            else that arrives ends the wait.
    """

    def __init__(self, content: ByteSource, first: bytes, model: str, idle_s: float) -> None:
        self.window_s = 0.0
        self._content = content
        self._first = first
        self._model = model
        self._idle_s = idle_s
        self._event_bytes = 0  # of the last event's data
        self._text: Delta | None = None  # if the last message is one
        self._text_chars = 0  # so far
        self._ends_at = 0.0  # the window of the next deltas

    async def __aiter__(self) -> AsyncGenerator[list[Message], None]:
        """Yield the messages of each read.

        Raises:
            ModelBrokenOffError: the connection broke, the server stalled, or the body is neither an
                event stream nor JSON.
        """
        if await self._is_json():
            yield [(b"", value) for value in await self.read_json()]
            return
        parser = SseParser()
        received, start, is_empty = self._first, b"", True
        now = asyncio.get_running_loop().time
        try:
            with IdleWatch(self._content, self._idle_s) as watch:
                while not parser.is_closed:
                    messages, error = self._decode(parser, received)
                    is_empty = is_empty and not messages
                    if is_empty and len(start) < MAX_BODY_CHARS:
                        start += received
                    is_early = now() + _CLOCK_S < self._ends_at and error is None
                    if is_early and messages and self._is_continued(messages):
                        error = await self._hold(parser, messages)
                    if messages:
                        yield self._merge(messages)
                    if error is not None:
                        raise error
                    if received:
                        self._begin_window(now())
                        received = await self._read(watch)
        finally:
            self._content.collect(0)
        if is_empty:
            reason = "the response contains no events"
            raise ModelBrokenOffError.of_body(reason, start, model=self._model)

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            ModelBrokenOffError: it broke off, or is larger than `MAX_JSON_BYTES`.
        """
        body = bytearray(self._first)
        with IdleWatch(self._content, self._idle_s) as watch:
            while received := await self._read(watch):
                body += received
                if len(body) > MAX_JSON_BYTES:
                    reason = "the response is too large"
                    raise ModelBrokenOffError.of_body(reason, bytes(body[:1000]), model=self._model)
        return bytes(body)

    async def read_json(self) -> list[Any]:
        """Return the value of the body, or that of each line.

        Raises:
            ModelBrokenOffError: it broke off, is too large, or isn't JSON.
        """
        body = await self.read()
        try:
            return decode_values(body)
        except ValueError as error:
            reason = "the response is neither an event stream nor JSON"
            raise ModelBrokenOffError.of_body(reason, body, model=self._model) from error

    async def read_start(self) -> bytes:
        """Return the start of the body, for an error: 200 bytes or more, or all within 0.25 s."""
        body = self._first
        try:
            async with asyncio.timeout(_DRAIN_S):
                while len(body) < MAX_BODY_CHARS and (received := await self._content.readany()):
                    body += received
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass  # the start is enough
        return body

    async def drain(self) -> None:
        """Read what follows the end of an answer, so that the connection can be used again.

        A server that doesn't end its response within 0.25 s loses the connection.
        """
        try:
            async with asyncio.timeout(_DRAIN_S):
                while await self._content.readany():
                    pass
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # the answer is complete

    async def _is_json(self) -> bool:
        """Return whether the body isn't an event stream."""
        with IdleWatch(self._content, self._idle_s) as watch:
            while self._first.isspace() and (received := await self._read(watch)):
                self._first = self._first[-MAX_BODY_CHARS:] + received
        return self._first.lstrip()[:1] in {b"{", b"[", b"<"}

    def _begin_window(self, now: float) -> None:
        """Let the kernel collect the next deltas of a text; anything else is read at once."""
        size, text = 0, self._text
        if text is None or not self.window_s:
            self._ends_at = 0.0
        else:
            every_s = self.window_s + _LONGER_S
            self._ends_at = (math.floor((now + _CLOCK_S) / every_s) + 1) * every_s
            size = _EVENTS_OF_AN_END.get(str(text.fields.get("type")), 0)
        self._content.collect(size * (self._event_bytes + self._text_chars), self._ends_at)

    async def _hold(self, parser: SseParser, messages: list[Message]) -> ModelBrokenOffError | None:
        """Add what arrives until the window ends, up to the first message of another kind.

        Returns:
            The error that ended the wait.
        """
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._ends_at):
                    while received := await self._content.readany():
                        following, error = self._decode(parser, received)
                        messages += following
                        if error is not None or not self._is_continued(following):
                            return error
        except (aiohttp.ClientError, OSError) as error:
            reason = describe_connection_error(error)
            return ModelBrokenOffError(reason, status=200, model=self._model)
        return None

    def _is_continued(self, messages: list[Message]) -> bool:
        """Return whether messages are nothing but the next deltas of the text."""
        text = self._text
        return text is not None and all(text.find_next(data) is not None for _, data in messages)

    def _merge(self, messages: list[Message]) -> list[Message]:
        """Merge messages, and note the text that they end with."""
        before = self._text
        merged, self._text = merge_messages(messages)
        if self._text is not None:
            is_same = before is not None and before.position == self._text.position
            self._text_chars = len(self._text.text) + (self._text_chars if is_same else 0)
        return merged

    async def _read(self, watch: IdleWatch) -> bytes:
        """Return all bytes that have arrived, b"" at the end of the body."""
        watch.waits_since = asyncio.get_running_loop().time()
        try:
            return await self._content.readany()
        except TimeoutError as error:
            reason = f"the model server sent nothing for {self._idle_s:g} s"
            raise ModelBrokenOffError(reason, status=200, model=self._model) from error
        except (aiohttp.ClientError, OSError) as error:
            reason = describe_connection_error(error)
            raise ModelBrokenOffError(reason, status=200, model=self._model) from error
        finally:
            watch.waits_since = None

    def _decode(
        self, parser: SseParser, received: bytes
    ) -> tuple[list[Message], ModelBrokenOffError | None]:
        """Return the messages of a read before the first garbled one, and its error, if any.

        There is no message for an event without data, as some servers keep alive.

        Args:
            received: b"" at the end of the body.
        """
        messages: list[Message] = []
        try:
            events = parser.feed(received) if received else parser.close()
        except EventTooLargeError as error:
            return messages, ModelBrokenOffError.of_body(str(error), received, model=self._model)
        if not events:
            return messages, None
        self._event_bytes = len(events[-1][1])
        names, texts = zip(*events, strict=True)
        values = decode_each(texts)
        if values is not None:
            return list(zip(names, values, strict=True)), None
        for name, text in events:
            data = text.strip()
            if not data:
                continue
            try:
                messages += [(name, value) for value in decode_values(data)]
            except ValueError:
                if data.startswith(b"{"):  # a part of the answer is lost
                    reason = "an event is garbled"
                    return messages, ModelBrokenOffError.of_body(reason, data, model=self._model)
                messages.append((name, data.decode(errors="replace")))
        return messages, None
