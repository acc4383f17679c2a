"""Wire types of saved filters and views."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from todochat.contracts.tasks import Task

ViewName = Literal["today", "upcoming", "overdue", "no-date", "someday"]


class SavedFilter(msgspec.Struct, kw_only=True, frozen=True):
    """A filter with a name; names are unique per user, ignoring case."""

    id: Annotated[str, Meta(description="`flt_` and 26 characters.")]
    name: str
    filter: Annotated[str, Meta(description="In the filter language.")]
    created_at: dt.datetime
    updated_at: dt.datetime


class FilterPage(msgspec.Struct, frozen=True):
    """All saved filters, by name."""

    items: list[SavedFilter]


class DayOfTasks(msgspec.Struct, kw_only=True, frozen=True):
    """The tasks of one day."""

    day: dt.date
    tasks: list[Task]


class ViewPage(msgspec.Struct, kw_only=True, frozen=True):
    """A page of a view."""

    items: list[Task]
    days: Annotated[
        list[DayOfTasks], Meta(description="The dated items by day; a day can continue on a page.")
    ]
    next_cursor: Annotated[str | None, Meta(description="null on the last page.")]


class ViewCounts(msgspec.Struct, kw_only=True, frozen=True):
    """The numbers of tasks that views, lists and saved filters show."""

    views: dict[ViewName, int]
    lists: Annotated[dict[str, int], Meta(description="Open tasks by the ID of each list.")]
    filters: Annotated[
        dict[str, int | None],
        Meta(description="By the ID of each saved filter; null if it names a list that is gone."),
    ]
