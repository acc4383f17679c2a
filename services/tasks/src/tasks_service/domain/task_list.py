"""A list of tasks. Every person has one default list, which can't be deleted."""

import datetime as dt
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tasks_service.domain.limits import MAX_LIST_NAME_CHARS
from tasks_service.domain.text import clean_line

DEFAULT_LIST_NAME: Final = "Inbox"


class TaskList(msgspec.Struct, kw_only=True, frozen=True):
    """A named list; names are unique per person without regard to case."""

    id: Annotated[str, Meta(description="`lst_` and 26 characters.")]
    name: str
    is_default: Annotated[bool, Meta(description="Where tasks go that name no list.")]
    open_tasks: Annotated[int, Meta(description="How many of its tasks are not completed.")]
    created_at: dt.datetime
    updated_at: dt.datetime


def clean_list_name(name: str) -> str:
    """Return a list's name as it is stored.

    Raises:
        InvalidInputError: it is blank, too long, or has control characters.
    """
    return clean_line(name, pointer="/name", max_chars=MAX_LIST_NAME_CHARS)
