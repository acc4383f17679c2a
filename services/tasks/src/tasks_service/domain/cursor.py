"""Keyset cursors: the place after the last task of a page, opaque to the caller.

A cursor holds the sort value and the number of that task, and a digest of the question, so that
it continues only the listing it came from. It is no secret: a changed one moves the place within
the caller's own tasks and nothing else, and anything that can't be such a place is refused.
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
_LATEST_YEAR: Final = MAX_DUE_YEAR + 1  # the end of the last day a task may be due


class Position(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where the last page ended; the member of the sort key in use is set, except for created."""

    question: str
    number: Annotated[int, Meta(ge=1, le=MAX_TASK_NUMBER)]
    due: dt.datetime | None = None
    priority: Annotated[int, Meta(ge=0, lt=len(PRIORITIES))] | None = None
    title: Annotated[str, Meta(max_length=MAX_CURSOR_CHARS)] | None = None


def question_digest(filters: TaskFilter, order: TaskOrder) -> str:
    """Return a short text that is equal for equal questions."""
    digest = hashlib.blake2b(msgspec.json.encode([filters, order]), digest_size=_DIGEST_BYTES)
    return digest.hexdigest()


def encode_cursor(position: Position) -> str:
    """Return the cursor for a place."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def parse_cursor(cursor: str, filters: TaskFilter, order: TaskOrder) -> Position:
    """Return the place a cursor stands for.

    Raises:
        InvalidInputError: it isn't one of ours, or belongs to another question.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=Position
        )
    except (ValueError, msgspec.MsgspecError):  # UnicodeError and binascii.Error are ValueErrors
        raise invalid(_PARAMETER, "is not a cursor of this service") from None
    if position.question != question_digest(filters, order):
        raise invalid(_PARAMETER, "belongs to a listing with other filters or another order")
    if not _is_place(position, order):
        raise invalid(_PARAMETER, "is not a cursor of this service")
    return position


def _is_place(position: Position, order: TaskOrder) -> bool:
    match order.sort:
        case "due":
            due = position.due
            return due is None or (due.tzinfo is not None and 1 < due.year <= _LATEST_YEAR)
        case "priority":
            return position.priority is not None
        case "title":
            return position.title is not None and not has_nul(position.title)
        case "created":
            return True
