"""The text of a search, split into words as the index has them."""

import re
import unicodedata
from typing import Final

import msgspec

from tasks_service.domain.text import has_nul, invalid, match_key

# As `search_vector` does in the database: accents and ASCII punctuation don't count.
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_FOLDED: Final[dict[int, str | int]] = {
    **dict.fromkeys(map(ord, r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"""), " "),
    **str.maketrans("łøđħı", "lodhi"),
}


class SearchText(msgspec.Struct, frozen=True):
    """The parts of a search.

    Args:
        words: each is the beginning of a word in the task.
        signs: parts without letters and digits, such as emojis; the task contains each.
    """

    words: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


def parse_search(text: str, *, pointer: str) -> SearchText:
    """Split a search text into folded, distinct words.

    Raises:
        InvalidInputError: it contains a NUL character.
    """
    if has_nul(text):
        raise invalid(pointer, "must not contain NUL characters")
    words: list[str] = []
    signs: list[str] = []
    for part in match_key(text).split():
        found = [word for word in fold(part).split() if any(map(str.isalnum, word))]
        words += found
        if not found:
            signs.append(part)
    return SearchText(tuple(dict.fromkeys(words)), tuple(dict.fromkeys(signs)))


def fold(text: str) -> str:
    """Remove accents and punctuation from a folded text."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).translate(_FOLDED)
