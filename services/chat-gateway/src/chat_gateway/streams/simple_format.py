"""The simple form of chat: `{"message", "conversation_id"}` in, three kinds of lines out.

The log of a run always holds ChatKit frames. Only this module decodes them: it turns text into
`{"type":"text"}` lines, a failure into one `{"type":"error"}` line, and a completed run into
`[DONE]`. Other ChatKit events (items, progress, effects) have no counterpart here and are dropped.
If an item is removed after a worker died, its text can't be retracted; the new text follows it.
"""

from typing import Final

import msgspec

from todochat.bus import EndStatus
from todochat.bus.frames import parse_frames

DONE: Final = b"data: [DONE]\n\n"
FAILED_MESSAGE: Final = "Failed to process message"
CANCELLED_MESSAGE: Final = "The response was stopped"
_TEXT_UPDATES: Final = (
    "assistant_message.content_part.added",
    "assistant_message.content_part.text_delta",
)


class SimpleFormat:
    """Rewrites one viewer's stream."""

    def __init__(self) -> None:
        self._started_items: set[str] = set()
        self._has_failed = False

    def frames(self, data: bytes) -> bytes:
        """Return the lines for some whole frames; often none."""
        return b"".join(
            self._line(frame.data) for frame in parse_frames(data) if frame.data is not None
        )

    def snapshot(self, data: bytes) -> bytes:  # noqa: ARG002 - a StreamFormat's signature
        """Return nothing: this form can't reload items."""
        return b""

    def ended(self, status: EndStatus, data: bytes) -> bytes:  # noqa: ARG002 - as above
        """Return `[DONE]` after success, else an error line unless one was sent before."""
        if status == "completed" and not self._has_failed:
            return DONE
        return self.failed(CANCELLED_MESSAGE if status == "cancelled" else FAILED_MESSAGE)

    def failed(self, detail: str) -> bytes:
        """Return an error line, or nothing after the first one."""
        if self._has_failed:
            return b""
        self._has_failed = True
        return _encode_line(_ErrorLine(message=detail))

    def _line(self, data: bytes) -> bytes:
        match msgspec.json.decode(data, type=_Event).type:
            case "thread.item.updated":
                kind = msgspec.json.decode(data, type=_UpdateKindEvent).update.type
                if kind in _TEXT_UPDATES:
                    event = msgspec.json.decode(data, type=_TextUpdateEvent)
                    self._started_items.add(event.item_id)
                    return _encode_text(event.update.delta or event.update.content.text)
            case "thread.item.added" | "thread.item.done":
                kind = msgspec.json.decode(data, type=_ItemKindEvent).item.type
                if kind == "assistant_message":
                    return self._whole_message(msgspec.json.decode(data, type=_MessageEvent).item)
            case "error":
                error = msgspec.json.decode(data, type=_ErrorEvent)
                return self.failed(error.message or FAILED_MESSAGE)
        return b""

    def _whole_message(self, message: "_Message") -> bytes:
        """Return the text of a message that wasn't streamed in deltas."""
        text = "".join(part.text for part in message.content)
        if not text or message.id in self._started_items:
            return b""
        self._started_items.add(message.id)
        return _encode_text(text)


class _TextLine(msgspec.Struct, tag_field="type", tag="text"):
    content: str


class _ErrorLine(msgspec.Struct, tag_field="type", tag="error"):
    message: str


# The members of ChatKit's events that matter here; msgspec skips all others. An event is decoded
# in steps, since members of the same name have other types in other events.
class _Event(msgspec.Struct):
    type: str


class _ErrorEvent(msgspec.Struct):
    message: str | None = None


class _Content(msgspec.Struct):
    text: str = ""


class _UpdateKindEvent(msgspec.Struct):
    update: _Event


class _TextUpdate(msgspec.Struct):
    delta: str = ""
    content: _Content = msgspec.field(default_factory=_Content)


class _TextUpdateEvent(msgspec.Struct):
    item_id: str
    update: _TextUpdate


class _ItemKindEvent(msgspec.Struct):
    item: _Event


class _Message(msgspec.Struct):
    id: str
    content: list[_Content] = msgspec.field(default_factory=list)


class _MessageEvent(msgspec.Struct):
    item: _Message


def _encode_text(content: str) -> bytes:
    return _encode_line(_TextLine(content=content)) if content else b""


def _encode_line(members: msgspec.Struct) -> bytes:
    return b"data: " + msgspec.json.encode(members) + b"\n\n"
