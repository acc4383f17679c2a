"""Joins the halves of characters that a stream splits: JSON escapes may end in the middle of one."""

from typing import Final

_ENCODING: Final = "utf-16-le"


class SurrogateJoiner:
    """Joins surrogate pairs that are split over the deltas of a text.

    Servers that escape each half send one character in two deltas. The result is valid Unicode
    without U+0000; lone surrogates become U+FFFD.
    """

    def __init__(self) -> None:
        self._high = ""

    def feed(self, text: str) -> str:
        """Return the text so far, without half a pair at its end."""
        if self._high:
            text, self._high = self._high + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return join_surrogates(text)

    def end(self) -> str:
        """Return U+FFFD for half a pair at the end."""
        rest, self._high = self._high, ""
        return join_surrogates(rest)


def join_surrogates(text: str) -> str:
    """Return valid Unicode without U+0000: pairs joined, lone surrogates replaced by U+FFFD."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode(_ENCODING, "surrogatepass").decode(_ENCODING, "replace")
    return text.replace("\x00", "") if "\x00" in text else text
