"""Parses `text/event-stream` incrementally.

Source: HTML Living Standard, 9.2.6 "Interpreting an event stream". One difference: an event that
the end of the stream leaves unterminated is delivered, because some model servers omit the last
empty line.
"""

import re
from typing import Final, cast

MAX_EVENT_BYTES: Final = 32 * 1024 * 1024  # a base64 image of the largest size, twice

_BOM: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
# What nearly all events are: at most a name, and one line of data. Found many at a time.
_PLAIN: Final = rb"(?:event: ?+([^\n]*+)\n)?+data: ?+([^\n]*+)\n\n"
_PLAIN_EVENT: Final = re.compile(_PLAIN)
_PLAIN_EVENTS: Final = re.compile(rb"(?:%b)*+" % _PLAIN)

SseEvent = tuple[bytes, bytes]
"""An event's name, b"" without one, and its `data` lines, joined with newlines."""


class EventTooLargeError(ValueError):
    """An event is larger than the limit."""


class SseParser:
    """A parser of one stream; its time is linear in the size of the stream.

    Args:
        max_event_bytes: limit on the size of an event.

    Attributes:
        is_closed: whether the end of the stream was parsed.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.is_closed = False
        self._max_bytes = max_event_bytes
        self._is_start = True
        self._skips_lf = False  # the previous read ended with CR
        self._line: list[bytes] = []  # pieces of the line in progress
        self._line_bytes = 0
        self._name = b""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, received: bytes) -> list[SseEvent]:
        """Return the events that are complete after the bytes of a read.

        Raises:
            EventTooLargeError: an event exceeds the limit.
        """
        if self._is_start:
            received = self._take_line(received)
            if len(received) < len(_BOM) and _BOM.startswith(received):
                self._line.append(received)
                return []
            self._is_start = False
            received = received.removeprefix(_BOM)
        if self._skips_lf and received:
            received = received.removeprefix(b"\n")
            self._skips_lf = False
        if not received:
            return []
        events, received = self._take_plain(received)
        if b"\r" in received:
            self._skips_lf = received.endswith(b"\r")
            *lines, rest = _LINE_END.split(received)
        else:
            *lines, rest = received.split(b"\n")
        for line in lines:
            self._add_line(self._take_line(line) if self._line else line, events)
        if rest:
            self._line.append(rest)
            self._line_bytes += len(rest)
            self._check_size()
        return events

    def close(self) -> list[SseEvent]:
        """Return the event that the end of the stream leaves unterminated, if any.

        Raises:
            EventTooLargeError: the event exceeds the limit.
        """
        self.is_closed = True
        events: list[SseEvent] = []
        self._add_line(self._take_line(b""), events)
        self._add_line(b"", events)
        return events

    def _take_plain(self, received: bytes) -> tuple[list[SseEvent], bytes]:
        """Return the plain events that a read starts with, and the rest."""
        is_between = not (self._line or self._data or self._name)
        if is_between and b"\r" not in received and len(received) <= self._max_bytes:
            end = cast("re.Match[bytes]", _PLAIN_EVENTS.match(received)).end()
            return _PLAIN_EVENT.findall(received, 0, end), received[end:]
        return [], received

    def _take_line(self, end: bytes) -> bytes:
        """Return the line in progress with its end, and start a new one."""
        line = b"".join((*self._line, end))
        self._line.clear()
        self._line_bytes = 0
        return line

    def _add_line(self, line: bytes, events: list[SseEvent]) -> None:
        # Comments, `id`, `retry` and unknown fields are ignored. A line without a colon has no value.
        if line.startswith(b"data:") or line == b"data":
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._data_bytes += len(value) + 1
            self._check_size()
        elif not line:
            if self._data:
                events.append((self._name, b"\n".join(self._data)))
            self._data = []
            self._data_bytes = 0
            self._name = b""
        elif line.startswith(b"event:") or line == b"event":
            self._name = line[6:].removeprefix(b" ")

    def _check_size(self) -> None:
        if self._data_bytes + self._line_bytes > self._max_bytes:
            msg = f"an event is larger than {self._max_bytes} bytes"
            raise EventTooLargeError(msg)
