"""Which tasks are asked for, and in what order."""

import datetime as dt
from typing import Final, Literal

import msgspec

from tasks_service.domain.due import clean_date, clean_instant
from tasks_service.domain.text import has_nul, invalid, match_key
from todochat.contracts.tasks import Priority

Status = Literal["open", "completed", "all"]
SortKey = Literal["created", "due", "priority", "title"]
Order = Literal["asc", "desc"]

DEFAULT_ORDER: Final[dict[SortKey, Order]] = {
    "created": "desc",
    "due": "asc",
    "priority": "desc",
    "title": "asc",
}


class DueBound(msgspec.Struct, frozen=True):
    """One end of the due range: a day or an instant, the other one is None."""

    day: dt.date | None = None
    at: dt.datetime | None = None


class TaskFilter(msgspec.Struct, kw_only=True, frozen=True):
    """All of these must hold; None is no condition."""

    status: Status = "open"
    list_id: str | None = None
    priority: Priority | None = None
    tag_key: str | None = None
    due_from: DueBound | None = None
    due_to: DueBound | None = None
    is_overdue: bool | None = None
    words: tuple[str, ...] = ()


class TaskOrder(msgspec.Struct, kw_only=True, frozen=True):
    """The order of a page; tasks that compare equal go by number, ones without a due come last."""

    sort: SortKey = "created"
    order: Order = "desc"


def parse_due_bound(text: str, *, pointer: str) -> DueBound:
    """Read one end of the due range: a day, or an instant with an offset.

    Raises:
        InvalidInputError: it is neither, or outside the years 1970 to 2999.
    """
    try:
        if len(text) == len("2026-11-24"):
            return DueBound(day=clean_date(msgspec.convert(text, dt.date), pointer=pointer))
        return DueBound(at=clean_instant(msgspec.convert(text, dt.datetime), pointer=pointer))
    except msgspec.ValidationError:
        raise invalid(pointer, "must be a date, or an RFC 3339 time with an offset") from None


def parse_words(text: str, *, pointer: str) -> tuple[str, ...]:
    """Split what is searched for into folded words.

    Raises:
        InvalidInputError: there is a NUL character.
    """
    if has_nul(text):
        raise invalid(pointer, "must not have NUL characters")
    return tuple(dict.fromkeys(match_key(text).split()))
