"""Questions and requests to see something. No intent of this module changes a task."""

from typing import Final

from offline_assistant.grammar.filters import read_filter
from offline_assistant.grammar.queries import LEAD, ONE_NUMBER, read_query, title_words
from offline_assistant.grammar.scope import is_out_of_scope
from offline_assistant.grammar.sentence_type import (
    CHANGE_VERBS,
    COMMAND_VERBS,
    DELETE_VERBS,
    READ_VERBS,
)
from offline_assistant.intents import (
    Filter,
    Intent,
    ShowListsIntent,
    ShowTasksIntent,
    TalkIntent,
    Topic,
)
from task_phrases.clock import Clock
from task_phrases.lists import LIST_NOUN
from task_phrases.patterns import any_of, rx
from task_phrases.quotes import is_quoted, unquote

_SHOW_START: Final = rx(
    r"(?:tell|show|give|get(?! rid)|read|recite|display|list|print|open|view|see|check(?! off| \S+ off)|count|find|"
    r"search|look|pull up|bring up|go through|let me (?:see|hear|know)|"
    r"i (?:want|would like|need|'d like) to (?:see|know|hear|view)|evaluate|name|provide|"
    r"remind me (?:what|which|who|how)|confirm|report|need information|"
    rf"make sure (?:that )?\S.* (?:is|are) (?:on|in) .*{LIST_NOUN})\b.*"
)
_FIND: Final = rx(
    r"(?:find|search(?: for)?|look for|look up)(?: me)?(?: (?:the )?(?:tasks?|items?))?"
    r"(?: (?:about|with|containing|named|called))? (?P<words>.+)"
)
_TOPIC: Final = rx(
    r"\b(?:tasks?|to-?dos?|to do|(?:play|wish|check)?lists?|listed|items?|due|overdue|deadlines?|"
    r"schedul\w+|calend[ae]r|agenda|jobs?|to be done|appointments?|meetings?|events?|reminders?|"
    r"notifications?|plans?|planned|pending|priorit\w+|errands?|chores?|groceries|engagements?|"
    r"undone|on my plate|left (?:for|to|on)|bookings?)\b"
)
_PERSONAL: Final = rx(
    r"\b(?:(?:do|should|must|did|have|had|am|was|haven't|didn't|don't) (?:i|we)|i (?:have|need|am|put|make|made|got)|my|"
    r"i've|i'm|birthday|anniversary|party|wedding)\b"
)
_WHEN: Final = rx(
    r"(?:when(?:'s|s| is| are| do i| should i| will)\b|"
    r"is there (?:a|an|any)\b.*\b(?:today|tomorrow|week|weekend|month|on)\b).*"
)
_STATE: Final = rx(
    r"(?:is|are|was|were|has|have) .+ (?:done|finished|completed?|open|overdue|due)(?: yet| already)?"
)
_LISTS: Final = rx(r".*\b(?:lists|list names)\b.*|what list (?:do|did) i .*")
_NOT_LISTS: Final = rx(r"\b(?:on|in|of) (?:my|the|all) lists\b|\blists? of\b")
_NEXT: Final = rx(
    r"(?:what|which)(?: task| one| thing| item)?(?:'s| is| are)? (?:"
    r"(?:should|must|can|do|shall) (?:i|we) (?:be )?"
    r"(?:do(?:ing)?|work(?:ing)? on|start|tackle|focus on|need to (?:do|complete))"
    r"(?: with)?(?: next| first| now)*(?: (?:on|from|in) (?:my|the) .*)?"
    r"|(?:my |the )?(?:next|most (?:important|urgent)|top priority)"
    r"(?: (?:task|thing|item|to-?do|priority|one))?(?: (?:on|to do|for) .*)?)"
    r"|what(?:'s)? next.*|where (?:should|do) i (?:start|begin).*"
    r"|.*\bwhat to do (?:next|now|first)\b.*"
)
_CHANGES: Final = any_of([*CHANGE_VERBS, *DELETE_VERBS, "delet", "remov", "add", "create"])
# "Should I delete 3?" asks for advice; the rest isn't a title to search for.
_ABOUT_CHANGING: Final = rx(
    r"(?:should|shall|can|may|could|must|would|might) (?:i|we) "
    rf"{_CHANGES}\b.*"
    r"|(?:what (?:happens|if|would happen)|why|is it (?:possible|ok(?:ay)?|safe|wise)|how come|"
    rf"(?:do|would|could) you (?:think|recommend|advise|suggest)) .*\b{_CHANGES}(?:d|ed|ing)?\b.*"
)
_COMMAND: Final = rx(
    rf"{any_of((COMMAND_VERBS - frozenset(READ_VERBS)) | {'new', 'done with', 'event'})}\b.*"
)
_DONE: Final = rx(r"(?:all )?(?:done|finished|completed?)")
_THING: Final = rx(
    rf"(?:\S+ ){{0,5}}(?:{LIST_NOUN}|schedule|agenda|calendar|reminders?|events?|to-?dos)"
)


def read_question(sentence: str, clock: Clock) -> Intent:
    """Return the intent of a question; it shows tasks or lists, or explains."""
    text = sentence.strip(" .!?\u061f\uff1f")
    if _ABOUT_CHANGING.fullmatch(text):
        return TalkIntent(Topic.QUESTION_CHANGES_NOTHING)
    subject = LEAD.sub("", text)
    task_filter, _ = read_filter(subject, clock, Filter())
    if _NEXT.fullmatch(text):
        return ShowTasksIntent(Filter(list_name=task_filter.list_name), form="next")
    if _LISTS.fullmatch(text) and not _NOT_LISTS.search(text):
        return ShowListsIntent()
    is_about_tasks = _TOPIC.search(text) is not None or (
        not is_out_of_scope(text)
        and (
            task_filter.list_name is not None
            or task_filter.section is not None
            or task_filter.tag is not None
            or is_quoted(subject)
            or any(
                (
                    ONE_NUMBER.fullmatch(subject),
                    _STATE.fullmatch(text),
                    _PERSONAL.search(text),
                    _WHEN.fullmatch(text),
                )
            )
            or _is_bare_query(text, clock)
        )
    )
    return read_query(text, clock) if is_about_tasks else TalkIntent(Topic.OUT_OF_SCOPE)


def read_request_to_see(sentence: str, clock: Clock) -> Intent | None:
    """Read "show my tasks", "find milk", or a fragment like "today's schedule"."""
    if not _SHOW_START.fullmatch(sentence):
        return read_question(sentence, clock) if _is_bare_query(sentence, clock) else None
    intent = read_question(sentence, clock)
    found = _FIND.fullmatch(sentence)
    if found and isinstance(intent, TalkIntent) and not is_out_of_scope(sentence):
        return ShowTasksIntent(Filter(status="all"), unquote(found["words"]))
    return intent


def read_noun_phrase(sentence: str, clock: Clock) -> Intent | None:
    """Read a noun phrase as a request to see it: "groceries list", "Rahul's wedding reminder"."""
    is_thing = _THING.fullmatch(sentence) and not is_out_of_scope(sentence)
    return read_question(sentence, clock) if is_thing else None


def _is_bare_query(text: str, clock: Clock) -> bool:
    """Return whether a text has only days, states and words for tasks: "overdue", "my day tomorrow"."""
    if _COMMAND.fullmatch(text) or _DONE.fullmatch(text):
        return False
    task_filter, rest = read_filter(text.strip(" .!?"), clock, Filter())
    return (task_filter != Filter() or bool(_TOPIC.search(text))) and not title_words(rest)
