"""Sentences that complete or reopen: "done with 3", "I bought the milk", "mark it as not done"."""

from dataclasses import replace
from typing import Final

from offline_assistant.grammar.rules import rule
from offline_assistant.grammar.sentence_type import COMMAND_VERBS
from offline_assistant.grammar.targets import read_target, target_reader
from offline_assistant.intents import ByWords, CompleteIntent, Intent, ReopenIntent
from task_phrases.clock import Clock
from task_phrases.patterns import Match, any_of, rx, word_list

# Past tense -> the verb that a title probably begins with; regular verbs lose their -ed.
_IRREGULAR: Final = {
    "bought": "buy",
    "got": "get",
    "did": "do",
    "done": "do",
    "paid": "pay",
    "sent": "send",
    "wrote": "write",
    "written": "write",
    "made": "make",
    "took": "take",
    "taken": "take",
    "met": "meet",
    "read": "read",
    "told": "tell",
    "gave": "give",
    "given": "give",
    "brought": "bring",
    "sold": "sell",
    "rang": "ring",
    "fed": "feed",
    "swept": "sweep",
    "ran": "run",
    "swam": "swim",
    "built": "build",
    "cut": "cut",
    "hung": "hang",
    "saw": "see",
    "found": "find",
    "spoke": "speak",
    "taught": "teach",
    "went": "go",
    "drove": "drive",
    "chose": "choose",
    "put": "put",
    "set": "set",
}
# Past tenses that don't mean a completed task.
_STATES: Final = word_list(
    "wanted needed liked loved hated tried hoped wished asked thought forgot had was enjoyed wondered "
    "decided missed failed noticed remembered happened used planned intended promised expected "
    "seemed looked lived added deleted removed created renamed scheduled cancelled canceled listed "
    "mentioned decided"
)
_REGULAR: Final = r"(?!(?:need|indeed)\b)[a-z]{2,}[^e\W]ed"
_PAST: Final = rf"(?P<verb>(?!{any_of(_STATES)}\b)(?:{any_of(_IRREGULAR)}|{_REGULAR}))"
# "Put", "set", "cut" and "read" may also be commands, so they need an "I".
_BARE_PAST: Final = rf"(?!(?:put|set|cut|read)\b){_PAST}"
_SUBJECT: Final = (
    r"(?:(?:i|we)(?:'ve| have|'m| am|'re| are)?(?: (?:already|just|finally|now|also|both))* )"
)
_WHEN: Final = rx(
    r" (?:already|yesterday|today|just now|this morning|last night|earlier|"
    r"a (?:minute|moment) ago)$"
)
_HEDGED: Final = rx(r"\b(?:never|almost|nearly|half|partly|not|n't|if)\b")
# "I finished my to do list": too many tasks to complete after a casual remark.
_WHOLE_LIST: Final = rx(r"(?:my |the |all )?(?:\S+ ){0,3}(?:lists?|day|everything|calendar)")
_DONE: Final = r"(?:done|completed?|finished|checked(?: off)?|ticked(?: off)?|closed|resolved)"
_UNFINISHED: Final = (
    r"(?:not (?:yet )?(?:done|completed?|finished)|undone|incomplete|uncompleted|unfinished|unchecked|"
    r"open again|to-?do again)"
)
_MARK: Final = r"(?:mark|set|flag|make|change|move)"
_AS: Final = r"(?:(?:as|to|to be|is) )?"
_NOW: Final = r"(?: ?(?:all|now|already|finally) ?)"
_NO_COMMAND: Final = rf"(?!(?:i|we|{any_of(COMMAND_VERBS)}|if|when|until|nothing|not|no)\b)"


_COMPLETE: Final = target_reader(CompleteIntent)
_REOPEN: Final = target_reader(ReopenIntent)


def read_finish(match: Match, clock: Clock) -> Intent | None:
    """Read "finish the report"; with a date ("by friday") it is a plan, not a completed task."""
    target = read_target(match["target"], clock)
    if isinstance(target, ByWords) and target.task_filter.has_due:
        return None
    return _COMPLETE(match, clock)


def read_past_tense(match: Match, clock: Clock) -> Intent | None:
    """Read "I bought the milk"; the verb only breaks ties between titles."""
    text = _WHEN.sub("", match["target"])
    if _HEDGED.search(match.group()) or _WHOLE_LIST.fullmatch(text):
        return None
    target = read_target(text, clock)
    if not isinstance(target, ByWords):
        return CompleteIntent(target) if target else None
    verb = match["verb"].lower()
    return CompleteIntent(replace(target, hint=_IRREGULAR.get(verb) or verb.removesuffix("ed")))


_REOPENING: Final = (
    rule(rf"{_MARK} (?P<target>.+?) {_AS}(?:{_UNFINISHED}|open|to-?do)", _REOPEN),
    rule(rf"{_MARK} {_AS}{_UNFINISHED}:? (?P<target>.+)", _REOPEN),
    rule(
        r"(?:reopen|re-open|uncheck|un-check|untick|uncomplete|unmark|undo|bring back|reactivate) "
        r"(?P<target>.+)",
        _REOPEN,
    ),
    rule(rf"(?P<target>.+?) (?:is|are|was)(?: still| actually)? {_UNFINISHED}(?: yet)?", _REOPEN),
    rule(rf"(?P<target>.+?) (?:isn't|aren't)(?: actually)? {_DONE}(?: yet)?", _REOPEN),
    rule(r"(?:reopen|undo|uncheck)", _REOPEN),
)
_COMPLETING: Final = (
    rule(rf"{_MARK} (?P<target>.+?) {_AS}{_DONE}", _COMPLETE),
    rule(rf"{_MARK} {_AS}{_DONE}:? (?P<target>.+)", _COMPLETE),
    rule(r"(?:check|tick|cross|strike|mark) off (?P<target>.+)", _COMPLETE),
    rule(
        r"(?:check|tick|cross|strike|mark) (?P<target>.+?) off(?: (?:of )?(?:my|the) .+)?",
        _COMPLETE,
    ),
    rule(r"(?:complete|finish|close|resolve|tick) (?P<target>.+)", read_finish),
    rule(rf"{_SUBJECT}?(?:done|finished|through)(?: with)? (?P<target>.+)", _COMPLETE),
    rule(
        rf"(?P<target>{_NO_COMMAND}.+?) (?:is|are|has been|have been|was|got) "
        rf"{_NOW}*{_DONE}{_NOW}?",
        _COMPLETE,
    ),
    rule(rf"(?P<target>#?\d+|it|that|{_NO_COMMAND}\S+(?: \S+){{0,2}}) {_DONE}", _COMPLETE),
    rule(rf"{_SUBJECT}{_PAST} (?P<target>.+)", read_past_tense),
    rule(rf"{_BARE_PAST} (?P<target>(?:the|my|it|that|them|both|\S+$).*)", read_past_tense),
    rule(
        rf"{_SUBJECT}?(?:done|complete|completed|finished|finish|mark (?:as )?done|check off|"
        r"tick off)",
        _COMPLETE,
    ),
)
COMPLETING_RULES: Final = (*_REOPENING, *_COMPLETING)
