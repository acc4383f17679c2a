"""Turns a question about tasks into a filter and title words."""

from dataclasses import replace
from typing import Final

from offline_assistant.grammar.filters import read_filter
from offline_assistant.intents import Filter, Form, ShowTasksIntent
from task_phrases.clock import Clock
from task_phrases.dates import find_dates
from task_phrases.lists import LIST_NOUN, clean_name
from task_phrases.patterns import rx, word_list
from task_phrases.quotes import show_quotes

# Beginnings of questions and of requests to see something; they don't select tasks.
LEAD: Final = rx(
    r"^(?:(?:(?:can|could|may|shall) (?:i|we)|(?:do )?you know|let me|let's|"
    r"i(?:'d| would)? (?:want|like|need)(?: to)?|need|please|and|so|just|tell|show|give|get|read|"
    r"recite|display|list|print|open|view|see|hear|know|check|count|find|search(?: for| through)?|"
    r"look(?: up| for| at| through)?|pull up|bring up|go through|evaluate|name|provide|remind|"
    r"report|confirm|make sure|out|me|us|up|to|aloud|through|information|about)\b[\s,:]*)+"
)
_QUESTION_ABOUT_CHANGES: Final = rx(
    r"^(?:did|have|had|do|should) (?:i|we|you)(?: (?:already|ever))* "
    r"(?:add(?:ed)?|put|note(?:d)?|write|written|create(?:d)?|make|made|have|need(?: to)?|"
    r"deleted?|removed?|completed?|finish(?:ed)?|check(?:ed)? off)\b"
)
ONE_NUMBER: Final = rx(r"#?(\d{1,6})")
_COUNT: Final = rx(r"^(?:how many|count|hows? many|(?:the )?number of)\b")
# "Is the report done?" and "did I buy milk?" include completed tasks.
_ABOUT_ANY_STATUS: Final = rx(r"^(?:did|have|has|is|are|was|were|am)\b")
_ABOUT_FINISHED: Final = rx(
    r".*\b(?:(?:have|did|had) (?:i|we) (?:already |just )?"
    r"(?:completed?|finish(?:ed)?|done?|do|accomplish(?:ed)?)|"
    r"i(?:'ve| have)? (?:done|completed|finished|accomplished)|"
    r"(?:completed|finished|done) (?:tasks|items|to-?dos|today|this|so far))\b.*"
)
_NEGATED: Final = rx(r".*(?:n't|\bnot|haven't|\bdont|havent|didnt)\b.*")
_DATED: Final = rx(r".*\b(?:due|deadlines?|coming up|upcoming)\b.*")
_PLAIN_LIST: Final = rx(
    r"(?:(?:what(?:'s|s| is| are)?|my|the|our|all|whole|me|entire|your) )*"
    rf"(?P<name>(?:\S+ ){{0,4}}?)(?P<noun>{LIST_NOUN})"
    r"(?: (?:for|of|from|contain|contents?|aloud|out|items?|entry|entries|now)\b.*)?"
)
_NO_NAME: Final = rx(
    r".*\b(?:on|in|of|is|are|have|what|which|with|i|contents?|items?|things|entries|contain)\b.*"
)
_STOP_WORDS: Final = frozenset(
    word_list(
        """
        what whats what's when whens when's where wheres where's who whos who's whom whose which why
        how hows how's is isn't are aren't am was wasn't were weren't do does did don't didn't doesn't
        have has had haven't hasn't can could would will won't should shall may might must many much
        soon long a an the any anything anyone some something all every each everything there here
        this that these those it its i i'm i've me my mine we us our you your yours on in at of for
        to from with about into by as and or if then so be been being between during until before
        after task tasks todo todos to-do to-dos item items list lists listed reminder reminders
        event events notification notifications engagement engagements thing
        things stuff calendar calender schedule schedules scheduled scheduling agenda plan plans
        planned plate pending upcoming coming next due overdue deadline deadlines marked mark set put
        made make left open remaining current currently available existing need needs needed get got
        getting done doing up out over so far already yet still else just now right always ever again
        later kind sort type time day days date week period number first last latest most whole
        specific particular saved free full busy happening going go supposed exactly named called
        titled tell show give know see find check read name count contents content contain contains
        exist exists start starts starting begin happen happens take place hey ok okay please aware
        only complete completed finish finished names less more true information look looks clear
        """
    )
)


def read_query(text: str, clock: Clock) -> ShowTasksIntent:
    """Return the tasks to show for a question about tasks."""
    query = LEAD.sub("", text)
    form: Form = "count" if _COUNT.match(query) or _COUNT.match(text) else "list"
    list_query = read_list_query(query, clock)
    if list_query is not None:
        return replace(list_query, form=form)
    base = Filter(status="all") if _ABOUT_ANY_STATUS.match(text) else Filter()
    task_filter, rest = read_filter(_QUESTION_ABOUT_CHANGES.sub("", query), clock, base)
    words = title_words(rest)
    if number := ONE_NUMBER.fullmatch(words):
        return ShowTasksIntent(Filter(status="all"), number=int(number[1]))
    if not words:
        task_filter, rest = read_filter(query, clock, Filter())
        words = title_words(rest)
    if _ABOUT_FINISHED.fullmatch(text) and not _NEGATED.fullmatch(text):
        # The tools can't filter by the day of completion.
        task_filter = replace(task_filter, status="completed", due_from=None, due_to=None)
        words = words.replace("accomplished", "").replace("accomplish", "").strip()
    only_dated = _DATED.fullmatch(text) is not None and not words
    return ShowTasksIntent(task_filter, words, form=form, only_dated=only_dated)


def title_words(text: str) -> str:
    """Return the words of a question that may be part of a title."""
    shown = (show_quotes(word).strip(".,;:!?()\"'\u201c\u201d") for word in text.split())
    return " ".join(
        word for word in shown if word and word.lower().replace("\u2019", "'") not in _STOP_WORDS
    )


def read_list_query(text: str, clock: Clock) -> ShowTasksIntent | None:
    """Read "my shopping list for today"; None if the text names more than a list."""
    match = _PLAIN_LIST.fullmatch(text)
    if match is None:
        return None
    name, noun = match["name"].strip(), match["noun"]
    if _NO_NAME.fullmatch(name) or find_dates(name, clock):
        return None
    full_name = name if noun.lower() in {"list", "lists"} else f"{name} {noun}"
    task_filter, _ = read_filter(text[match.end("noun") :], clock, Filter())
    return ShowTasksIntent(replace(task_filter, list_name=clean_name(full_name)))
