"""The body of a model server's response, read as messages."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final

import aiohttp

from model_client.errors import MAX_BODY_CHARS, ModelBrokenOffError, describe_connection_error
from model_client.json_codec import decode_values
from model_client.merging import Message, continue_text, merge_messages, read_message
from model_client.response_body import ByteSource
from model_client.sse import EventTooLargeError, SseParser

MAX_JSON_BYTES: Final = 32 * 1024 * 1024
_DRAIN_S: Final = 0.25
# The windows of all streams end at the same moments, so that one wake-up handles many deltas.
_TICK_S: Final = 0.02
# The events that at least follow the last delta of a text, each as large as it: the text's, the
# part's and the item's `done`, and `response.completed`. An end is never collected.
_EVENTS_OF_AN_END: Final = {"response.output_text.delta": 4, "response.reasoning_text.delta": 3}


class ModelStream:
    """The body of a response, as messages.

    Iterating yields the messages of each read; deltas of the same text are merged. In place of an
    event stream, a body may be JSON: one value, or one in each line.

    Attributes:
        window_s: how long a delta waits for those that continue it, if the one before continues,
            too; may be changed between reads. Up to 20 ms are added, until the windows of other
            streams end. Anything else that arrives ends the wait.
    """

    def __init__(self, content: ByteSource, first: bytes, model: str, idle_s: float) -> None:
        self.window_s = 0.0
        self._content = content
        self._first = first
        self._model = model
        self._idle_s = idle_s
        self._event_bytes = 0  # of the last event's data

    async def __aiter__(self) -> AsyncGenerator[list[Message], None]:
        """Yield the messages of each read.

        Raises:
            ModelBrokenOffError: the connection broke, the server stalled, or the body is neither an
                event stream nor JSON.
        """
        if await self._is_json():
            yield [Message("", value) for value in await self.read_json()]
            return
        parser = SseParser()
        received, start, is_empty = self._first, b"", True
        last: Message | None = None
        while not parser.is_closed:
            messages, error = self._decode(parser, received)
            is_empty = is_empty and not messages
            if is_empty and len(start) < MAX_BODY_CHARS:
                start += received
            goes_on = False
            if self.window_s and error is None and messages and continue_text(last, messages):
                goes_on, error = await self._hold(parser, messages[-1], messages)
            while messages:
                last = messages[-1]
                yield merge_messages(messages)
                messages = []
                if goes_on and self.window_s:  # its next delta needn't wake the process
                    goes_on, error = await self._hold(parser, last, messages)
            if error is not None:
                raise error
            if received:
                received = await self._read()
        if is_empty:
            reason = "the response contains no events"
            raise ModelBrokenOffError.of_body(reason, start, model=self._model)

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            ModelBrokenOffError: it broke off, or is larger than `MAX_JSON_BYTES`.
        """
        body = bytearray(self._first)
        while received := await self._read():
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
        while self._first.isspace() and (received := await self._read()):
            self._first = self._first[-MAX_BODY_CHARS:] + received
        return self._first.lstrip()[:1] in {b"{", b"[", b"<"}

    async def _hold(
        self, parser: SseParser, last: Message, messages: list[Message]
    ) -> tuple[bool, ModelBrokenOffError | None]:
        """Add the messages that arrive within a window, up to the first of another kind.

        Returns:
            Whether the window has ended within the text, and the error that ended the wait.
        """
        now = asyncio.get_running_loop().time()
        ends_at = math.ceil((now + self.window_s) / _TICK_S) * _TICK_S
        end_events = _EVENTS_OF_AN_END.get(str(last.data.get("type")), 0)
        try:
            self._content.collect(end_events * self._event_bytes)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ends_at):
                    while received := await self._content.readany():
                        goes_on, error = self._add(parser, received, last, messages)
                        if not goes_on:
                            return False, error
                    return False, None
            if received := await self._content.read_collected():
                return self._add(parser, received, last, messages)
        except (aiohttp.ClientError, OSError) as error:
            reason = describe_connection_error(error)
            return False, ModelBrokenOffError(reason, status=200, model=self._model)
        finally:
            self._content.collect(0)
        return True, None

    def _add(
        self, parser: SseParser, received: bytes, last: Message, messages: list[Message]
    ) -> tuple[bool, ModelBrokenOffError | None]:
        """Add the messages of a read; return whether they continue the text, and their error."""
        following, error = self._decode(parser, received)
        goes_on = error is None and continue_text(last, following)
        messages += following
        return goes_on, error

    async def _read(self) -> bytes:
        """Return all bytes that have arrived, b"" at the end of the body."""
        try:
            async with asyncio.timeout(self._idle_s):
                return await self._content.readany()
        except TimeoutError as error:
            reason = f"the model server sent nothing for {self._idle_s:g} s"
            raise ModelBrokenOffError(reason, status=200, model=self._model) from error
        except (aiohttp.ClientError, OSError) as error:
            reason = describe_connection_error(error)
            raise ModelBrokenOffError(reason, status=200, model=self._model) from error

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
        for event in events:
            data = event.data.strip()
            if not data:
                continue
            self._event_bytes = len(data)
            try:
                messages += [read_message(event.name, value) for value in decode_values(data)]
            except ValueError:
                if data.startswith(b"{"):  # a part of the answer is lost
                    reason = "an event is garbled"
                    return messages, ModelBrokenOffError.of_body(reason, data, model=self._model)
                messages.append(Message(event.name, data.decode(errors="replace")))
        return messages, None
