"""Sentences that add tasks: "add ...", "remind me to ...", "I need to ...", "buy milk"."""

import re
from dataclasses import replace
from typing import Final

from offline_assistant.grammar.items import ACTIONS
from offline_assistant.grammar.rules import rule
from offline_assistant.grammar.scope import is_out_of_scope
from offline_assistant.grammar.sections import find_section
from offline_assistant.grammar.titles import ADJECTIVES, ARTICLE, read_tasks, strip_link
from offline_assistant.intents import (
    AddIntent,
    ClarifyIntent,
    Intent,
    Missing,
    NewTask,
    OfferIntent,
    TalkIntent,
    Topic,
)
from task_phrases.clock import Clock
from task_phrases.dates import names_day
from task_phrases.details import take_details, tidy
from task_phrases.lists import LIST_NOUN, clean_name
from task_phrases.patterns import Match, any_of, rx, word_list
from task_phrases.quotes import show_quotes, unquote

_OBLIGATION: Final = rx(r"^(?:i|we) (?:have|need|ought|am supposed|are supposed) to (?=\S)")
_CONDITION: Final = rx(r" ?(?:when(?:ever)?|if|once|as soon as|where|while)\b.*")
# Verbs that needn't be chores: "I need to find a joke" isn't a task.
_UNSURE: Final = word_list(
    "find check read go get look ask tell give watch listen play see change start run take make set "
    "train move update contact have do back follow report post file sell cut top"
)
_CHORE: Final = rx(rf"{any_of(set(ACTIONS).difference(_UNSURE))} .+")
# Verbs that make a fragment a full sentence: "today I had a nice day" isn't a plan.
_SENTENCE: Final = rx(
    r"\b(?:is|are|was|were|had|has|does|did|do|lands?|falls?|looks?|i'm|it's|not|\w+n't|already|"
    r"equals)\b"
)


def read_add(match: Match, clock: Clock) -> Intent:
    """Read "add ..." or "schedule ..."."""
    return read_tasks(match["rest"], clock)


def read_passive_add(match: Match, clock: Clock) -> Intent:
    """Read "milk should be added to my list"."""
    return read_tasks(f"{match['rest']} {match['list_phrase']}", clock)


def read_calendar_block(match: Match, clock: Clock) -> Intent:
    """Read "mark my calendar for friday for the wedding"."""
    parsed = read_tasks(match["rest"], clock)
    return _without_links(parsed) if isinstance(parsed, AddIntent) else parsed


def _without_links(add: AddIntent) -> AddIntent:
    tasks = (replace(task, title=strip_link(task.title) or task.title) for task in add.tasks)
    return replace(add, tasks=tuple(tasks))


def read_list_first(match: Match, clock: Clock) -> Intent:
    """Read "shopping list: milk, eggs", with the list in front."""
    name = clean_name(match["list"])
    parsed = read_tasks(match["rest"], clock, is_enumeration=name is not None)
    if isinstance(parsed, ClarifyIntent):
        return ClarifyIntent(Missing.TITLE, AddIntent((NewTask("", list_name=name),)))
    return replace(parsed, tasks=tuple(replace(task, list_name=name) for task in parsed.tasks))


def read_put(match: Match, clock: Clock) -> Intent | None:
    """Read "put ... on my list" or "put ... down for friday"; any other "put" isn't an addition."""
    rest, downs = re.subn(r"(?i)\s*\bdown\b", "", match["rest"], count=1)
    details = take_details(rest, clock)
    is_addition = (
        details.has_list
        or find_section(rest) is not None
        or (downs > 0 and details.when is not None)
    )
    return read_tasks(rest, clock) if is_addition else None


def read_reminder(match: Match, clock: Clock) -> Intent:
    """Read "remind me to ..."; "remind me when ..." has a condition, which isn't supported."""
    if _CONDITION.fullmatch(match["rest"]):
        return TalkIntent(Topic.NO_CONDITIONS)
    text = _OBLIGATION.sub("", strip_link(match["rest"]))
    parsed = read_tasks(text, clock, prefer_first_date=True)
    if isinstance(parsed, ClarifyIntent):
        draft = (
            replace(parsed.draft, wants_reminder=True)
            if isinstance(parsed.draft, AddIntent)
            else parsed.draft
        )
        return replace(parsed, draft=draft)
    return remind_when_due(_without_links(parsed))


def remind_when_due(add: AddIntent) -> AddIntent:
    """Add a reminder at the time that each task is due, unless it has its own."""
    tasks = tuple(
        replace(task, reminders=task.reminders or ((0,) if task.due else ())) for task in add.tasks
    )
    return replace(add, tasks=tasks, wants_reminder=True)


def read_breakdown(match: Match, clock: Clock) -> Intent | None:
    """Read "break paint the kitchen down into: buy paint, cover the floor"."""
    parent = unquote(tidy(match["parent"]))
    parsed = read_tasks(match["items"], clock, is_enumeration=True)
    if not parent or not isinstance(parsed, AddIntent):
        return None
    return AddIntent(tuple(replace(task, parent=parent) for task in parsed.tasks))


def read_breakdown_request(_match: Match, _clock: Clock) -> Intent:
    """Read "break down the moving", for which one has to know what it takes."""
    return TalkIntent(Topic.NO_STEPS)


def read_need(match: Match, clock: Clock) -> Intent | None:
    """Read "I need to ..."; offer to add it if it has no date, list, priority or chore."""
    rest = match["rest"]
    if is_out_of_scope(rest):
        return TalkIntent(Topic.OUT_OF_SCOPE)
    details = take_details(rest, clock)
    is_sure = details.when or details.has_list or details.priority or _CHORE.fullmatch(rest)
    return read_tasks(rest, clock) if is_sure else _offer(rest, clock)


def read_appointment(match: Match, clock: Clock) -> Intent | None:
    """Read "I have a meeting at noon today" as a task; without a date it is only a remark."""
    return read_tasks(match["rest"], clock) if take_details(match["rest"], clock).when else None


def read_shortage(match: Match, clock: Clock) -> Intent | None:
    """Read "we need milk" or "I ran out of milk" and offer to add it."""
    rest = match["rest"]
    return TalkIntent(Topic.OUT_OF_SCOPE) if is_out_of_scope(rest) else _offer(rest, clock)


def read_imperative(match: Match, clock: Clock) -> Intent | None:
    """Read a bare imperative: add a chore; add another action only with a date or list, else offer."""
    text = match.group()
    if is_out_of_scope(text):
        return None
    details = take_details(text, clock)
    is_sure = details.when or details.has_list or _CHORE.fullmatch(text)
    return read_tasks(text, clock) if is_sure else _offer(text, clock)


def read_fragment(match: Match, clock: Clock) -> Intent | None:
    """Read "lunch with Ann on friday" and offer to add it: it has a date and isn't a sentence."""
    text = match.group()
    if not names_day(text, clock) or _SENTENCE.search(text) or is_out_of_scope(text):
        return None
    has_words = re.search(r"\w", show_quotes(take_details(text, clock).text))
    return _offer(text, clock) if has_words else None


def _offer(text: str, clock: Clock) -> Intent | None:
    parsed = read_tasks(text, clock)
    return OfferIntent(parsed) if isinstance(parsed, AddIntent) else None


_LIST: Final = rf"(?P<list>(?!(?:add|put|insert|append|include)\b)(?:\S+ ){{0,5}}?{LIST_NOUN})"
_SET: Final = (
    r"(?:(?:set(?: up)?|create|make|add|new|activate|turn on|put|give me|latest|repeat|schedule) )?"
)
_REMINDER: Final = r"(?:reminders?|alarms?|notifications?|alerts?)"
_REMINDER_CONTINUES: Final = (
    r"(?: ?:| (?:to|for|about|of|at|on|in|that|before|tomorrow|today|tonight|next|this|every)\b)"
)
_EVENT: Final = (
    r"(?:tasks?|to-?dos?|items?|events?|entry|appointments?|meetings?|reservations?|alarms?|"
    r"reminders?|notifications?)"
)
_ADVERB: Final = r"(?: (?:really|also|still|just))?"
_OBLIGED: Final = (
    r"(?:need(?: to remember)? to|have to|got to|must|ought to|gotta|has to|should|want to|wanna|"
    r"plan to|intend to|would like to|would love to|am going to|am supposed to|am planning to)"
)

_ADD_COMMANDS: Final = (
    rule(rf"update (?P<list>(?:my |the |our )?(?:\S+ ){{0,4}}?{LIST_NOUN}) "
         r"(?:with|to (?:include|add)) (?P<rest>.+)", read_list_first),
    rule(rf"(?:(?:to|on|in|for) )?{_LIST}(?: ?: ?|,? (?:please )?(?:add|put|include) )(?P<rest>.+)",
         read_list_first),
    rule(r"(?:add|insert|append|include|enter|jot(?: down)?|note down|write down|log)\b(?: that)?"
         r" ?:?(?P<rest>.*)", read_add),
    rule(r"(?:task|to-?do|reminder|note(?: to self)?) ?[:\u2013-] ?(?P<rest>.+)", read_add),
    rule(r"(?:put|throw|toss|stick|place|pop) (?P<rest>.+)", read_put),
    rule(r"(?:make|take)(?: me)? (?:a )?note (?:to|that|of|about|:) (?P<rest>.+)", read_add),
    rule(r"(?:mark (?:my |the )?calend[ae]r|block (?:off|out)|save the date)(?: for| with| that| on)? "
         r"(?P<rest>.+)", read_calendar_block),
)  # fmt: skip
_SUBTASK: Final = r"(?:sub-?tasks?|steps?)"
_BREAKDOWN_COMMANDS: Final = (
    rule(r"(?:break|split|divide) .+ into (?:smaller |several |a few |some |its )?"
         r"(?:sub-?tasks|steps|pieces|parts)", read_breakdown_request),
    rule(r"(?:break|split|divide) (?:down )?(?P<parent>.+?) (?:down |up )?into(?: the| these)?"
         rf"(?: {_SUBTASK})? ?:? (?P<items>.+)", read_breakdown),
    rule(r"(?:break|split|divide) (?:down .+|up .+|.+ down|.+ up)", read_breakdown_request),
    rule(rf"add (?:an? |the |these |some )?{_SUBTASK} (?:to|for|of|under) (?P<parent>[^:]+?) ?: ?(?P<items>.+)",
         read_breakdown),
    rule(rf"add (?:an? |the |these )?{_SUBTASK} (?P<items>.+) (?:to|under|of) (?P<parent>.+?)", read_breakdown),
)  # fmt: skip
_REMINDER_COMMANDS: Final = (
    rule(r"(?:remind|notify|alert|ping|nudge)(?: me| us)?\b(?P<rest>(?! (?:what|which|who|how)\b).*)",
         read_reminder),
    rule(rf"{_SET}{ARTICLE}{ADJECTIVES}(?:\S+ ){{0,3}}?{_REMINDER}(?P<rest>{_REMINDER_CONTINUES}.*)",
         read_reminder),
    rule(rf"(?:create|make|set(?: up)?|start|new|open calendar)(?: me)? "
         rf"(?P<rest>{ARTICLE}(?:\S+ ){{0,3}}?{_EVENT}\b.*)", read_add),
    rule(r"(?:schedule|calendar event|event) ?:? (?P<rest>\S+ .+)", read_add),
    rule(r"schedule (?P<rest>.+)", read_add),
    rule(r"(?:do not|don't|dont|never)(?: (?:let me|ever))? forget(?: to| about| that)?\b(?P<rest>.*)",
         read_reminder),
    rule(r"(?:remember|make sure)(?: that)?(?: i| we)?(?: to)?\b"
         r"(?P<rest>(?! (?:what|when|who|there)\b).+)", read_reminder),
)  # fmt: skip
_STATEMENTS: Final = (
    rule(rf"(?:i|we)(?:'ve|'ll|'m|'d| will)?{_ADVERB} {_OBLIGED} (?P<rest>.+)", read_need),
    rule(r"i(?:'m| am) (?:going|supposed|planning) to (?P<rest>.+)", read_need),
    rule(r"(?:i|we) (?:need|want|would like) (?P<rest>.+?) (?:to be )?added (?P<list_phrase>(?:to|on) .+)", read_passive_add),
    rule(r"(?P<rest>.+?) (?:should|must|needs? to|has to) be (?:added|put) (?P<list_phrase>(?:to|on) .+)", read_passive_add),
    rule(r"(?:i|we)(?:'ve| have)?(?: also)? (?:got |have )?(?P<rest>(?:an?|my|our|the|some) .+)", read_appointment),
    rule(r"(?:i|we) (?:also )?need (?P<rest>.+)", read_shortage),
    rule(r"(?:i|we)(?:'re|'m| are| am| have)?(?: almost| nearly)? (?:(?:running|run|ran) )?"
         r"(?:out of|low on) (?P<rest>.+)", read_shortage),
)  # fmt: skip

ADDING_RULES: Final = (*_BREAKDOWN_COMMANDS, *_ADD_COMMANDS, *_REMINDER_COMMANDS, *_STATEMENTS)
# Not for requests: "can you clean the house" doesn't mean "I have to clean the house".
IMPERATIVE_RULES: Final = (
    rule(
        rf"(?!make sure)(?:{any_of(ACTIONS)}|eat|be|sleep|wake|leave|arrive)\b.*", read_imperative
    ),
)
FRAGMENT_RULES: Final = (rule(r".{1,120}", read_fragment),)
