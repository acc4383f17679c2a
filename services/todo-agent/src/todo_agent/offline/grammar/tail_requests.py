"""A remark with its request at the end: "I have the dentist at five, can you remind me?"."""

from collections.abc import Callable
from typing import Final

from todo_agent.offline.clock import Clock
from todo_agent.offline.grammar.patterns import rx
from todo_agent.offline.intents import Intent

_TAIL: Final = rx(
    r"(?P<head>.+?)[\s,.]+(?:so |and |but )?(?:(?:can|could|would|will) (?:you|that|it|this)(?: (?:please|just|also))*|please) "
    r"(?P<tail>(?:remind me|set a reminder|note (?:it|that)|(?:add|put|schedule) (?:it|this|that)|"
    r"(?:remove|delete|cancel|erase|take) (?:it|him|her|that|this|them)|(?:event |item |task )?be (?:removed|deleted|cancelled|erased))\b.*)"
)
_FOUND: Final = rx(
    r"(?:find|open|look up|look for|get|go to|show me|take) (?P<thing>.+?),? and (?:then )?"
    r"(?P<verb>delete|remove|erase|cancel|complete|reopen) (?:it|that|them)"
)
_REMARK: Final = rx(
    r"^(?:i think )?(?:i|we)(?:'ve|'m| am| have)? (?:(?:no longer|don't|do not|already|just|also|actually) )*"
    r"(?:need to cancel|need to see|have to go to|have to|need to|need|want to (?:attend|go to|see)|want|have got|have|got|ran out of|given|had|going to)?(?: (?:to|a|an|my|the))? "
)


def read_tail_request(
    text: str, clock: Clock, read: Callable[[str, Clock], Intent]
) -> Intent | None:
    """Return the request at a sentence's end, about what the sentence begins with."""
    if found := _FOUND.fullmatch(text):
        return read(f"{found['verb']} {found['thing']}", clock)
    match = _TAIL.fullmatch(text)
    if match is None:
        return None
    subject = _REMARK.sub("", f"{match['head']} ").strip()
    tail = match["tail"].lower()
    if tail.startswith(("remind", "set", "note", "add", "put", "schedule")):
        return read(f"add {subject}", clock)
    return read(f"delete {subject}", clock)
