"""Names of lists in a sentence: "to my shopping list", "from the list called Work"."""

from dataclasses import dataclass
from typing import Final

from task_phrases.patterns import Match, rx
from task_phrases.quotes import unquote

LIST_NOUN: Final = r"(?:check-?lists?|play-?lists?|wish-?lists?|lists?)"
ONE_LIST: Final = r"(?:check-?list|play-?list|wish-?list|list)"
DETERMINER: Final = r"(?:my|the|our|a|an|another|this|that|these|those|your|his|her|their|some|any)"
_TO: Final = (
    r"\b(?:to|on|onto|on to|in|into|from|off|off of|out of|from off|for|under|at|of) "
    rf"(?:{DETERMINER} )?"
)
# A preposition begins another phrase ("go to the shop to my list"), except in "to do".
_NO_PREPOSITION: Final = r"(?!(?:to|on|onto|in|into|from|off|out|my|the|our)\b)"
_NAME: Final = (
    rf"(?P<name>(?:to[\s-]?do|pick up|drop off|(?!(?:of|for|and|with)\b){_NO_PREPOSITION}[^\s,]+)"
    rf"(?: {_NO_PREPOSITION}[^\s,]+){{0,4}}?)"
)
_NAMED: Final = r",? (?:called|named|titled) (?P<named>\S+(?: (?!with\b|to\b)\S+){0,4})"
_PLACE: Final = (
    r"(?:calend[ae]r|agenda|schedule|planner|diary|organi[sz]er|inbox|to-?dos?|tasks|reminders|notes)"
    r"(?: app)?\b"
)
# Names that are used without the word "list".
_KNOWN: Final = (
    r"\b(?:to|onto|on|in|into|under) (?:(?:my|the|our) )?"
    r"(?P<known>shopping|groceries|grocery|errands|chores)\s*$"
)
# "The list" names a list only if no noun follows, unlike "the list committee".
_NO_NOUN: Final = (
    r"(?=\s*(?:$|[,.;:!?)#])| (?:for|by|at|on|in|and|please|today|tonight|tomorrow|next|this|every|"
    r"that|to|as|until|from|now|right|due|also|too|high|low|urgent|with|i|which|please|!)\b)"
)
_DEFAULT_NAMES: Final = rx(
    r"(?:|to[\s-]?dos?|tasks?|main|default|same|current|reminders?|items?|whole|entire|own)"
)
_NAME_START: Final = rx(rf"^(?:{DETERMINER} )*(?:list (?:called|named|of|for) )?")
_NAME_END: Final = rx(r",? please$|(?:^| )lists?$")
_PHRASES: Final = (
    rx(rf"{_TO}{LIST_NOUN}{_NAMED}"),
    rx(rf"{_TO}(?:new )?{_NAME} (?P<noun>{LIST_NOUN})(?: to do)?\b"),
    rx(rf"{_TO}(?:new )?(?P<noun>{LIST_NOUN})(?: to do| of (?:tasks|things to do))?\b{_NO_NOUN}"),
    rx(rf"{_TO}(?:\S+ )?{_PLACE}"),
    rx(_KNOWN),
)


@dataclass(frozen=True, slots=True)
class ListPhrase:
    """A phrase that names a list. `name` is None for the default list ("my list", "my calendar")."""

    start: int
    end: int
    name: str | None


def find_list(text: str) -> ListPhrase | None:
    """Return the last phrase of a text that names a list."""
    # The leftmost preposition is not always the list's, so matches may overlap.
    matches = [match for pattern in _PHRASES for match in pattern.finditer(text, overlapped=True)]
    if not matches:
        return None
    end = max(match.end() for match in matches)
    ending_last = [match for match in matches if match.end() == end]
    best = max(ending_last, key=lambda match: (_name_group(match) is not None, -match.start()))
    name, noun = _name_group(best) or "", best.groupdict().get("noun") or "list"
    if noun.lower() not in {"list", "lists"}:
        name = f"{name} {noun}"
    return ListPhrase(best.start(), best.end(), clean_name(name))


def clean_name(text: str) -> str | None:
    """Return a list's name without determiners and the word "list"; None for the default list."""
    name = _NAME_START.sub("", text.strip())
    name = _NAME_END.sub("", name).strip(" .,!:;")
    return None if _DEFAULT_NAMES.fullmatch(name) else unquote(name)


def _name_group(match: Match) -> str | None:
    groups = match.groupdict()
    return groups.get("named") or groups.get("known") or groups.get("name") or None
