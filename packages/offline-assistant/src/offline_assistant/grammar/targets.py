"""The tasks that a phrase names: "3", "#4 and 5", "it", "the last one", "all done ones", "the milk"."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from offline_assistant.grammar.filters import STATE, content_words, read_filter
from offline_assistant.grammar.rules import Reader
from offline_assistant.intents import (
    ByFilter,
    ByMention,
    ByNextDue,
    ByNumber,
    ByWords,
    ClarifyIntent,
    Filter,
    Intent,
    Missing,
    Target,
)
from task_phrases.clock import Clock
from task_phrases.dates import find_dates
from task_phrases.details import tidy
from task_phrases.lists import DETERMINER, find_list
from task_phrases.patterns import CARDINAL, Match, any_of, rx, to_number
from task_phrases.quotes import is_quoted, show_quotes, unquote

MAX_NUMBERS: Final = 50
_TASK: Final = r"(?:tasks?|list items?|items?|to-?dos?|entry|entries|things?|ones?|rows?|lines?|events?|reminders?)"
# An unambiguous reference to a task, for patterns that would match too much otherwise.
TASK_REFERENCE: Final = r"(?:(?:(?:task|item|to-?do|number) )?#?\d+|it|that|this(?: one| task)?|(?:the )?(?:last|first) one)"
_DIGITS: Final = r"#?\d{1,6}"
_JOIN: Final = r"(?:\s*(?:,|&|\+|and\b)\s*)+"
_NUMBERS: Final = rx(
    rf"(?:the )?(?:{_TASK} )?(?:(?:numbers?|nos?\.?|nr\.?) )?"
    rf"(?P<numbers>{_DIGITS}(?:(?:{_JOIN}|\s+){_DIGITS})*)"
)
_RANGE: Final = rx(
    rf"(?:the )?(?:{_TASK} )?(?:numbers? )?"
    r"#?(?P<first>\d{1,6})(?:\s*[-\u2013]\s*| to | through )#?(?P<last>\d{1,6})"
)
_SPELLED: Final = rx(rf"(?:the )?(?:{_TASK}|number|{_TASK} number) (?P<number>{CARDINAL})")
_SINGULAR: Final = rx(
    rf"(?:it|this|that|him|her|(?:this|that|the|the same|the current) (?:calendar )?{_TASK}|"
    r"(?:this|that) (?:recurring |calendar )?\w+|what i just (?:typed|added|said|wrote)(?: in)?)"
)
_PLURAL: Final = rx(
    rf"(?:them|those|these|both|both of them|all of (?:them|those|these)|"
    rf"(?:those|these|both|the) {_TASK.replace('?', '')}|them all)"
)
_POSITIONS: Final = {
    "first": 1,
    "top": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "5th": 5,
    "last": -1,
    "latest": -1,
    "newest": -1,
    "previous": -1,
    "most recent": -1,
    "final": -1,
}
_ORDINAL: Final = rx(
    rf"(?:the |my )?(?P<position>{any_of(_POSITIONS)})(?: (?:added|created))?(?: {_TASK})?"
    r"(?: (?:i|you) (?:just )?(?:added|created|made))?"
)
_NEXT: Final = rx(r"(?:the |my )?(?:very )?(?:next|upcoming) (?:scheduled )?(?P<words>.+)")
_ALL: Final = rx(
    r"(?:(?:all|every|each|everything|any)\b(?: (?:single|one|of|kind of))*(?: (?:my|the|these|those))*"
    r"|(?:my|the) (?:entire|whole)\b)\s*(?P<rest>.*)"
)
_STATE_ONLY: Final = rx(
    rf"(?:my |the )?{STATE} (?:tasks|items|ones|to-?dos|todos|things|stuff|events|reminders)"
)
_ONWARDS: Final = frozenset({"on", "onwards", "onward"})
_NO_WORDS: Final = rx(rf"(?:{_TASK}|{DETERMINER})")
_LEADING: Final = rx(
    rf"^(?:(?:{DETERMINER}|task|item|event|reminder|to-?do|(?:event|task|item|reminder|to-?do)"
    r" (?:called|named|titled|about|to|for|of)|called|named|titled) )+"
)
_TRAILING: Final = rx(
    r"(?r)(?: (?:task|item|to-?do|reminder|entry|as well)|(?: that)? (?:i|we) (?:just )?(?:had|have|added|created|made|"
    r"will be going|am going)(?: to)?| any\s*more| now| again| please)+$"
)


def read_target(text: str, clock: Clock) -> Target | None:
    """Return the tasks that a phrase names; None if it names none."""
    found = find_list(text)
    phrase = tidy(f"{text[: found.start]} {text[found.end :]}") if found else tidy(text)
    if is_quoted(phrase):
        return ByWords(unquote(phrase))
    exact = read_numbers(phrase) or read_mention(phrase)
    if isinstance(exact, ByMention) and exact.is_plural and phrase != tidy(text):
        return read_filter_target(text, clock)  # "the tasks in my work list"
    if exact is not None:
        return exact
    if (match := _ALL.fullmatch(tidy(text))) or _STATE_ONLY.fullmatch(phrase):
        return read_filter_target(match["rest"] if match else text, clock)
    task_filter, rest = read_filter(text, clock, Filter(status="all"))
    words = tidy(_TRAILING.sub("", _LEADING.sub("", rest)))
    is_selection = (
        task_filter.has_due or task_filter.priority or task_filter.tag or task_filter.section
    )
    has_no_words = not re.search(r"\w", show_quotes(words)) or _NO_WORDS.fullmatch(words)
    if has_no_words or (is_selection and not content_words(words)):
        return ByFilter(replace(task_filter, status="open")) if is_selection else None
    return ByWords(unquote(words), task_filter)


def read_filter_target(text: str, clock: Clock) -> ByFilter:
    """Return the tasks that "all ..." or "clear ..." selects: open ones, unless another state is named."""
    # "From today" means due today; "from today on" includes later days.
    words = ["for" if word.lower() == "from" else word for word in text.split()]
    if not _ONWARDS.intersection(word.lower() for word in words):
        text = " ".join(words)
    if len(words) > 2 and words[-2].lower() == "list":
        text = " ".join([*words[:-2], words[-1], "list"])  # "in list work"
    task_filter, rest = read_filter(text, clock, Filter())
    # Times of day can't be filtered by: used as title words, they match no task.
    times = [
        text[phrase.start : phrase.end]
        for phrase in find_dates(text, clock)
        if any(fragment.wall or fragment.instant for fragment in phrase.fragments)
    ]
    return ByFilter(task_filter, content_words(" ".join([rest, *times])))


def target_reader(make_intent: Callable[[Target], Intent]) -> Reader:
    """Return a reader that makes an intent of the group "target", or asks which task if it is empty."""

    def read(match: Match, clock: Clock) -> Intent:
        text = match.groupdict().get("target")
        target = read_target(text, clock) if text else None
        if target is None:
            return ClarifyIntent(Missing.WHICH_TASK, make_intent(ByMention()))
        return make_intent(target)

    return read


def read_numbers(phrase: str) -> ByNumber | None:
    """Read "3", "#4 and 5", "2 to 7" or "task five"; at most `MAX_NUMBERS` of them."""
    if match := _RANGE.fullmatch(phrase):
        first, last = int(match["first"]), int(match["last"])
        if first < last < first + MAX_NUMBERS:
            return ByNumber(tuple(range(first, last + 1)))
    if match := _NUMBERS.fullmatch(phrase):
        numbers = (int(number) for number in re.findall(r"\d+", match["numbers"]))
        return ByNumber(tuple(dict.fromkeys(numbers))[:MAX_NUMBERS])
    if match := _SPELLED.fullmatch(phrase):
        return ByNumber((to_number(match["number"]),))
    return None


def read_mention(phrase: str) -> ByMention | ByNextDue | None:
    """Read "it", "both", "the second one" or "the next meeting"."""
    if _PLURAL.fullmatch(phrase):
        return ByMention(is_plural=True)
    if _SINGULAR.fullmatch(phrase):
        return ByMention()
    if match := _ORDINAL.fullmatch(phrase):
        return ByMention(position=_POSITIONS[re.sub(r"\s+", " ", match["position"].lower())])
    if match := _NEXT.fullmatch(phrase):
        return ByNextDue(content_words(match["words"]))
    return None
