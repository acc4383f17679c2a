"""Views: filters that every user has."""

from functools import cache
from typing import Final

from tasks_service.domain.filter_expression import Expression
from tasks_service.domain.filter_language import parse_filter
from todochat.contracts.task_views import ViewName

SOMEDAY: Final = "someday"  # a list or a tag that the user makes; without it the view is empty
VIEWS: Final[dict[ViewName, str]] = {
    "today": "due = today | start = today",
    "upcoming": "due > today",
    "overdue": "overdue",
    "no-date": "no due & no start",
    "someday": f"list = {SOMEDAY} | tag = {SOMEDAY}",
}


@cache
def view_expression(name: ViewName) -> Expression:
    """Return the filter of a view."""
    return parse_filter(VIEWS[name])
