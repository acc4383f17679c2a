"""Quoted text is data: it is hidden from the grammar and shown again in titles.

Each quoted character moves to a private-use plane of Unicode, where no pattern finds words in it;
moving it back needs no table. (Emoji stay where they are: no pattern looks for them.)
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
    """Return the text with everything in quotation marks hidden, the marks too."""
    return _QUOTED.sub(_hide, _HIDDEN.sub("", text))


def show_quotes(text: str) -> str:
    """Return the text as the user wrote it."""
    return _HIDDEN.sub(lambda match: chr(ord(match.group()) - _PLANE), text)


def is_quoted(text: str) -> bool:
    """Whether all of a text is in quotation marks."""
    return _ALL_HIDDEN.fullmatch(text.strip()) is not None


def unquote(text: str) -> str:
    """Return the text as written; without its marks if all of it was quoted."""
    shown = show_quotes(text.strip())
    return shown[1:-1].strip() if is_quoted(text) else shown


def _hide(match: re.Match[str]) -> str:
    return "".join(chr(ord(c) + _PLANE) if ord(c) <= _LAST else c for c in match.group())
