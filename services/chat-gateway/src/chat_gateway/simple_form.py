"""The simple form of chat: `{"message", "conversation_id"}` in, three kinds of lines out.

The log of a run always holds ChatKit frames. This module, and no other, reads them: it turns
text into `{"type":"text"}` lines, a failure into one `{"type":"error"}` line, and a run that
completed into `[DONE]`. Everything else a ChatKit stream says (items, progress, effects) has no
place in this form and is left out. An item that is taken back after a worker's death can't be
unsaid here; its text is simply followed by the new one.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from todochat.bus import EndStatus
from todochat.bus.frames import parse_frames

DONE: Final = b"data: [DONE]\n\n"
FAILED_MESSAGE: Final = "Failed to process message"
CANCELLED_MESSAGE: Final = "The answer was stopped"
_TEXT_UPDATES: Final = (
    "assistant_message.content_part.added",
    "assistant_message.content_part.text_delta",
)


class SimpleForm:
    """Rewrites one viewer's stream."""

    def __init__(self) -> None:
        self._begun_items: set[str] = set()
        self._told_error = False

    def frames(self, data: bytes) -> bytes:
        """Return the lines for some whole frames; often none."""
        events = (frame.data for frame in parse_frames(data) if frame.data is not None)
        return b"".join(line for event in events for line in self._lines(event))

    def snapshot(self, data: bytes) -> bytes:  # noqa: ARG002 - a StreamFormat's signature
        """Say nothing: this form has no way to reload items."""
        return b""

    def ended(self, status: EndStatus, data: bytes) -> bytes:  # noqa: ARG002 - as above
        """Say `[DONE]` after success; after anything else say what went wrong, once."""
        if status == "completed" and not self._told_error:
            return DONE
        return self._error(CANCELLED_MESSAGE if status == "cancelled" else FAILED_MESSAGE)

    def failed(self, detail: str) -> bytes:
        """Say why the gateway can't go on relaying."""
        return self._error(detail)

    def _lines(self, data: bytes) -> Iterator[bytes]:
        event = msgspec.json.decode(data, type=_Event)
        match event.type:
            case "thread.item.updated":
                yield from self._update(data)
            case "thread.item.added" | "thread.item.done":
                yield from self._item(data)
            case "error":
                yield self._error(msgspec.json.decode(data, type=_ErrorEvent).message)

    def _update(self, data: bytes) -> Iterator[bytes]:
        if msgspec.json.decode(data, type=_UpdateKindEvent).update.type not in _TEXT_UPDATES:
            return
        event = msgspec.json.decode(data, type=_TextUpdateEvent)
        text = event.update.delta or event.update.content.text
        self._begun_items.add(event.item_id)
        if text:
            yield _text(text)

    def _item(self, data: bytes) -> Iterator[bytes]:
        """Say the text of a message that came whole, not delta by delta."""
        if msgspec.json.decode(data, type=_ItemKindEvent).item.type != "assistant_message":
            return
        item = msgspec.json.decode(data, type=_MessageEvent).item
        text = "".join(part.text for part in item.content)
        if text and item.id not in self._begun_items:
            self._begun_items.add(item.id)
            yield _text(text)

    def _error(self, message: str | None) -> bytes:
        if self._told_error:
            return b""
        self._told_error = True
        return _line(_ErrorLine(message=message or FAILED_MESSAGE))


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


def _text(content: str) -> bytes:
    return _line(_TextLine(content=content))


def _line(members: msgspec.Struct) -> bytes:
    return b"data: " + msgspec.json.encode(members) + b"\n\n"
