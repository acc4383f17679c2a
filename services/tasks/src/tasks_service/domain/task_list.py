"""A list of tasks. Every user has one default list, which can't be deleted or archived."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from tasks_service.domain.limits import MAX_LIST_NAME_CHARS
from tasks_service.domain.text import clean_line
from todochat.contracts.task_changes import Move
from todochat.contracts.tasks import Color, Icon

DEFAULT_LIST_NAME: Final = "Inbox"


class ListChanges(msgspec.Struct, kw_only=True, frozen=True):
    """The fields of a list to change; UNSET ones stay as they are."""

    name: str | UnsetType = UNSET
    color: Color | UnsetType | None = UNSET
    icon: Icon | UnsetType | None = UNSET
    move: Move | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET


def clean_list_name(name: str) -> str:
    """Normalize a list's name.

    Raises:
        InvalidInputError: it is blank, too long, or contains control characters.
    """
    return clean_line(name, pointer="/name", max_chars=MAX_LIST_NAME_CHARS)
