"""The query of a task listing: filter and order."""

import datetime as dt
from typing import Final, Literal

import msgspec

from tasks_service.domain.due import DEFAULT_TIMEZONE, clean_date, clean_instant
from tasks_service.domain.filter_expression import Expression
from tasks_service.domain.limits import MAX_PAGE_SIZE
from tasks_service.domain.search import SearchText
from tasks_service.domain.text import has_nul, invalid, match_key
from todochat.contracts.tasks import Priority

Status = Literal["open", "completed", "all"]
SortKey = Literal["created", "due", "start", "priority", "title", "position", "relevance"]
Order = Literal["asc", "desc"]

DEFAULT_ORDER: Final[dict[SortKey, Order]] = {
    "created": "desc",
    "due": "asc",
    "start": "asc",
    "priority": "desc",
    "title": "asc",
    "relevance": "desc",
    "position": "asc",
}


class DueBound(msgspec.Struct, frozen=True):
    """One end of a range of due dates: either a day or an instant; the other is None."""

    day: dt.date | None = None
    at: dt.datetime | None = None


class TaskFilter(msgspec.Struct, kw_only=True, frozen=True):
    """Conditions that must all hold; None means no condition."""

    status: Status = "open"
    ids: tuple[str, ...] | None = None
    list_id: str | None = None
    section_id: str | None = None
    parent_id: str | None = None
    priority: Priority | None = None
    tag_key: str | None = None
    due_from: DueBound | None = None
    due_to: DueBound | None = None
    is_overdue: bool | None = None
    is_started: bool | None = None  # a task without a start is
    is_pinned: bool | None = None
    search: SearchText = SearchText()
    expression: Expression | None = None
    timezone: str = DEFAULT_TIMEZONE  # of the dates in `expression`
    ignores_unknown_lists: bool = False  # in `expression`
    include_archived: bool = False  # tasks of archived lists


class TaskOrder(msgspec.Struct, kw_only=True, frozen=True):
    """The order of a listing; ties are sorted by number, tasks without the date come last."""

    sort: SortKey = "created"
    order: Order = "desc"
    is_pinned_first: bool = False  # pinned tasks before all others


def parse_due_bound(text: str, *, pointer: str) -> DueBound:
    """Parse one end of a range of due dates: a day, or an instant with an offset.

    Raises:
        InvalidInputError: it is neither, or its year is outside 1970 to 2999.
    """
    try:
        if len(text) == len("2026-11-24"):
            return DueBound(day=clean_date(msgspec.convert(text, dt.date), pointer=pointer))
        return DueBound(at=clean_instant(msgspec.convert(text, dt.datetime), pointer=pointer))
    except msgspec.ValidationError:
        raise invalid(pointer, "must be a date, or an RFC 3339 time with an offset") from None


def parse_ids(text: str, *, pointer: str) -> tuple[str, ...]:
    """Split a list of IDs at its commas; duplicates count once.

    Raises:
        InvalidInputError: it contains a NUL character or more than 200 IDs.
    """
    if has_nul(text):
        raise invalid(pointer, "must not contain NUL characters")
    ids = tuple(dict.fromkeys(part for each in text.split(",") if (part := each.strip())))
    if len(ids) > MAX_PAGE_SIZE:
        raise invalid(pointer, f"must have at most {MAX_PAGE_SIZE} IDs")
    return ids


def parse_words(text: str, *, pointer: str) -> tuple[str, ...]:
    """Split a search text into folded, distinct words.

    Raises:
        InvalidInputError: it contains a NUL character.
    """
    if has_nul(text):
        raise invalid(pointer, "must not contain NUL characters")
    return tuple(dict.fromkeys(match_key(text).split()))
