"""The words of a search: those that the index of words finds, and those inside of sentences.

Scripts such as Chinese, Japanese and Thai have no spaces between words, so PostgreSQL indexes a whole
sentence as one word. A word of such a script is therefore searched for in the text itself.
"""

import re
from typing import Final, Self

import msgspec

# Thai to Lao, Burmese, Khmer, kana, Chinese characters, Hangul, whose compounds are written together.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

# Reading only the first part is three times faster; few messages have others.
_CONTAINS: Final = """
    ((payload #>> '{content,0,text}') LIKE ALL (CAST(:inside AS text[]))
     OR payload #>> '{content,1}' IS NOT NULL
        AND said_text(payload) LIKE ALL (CAST(:inside AS text[])))
"""
# Characters of a snippet before and after the start of its first hit.
_BEFORE: Final = 20
_LENGTH: Final = 80
_SNIPPET: Final = f"""
    substr(said_text(payload), greatest(1, strpos(lower(said_text(payload)), :first) - {_BEFORE}), {_LENGTH})
"""


class SnippetPart(msgspec.Struct, frozen=True):
    """A part of a snippet; `hit` if it is a word of the search."""

    text: str
    hit: bool


class SearchWords(msgspec.Struct, frozen=True):
    """A query, split into words.

    Attributes:
        spaced: words of scripts with spaces, which match the start of a word, joined by spaces.
        unspaced: words that match anywhere in a message.
    """

    spaced: str
    unspaced: list[str]

    @classmethod
    def parse(cls, query: str) -> Self:
        """Split a query."""
        words = query.split()
        unspaced = [word for word in words if _UNSPACED.search(word)]
        return cls(" ".join(word for word in words if word not in unspaced), unspaced)

    @property
    def condition(self) -> str:
        """The SQL condition for an item with `said` and `payload`; its parameters are `values`."""
        if not self.unspaced:
            return "said @@ query"
        has_case = any(word.lower() != word.upper() for word in self.unspaced)
        contains = _CONTAINS.replace("LIKE", "ILIKE") if has_case else _CONTAINS
        return f"(said @@ query AND {contains})" if self.spaced else contains

    def snippet(self, headline: str) -> str:
        """Return the SQL expression of the text around the first hit.

        Args:
            headline: the expression for words that are indexed.
        """
        return _SNIPPET if self.unspaced else headline

    @property
    def values(self) -> dict[str, object]:
        """The parameters of `condition` and `snippet`."""
        if not self.unspaced:
            return {"words": self.spaced}
        inside = contains_patterns(self.unspaced)
        return {"words": self.spaced, "inside": inside, "first": self.unspaced[0].lower()}

    def mark(self, text: str) -> list[SnippetPart]:
        """Split a text at the words."""
        words = sorted([*self.unspaced, *self.spaced.split()], key=len, reverse=True)
        pattern = "|".join(re.escape(word) for word in words)
        parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
        return [SnippetPart(each, index % 2 == 1) for index, each in enumerate(parts) if each]


def contains_patterns(words: list[str]) -> list[str]:
    """Return the LIKE patterns of texts that contain words."""
    return ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]
