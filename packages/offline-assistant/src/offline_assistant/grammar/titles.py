"""Reads the titles and details of new tasks from the text after "add"."""

from dataclasses import replace
from typing import Final

from offline_assistant.grammar.items import split_items
from offline_assistant.grammar.sections import find_section
from offline_assistant.intents import AddIntent, ClarifyIntent, Missing, NewTask
from task_phrases.clock import Clock
from task_phrases.details import Details, cut, take_dates, take_details, tidy
from task_phrases.patterns import rx
from task_phrases.quotes import is_quoted, unquote
from task_phrases.repeats import RepeatPhrase

ARTICLE: Final = r"(?:(?:a|an|the|my|another|this|these|some|one|our) )?"
ADJECTIVES: Final = (
    r"(?:(?:new|quick|repeating|recurring|repeated|daily|weekly|generic|calendar|to-?do|list|"
    r"rotating|following|single|simple|basic) )*"
)
_TASK: Final = r"(?:tasks?|to-?dos?|todo items?|reminders?|to-?do items?)"
_ENTRY: Final = (
    r"(?:items?|events?|entry|entries|alarms?|notifications?|alerts?|things?|notes? to self|tab)"
)
_LINK: Final = (
    r"(?: ?[:\u2013-] ?| (?:for me to|to|for|called|named|titled|about|of|on|saying|regarding|as|"
    r"that (?:says|reads)|with the (?:title|name)|that) )"
)
_NOUN_PREFIX: Final = rx(
    rf"^{ARTICLE}{ADJECTIVES}"
    rf"(?:{_TASK}(?:{_LINK}| |$)|{_ENTRY}(?:{_LINK}|$)|event (?!planning)|(?:\d+ |two |three )?items? )"
)
_PLURAL_NOUN: Final = rx(rf"{ARTICLE}{ADJECTIVES}(?:tasks|items|to-?dos|things|reminders)\b.*")
_ARTICLE_START: Final = rx(r"^(?:an?|some) (?=\S)")
_LINK_START: Final = rx(
    r"^(?:(?:to|about|of|that|for me to|for|regarding|on|as|down|before|the next) )+"
    r"|^(?:to|about|of|that|for|down)$"
)
# Placeholders for a missing title.
_NO_TITLE: Final = rx(
    r"(?:it|this|that|these|those|them|one|this one|that one|something|anything|items?|an item|event|"
    r"reminders?|task|stuff|(?:the|this) (?:item|task|event)|an?|the|in there|also|too|another|new|"
    r"more|notification)(?: also| too| in there)?|\W*"
)
_SUBTASKS: Final = rx(
    r",? ?\bwith (?:the |these )?(?:sub-?tasks?|steps?|sub-?items?)(?: of)? ?:? ?(?P<items>\S.*)$"
)
_PARENT: Final = rx(
    r",? ?\b(?:as (?:a |the )?sub-?tasks?|as (?:a )?steps?) (?:of|to|for|under|in) "
    r"(?:the (?:task|to-?do) )?(?P<parent>\S.*)$"
)
_UNITS: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_REPEAT: Final = rx(r"\b(?:repeat(?:ing|ed|s)?|recurring|recur|rotating)\b")


def read_tasks(
    text: str, clock: Clock, *, prefer_first_date: bool = False, is_enumeration: bool = False
) -> AddIntent | ClarifyIntent:
    """Read the text after "add" or "remind me"; ask for the title if it has none.

    Args:
        prefer_first_date: see `take_details`.
        is_enumeration: see `split_items`; a list's name, or "tasks", also implies it.
    """
    text, subtasks = _take_subtasks(text)
    text, parent = _take_parent(text)
    section = find_section(text)
    if section is not None:
        text = cut(text, section.start, section.end)
    details = take_details(text, clock, prefer_first_date=prefer_first_date)
    if section is not None and section.list_name is not None:
        details = replace(details, list_name=section.list_name)
    section_name = section.name if section else None
    is_enumeration = (
        is_enumeration
        or details.list_name is not None
        or section is not None
        or _PLURAL_NOUN.fullmatch(details.text) is not None
    )
    whole = tidy(details.text)
    title = _NOUN_PREFIX.sub("", whole)
    title = tidy(strip_link(title) if title != whole else title)
    title = _ARTICLE_START.sub("", title) or title
    items = [title] if is_quoted(title) else split_items(title, is_enumeration=is_enumeration)
    if len(items) > 1:
        # "Milk today and bread tomorrow" have a date each.
        own = [take_dates(item, clock) for item in items]
        tasks = tuple(
            new_task(
                unquote(dates.text or item),
                replace(details, when=dates.when if dates.due else details.when),
            )
            for item, dates in zip(items, own, strict=True)
        )
    else:
        tasks = tuple(new_task(unquote(item), details) for item in items)
    repeats = details.repeat is None and _REPEAT.search(text) is not None
    tasks = tuple(
        replace(task, section=section_name, subtasks=subtasks, parent=parent) for task in tasks
    )
    if not tasks or _NO_TITLE.fullmatch(tasks[0].title):
        draft = replace(new_task("", details), section=section_name)
        return ClarifyIntent(Missing.TITLE, AddIntent((draft,), wants_repeat=repeats))
    return AddIntent(tasks, wants_repeat=repeats)


def complete_draft(draft: AddIntent, text: str, clock: Clock) -> AddIntent | ClarifyIntent:
    """Complete a draft with the reply to "What should I add?"; the reply's details take precedence."""
    shared = draft.tasks[0]
    parsed = read_tasks(text, clock, is_enumeration=True)
    if isinstance(parsed, ClarifyIntent):
        return ClarifyIntent(Missing.TITLE, draft)
    tasks = tuple(
        replace(
            task,
            list_name=task.list_name or shared.list_name,
            section=task.section or shared.section,
            priority=task.priority or shared.priority,
            due=task.due or shared.due,
            notes=task.notes or shared.notes,
            tags=task.tags or shared.tags,
            repeat=task.repeat or shared.repeat,
            reminders=task.reminders or shared.reminders,
            duration_minutes=task.duration_minutes or shared.duration_minutes,
        )
        for task in parsed.tasks
    )
    return AddIntent(tasks, draft.wants_repeat or parsed.wants_repeat, draft.wants_reminder)


def strip_link(text: str) -> str:
    """Return "call mom" for "to call mom" or "about call mom"."""
    return _LINK_START.sub("", tidy(text))


def new_task(title: str, details: Details) -> NewTask:
    """Return a new task with a title and the details of its phrase."""
    return NewTask(
        title=title,
        list_name=details.list_name,
        priority=details.priority,
        due=details.due,
        notes=details.notes,
        tags=details.tags,
        repeat=repeat_argument(details.repeat) if details.repeat else None,
        reminders=details.reminders,
        duration_minutes=details.duration_minutes,
    )


def repeat_argument(phrase: RepeatPhrase) -> str:
    """Return a repetition for the tools: an RRULE, or words for one that a completion starts."""
    repeat = phrase.repeat
    if phrase.from_completion:
        return f"every! {repeat.interval} {_UNITS[repeat.frequency]}s"
    ends = {"COUNT": phrase.count, "UNTIL": phrase.until and f"{phrase.until:%Y%m%d}"}
    return ";".join([repeat.rule, *(f"{name}={value}" for name, value in ends.items() if value)])


def _take_subtasks(text: str) -> tuple[str, tuple[str, ...]]:
    """Split "pack bags with subtasks shirts and socks" into the task and its subtasks."""
    match = _SUBTASKS.search(text)
    if match is None or not text[: match.start()].strip():
        return text, ()
    items = split_items(tidy(match["items"]), is_enumeration=True)
    return text[: match.start()], tuple(unquote(item) for item in items)


def _take_parent(text: str) -> tuple[str, str | None]:
    """Split "order boxes as a subtask of move house" into the task and its parent."""
    match = _PARENT.search(text)
    if match is None:
        return text, None
    return text[: match.start()], unquote(tidy(match["parent"]))
