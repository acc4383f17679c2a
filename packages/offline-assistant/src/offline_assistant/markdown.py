"""Escapes user text for Markdown, so that it can't become markup or a reference to a task."""

import re
import unicodedata
from typing import Final

MAX_QUOTED_CHARS: Final = 200
EMPTY: Final = "\u2026"
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~])")
_ENTITY: Final = re.compile(r"&(?=#?\w+;)")
_DELETED_MENTION: Final = re.compile(r"\*\* \(#\d{1,9}\)")
_MENTION: Final = re.compile(r"(?<!\\)#(\d{1,9}) \*\*")


def quote(text: str) -> str:
    """Return a user's text in bold, escaped and on one line."""
    return f"**{escape(text) or EMPTY}**"


def escape(text: str) -> str:
    """Return a user's text escaped and on one line, without control and bidi override characters."""
    visible = (
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} or c in _BIDI_CONTROLS else c
        for c in text
    )
    plain = " ".join("".join(visible).split())
    if len(plain) > MAX_QUOTED_CHARS:
        plain = plain[: MAX_QUOTED_CHARS - 1].rstrip() + "\u2026"
    return _ENTITY.sub(r"\\&", _SPECIAL.sub(r"\\\1", plain))


def mention(number: int, title: str) -> str:
    """Return a task's name in a reply; `mentioned_numbers` finds it again."""
    return f"#{number} {quote(title)}"


def mention_deleted(number: int, title: str) -> str:
    """Return a deleted task's name in a reply; "it" never refers to it."""
    return f"{quote(title)} (#{number})"


def mentions_deleted_task(markdown: str) -> bool:
    """Return whether a reply names deleted tasks."""
    return _DELETED_MENTION.search(markdown) is not None


def mentioned_numbers(markdown: str) -> tuple[int, ...]:
    """Return the numbers of the tasks that a reply names, in order."""
    return tuple(dict.fromkeys(int(number) for number in _MENTION.findall(markdown)))
