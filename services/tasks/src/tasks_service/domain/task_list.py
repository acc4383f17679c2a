"""A list of tasks. Every user has one default list, which can't be deleted."""

from typing import Final

from tasks_service.domain.limits import MAX_LIST_NAME_CHARS
from tasks_service.domain.text import clean_line

DEFAULT_LIST_NAME: Final = "Inbox"


def clean_list_name(name: str) -> str:
    """Normalize a list's name.

    Raises:
        InvalidInputError: it is blank, too long, or contains control characters.
    """
    return clean_line(name, pointer="/name", max_chars=MAX_LIST_NAME_CHARS)
