"""What people type: cleaned before it is stored, folded before it is compared."""

import unicodedata
from typing import Final

from todochat.errors import FieldError, InvalidInputError

_CONTROL: Final = "Cc"
_NUL: Final = "\0"  # PostgreSQL's text can't hold it


def invalid(pointer: str, detail: str) -> InvalidInputError:
    """Build the error for one field; `pointer` is a JSON pointer or a parameter's name."""
    return InvalidInputError(f"{pointer}: {detail}", errors=[FieldError(pointer, detail)])


def clean_line(text: str, *, pointer: str, max_chars: int) -> str:
    """Return `text` as one line in NFC, runs of white space as one space.

    Raises:
        InvalidInputError: it is blank, too long, or has control characters.
    """
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if not line:
        raise invalid(pointer, "must not be blank")
    if len(line) > max_chars:
        raise invalid(pointer, f"must have at most {max_chars} characters")
    if any(unicodedata.category(char) == _CONTROL for char in line):
        raise invalid(pointer, "must not have control characters")
    return line


def clean_notes(text: str | None, *, pointer: str, max_chars: int) -> str:
    """Return `text` as it is, None as empty.

    Raises:
        InvalidInputError: it is too long or has a NUL character.
    """
    if text is None:
        return ""
    if len(text) > max_chars:
        raise invalid(pointer, f"must have at most {max_chars} characters")
    if _NUL in text:
        raise invalid(pointer, "must not have NUL characters")
    return text


def clean_tags(tags: list[str], *, pointer: str, max_tags: int, max_chars: int) -> list[str]:
    """Return the tags cleaned, each once (compared without regard to case), in their order.

    Raises:
        InvalidInputError: there are too many, or one isn't acceptable.
    """
    if len(tags) > max_tags:
        raise invalid(pointer, f"must have at most {max_tags} tags")
    cleaned = [
        clean_line(tag, pointer=f"{pointer}/{index}", max_chars=max_chars)
        for index, tag in enumerate(tags)
    ]
    return list({match_key(tag): tag for tag in reversed(cleaned)}.values())[::-1]


def match_key(text: str) -> str:
    """Fold `text` so that equal keys mean "the same name" to a person.

    Done here and not by the database: what its `lower()` folds depends on the locale it was made
    with. NFC and not NFKC, which can make a character 18 times as long.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def has_nul(text: str) -> bool:
    """Tell whether `text` can't be sent to PostgreSQL."""
    return _NUL in text
