"""A section of a list."""

from tasks_service.domain.limits import MAX_LIST_NAME_CHARS
from tasks_service.domain.text import clean_line


def clean_section_name(name: str) -> str:
    """Normalize a section's name.

    Raises:
        InvalidInputError: it is blank, too long, or contains control characters.
    """
    return clean_line(name, pointer="/name", max_chars=MAX_LIST_NAME_CHARS)
