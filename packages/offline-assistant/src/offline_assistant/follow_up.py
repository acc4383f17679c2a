"""Reads a message in the light of the one before: a yes, a number, a missing title.

What the assistant asked is in its last answer, what it asked about in the message before that. So the
message before is read again, and the answer completes it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.conversation import ConversationTurn
from offline_assistant.grammar.details import to_due
from offline_assistant.grammar.lists import clean_name
from offline_assistant.grammar.quotes import hide_quotes, unquote
from offline_assistant.grammar.rescheduling import new_date
from offline_assistant.grammar.sentence_type import starts_command, strip_fillers
from offline_assistant.grammar.targets import read_target
from offline_assistant.grammar.titles import complete_draft
from offline_assistant.intents import (
    AddIntent,
    ByMention,
    Changes,
    ClarifyIntent,
    CompleteIntent,
    ConfirmIntent,
    CreateListIntent,
    DeleteIntent,
    DeleteListIntent,
    DiscardIntent,
    Intent,
    OfferIntent,
    ReopenIntent,
    TalkIntent,
    Target,
    Topic,
    UndoIntent,
    UpdateIntent,
)
from offline_assistant.interpreter import MAX_MESSAGE_CHARS, interpret, normalise
from offline_assistant.lookup import PlanContext
from offline_assistant.markdown import mentioned_numbers, mentions_deleted_task
from offline_assistant.patterns import rx
from offline_assistant.prompts import Prompt, find_prompt
from offline_assistant.short_commands import is_undo, is_yes
from offline_assistant.tool_calls import FunctionOutput

MAX_CHAIN: Final = 4
# A yes has to be nothing but a yes: "yes, but not the milk" is none.
_AGREED: Final = (
    r"(?:yes|yep|yeah|yup|y|ok(?:ay)?|sure(?: thing)?|do it|go ahead|confirm(?:ed)?|please(?: do)?|"
    r"absolutely|definitely|of course|correct|that's right|right|thanks|thank you|"
    r"(?:delete|remove|add) (?:it|them|everything)(?: all)?|all of them)"
)
_YES: Final = rx(rf"{_AGREED}(?:[\s,.!]+(?:and )?{_AGREED})*[\s.!]*")
_NO: Final = rx(r"(?:no|nope|nah|n|not now|rather not|no,? thanks|no thank you)(?:[\s,.!].*)?")
_ALL: Final = rx(
    r"(?:all|both|every one|each|all of (?:them|those)|them all|everything)(?: please)?"
)
_NUMBER: Final = re.compile(r"(?<!\\)#(\d{1,9})")
_WITH_TASKS: Final = rx(
    r".*\b(?:with|and|also|delete|including) (?:all )?(?:the|its|their) tasks(?: too)?.*"
)
_NAMING: Final = rx(
    r"^(?:call it|name it|it(?:'s| is) (?:called )?|(?:the )?name is|call the list) "
)
_TO: Final = rx(r"^(?:to|as|about|of) ")


def read_turn(
    turns: Sequence[ConversationTurn], clock: Clock, depth: int = MAX_CHAIN
) -> tuple[Intent, ...]:
    """Return what the last turn asks for, read as an answer to the turn before if that asked."""
    if len(turns[-1].text) > MAX_MESSAGE_CHARS:
        return (TalkIntent(Topic.TOO_LONG),)
    message = normalise(turns[-1].text).strip()
    before = turns[-2] if len(turns) > 1 else None
    if is_undo(message):
        return (UndoIntent(),)
    prompt = find_prompt(before.answer) if before else None
    if before is None or prompt is None or depth == 0:
        return interpret(message, clock)
    asked = read_turn(turns[:-1], clock, depth - 1)[-1]
    answered = _ANSWERS[prompt](asked, message, before.answer, clock)
    return (answered,) if answered is not None else interpret(message, clock)


def read_context(turns: Sequence[ConversationTurn], clock: Clock) -> PlanContext:
    """Return the tasks that "it" may mean: those spoken of last, or in the text quoted."""
    quoted = tuple(int(number) for number in _NUMBER.findall(turns[-1].quoted))
    if quoted:
        return PlanContext(clock, quoted)
    for turn in reversed(turns[:-1]):
        if clicked := _numbers(turn.click[-1:]):
            return PlanContext(clock, clicked)
        numbers = mentioned_numbers(turn.answer)
        if numbers or mentions_deleted_task(turn.answer):
            return PlanContext(clock, numbers)
        if returned := _returned(turn):
            return PlanContext(clock, returned)
    return PlanContext(clock)


def _returned(turn: ConversationTurn) -> tuple[int, ...]:
    """Return the tasks a turn's calls returned: another model may have answered it."""
    return _numbers([*turn.earlier, *turn.own])


def _numbers(outputs: Sequence[FunctionOutput]) -> tuple[int, ...]:
    tasks = [task for output in outputs for task in (output.task, *output.tasks)]
    return tuple(dict.fromkeys(task.number for task in tasks if task is not None))


def _confirm(asked: Intent, message: str, _answer: str, _clock: Clock) -> Intent | None:
    if _NO.fullmatch(message):
        return DiscardIntent()
    if is_yes(message):
        return ConfirmIntent()
    if isinstance(asked, DeleteListIntent) and _WITH_TASKS.fullmatch(message):
        return replace(asked, with_tasks=True)
    return None


def _accept(asked: Intent, message: str, _answer: str, _clock: Clock) -> Intent | None:
    if _NO.fullmatch(message):
        return TalkIntent(Topic.LEFT_ALONE)
    return asked.add if isinstance(asked, OfferIntent) and _YES.fullmatch(message) else None


def _choose(asked: Intent, message: str, _answer: str, clock: Clock) -> Intent | None:
    draft = asked.draft if isinstance(asked, ClarifyIntent) else asked
    if _NO.fullmatch(message):
        return TalkIntent(Topic.LEFT_ALONE)
    if not isinstance(
        draft, CompleteIntent | ReopenIntent | DeleteIntent | UpdateIntent
    ) or _is_other(message):
        return None
    target = _chosen(message, clock)
    return replace(draft, target=target) if target is not None else None


def _chosen(message: str, clock: Clock) -> Target | None:
    text = strip_fillers(hide_quotes(message)).rstrip(".!")
    if _ALL.fullmatch(text):
        return ByMention(is_plural=True)
    return read_target(text, clock)


def _complete_title(asked: Intent, message: str, _answer: str, clock: Clock) -> Intent | None:
    draft = asked.draft if isinstance(asked, ClarifyIntent) else None
    if not isinstance(draft, AddIntent):
        return None
    read = interpret(message, clock)
    is_task = len(read) == 1 and isinstance(read[0], AddIntent | OfferIntent)
    if not is_task and _is_other(message):
        return None
    if isinstance(read[0], AddIntent) and starts_command(message):
        return read[0]
    return complete_draft(draft, _TO.sub("", hide_quotes(message)), clock)


def _name_list(asked: Intent, message: str, _answer: str, _clock: Clock) -> Intent | None:
    name = unquote(_NAMING.sub("", hide_quotes(message)).rstrip(".!"))
    return (
        None
        if _is_other(message) or not name or not isinstance(asked, ClarifyIntent)
        else CreateListIntent(name)
    )


def _choose_list(asked: Intent, message: str, _answer: str, _clock: Clock) -> Intent | None:
    name = clean_name(hide_quotes(message))
    draft = asked.draft if isinstance(asked, ClarifyIntent) else None
    if name is None or _is_other(message) or not isinstance(draft, DeleteListIntent):
        return None
    return replace(draft, name=name)


def _retitle(asked: Intent, message: str, _answer: str, _clock: Clock) -> Intent | None:
    draft = asked.draft if isinstance(asked, ClarifyIntent) else None
    title = unquote(_TO.sub("", hide_quotes(message)))
    if not isinstance(draft, UpdateIntent) or not title or _is_other(message):
        return None
    return replace(draft, changes=Changes(title=title))


def _redate(asked: Intent, message: str, _answer: str, clock: Clock) -> Intent | None:
    draft = asked.draft if isinstance(asked, ClarifyIntent) else None
    due = to_due(new_date(_TO.sub("", strip_fillers(message)), clock))
    if not isinstance(draft, UpdateIntent) or due is None:
        return None
    return replace(draft, changes=Changes(due=due))


def _is_other(message: str) -> bool:
    """Whether a message is no answer but a command, a question or a way out."""
    return starts_command(message) or _LEAVE.fullmatch(strip_fillers(message)) is not None


_LEAVE: Final = rx(
    r"(?:no|nope|never ?mind|nvm|forget (?:it|that)|cancel(?: that| it)?|stop|nothing|help|thanks?|thank you)[\s.!]*"
)
_Answer = Callable[[Intent, str, str, Clock], Intent | None]
_ANSWERS: Final[dict[Prompt, _Answer]] = {
    Prompt.CONFIRM: _confirm,
    Prompt.OFFER: _accept,
    Prompt.WHICH: _choose,
    Prompt.TITLE: _complete_title,
    Prompt.LIST_NAME: _name_list,
    Prompt.WHICH_LIST: _choose_list,
    Prompt.NEW_TITLE: _retitle,
    Prompt.NEW_DATE: _redate,
}
