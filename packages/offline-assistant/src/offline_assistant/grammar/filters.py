"""Extracts a filter from a phrase: its list, days, state, priority and tag."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from offline_assistant.grammar.sections import find_section
from offline_assistant.intents import Filter
from task_phrases.clock import Clock
from task_phrases.dates import find_dates, join_dates
from task_phrases.details import TAG, cut, take_priority, tidy
from task_phrases.lists import find_list
from task_phrases.patterns import rx
from task_phrases.quotes import show_quotes

STATE: Final = (
    r"(?P<state>done|completed?|finished|checked(?:[\s-]off)?|ticked(?:[\s-]off)?|overdue|late|past due|"
    r"open|incomplete|unfinished|undone|not done|pending|remaining|left|old)"
)
_STATE: Final = rx(rf"\b{STATE}\b")
_COMPLETED: Final = ("done", "complete", "finish", "check", "tick", "old")
_OVERDUE: Final = {"overdue", "late", "past due"}
_TAGGED: Final = rx(r"\b(?:tagged|with the tag|labell?ed)(?: as| with)? #?(?P<tag>[\w-]+)")
_IMPORTANT: Final = rx(r"\b(?:urgent|important)(?= (?:tasks?|items?|ones?|things?|to-?dos?)\b)")
_BEFORE: Final = rx(r"^before\b")
_UP_TO: Final = rx(r"^(?:by|until|till|up to)\b")
_FROM: Final = rx(r"^(?:after|since|from)\b")
_POSSESSIVE: Final = re.compile(r"^['\u2019\u02bc]s\b")
_NOT: Final = rx(r"\bnot\b|n't\b")
_UPCOMING: Final = rx(r"\b(?:upcoming|coming up|ahead)\b")
# Words that mean any task and can't be part of its title.
_GENERIC: Final = rx(
    r"(?:\b(?:tasks?|items?|ones?|to-?dos?|to do|things?|stuff|entry|entries|events?|reminders?|schedules?|"
    r"calend[ae]rs?|agenda|engagements?|programs?|plans?|everything|anything|lists?|"
    r"scheduled|upcoming|current|existing|planned|recurring|set|marked|due|day|days|"
    r"of|my|the|them|that|which|are|is|i|have|i've|on|in|from|for|and|as|already|completely|please|else|all|any|"
    r"do|to|me|be|at|a|an|there|it|get|need|with|or|this|next|up|so far|coming|just|right now|now|about|out|"
    r"starts?|starting|happening|going|supposed|must|should|today's|again|us|we|you|your)(?!'|[\w-])[\s,.!?]*)+"
)


def read_filter(text: str, clock: Clock, base: Filter) -> tuple[Filter, str]:
    """Split a phrase into a filter and the remaining words.

    Args:
        base: the filter for a phrase without conditions; an "all" status is never narrowed.
    """
    task_filter = base
    section = find_section(text, is_bare=True)
    if section is not None:
        task_filter = replace(task_filter, section=section.name, list_name=section.list_name)
        text = cut(text, section.start, section.end)
    rest = text
    found = find_list(text)
    # "On today's schedule" names a day, not a list.
    if found and (found.name is not None or not find_dates(text[found.start : found.end], clock)):
        task_filter = replace(task_filter, list_name=found.name)
        rest = cut(rest, found.start, found.end)
    tag = _TAGGED.search(rest) or TAG.search(rest)
    if tag:
        task_filter = replace(task_filter, tag=tag[1])
        rest = cut(rest, tag.start(), tag.end())
    task_filter, rest = _take_days(rest, task_filter, clock)
    rest, priority = take_priority(_IMPORTANT.sub("high priority", rest))
    if priority is not None:
        task_filter = replace(task_filter, priority=priority)
    state = _STATE.search(rest) if base.status != "all" else None
    if state:
        word = re.sub(r"\s+", " ", state["state"].lower())
        is_done = word.startswith(_COMPLETED) and not _NOT.search(rest[: state.start()])
        rest = cut(rest, state.start(), state.end())
        if word in _OVERDUE:
            task_filter = replace(task_filter, overdue=True)
        else:
            task_filter = replace(task_filter, status="completed" if is_done else "open")
    return task_filter, tidy(rest)


def content_words(text: str) -> str:
    """Return the words of a text that may be part of a title."""
    return show_quotes(tidy(_GENERIC.sub(" ", text)))


def _take_days(text: str, task_filter: Filter, clock: Clock) -> tuple[Filter, str]:
    phrases = find_dates(text, clock)
    when = join_dates(phrases, clock)
    rest = text
    for phrase in reversed(phrases):
        after = _POSSESSIVE.sub("", rest[phrase.end :])
        rest = cut(f"{rest[: phrase.start]} {after}", phrase.start, phrase.start)
    if when is None or when.first is None or when.last is None:
        if _UPCOMING.search(text):
            task_filter = replace(task_filter, due_from=clock.today)
        return task_filter, rest
    first: date | None = when.first
    last: date | None = when.last
    last_phrase = text[phrases[-1].start :]
    if _BEFORE.match(last_phrase):
        first, last = None, when.last - timedelta(days=1)
    elif _UP_TO.match(last_phrase):
        first = None
    elif _FROM.match(last_phrase):
        last = None
    return replace(task_filter, due_from=first, due_to=last), rest
