"""Sentences that delete: a task, a list, or everything of a kind."""

from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.grammar.lists import LIST_NOUN, ONE_LIST, clean_name
from offline_assistant.grammar.quotes import unquote
from offline_assistant.grammar.rules import rule
from offline_assistant.grammar.targets import read_filter_target, read_target
from offline_assistant.intents import (
    ByFilter,
    ByMention,
    ClarifyIntent,
    DeleteIntent,
    DeleteListIntent,
    Filter,
    Intent,
    Missing,
)
from offline_assistant.patterns import Match

_DELETE: Final = (
    r"(?:deleted?|removed?|erase|cancel|discard|drop|trash|kill|purge|scratch|get rid of|"
    r"throw (?:away|out)|dismiss|disregard|cross out|take (?:off|out|away)|clear|clean)"
)
_CLEAR: Final = r"(?:clear(?: out| off)?|clean(?: up| out)?|empty|wipe(?: out)?|reset|format)"
_PLACE: Final = r"(?:calend[ae]r|schedule|agenda|day|diary|planner|to-?dos?|tasks|week|plans)"
_DETERMINER: Final = r"(?:(?:my|the|our|this|that|a|an|any kind of|any) )?"
_CALLED: Final = r"(?: (?:called|named|titled|for|of) (?P<after>.+?))"
_WITH_TASKS: Final = (
    r"(?P<tasks>,? (?:and|with|including) (?:all )?(?:its|the|their|of its)? ?"
    r"(?:tasks|items|contents?|everything)(?: in it| on it)?)"
)
# A list's own name: words that lead elsewhere ("from the list", "item of the list") are none.
_LIST_NAME: Final = (
    r"(?P<name>(?:(?!(?:from|off|on|in|out|item|items|task|all|everything)\b)\S+ ){0,5}?)"
)
_AFTER_LIST: Final = r"(?: (?:from|in|on) (?:my|the) \S+| (?:i|that|which) .*)?"
_GONE: Final = r"(?:deleted|removed|cleared|erased|taken (?:off|away|out))"
# "Clear my day" means the present one.
_SPANS: Final = {"day": "today", "week": "this week"}
_NO_NAMES: Final = frozenset(
    ("this", "that", "previous", "last", "following", "current", "blank", "same")
)


def _delete(match: Match, clock: Clock) -> Intent:
    target = read_target(match["target"], clock)
    return DeleteIntent(target) if target else _ask_which(match, clock)


def _ask_which(_match: Match, _clock: Clock) -> Intent:
    return ClarifyIntent(Missing.WHICH_TASK, DeleteIntent(ByMention()))


def _clear(match: Match, clock: Clock) -> Intent:
    what = " ".join(_SPANS.get(word.lower(), word) for word in match["what"].split())
    return DeleteIntent(read_filter_target(what, clock))


def _clear_list(match: Match, _clock: Clock) -> Intent:
    return DeleteIntent(ByFilter(Filter(list_name=clean_name(match["name"]))))


def _delete_list(match: Match, _clock: Clock) -> Intent:
    words = match.groupdict()
    before, after = (words.get("name") or "").strip(), (words.get("after") or "").strip()
    name = unquote(after or before)
    if name and not after and match["noun"].lower() != "list":
        name = f"{name} {match['noun']}"
    if not name or name.lower() in _NO_NAMES:
        return ClarifyIntent(Missing.WHICH_LIST, DeleteListIntent(""))
    return DeleteListIntent(name, with_tasks=words.get("tasks") is not None)


DELETING_RULES: Final = (
    rule(rf"{_CLEAR} (?P<what>{_DETERMINER}{_PLACE}\b.*)", _clear),
    rule(rf"{_CLEAR} (?P<what>(?:all|every|everything|each)\b.*)", _clear),
    rule(
        rf"{_CLEAR} {_DETERMINER}(?P<name>(?:\S+ ){{0,5}}?){LIST_NOUN}(?: completely)?", _clear_list
    ),
    rule(rf"{_DELETE} {_DETERMINER}(?P<noun>{ONE_LIST}){_CALLED}{_WITH_TASKS}?", _delete_list),
    rule(
        rf"{_DELETE} {_DETERMINER}{_LIST_NAME}(?P<noun>{ONE_LIST}){_AFTER_LIST}{_WITH_TASKS}?",
        _delete_list,
    ),
    rule(
        r"(?:take|cross|strike|move|put|throw|change) (?P<target>(?!(?:off|out|away|from)\b).+?) "
        r"(?:off|out|away|to (?:the )?(?:trash|bin))(?: .*)?",
        _delete,
    ),
    rule(rf"{_DELETE} (?P<target>.+)", _delete),
    rule(_DELETE, _ask_which),
    rule(r"make sure (?:that )?there (?:is|are) (?:no|not any) (?P<what>.+)", _clear),
    rule(
        r"(?:make sure|i need|i want) (?P<what>.+?) (?:is |are |to be )?(?:completely )?"
        rf"(?:{_GONE}|clear|empty)\b.*",
        _clear,
    ),
    rule(rf"(?P<target>.+?) (?:(?:should|must|needs? to|has to) be|to be) {_GONE}\b.*", _delete),
)
