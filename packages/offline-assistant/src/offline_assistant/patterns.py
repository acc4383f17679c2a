"""How the grammar's patterns are written, and the small words they share.

In a pattern a space stands for one white space character (a text has no runs of them, see
`normalise`), " ?" for one that may be missing, and ' for either kind of apostrophe. None of them
belongs inside a character class.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import regex

from offline_assistant.time_limit import time_left

Match: TypeAlias = regex.Match[str]


class Pattern:
    """A pattern that stops at the time limit.

    `re` can't be stopped and holds the interpreter lock while it matches. `regex` takes a timeout and
    releases the lock.

    Attributes:
        source: the pattern as `regex` reads it.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._compiled = regex.compile(source, regex.IGNORECASE | regex.DOTALL | regex.V0)

    def match(self, text: str) -> Match | None:
        """Match at the start of a text."""
        return self._compiled.match(text, timeout=time_left())

    def fullmatch(self, text: str) -> Match | None:
        """Match all of a text."""
        return self._compiled.fullmatch(text, timeout=time_left())

    def search(self, text: str, start: int = 0, end: int | None = None) -> Match | None:
        """Return the first match in a text."""
        return self._compiled.search(text, start, end, timeout=time_left())

    def finditer(self, text: str, *, overlapped: bool = False) -> Iterator[Match]:
        """Return the matches in a text; overlapping ones too if that is asked for."""
        return self._compiled.finditer(text, overlapped=overlapped, timeout=time_left())

    def split(self, text: str) -> list[str | Any]:
        """Split a text at the matches."""
        return self._compiled.split(text, timeout=time_left())

    def sub(self, replacement: str | Callable[[Match], str], text: str) -> str:
        """Replace the matches in a text."""
        return self._compiled.sub(replacement, text, timeout=time_left())


def rx(pattern: str) -> Pattern:
    """Compile a pattern written for reading; case does not matter, "." is any character."""
    spaced = pattern.replace(" ?", r"\s?").replace(" ", r"\s")
    return Pattern(spaced.replace("'", "['\u2019\u02bc]"))


def any_of(words: Iterable[str]) -> str:
    """Return a group that matches any of the words, the longest first."""
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"


def word_list(text: str) -> tuple[str, ...]:
    """Return the words of a text: tables of words are easier to read as one."""
    return tuple(text.split())


_UNITS: Final = word_list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS: Final = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_ORDINALS: Final = word_list(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)


def _cardinals() -> dict[str, int]:
    words = {word: value for value, word in enumerate(_UNITS)}
    for ten, value in _TENS.items():
        words[ten] = value
        words |= {f"{ten} {_UNITS[unit]}": value + unit for unit in range(1, 10)}
    return words


def _ordinals() -> dict[str, int]:
    words = {word: value for value, word in enumerate(_ORDINALS)}
    words |= {"twentieth": 20, "thirtieth": 30, "thirty first": 31}
    return words | {f"twenty {_ORDINALS[unit]}": 20 + unit for unit in range(1, 10)}


CARDINALS: Final = _cardinals()
ORDINALS: Final = _ordinals()
CARDINAL: Final = rf"(?:\d{{1,4}}|{any_of(CARDINALS)})".replace(" ", r"[\s-]")
ORDINAL: Final = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{any_of(ORDINALS)})".replace(" ", r"[\s-]")


def to_number(text: str) -> int:
    """Return the value of digits, "3rd", "twenty first" or "forty-five"; "a" is 1."""
    words = re.sub(r"[\s-]+", " ", text.strip().lower())
    digits = re.match(r"\d+", words)
    if digits:
        return int(digits.group())
    if words in {"a", "an"}:
        return 1
    return CARDINALS.get(words) or ORDINALS.get(words, 0)
