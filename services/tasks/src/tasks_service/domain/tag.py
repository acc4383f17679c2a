"""Tags: names that tasks have, equal ignoring case.

A tag exists as long as a task has it, or it was stored, which gives it a colour. So its ID isn't
stored with tasks; it is computed from the name, and a renamed tag has another one.
"""

import base64
import binascii
from typing import Final

from tasks_service.domain.limits import MAX_TAG_CHARS
from tasks_service.domain.text import clean_line, has_nul, match_key
from tasks_service.errors import TagNotFoundError

_PREFIX: Final = "tag_"


def clean_tag_name(name: str) -> str:
    """Normalize a tag's name.

    Raises:
        InvalidInputError: it is blank, too long, or contains control characters.
    """
    return clean_line(name, pointer="/name", max_chars=MAX_TAG_CHARS)


def tag_id(key: str) -> str:
    """Return the ID of the tag whose name is folded to `key` by `match_key`."""
    return _PREFIX + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def parse_tag_id(text: str) -> str:
    """Return the folded name of the tag with this ID.

    Raises:
        TagNotFoundError: no tag can have this ID.
    """
    encoded = text.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):  # not ASCII, not base64 or not UTF-8
        raise TagNotFoundError from None
    if tag_id(key) != text or has_nul(key):
        raise TagNotFoundError
    return key


def with_tag_replaced(tags: list[str], key: str, name: str | None) -> list[str]:
    """Return tags with `name` in the place of the tag `key`, and no tag twice; None removes it."""
    kept: dict[str, str] = {}
    for tag in tags:
        new = name if match_key(tag) == key else tag
        if new is not None:
            kept.setdefault(match_key(new), new)
    return list(kept.values())
