"""The notation of the grammar's patterns, and the number words that they share.

In a pattern, a space matches one white space character (`normalise` collapses runs), " ?" an
optional one, and ' any kind of apostrophe. None of them may be used inside a character class.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import regex

from task_phrases.time_limit import time_left

Match: TypeAlias = regex.Match[str]


class Pattern:
    """A compiled pattern whose matching stops at the time limit.

    `re` can't be interrupted and holds the GIL while it matches; `regex` takes a timeout and releases
    the GIL.

    Attributes:
        source: the pattern in the syntax of `regex`.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._compiled = regex.compile(source, regex.IGNORECASE | regex.DOTALL | regex.V0)

    def match(self, text: str) -> Match | None:
        """Match at the start of a text."""
        return self._compiled.match(text, timeout=time_left())

    def fullmatch(self, text: str) -> Match | None:
        """Match the whole text."""
        return self._compiled.fullmatch(text, timeout=time_left())

    def search(self, text: str, start: int = 0, end: int | None = None) -> Match | None:
        """Return the first match in a text."""
        return self._compiled.search(text, start, end, timeout=time_left())

    def finditer(self, text: str, *, overlapped: bool = False) -> Iterator[Match]:
        """Yield the matches in a text, optionally overlapping ones too."""
        return self._compiled.finditer(text, overlapped=overlapped, timeout=time_left())

    def split(self, text: str) -> list[str | Any]:
        """Split a text at the matches."""
        return self._compiled.split(text, timeout=time_left())

    def sub(self, replacement: str | Callable[[Match], str], text: str) -> str:
        """Replace the matches in a text."""
        return self._compiled.sub(replacement, text, timeout=time_left())


def rx(pattern: str) -> Pattern:
    """Compile a pattern in this module's notation, ignoring case; "." matches any character."""
    spaced = pattern.replace(" ?", r"\s?").replace(" ", r"\s")
    return Pattern(spaced.replace("'", "['\u2019\u02bc]"))


def any_of(words: Iterable[str]) -> str:
    """Return a group that matches any of the words, trying longer ones first."""
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"


def word_list(text: str) -> tuple[str, ...]:
    """Split a text into words, for tables of words that are easier to read as one string."""
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
CARDINALS: Final = (
    {word: value for value, word in enumerate(_UNITS)}
    | _TENS
    | {f"{ten} {_UNITS[n]}": value + n for ten, value in _TENS.items() for n in range(1, 10)}
)
ORDINALS: Final = (
    {word: value for value, word in enumerate(_ORDINALS)}
    | {"twentieth": 20, "thirtieth": 30, "thirty first": 31}
    | {f"twenty {_ORDINALS[n]}": 20 + n for n in range(1, 10)}
)
MAX_AMOUNT: Final = 1e7  # above all that are accepted; a number of many digits would be infinite
CARDINAL: Final = rf"(?:\d{{1,4}}|{any_of(CARDINALS)})".replace(" ", r"[\s-]")
ORDINAL: Final = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{any_of(ORDINALS)})".replace(" ", r"[\s-]")


def to_number(text: str) -> int:
    """Return the value of digits, "3rd", "twenty first" or "forty-five"; "a" is 1, unknown words 0."""
    words = re.sub(r"[\s-]+", " ", text.strip().lower())
    digits = re.match(r"\d+", words)
    if digits:
        return int(digits.group())
    if words in {"a", "an"}:
        return 1
    return CARDINALS.get(words) or ORDINALS.get(words, 0)


def to_amount(text: str) -> float:
    """Return the value of "1.5", "half an", "a couple of", "a few", or a number as in `to_number`."""
    words = re.sub(r"\s+", " ", text.lower())
    known = {"half a": 0.5, "half an": 0.5, "a couple": 2.0, "a couple of": 2.0, "a few": 3.0}
    if words in known:
        return known[words]
    return min(float(words), MAX_AMOUNT) if "." in words else float(to_number(words))
