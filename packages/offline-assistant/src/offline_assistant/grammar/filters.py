"""Which tasks a phrase lets through: its list, days, state, priority and tag, and the words left."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.dates import DatePhrase, find_dates, join_dates
from offline_assistant.grammar.details import cut, take_priority, tidy
from offline_assistant.grammar.lists import find_list
from offline_assistant.grammar.quotes import show_quotes
from offline_assistant.intents import Filter
from offline_assistant.patterns import rx

STATE: Final = (
    r"(?P<state>done|completed?|finished|checked(?:[\s-]off)?|ticked(?:[\s-]off)?|overdue|late|past due|"
    r"open|incomplete|unfinished|undone|not done|pending|remaining|left|old)"
)
_STATE: Final = rx(rf"\b{STATE}\b")
_COMPLETED: Final = ("done", "complete", "finish", "check", "tick", "old")
_OVERDUE: Final = {"overdue", "late", "past due"}
_TAG: Final = re.compile(r"(?<!\S)#(?=\w*[^\W\d])([\w-]+)")
_TAGGED: Final = rx(r"\b(?:tagged|with the tag|labell?ed)(?: as| with)? #?(?P<tag>[\w-]+)")
_IMPORTANT: Final = rx(r"\b(?:urgent|important)(?= (?:tasks?|items?|ones?|things?|to-?dos?)\b)")
_UP_TO: Final = rx(r"^(?:by|before|until|till|up to)\b")
_FROM: Final = rx(r"^(?:after|since|from)\b")
_NOT: Final = rx(r"\bnot\b|n't\b")
_UPCOMING: Final = rx(r"\b(?:upcoming|coming up|ahead)\b")
# Words that say "any task" and nothing about its title.
_GENERIC: Final = rx(
    r"(?:\b(?:tasks?|items?|ones?|to-?dos?|to do|things?|stuff|entry|entries|events?|reminders?|schedules?|"
    r"calend[ae]rs?|agenda|engagements?|programs?|plans?|everything|anything|lists?|"
    r"scheduled|upcoming|current|existing|planned|recurring|set|marked|due|day|days|"
    r"of|my|the|them|that|which|are|is|i|have|i've|on|in|from|for|and|as|already|completely|please|else|all|any|"
    r"do|to|me|be|at|a|an|there|it|get|need|with|or|this|next|up|so far|coming|just|right now|now|about|out|"
    r"starts?|starting|happening|going|supposed|must|should|today's|again|us|we|you|your)(?!'|[\w-])[\s,.!?]*)+"
)


def read_filter(text: str, clock: Clock, base: Filter) -> tuple[Filter, str]:
    """Split a phrase into a filter and the words that are left.

    Args:
        base: what holds where the phrase says nothing; an "all" status is never narrowed.
    """
    task_filter, rest = _take_list(text, base, clock)
    task_filter, rest = _take_tag(rest, task_filter)
    task_filter, rest = _take_days(rest, task_filter, clock)
    rest, priority = take_priority(_IMPORTANT.sub("high priority", rest))
    if priority is not None:
        task_filter = replace(task_filter, priority=priority)
    if base.status != "all":
        task_filter, rest = _take_state(rest, task_filter)
    return task_filter, tidy(rest)


def content_words(text: str) -> str:
    """Return the words of a text that can be part of a title."""
    return show_quotes(tidy(_GENERIC.sub(" ", text)))


def _take_list(text: str, task_filter: Filter, clock: Clock) -> tuple[Filter, str]:
    found = find_list(text)
    if found is None:
        return task_filter, text
    if found.name is None and find_dates(text[found.start : found.end], clock):
        return task_filter, text  # "on today's schedule" is a day, no list
    rest = cut(text, found.start, found.end)
    return replace(task_filter, list_name=found.name), rest


def _take_tag(text: str, task_filter: Filter) -> tuple[Filter, str]:
    match = _TAGGED.search(text) or _TAG.search(text)
    if match is None:
        return task_filter, text
    rest = cut(text, match.start(), match.end())
    return replace(task_filter, tag=match[1]), rest


def _take_days(text: str, task_filter: Filter, clock: Clock) -> tuple[Filter, str]:
    phrases = find_dates(text, clock)
    when = join_dates(phrases, clock)
    if when is None or when.first is None or when.last is None:
        if _UPCOMING.search(text):
            task_filter = replace(task_filter, due_from=clock.today)
        return task_filter, _without(text, phrases)
    first: date | None = when.first
    last: date | None = when.last
    words = text[phrases[-1].start :]
    if _UP_TO.match(words):
        first, last = (
            None,
            when.last - timedelta(days=1) if words.lower().startswith("before") else last,
        )
    elif _FROM.match(words):
        last = None
    return replace(task_filter, due_from=first, due_to=last), _without(text, phrases)


def _without(text: str, phrases: list[DatePhrase]) -> str:
    for phrase in reversed(phrases):
        after = re.sub(r"^['\u2019\u02bc]s\b", "", text[phrase.end :])
        text = f"{text[: phrase.start].rstrip()} {after.lstrip()}".strip()
    return text


def _take_state(text: str, task_filter: Filter) -> tuple[Filter, str]:
    match = _STATE.search(text)
    if match is None:
        return task_filter, text
    word = re.sub(r"\s+", " ", match["state"].lower())
    rest = cut(text, match.start(), match.end())
    if word in _OVERDUE:
        return replace(task_filter, overdue=True), rest
    is_done = word.startswith(_COMPLETED) and not _NOT.search(text[: match.start()])
    return replace(task_filter, status="completed" if is_done else "open"), rest
