"""Sentences that delete tasks or a list: "delete 3", "clear my day", "remove the work list"."""

from typing import Final

from offline_assistant.grammar.rules import rule
from offline_assistant.grammar.targets import read_filter_target, read_numbers, target_reader
from offline_assistant.intents import (
    ByFilter,
    ClarifyIntent,
    DeleteIntent,
    DeleteListIntent,
    Filter,
    Intent,
    Missing,
    RestoreIntent,
)
from task_phrases.clock import Clock
from task_phrases.lists import LIST_NOUN, ONE_LIST, clean_name
from task_phrases.patterns import Match
from task_phrases.quotes import unquote

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
# A list's name; prepositions and words for tasks ("from the list", "item of the list") aren't part of it.
_LIST_NAME: Final = (
    r"(?P<name>(?:(?!(?:from|off|on|in|out|item|items|task|all|everything)\b)\S+ ){0,5}?)"
)
_AFTER_LIST: Final = r"(?: (?:from|in|on) (?:my|the) \S+| (?:i|that|which) .*)?"
_DELETED: Final = r"(?:deleted|removed|cleared|erased|taken (?:off|away|out))"
# "Clear my day" means today.
_SPANS: Final = {"day": "today", "week": "this week"}
_NO_NAMES: Final = frozenset(
    ("this", "that", "previous", "last", "following", "current", "blank", "same")
)


def read_clear(match: Match, clock: Clock) -> Intent:
    """Read "clear my schedule for today" or "clear everything in work"."""
    text = " ".join(_SPANS.get(word.lower(), word) for word in match["what"].split())
    return DeleteIntent(read_filter_target(text, clock))


def read_clear_list(match: Match, _clock: Clock) -> Intent:
    """Read "clear my work list": its open tasks are deleted, the list stays."""
    return DeleteIntent(ByFilter(Filter(list_name=clean_name(match["name"]))))


def read_delete_list(match: Match, _clock: Clock) -> Intent:
    """Read "delete the work list" or "delete the list called Work and its tasks"."""
    groups = match.groupdict()
    before, after = (groups.get("name") or "").strip(), (groups.get("after") or "").strip()
    name = unquote(after or before)
    if name and not after and match["noun"].lower() != "list":
        name = f"{name} {match['noun']}"
    if not name or name.lower() in _NO_NAMES:
        return ClarifyIntent(Missing.WHICH_LIST, DeleteListIntent(""))
    return DeleteListIntent(name, with_tasks=groups.get("tasks") is not None)


def read_restore(match: Match, _clock: Clock) -> Intent | None:
    """Read "restore 3"; the tools find deleted tasks by their numbers only."""
    target = read_numbers(match["target"])
    return RestoreIntent(target.numbers) if target else None


_READ_DELETE: Final = target_reader(DeleteIntent)
DELETING_RULES: Final = (
    rule(r"(?:restore|undelete|recover) (?P<target>.+)", read_restore),
    rule(rf"{_CLEAR} (?P<what>{_DETERMINER}{_PLACE}\b.*)", read_clear),
    rule(rf"{_CLEAR} (?P<what>(?:all|every|everything|each)\b.*)", read_clear),
    rule(
        rf"{_CLEAR} {_DETERMINER}(?P<name>(?:\S+ ){{0,5}}?){LIST_NOUN}(?: completely)?",
        read_clear_list,
    ),
    rule(rf"{_DELETE} {_DETERMINER}(?P<noun>{ONE_LIST}){_CALLED}{_WITH_TASKS}?", read_delete_list),
    rule(
        rf"{_DELETE} {_DETERMINER}{_LIST_NAME}(?P<noun>{ONE_LIST}){_AFTER_LIST}{_WITH_TASKS}?",
        read_delete_list,
    ),
    rule(
        r"(?:take|cross|strike|move|put|throw|change) (?P<target>(?!(?:off|out|away|from)\b).+?) "
        r"(?:off|out|away|to (?:the )?(?:trash|bin))(?: .*)?",
        _READ_DELETE,
    ),
    rule(rf"{_DELETE} (?P<target>.+)", _READ_DELETE),
    rule(_DELETE, _READ_DELETE),
    rule(r"make sure (?:that )?there (?:is|are) (?:no|not any) (?P<what>.+)", read_clear),
    rule(
        r"(?:make sure|i need|i want) (?P<what>.+?) (?:is |are |to be )?(?:completely )?"
        rf"(?:{_DELETED}|clear|empty)\b.*",
        read_clear,
    ),
    rule(
        rf"(?P<target>.+?) (?:(?:should|must|needs? to|has to) be|to be) {_DELETED}\b.*",
        _READ_DELETE,
    ),
)
