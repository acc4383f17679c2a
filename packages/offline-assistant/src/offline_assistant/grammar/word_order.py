"""Commands with their place or time in front: "on friday remind me to call" -> "remind me to call on friday"."""

from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.dates import find_dates
from offline_assistant.grammar.items import ACTIONS
from offline_assistant.grammar.lists import find_list
from offline_assistant.grammar.sentence_type import COMMAND_VERBS
from offline_assistant.patterns import any_of, rx

_VERB: Final = rx(rf"{any_of({*COMMAND_VERBS, *ACTIONS})}\b")
_LEADING_LIST: Final = rx(
    r"^(?:in|on|to|from) (?:my|the) (?:\S+ )?(?:calendar|agenda|schedule|list)[\s,:]+(?P<rest>.+)"
)


def move_front_to_end(text: str, clock: Clock) -> str:
    """Return a command with a date or list that precedes its verb moved behind it."""
    phrases = find_dates(text, clock)
    if phrases and phrases[0].start == 0 and not phrases[0].keeps_text:
        rest = text[phrases[0].end :].lstrip(" ,:")
        return f"{rest} {text[: phrases[0].end]}" if _VERB.match(rest) else text
    match = _LEADING_LIST.match(text)
    if (
        match
        and _VERB.match(match["rest"])
        and find_list(text[: match.start("rest")].rstrip(" ,:"))
    ):
        return f"{match['rest']} {text[: match.start('rest')].rstrip(' ,:')}"
    return text
