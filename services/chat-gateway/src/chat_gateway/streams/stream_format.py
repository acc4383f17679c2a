"""How a run's frames look to one viewer."""

from typing import Final, Protocol

import msgspec

from todochat.bus import EndStatus
from todochat.bus.frames import strip_ids

PING: Final = b": ping\n\n"
RECONNECT: Final = b": reconnect\n\n"
UNAUTHORIZED: Final = b": unauthorized\n\n"


class StreamFormat(Protocol):
    """Turns what the log says into what one viewer gets; an empty answer sends nothing."""

    def frames(self, data: bytes) -> bytes:
        """Return what the viewer gets for some whole frames."""
        ...

    def snapshot(self, data: bytes) -> bytes:
        """Return what the viewer gets when the log was lost and begins anew."""
        ...

    def ended(self, status: EndStatus, data: bytes) -> bytes:
        """Return what the viewer gets for the end marker."""
        ...

    def failed(self, detail: str) -> bytes:
        """Return what the viewer gets when the gateway can't go on."""
        ...


class ResumableFormat:
    """The log as it is, for clients that send `X-Resumable: 1` or attach."""

    def frames(self, data: bytes) -> bytes:
        """Return the frames, `id:` lines and all."""
        return data

    def snapshot(self, data: bytes) -> bytes:
        """Return the comment; the client reloads the thread's items."""
        return data

    def ended(self, status: EndStatus, data: bytes) -> bytes:  # noqa: ARG002 - one of three forms
        """Return the end marker."""
        return data

    def failed(self, detail: str) -> bytes:  # noqa: ARG002 - as above
        """Ask the client to reattach; that request's answer says what is wrong."""
        return RECONNECT


class PlainFormat:
    """Bare `data:` frames: what the official client tolerates beyond them is not known."""

    def frames(self, data: bytes) -> bytes:
        """Return the frames without their `id:` lines."""
        return strip_ids(data)

    def snapshot(self, data: bytes) -> bytes:  # noqa: ARG002 - one of three forms
        """Say nothing: this client wouldn't understand."""
        return b""

    def ended(self, status: EndStatus, data: bytes) -> bytes:  # noqa: ARG002 - as above
        """Say nothing: the end of the stream says it."""
        return b""

    def failed(self, detail: str) -> bytes:
        """Return a ChatKit error event."""
        return b"data: " + msgspec.json.encode(_ErrorEvent(message=detail)) + b"\n\n"


class _ErrorEvent(msgspec.Struct, tag_field="type", tag="error"):
    message: str
    code: str = "custom"
    allow_retry: bool = True
