"""Tells texts that show something from texts that look empty.

Invisible are white space, control characters, lone surrogates, what Unicode calls default ignorable
(joiners, fillers, variation selectors, tags) and the blank Braille pattern. Unassigned characters count
as visible, because they may be emoji newer than this Python.
"""

import re
from typing import Final

# Default_Ignorable_Code_Point of Unicode 17's DerivedCoreProperties.txt.
_IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_INVISIBLE: Final = rf"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\u2800\ufff9-\ufffb{_IGNORABLE}]"
_ONLY_INVISIBLE: Final = re.compile(f"{_INVISIBLE}*")
_EDGES: Final = re.compile(rf"\A{_INVISIBLE}+|{_INVISIBLE}+\Z")


def is_visible(text: str) -> bool:
    """Return whether a text has a character that a reader sees."""
    return _ONLY_INVISIBLE.fullmatch(text) is None


def strip_invisible(text: str) -> str:
    """Return a text without invisible characters at its start and end."""
    return _EDGES.sub("", text)
