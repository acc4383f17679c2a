"""Reads a message in the context of the previous turn: a yes, a number, a missing title.

The question is at the end of the assistant's last reply, and its subject in the message before it. So
that message is read again, and the reply completes its intent.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from offline_assistant.conversation import ConversationTurn
from offline_assistant.grammar.rescheduling import new_date
from offline_assistant.grammar.sentence_type import is_question, starts_command, strip_fillers
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
    SnoozeIntent,
    TalkIntent,
    Topic,
    UndoIntent,
    UpdateIntent,
)
from offline_assistant.interpreter import MAX_MESSAGE_CHARS, interpret, normalise
from offline_assistant.lookup import PlanContext
from offline_assistant.markdown import mentioned_numbers, mentions_deleted_task
from offline_assistant.prompts import Prompt, find_prompt
from offline_assistant.short_commands import is_undo, is_yes
from offline_assistant.tool_calls import FunctionOutput
from task_phrases.clock import Clock
from task_phrases.details import to_due
from task_phrases.lists import clean_name
from task_phrases.patterns import rx
from task_phrases.quotes import hide_quotes, unquote

MAX_CHAIN: Final = 4
# A whole message that agrees; "yes, but not the milk" doesn't match.
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


_LEAVE: Final = rx(
    r"(?:no|nope|never ?mind|nvm|forget (?:it|that)|cancel(?: that| it)?|stop|nothing|help|thanks?|thank you)[\s.!]*"
)


def read_turn(
    turns: Sequence[ConversationTurn], clock: Clock, depth: int = MAX_CHAIN
) -> tuple[Intent, ...]:
    """Return the intents of the last turn; if the previous one asked a question, as a reply to it.

    Args:
        depth: the number of previous turns whose questions are read again.
    """
    if len(turns[-1].text) > MAX_MESSAGE_CHARS:
        return (TalkIntent(Topic.TOO_LONG),)
    message = normalise(turns[-1].text).strip()
    if is_undo(message):
        return (UndoIntent(),)
    prompt = find_prompt(turns[-2].reply) if len(turns) > 1 else None
    if prompt is None or depth == 0:
        return interpret(message, clock)
    question = read_turn(turns[:-1], clock, depth - 1)[-1]
    intent = _REPLY_READERS[prompt](question, message, clock)
    return (intent,) if intent is not None else interpret(message, clock)


def read_context(turns: Sequence[ConversationTurn], clock: Clock) -> PlanContext:
    """Return the tasks that "it" may refer to: those in the quoted text, else those mentioned last."""
    quoted = tuple(int(number) for number in _NUMBER.findall(turns[-1].quoted))
    if quoted:
        return PlanContext(clock, quoted)
    for turn in reversed(turns[:-1]):
        if clicked := _numbers(turn.click_outputs[-1:]):
            return PlanContext(clock, clicked)
        numbers = mentioned_numbers(turn.reply)
        if numbers or mentions_deleted_task(turn.reply):
            return PlanContext(clock, numbers)
        # Another model's replies don't mention tasks in our format.
        if returned := _numbers([*turn.earlier_outputs, *turn.outputs]):
            return PlanContext(clock, returned)
    return PlanContext(clock)


def _numbers(outputs: Sequence[FunctionOutput]) -> tuple[int, ...]:
    tasks = [task for output in outputs for task in (output.task, *output.tasks)]
    return tuple(dict.fromkeys(task.number for task in tasks if task is not None))


def read_confirmation(question: Intent, message: str, _clock: Clock) -> Intent | None:
    """Read "yes", "no", or "and its tasks" for the deletion of a list."""
    if _NO.fullmatch(message):
        return DiscardIntent()
    if is_yes(message):
        return ConfirmIntent()
    if not isinstance(question, DeleteListIntent) or is_question(strip_fillers(message)):
        return None
    return replace(question, with_tasks=True) if _WITH_TASKS.fullmatch(message) else None


def read_offer_reply(question: Intent, message: str, _clock: Clock) -> Intent | None:
    """Read the reply to "Shall I add ...?"."""
    if _NO.fullmatch(message):
        return TalkIntent(Topic.LEFT_ALONE)
    return question.add if isinstance(question, OfferIntent) and _YES.fullmatch(message) else None


def read_choice(question: Intent, message: str, clock: Clock) -> Intent | None:
    """Read the reply to "Which one do you mean?": "2", "the soy milk" or "both"."""
    draft = question.draft if isinstance(question, ClarifyIntent) else question
    if _NO.fullmatch(message):
        return TalkIntent(Topic.LEFT_ALONE)
    if not isinstance(
        draft, CompleteIntent | ReopenIntent | DeleteIntent | UpdateIntent | SnoozeIntent
    ):
        return None
    if is_other_command(message):
        return None
    text = strip_fillers(hide_quotes(message)).rstrip(".!")
    target = ByMention(is_plural=True) if _ALL.fullmatch(text) else read_target(text, clock)
    return replace(draft, target=target) if target is not None else None


def read_new_tasks(question: Intent, message: str, clock: Clock) -> Intent | None:
    """Read the reply to "What should I add?"."""
    draft = question.draft if isinstance(question, ClarifyIntent) else None
    if not isinstance(draft, AddIntent):
        return None
    read = interpret(message, clock)
    is_task = len(read) == 1 and isinstance(read[0], AddIntent | OfferIntent)
    if not is_task and is_other_command(message):
        return None
    if isinstance(read[0], AddIntent) and starts_command(message):
        return read[0]
    return complete_draft(draft, _TO.sub("", hide_quotes(message)), clock)


def read_list_name(question: Intent, message: str, _clock: Clock) -> Intent | None:
    """Read the reply to "What should the list be called?"."""
    name = unquote(_NAMING.sub("", hide_quotes(message)).rstrip(".!"))
    if not name or not isinstance(question, ClarifyIntent) or is_other_command(message):
        return None
    return CreateListIntent(name)


def read_list_choice(question: Intent, message: str, _clock: Clock) -> Intent | None:
    """Read the reply to "Which list do you mean?"."""
    name = clean_name(hide_quotes(message))
    draft = question.draft if isinstance(question, ClarifyIntent) else None
    if name is None or is_other_command(message) or not isinstance(draft, DeleteListIntent):
        return None
    return replace(draft, name=name)


def read_new_title(question: Intent, message: str, _clock: Clock) -> Intent | None:
    """Read the reply to "What should its new title be?"."""
    draft = question.draft if isinstance(question, ClarifyIntent) else None
    title = unquote(_TO.sub("", hide_quotes(message)))
    if not isinstance(draft, UpdateIntent) or not title or is_other_command(message):
        return None
    return replace(draft, changes=Changes(title=title))


def read_new_due_date(question: Intent, message: str, clock: Clock) -> Intent | None:
    """Read the reply to "When should it be due?"."""
    draft = question.draft if isinstance(question, ClarifyIntent) else None
    due = to_due(new_date(_TO.sub("", strip_fillers(message)), clock))
    if not isinstance(draft, UpdateIntent) or due is None:
        return None
    return replace(draft, changes=Changes(due=due))


def is_other_command(message: str) -> bool:
    """Return whether a message is a command, a question or "never mind", not a reply."""
    return starts_command(message) or _LEAVE.fullmatch(strip_fillers(message)) is not None


_REPLY_READERS: Final[dict[Prompt, Callable[[Intent, str, Clock], Intent | None]]] = {
    Prompt.CONFIRM: read_confirmation,
    Prompt.OFFER: read_offer_reply,
    Prompt.WHICH: read_choice,
    Prompt.TITLE: read_new_tasks,
    Prompt.LIST_NAME: read_list_name,
    Prompt.WHICH_LIST: read_list_choice,
    Prompt.NEW_TITLE: read_new_title,
    Prompt.NEW_DATE: read_new_due_date,
}
