"""Splits an enumeration into tasks: "milk, eggs and bread" are three, "mac and cheese" is one."""

import re
from typing import Final

from task_phrases.patterns import any_of, rx, word_list

MAX_ITEMS: Final = 25
# Fixed phrases with an "and" that doesn't separate items.
_FIXED_PHRASES: Final = rx(
    r"\b(?:mac(?:aroni)? and cheese|fish and chips|salt and pepper|peanut butter and jelly|ham and eggs|"
    r"bed and breakfast|pros and cons|terms and conditions|research and development|q and a|r and d|"
    r"arts and crafts|rock and roll|lost and found|salt and vinegar|cream and sugar|oil and vinegar|"
    r"wash and fold|drag and drop|copy and paste|mom and dad|mum and dad|bread and butter)\b"
)
ACTIONS: Final = word_list(
    "buy call phone ring text email mail message pay book clean wash water feed walk fix repair mow "
    "vacuum iron renew return pick drop order cook bake ship visit meet submit sign print send write "
    "finish do get go take bring read review prepare plan check schedule cancel ask tell invite "
    "organize organise arrange update replace install charge collect paint practice practise study "
    "learn watch attend make tidy dust sweep mop fold hang apply register file draft edit publish "
    "deploy test shop exercise run swim train move pack unpack refill top change clear empty sell "
    "donate recycle deliver wrap backup back set start contact reply respond follow post upload "
    "download transfer withdraw deposit fill sort trim cut rake shovel plant weed chop defrost "
    "marinate hire interview report research build assemble measure hand give lend borrow find look"
)
_ACTION: Final = any_of(ACTIONS)
_STARTS_WITH_ACTION: Final = rx(rf"^{_ACTION}\b")
_REFERS_BACK: Final = rx(r"\b(?:it|them|him|her|his|their|its|this|that|then)\b")
_BULLET: Final = re.compile(r"^\s*(?:[-*\u2022\u2013]|\d{1,2}[.)]|\[[ x]?\])\s+")
_COMMAS: Final = re.compile(r"\s*(?:,|;|\n)\s*(?:and\s+|&\s*)?", re.IGNORECASE)
_AND: Final = re.compile(r"\s+(?:and|&|\+|plus)\s+", re.IGNORECASE)
_JOINER: Final = "\ufdd0"  # replaces spaces inside fixed phrases; a noncharacter, so no text has it


def split_items(text: str, *, is_enumeration: bool) -> list[str]:
    """Return at most `MAX_ITEMS` items of a text, in order.

    Args:
        is_enumeration: the text is known to list things ("to my shopping list"), so an "and" always
            separates; else it separates only two actions ("buy milk and call mom").
    """
    lines = [_BULLET.sub("", line).strip() for line in text.split("\n")]
    parts = [
        part for line in lines if line for part in _split_line(line, is_enumeration=is_enumeration)
    ]
    return [part for part in parts if re.search(r"\S", part)][:MAX_ITEMS]


def _split_line(line: str, *, is_enumeration: bool) -> list[str]:
    joined = _FIXED_PHRASES.sub(lambda match: re.sub(r"\s+", _JOINER, match.group()), line)
    parts = _COMMAS.split(joined)
    if len(parts) > 1:
        # "Call mom, she is ill" has one comma and is a sentence.
        if is_enumeration or len(parts) > 2 or _AND.search(parts[-1]):
            is_list = all(len(part.split()) <= 6 for part in parts)
        else:
            is_list = all(_STARTS_WITH_ACTION.match(part) for part in parts)
        if not is_list:
            return [line]
        is_enumeration = True
    items = [item for part in parts for item in _split_and(part, is_enumeration=is_enumeration)]
    return [item.replace(_JOINER, " ").strip() for item in items]


def _split_and(text: str, *, is_enumeration: bool) -> list[str]:
    parts = _AND.split(text)
    if len(parts) == 1 or any(_REFERS_BACK.search(part) for part in parts[1:]):
        return [text]
    are_actions = [
        bool(_STARTS_WITH_ACTION.match(part)) and len(part.split()) > 1 for part in parts
    ]
    if all(are_actions) or (is_enumeration and not any(are_actions)):
        return parts
    return [text]
