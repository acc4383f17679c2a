"""Keyset cursors on (created_at, id): the `after` of a page.

A cursor is `<id>@<microseconds since 1970>`, so the next page is right even if the last item of the
previous one was deleted. A bare ID is accepted, too, as clients may send the last ID they have.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

Order = Literal["asc", "desc"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MICROSECONDS: Final = 253_402_300_799_999_999  # the end of year 9999


class Cursor(msgspec.Struct, frozen=True):
    """The position after one row."""

    id: str
    created_at: datetime


class Keyset(msgspec.Struct, frozen=True):
    """Parts of a statement that selects one page."""

    condition: str
    order_by: str
    values: dict[str, object]


def encode_cursor(created_at: datetime, row_id: str) -> str:
    """Return the cursor after a row."""
    return f"{row_id}@{(created_at - _EPOCH) // timedelta(microseconds=1)}"


def parse_cursor(after: str) -> Cursor | None:
    """Parse a cursor; None if `after` isn't one and can only be a bare ID."""
    row_id, found, micros = after.rpartition("@")
    if not found or not micros.isascii() or not micros.isdigit():
        return None
    if len(micros) > 18 or int(micros) > _MAX_MICROSECONDS:
        return None
    return Cursor(row_id, _EPOCH + timedelta(microseconds=int(micros)))


def keyset(after: Cursor | None, order: Order) -> Keyset:
    """Return the condition and the order that select the page after a cursor."""
    compare, direction = ("<", "DESC") if order == "desc" else (">", "ASC")
    order_by = f"created_at {direction}, id {direction}"
    if after is None:
        return Keyset("true", order_by, {})
    condition = f"(created_at, id) {compare} (:after_created_at, :after_id)"
    return Keyset(condition, order_by, {"after_created_at": after.created_at, "after_id": after.id})
