"""The trash: deleted tasks and lists, until they are purged."""

import base64
import datetime as dt
from typing import Final

import msgspec

from tasks_service.domain.text import has_nul, invalid

# The time of deletion of a task or list that was deleted for good. Only its row is left, without
# contents, until the next purge takes it for an old one.
PURGED_AT: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class TrashPosition(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The last task or list of a page of the trash."""

    deleted_at: dt.datetime
    id: str


def encode_trash_cursor(position: TrashPosition) -> str:
    """Encode a position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def parse_trash_cursor(cursor: str) -> TrashPosition:
    """Decode a cursor.

    Raises:
        InvalidInputError: it is malformed.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=TrashPosition
        )
    except (ValueError, msgspec.MsgspecError):  # UnicodeError and binascii.Error are ValueErrors
        position = None
    if position is None or position.deleted_at.tzinfo is None or has_nul(position.id):
        raise invalid("cursor", "is not a cursor of this service")
    return position
