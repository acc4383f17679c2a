"""Sentences that create a list: "make a new list called Garden with seeds and soil"."""

import re
from typing import Final

from offline_assistant.grammar.items import split_items
from offline_assistant.grammar.rules import rule
from offline_assistant.intents import (
    AddIntent,
    ClarifyIntent,
    CreateListIntent,
    Intent,
    Missing,
    NewTask,
    TalkIntent,
    Topic,
)
from task_phrases.clock import Clock
from task_phrases.details import tidy
from task_phrases.lists import ONE_LIST
from task_phrases.patterns import Match, rx
from task_phrases.quotes import unquote

_MAKE: Final = r"(?:create|make|start|begin|build|generate|set up|produce|add|prepare|draw up)"
_ANY_VERB: Final = (
    rf"(?:{_MAKE}|open|bring up|show|get|give|have|need|want|i need|i want|we need|i'd like|"
    r"i would like|my)"
)
_NEW: Final = r"(?:new|blank|empty|fresh|separate|different|second|another)"
_ARTICLE: Final = r"(?:(?:me|us|myself) )?(?:(?:a|an|another|the|my|our|some|one) )?"
# After a preposition, "list" is an existing one: "add milk to my list".
_NAME: Final = (
    r"(?P<before>(?:(?:to[\s-]?do|"
    r"(?!(?:to|on|in|into|onto|from|for|sure|with|item|items|the|my|a)\b)\S+) ){0,6}?)"
)
_CALLED: Final = (
    r"(?:(?: ?: ?| (?:called|named|titled|with the (?:name|title)|for|of|about) )(?P<after>.+?))?"
)
_WITH: Final = r"(?: (?:with|containing|including)(?: the items?)? (?P<items>.+))?"
_END: Final = r"(?: (?:to be (?:created|made).*|right now|now|for me|please))*[\s.!]*"
_TAIL: Final = rf"(?P<noun>{ONE_LIST}){_CALLED}{_WITH}{_END}"
_LAST_NAME: Final = rx(r"^.+ (?:called|named|titled) ")
# "A list of all ..." asks for general knowledge, not for an empty list with that name.
_RESEARCH: Final = rx(r"(?:all|every|the (?:top|best|most)|(?:top|best) \S+)\b.*")


def read_new_list(match: Match, _clock: Clock) -> Intent | None:
    """Read "make a new list called Garden"; with items, they are added to it."""
    after = re.sub(r"(?i)^me(?: please)?$| please$", "", match["after"] or "")
    if _RESEARCH.fullmatch(after):
        return TalkIntent(Topic.OUT_OF_SCOPE)
    after = _LAST_NAME.sub("", after)
    before, noun = tidy(match["before"] or ""), match["noun"]
    if before and noun.lower() != "list":
        before = f"{before} {noun}"
    name = unquote(tidy(after or before))
    if match["items"] and name:
        items = split_items(match["items"], is_enumeration=True)
        return AddIntent(tuple(NewTask(unquote(item), list_name=name) for item in items))
    return (
        CreateListIntent(name) if name else ClarifyIntent(Missing.LIST_NAME, CreateListIntent(""))
    )


NEW_LIST_RULES: Final = (
    rule(rf"(?:{_ANY_VERB} )?{_ARTICLE}(?:{_NEW} )+{_NAME}{_TAIL}", read_new_list),
    rule(rf"{_MAKE} {_ARTICLE}{_NAME}{_TAIL}", read_new_list),
    rule(r"(?P<noun>list)(?P<before>)(?P<after>)(?P<items>) new", read_new_list),
)
