"""Hides quoted text from the grammar, since it is data, and restores it in titles.

Each quoted character is shifted to a private-use plane of Unicode, where no pattern matches words;
restoring it needs no table. (Emoji aren't shifted: no pattern matches them.)
"""

import re
from typing import Final

_PLANE: Final = 0xF0000
_LAST: Final = 0xFFFD
_QUOTED: Final = re.compile(
    r'"[^"]+"|\u201c[^\u201d]+\u201d|\u201e[^\u201c\u201d]+[\u201c\u201d]|\u00ab[^\u00bb]+\u00bb|`[^`]+`'
    r"|(?<![^\s(:])'[^'\n]+'(?!\w)|(?<![^\s(:])\u2018[^\u2018\u2019\n]+\u2019(?!\w)"
)
_HIDDEN: Final = re.compile(f"[{chr(_PLANE)}-{chr(_PLANE + _LAST)}]")
_ALL_HIDDEN: Final = re.compile(f"{_HIDDEN.pattern}(?:{_HIDDEN.pattern}|[\U00010000-\U0003fffd])+")


def hide_quotes(text: str) -> str:
    """Hide everything in quotation marks, including the marks."""

    def hide(match: re.Match[str]) -> str:
        return "".join(chr(ord(c) + _PLANE) if ord(c) <= _LAST else c for c in match.group())

    return _QUOTED.sub(hide, _HIDDEN.sub("", text))


def show_quotes(text: str) -> str:
    """Restore the text as the user wrote it."""
    return _HIDDEN.sub(lambda match: chr(ord(match.group()) - _PLANE), text)


def is_hidden(character: str) -> bool:
    """Return whether a character has the form of a hidden one, which a user's text never needs."""
    return _HIDDEN.fullmatch(character) is not None


def is_quoted(text: str) -> bool:
    """Return whether the whole text is in quotation marks."""
    return _ALL_HIDDEN.fullmatch(text.strip()) is not None


def unquote(text: str) -> str:
    """Restore the text as written, without the marks if all of it is quoted."""
    shown = show_quotes(text.strip())
    return shown[1:-1].strip() if is_quoted(text) else shown
