"""Formats in which viewers receive a run's frames."""

from typing import Final, Protocol

import msgspec

from todochat.bus import EndStatus
from todochat.bus.frames import strip_ids

RECONNECT: Final = b": reconnect\n\n"
UNAUTHORIZED: Final = b": unauthorized\n\n"


class StreamFormat(Protocol):
    """Turns log entries into a viewer's bytes; empty bytes send nothing."""

    def frames(self, data: bytes) -> bytes:
        """Return the bytes for some whole frames."""
        ...

    def snapshot(self, data: bytes) -> bytes:
        """Return the bytes for a log that was lost and restarted."""
        ...

    def ended(self, status: EndStatus, data: bytes) -> bytes:
        """Return the bytes for the end marker."""
        ...

    def failed(self, detail: str) -> bytes:
        """Return the bytes for a failure of the relay."""
        ...


class ResumableFormat:
    """The log unchanged, for clients that send `X-Resumable: 1` or attach."""

    def frames(self, data: bytes) -> bytes:
        """Return the frames with their `id:` lines."""
        return data

    def snapshot(self, data: bytes) -> bytes:
        """Return the comment; the client reloads the thread's items."""
        return data

    def ended(self, status: EndStatus, data: bytes) -> bytes:  # noqa: ARG002 - one of three formats
        """Return the end marker."""
        return data

    def failed(self, detail: str) -> bytes:  # noqa: ARG002 - as above
        """Ask the client to reattach; the response to that request has the error."""
        return RECONNECT


class PlainFormat:
    """Bare `data:` frames: it is unknown which other lines the official client tolerates."""

    def frames(self, data: bytes) -> bytes:
        """Return the frames without their `id:` lines."""
        return strip_ids(data)

    def snapshot(self, data: bytes) -> bytes:  # noqa: ARG002 - one of three formats
        """Return nothing: this client wouldn't understand it."""
        return b""

    def ended(self, status: EndStatus, data: bytes) -> bytes:  # noqa: ARG002 - as above
        """Return nothing: the stream simply ends."""
        return b""

    def failed(self, detail: str) -> bytes:
        """Return a ChatKit error event."""
        return b"data: " + msgspec.json.encode(_ErrorEvent(message=detail)) + b"\n\n"


class _ErrorEvent(msgspec.Struct, tag_field="type", tag="error"):
    message: str
    code: str = "custom"
    allow_retry: bool = True
