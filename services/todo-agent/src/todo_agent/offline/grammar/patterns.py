"""How the grammar's patterns are written, and the small words they share.

In a pattern a space stands for a run of white space, " ?" for one that may be missing, and ' for
either kind of apostrophe (so neither belongs inside a character class).
"""

import re
from collections.abc import Iterable
from typing import Final


def rx(pattern: str) -> re.Pattern[str]:
    """Compile a pattern written for reading; case does not matter, "." is any character."""
    spaced = pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.compile(spaced.replace("'", "['\u2019\u02bc]"), re.IGNORECASE | re.DOTALL)


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
