"""Names of sections in a sentence: "to the dairy section of my shopping list"."""

from dataclasses import dataclass
from typing import Final

from task_phrases.details import tidy
from task_phrases.lists import DETERMINER, clean_name
from task_phrases.patterns import Match, rx
from task_phrases.quotes import unquote

# A preposition or determiner begins another phrase ("go to the shop to the dairy section").
_WORD: Final = r"(?!(?:to|on|onto|in|into|under|from|off|of|for|out|my|the|our|its|their)\b)[^\s,]+"
_NAME: Final = (
    rf"(?:(?P<section_before>{_WORD}(?: {_WORD}){{0,2}}?) section|"
    rf"section (?:(?:called|named|titled) )?(?P<section_after>{_WORD}(?: {_WORD}){{0,2}}?))"
)
# After "on" or "in", only a name with the word "list": "in the morning" isn't one.
_OF_LIST: Final = (
    rf"(?: of (?:{DETERMINER} )?(?P<list_of>{_WORD}(?: {_WORD}){{0,3}}?)(?: list)?|"
    rf" (?:on|in|from) (?:{DETERMINER} )?(?P<list_in>{_WORD}(?: {_WORD}){{0,3}}?) list)?"
)
_END: Final = (
    r"(?=\s*(?:$|[,.;:!?)#])| (?:for|by|at|on|in|and|to|please|today|tonight|tomorrow|next|this|"
    r"every|as|until|from|now|due|also|too|high|low|urgent|with|p[1-4]|\d+)\b)"
)
SECTION_PHRASE: Final = (
    rf"(?:to|into|in|inside|under|on|onto|from|of) (?:{DETERMINER} )?{_NAME}{_OF_LIST}"
)
_PHRASE: Final = rx(rf"\b{SECTION_PHRASE}{_END}")
_BARE: Final = rx(rf"^(?:{DETERMINER} )?{_NAME}{_OF_LIST}{_END}")


@dataclass(frozen=True, slots=True)
class SectionPhrase:
    """A phrase that names a section, and its list if it names that, too."""

    start: int
    end: int
    name: str
    list_name: str | None

    @classmethod
    def from_match(cls, match: Match) -> "SectionPhrase":
        """Read a match of a pattern with `SECTION_PHRASE`."""
        name = match["section_before"] or match["section_after"]
        list_name = match["list_of"] or match["list_in"]
        return cls(
            match.start(),
            match.end(),
            unquote(tidy(name)),
            clean_name(list_name) if list_name else None,
        )


def find_section(text: str, *, is_bare: bool = False) -> SectionPhrase | None:
    """Return the first phrase of a text that names a section.

    Args:
        is_bare: at its start, a text needs no preposition ("the dairy section").
    """
    match = (_BARE.search(text) if is_bare else None) or _PHRASE.search(text)
    return SectionPhrase.from_match(match) if match else None
