"""Rewrites sentences whose command isn't in front into plain commands.

- "on friday remind me to call" -> "remind me to call on friday"
- "I have the dentist at five, can you remind me?" -> "add dentist at five"
- "find my shopping list and delete it" -> "delete my shopping list"
"""

from collections.abc import Callable
from typing import Final

from offline_assistant.grammar.items import ACTIONS
from offline_assistant.grammar.sentence_type import COMMAND_VERBS, starts_command
from offline_assistant.intents import Intent
from task_phrases.clock import Clock
from task_phrases.dates import find_dates
from task_phrases.lists import find_list
from task_phrases.patterns import any_of, rx

_CAN_YOU: Final = (
    r"(?P<request>(?:can|could|would|will) (?:you|that|it|this)(?: (?:please|just|also))*)"
)
_TAIL: Final = rx(
    rf"(?P<head>.+?)[\s,.]+(?:so |and |but )?(?:{_CAN_YOU}|please) "
    r"(?P<tail>(?:remind me|set a reminder|note (?:it|that)|(?:add|put|schedule) (?:it|this|that)|"
    r"(?:remove|delete|cancel|erase|take) (?:it|him|her|that|this|them)|"
    r"(?:event |item |task )?be (?:removed|deleted|cancelled|erased))\b.*)"
)
_ADDS: Final = ("remind", "set", "note", "add", "put", "schedule")
_FIND_AND: Final = rx(
    r"(?:find|open|look up|look for|get|go to|show me|take) (?P<thing>.+?),? and (?:then )?"
    r"(?P<verb>delete|remove|erase|cancel|complete|reopen) (?:it|that|them)"
)
# The part of a remark around its subject: "I have to go to a", "I no longer need to see the".
_WANTS: Final = (
    r"(?:need to cancel|need to see|have to go to|have to|need to|need|want to (?:attend|go to|see)|"
    r"want|have got|have|got|ran out of|given|had|going to)"
)
_REMARK: Final = rx(
    r"^(?:i think )?(?:i|we)(?:'ve|'m| am| have)? "
    rf"(?:(?:no longer|don't|do not|already|just|also|actually) )*{_WANTS}?(?: (?:to|a|an|my|the))? "
)
_VERB: Final = rx(rf"{any_of({*COMMAND_VERBS, *ACTIONS})}\b")
_LEADING_LIST: Final = rx(
    r"^(?:in|on|to|from) (?:my|the) (?:\S+ )?(?:calendar|agenda|schedule|list)[\s,:]+(?P<rest>.+)"
)


def move_front_to_end(text: str, clock: Clock) -> str:
    """Move a date or list in front of a command's verb to the end."""
    phrases = find_dates(text, clock)
    if phrases and phrases[0].start == 0 and not phrases[0].keeps_text:
        rest = text[phrases[0].end :].lstrip(" ,:")
        return f"{rest} {text[: phrases[0].end]}" if _VERB.match(rest) else text
    match = _LEADING_LIST.match(text)
    if match and _VERB.match(match["rest"]):
        front = text[: match.start("rest")].rstrip(" ,:")
        return f"{match['rest']} {front}" if find_list(front) else text
    return text


def read_tail_request(
    text: str, clock: Clock, read: Callable[[str, Clock], Intent]
) -> Intent | None:
    """Read a remark that ends in a request about its subject.

    With a question mark, only "can you remind me?" is a request, not "please ...?".
    """
    match = _TAIL.fullmatch(text.rstrip(" ?\u061f\uff1f"))
    if match is None or starts_command(match["head"]):
        return None
    if text.rstrip().endswith(("?", "\u061f", "\uff1f")) and not match["request"]:
        return None
    subject = _REMARK.sub("", f"{match['head']} ").strip()
    verb = "add" if match["tail"].lower().startswith(_ADDS) else "delete"
    return read(f"{verb} {subject}", clock)


def read_find_and_change(
    text: str, clock: Clock, read: Callable[[str, Clock], Intent]
) -> Intent | None:
    """Read "find my shopping list and delete it" as "delete my shopping list"."""
    match = _FIND_AND.fullmatch(text)
    return read(f"{match['verb']} {match['thing']}", clock) if match else None
