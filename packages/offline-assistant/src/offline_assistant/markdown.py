"""Puts what users wrote into Markdown as data: it can't become markup, nor a reference to a task."""

import re
import unicodedata
from typing import Final

MAX_QUOTED_CHARS: Final = 200
NOTHING: Final = "\u2026"
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~])")
_ENTITY: Final = re.compile(r"&(?=#?\w+;)")
_GONE: Final = re.compile(r"\*\* \(#\d{1,9}\)")
_MENTION: Final = re.compile(r"(?<!\\)#(\d{1,9}) \*\*")


def quote(text: str) -> str:
    """Return a user's text in bold, on one line, with everything special escaped."""
    return f"**{escape(text) or NOTHING}**"


def escape(text: str) -> str:
    """Return a user's text on one line, with everything special escaped."""
    plain = " ".join("".join(map(_visible, text)).split())
    if len(plain) > MAX_QUOTED_CHARS:
        plain = plain[: MAX_QUOTED_CHARS - 1].rstrip() + "\u2026"
    return _ENTITY.sub(r"\\&", _SPECIAL.sub(_escaped, plain))


def mention(number: int, title: str) -> str:
    """Return how an answer names a task; `mentioned_numbers` finds it again."""
    return f"#{number} {quote(title)}"


def mention_deleted(number: int, title: str) -> str:
    """Return how an answer names a task that is no more: "it" can't mean this one."""
    return f"{quote(title)} (#{number})"


def mentions_deleted_task(markdown: str) -> bool:
    """Whether an answer of ours tells of deleted tasks."""
    return _GONE.search(markdown) is not None


def mentioned_numbers(markdown: str) -> tuple[int, ...]:
    """Return the numbers of the tasks an answer of ours names, in order."""
    return tuple(dict.fromkeys(int(number) for number in _MENTION.findall(markdown)))


def _escaped(match: re.Match[str]) -> str:
    return f"\\{match[1]}"


def _visible(character: str) -> str:
    """Blank out control characters and those that turn the direction of the text around."""
    is_format = (
        unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    return " " if is_format else character
