"""Normalization of user input before storage, and case folding for comparison."""

import unicodedata
from typing import Final

from todochat.errors import FieldError, InvalidInputError

_CONTROL: Final = "Cc"
_NUL: Final = "\0"  # not valid in PostgreSQL's text


def invalid(pointer: str, detail: str) -> InvalidInputError:
    """Build the error for one field; `pointer` is a JSON pointer or the name of a parameter."""
    return InvalidInputError(f"{pointer}: {detail}", errors=[FieldError(pointer, detail)])


def clean_line(text: str, *, pointer: str, max_chars: int) -> str:
    """Normalize a line: NFC, with each run of white space replaced by one space.

    Raises:
        InvalidInputError: it is blank, too long, or contains control characters.
    """
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if not line:
        raise invalid(pointer, "must not be blank")
    if len(line) > max_chars:
        raise invalid(pointer, f"must have at most {max_chars} characters")
    if any(unicodedata.category(char) == _CONTROL for char in line):
        raise invalid(pointer, "must not contain control characters")
    return line


def clean_notes(text: str | None, *, pointer: str, max_chars: int) -> str:
    """Validate multi-line text and return it unchanged; None becomes empty.

    Raises:
        InvalidInputError: it is too long or contains a NUL character.
    """
    if text is None:
        return ""
    if len(text) > max_chars:
        raise invalid(pointer, f"must have at most {max_chars} characters")
    if _NUL in text:
        raise invalid(pointer, "must not contain NUL characters")
    return text


def clean_tags(tags: list[str], *, pointer: str, max_tags: int, max_chars: int) -> list[str]:
    """Normalize tags and deduplicate them, ignoring case; keeps their order.

    Raises:
        InvalidInputError: there are too many, or one is invalid.
    """
    if len(tags) > max_tags:
        raise invalid(pointer, f"must have at most {max_tags} tags")
    cleaned = [
        clean_line(tag, pointer=f"{pointer}/{index}", max_chars=max_chars)
        for index, tag in enumerate(tags)
    ]
    return list({match_key(tag): tag for tag in reversed(cleaned)}.values())[::-1]


def match_key(text: str) -> str:
    """Fold case so that names which read the same have equal keys.

    The database's `lower()` depends on its locale, so this is done here. NFC instead of NFKC,
    which can make a character 18 times as long.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def has_nul(text: str) -> bool:
    """Return whether `text` contains NUL, which PostgreSQL rejects."""
    return _NUL in text
