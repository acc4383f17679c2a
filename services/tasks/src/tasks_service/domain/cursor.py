"""Keyset cursors: the position after the last task of a page, opaque to the caller.

A cursor holds the sort value and the number of that task, and a digest of the query, so that it
continues only the listing it came from. It is not secret: a manipulated cursor can only point to
another position within the caller's own tasks, and anything else is rejected.
"""

import base64
import datetime as dt
import hashlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tasks_service.domain.limits import MAX_CURSOR_CHARS, MAX_DUE_YEAR, MAX_TASK_NUMBER
from tasks_service.domain.query import TaskFilter, TaskOrder
from tasks_service.domain.task import PRIORITIES
from tasks_service.domain.text import has_nul, invalid

_PARAMETER: Final = "cursor"
_DIGEST_BYTES: Final = 9
_LATEST_YEAR: Final = MAX_DUE_YEAR + 1  # the end of the last valid due day is in this year


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The end of a page; the field of the sort key in use is set, except for `created`."""

    query: str
    number: Annotated[int, Meta(ge=1, le=MAX_TASK_NUMBER)]
    due: dt.datetime | None = None
    priority: Annotated[int, Meta(ge=0, lt=len(PRIORITIES))] | None = None
    title: Annotated[str, Meta(max_length=MAX_CURSOR_CHARS)] | None = None
    rank: float | None = None
    position: Annotated[str, Meta(max_length=MAX_CURSOR_CHARS)] | None = None
    start: dt.datetime | None = None
    is_pinned: bool = False
    is_completed: bool = False  # in a search of all tasks by relevance
    task_id: Annotated[str, Meta(max_length=MAX_CURSOR_CHARS)] | None = None  # by relevance


def query_digest(filters: TaskFilter, order: TaskOrder) -> str:
    """Return a short digest that is equal for equal queries."""
    digest = hashlib.blake2b(msgspec.json.encode([filters, order]), digest_size=_DIGEST_BYTES)
    return digest.hexdigest()


def encode_cursor(position: Position) -> str:
    """Encode a position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def parse_cursor(cursor: str, filters: TaskFilter, order: TaskOrder) -> Position:
    """Decode a cursor.

    Raises:
        InvalidInputError: it is malformed, or belongs to another query.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=Position
        )
    except (ValueError, msgspec.MsgspecError):  # UnicodeError and binascii.Error are ValueErrors
        raise invalid(_PARAMETER, "is not a cursor of this service") from None
    if position.query != query_digest(filters, order):
        raise invalid(_PARAMETER, "belongs to a listing with other filters or another order")
    if not _fits_order(position, order):
        raise invalid(_PARAMETER, "is not a cursor of this service")
    return position


def _fits_order(position: Position, order: TaskOrder) -> bool:
    match order.sort:
        case "due" | "start":
            date = position.due if order.sort == "due" else position.start
            return date is None or (date.tzinfo is not None and 1 < date.year <= _LATEST_YEAR)
        case "priority":
            return position.priority is not None
        case "title":
            return position.title is not None and not has_nul(position.title)
        case "relevance":
            task_id = position.task_id
            return position.rank is not None and task_id is not None and not has_nul(task_id)
        case "position":
            return position.position is not None and not has_nul(position.position)
        case "created":
            return True
