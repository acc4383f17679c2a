"""A thread's title, from the first thing its user wrote.

Derived, not asked of a model: it costs nothing, can't fail, and a second attempt at the run gives the
same one.
"""

from typing import Final

from chatkit.types import UserMessageItem

MAX_TITLE_CHARS: Final = 60
_ELLIPSIS: Final = "…"


def title_of(message: UserMessageItem) -> str | None:
    """Return a title for a thread that begins with `message`, None if it has no words."""
    text = " ".join(part.text for part in message.content)
    line = " ".join(text.split()).strip("#*_`>-. ")
    if not line:
        return None
    return _shorten(line[0].upper() + line[1:])


def _shorten(line: str) -> str:
    if len(line) <= MAX_TITLE_CHARS:
        return line
    head = line[: MAX_TITLE_CHARS - 1]
    at_word = head.rsplit(" ", 1)[0]
    # A cut at a word loses little in most scripts; one without spaces is cut where it is.
    kept = at_word if len(at_word) > MAX_TITLE_CHARS // 2 else head
    return kept.rstrip(" ,;:.-") + _ELLIPSIS
