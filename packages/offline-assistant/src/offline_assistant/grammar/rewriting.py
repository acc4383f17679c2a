"""A remark with its request at the end: "I have the dentist at five, can you remind me?"."""

from collections.abc import Callable
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.grammar.sentence_type import starts_command
from offline_assistant.intents import Intent
from offline_assistant.patterns import rx

_ASKED: Final = (
    r"(?P<asked>(?:can|could|would|will) (?:you|that|it|this)(?: (?:please|just|also))*)"
)
_TAIL: Final = rx(
    rf"(?P<head>.+?)[\s,.]+(?:so |and |but )?(?:{_ASKED}|please) "
    r"(?P<tail>(?:remind me|set a reminder|note (?:it|that)|(?:add|put|schedule) (?:it|this|that)|"
    r"(?:remove|delete|cancel|erase|take) (?:it|him|her|that|this|them)|"
    r"(?:event |item |task )?be (?:removed|deleted|cancelled|erased))\b.*)"
)
_ADDS: Final = ("remind", "set", "note", "add", "put", "schedule")
_FOUND: Final = rx(
    r"(?:find|open|look up|look for|get|go to|show me|take) (?P<thing>.+?),? and (?:then )?"
    r"(?P<verb>delete|remove|erase|cancel|complete|reopen) (?:it|that|them)"
)
# What a remark says around the thing itself: "I have to go to a", "I no longer need to see the".
_WANTS: Final = (
    r"(?:need to cancel|need to see|have to go to|have to|need to|need|want to (?:attend|go to|see)|"
    r"want|have got|have|got|ran out of|given|had|going to)"
)
_REMARK: Final = rx(
    r"^(?:i think )?(?:i|we)(?:'ve|'m| am| have)? "
    rf"(?:(?:no longer|don't|do not|already|just|also|actually) )*{_WANTS}?(?: (?:to|a|an|my|the))? "
)


def read_tail_request(
    text: str, clock: Clock, read: Callable[[str, Clock], Intent]
) -> Intent | None:
    """Return the request at a sentence's end, about what the sentence begins with.

    With a question mark it is a request only if it asks: "can you remind me?", not "please ...?".
    """
    match = _TAIL.fullmatch(text.rstrip(" ?\u061f\uff1f"))
    if match is None or starts_command(match["head"]):
        return None
    if text.rstrip().endswith(("?", "\u061f", "\uff1f")) and not match["asked"]:
        return None
    subject = _REMARK.sub("", f"{match['head']} ").strip()
    verb = "add" if match["tail"].lower().startswith(_ADDS) else "delete"
    return read(f"{verb} {subject}", clock)


def read_find_and_change(
    text: str, clock: Clock, read: Callable[[str, Clock], Intent]
) -> Intent | None:
    """Read "find my shopping list and delete it" as "delete my shopping list"."""
    found = _FOUND.fullmatch(text)
    return read(f"{found['verb']} {found['thing']}", clock) if found else None
