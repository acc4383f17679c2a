"""Turns a message into intents: the order in which the tables of the grammar are tried.

A question never changes anything: in a message that begins as a question, no command is executed, nor
is a command with a question mark at its end.
"""

import re
from typing import Final

from offline_assistant.grammar import sentence_type
from offline_assistant.grammar.adding import ADDING_RULES, FRAGMENT_RULES, IMPERATIVE_RULES
from offline_assistant.grammar.completing import COMPLETING_RULES
from offline_assistant.grammar.deleting import DELETING_RULES
from offline_assistant.grammar.items import MAX_ITEMS
from offline_assistant.grammar.new_lists import NEW_LIST_RULES
from offline_assistant.grammar.questions import read_noun_phrase, read_question, read_request_to_see
from offline_assistant.grammar.rewriting import (
    move_front_to_end,
    read_find_and_change,
    read_tail_request,
)
from offline_assistant.grammar.rules import apply_rules
from offline_assistant.grammar.scope import is_out_of_scope, is_playing
from offline_assistant.grammar.small_talk import read_small_talk
from offline_assistant.grammar.updating import UPDATING_RULES
from offline_assistant.intents import (
    AddIntent,
    Intent,
    OfferIntent,
    ShowListsIntent,
    ShowTasksIntent,
    TalkIntent,
    Topic,
)
from task_phrases.clock import Clock
from task_phrases.quotes import hide_quotes, show_quotes
from todochat.visible_text import is_visible

# Longer than any title with notes that people type; also bounds the input of the patterns.
MAX_MESSAGE_CHARS: Final = 2000
# Each may take three model calls, and a run has a limit on those.
MAX_COMMANDS: Final = 5
# More than `MAX_ITEMS`, so that a pasted list with one task per line is read.
MAX_SENTENCES: Final = 30
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COMMANDS: Final = (
    *UPDATING_RULES,
    *COMPLETING_RULES,
    *DELETING_RULES,
    *ADDING_RULES,
)


READ_ONLY_INTENTS: Final = (ShowTasksIntent, ShowListsIntent, TalkIntent)
# Dropped if the message has any other intent.
_ASIDES: Final = frozenset(
    {
        Topic.GREETING,
        Topic.THANKS,
        Topic.GOODBYE,
        Topic.ACKNOWLEDGED,
        Topic.UNKNOWN,
        Topic.FEELING,
    }
)


def interpret(message: str, clock: Clock) -> tuple[Intent, ...]:
    """Return the intents of a message in order, at least one."""
    if len(message) > MAX_MESSAGE_CHARS:
        return (TalkIntent(Topic.TOO_LONG),)
    sentences = sentence_type.split_sentences(hide_quotes(normalise(message)))
    if not sentences or not is_visible(message):
        return (TalkIntent(Topic.EMPTY),)
    intents: list[Intent] = []
    if sentence_type.is_question(sentences[0]):
        read = (read_sentence(sentence, clock) for sentence in sentences[:MAX_COMMANDS])
        refusal = TalkIntent(Topic.QUESTION_CHANGES_NOTHING)
        answers = (i if isinstance(i, READ_ONLY_INTENTS) else refusal for i in read)
        intents = list(dict.fromkeys(answers))
    else:
        for sentence in sentences[:MAX_SENTENCES]:
            intent = read_sentence(sentence, clock)
            if isinstance(intent, AddIntent) and intents and isinstance(intents[-1], AddIntent):
                intents[-1] = merge_adds(intents[-1], intent)
            else:
                intents.append(intent)
        if len(intents) > MAX_COMMANDS or len(sentences) > MAX_SENTENCES:
            intents = [*intents[:MAX_COMMANDS], TalkIntent(Topic.TOO_MANY)]
    kept = [i for i in intents if not (isinstance(i, TalkIntent) and i.topic in _ASIDES)]
    return tuple(kept or intents[:1])


def normalise(message: str) -> str:
    """Replace control characters by spaces; collapse white space and repeated separators."""
    text = re.sub(r"[^\S\n]+", " ", _CONTROL.sub(" ", message))
    text = re.sub(r"\s*\n\s*", "\n", text)
    return re.sub(r"([,;:!?.\-])(?: ?\1){3,}", r"\1", text)


def merge_adds(first: AddIntent, second: AddIntent) -> AddIntent:
    """Merge consecutive additions, whose calls then make one step; at most `MAX_ITEMS` tasks."""
    return AddIntent(
        (*first.tasks, *second.tasks)[:MAX_ITEMS],
        first.wants_repeat or second.wants_repeat,
        first.wants_reminder or second.wants_reminder,
    )


def read_sentence(sentence: str, clock: Clock) -> Intent:
    """Return the intent of one sentence whose quotes are hidden."""
    talk = read_small_talk(sentence)
    if talk is not None:
        return talk
    text = sentence_type.strip_fillers(sentence)
    if sentence_type.is_question(text):
        return read_small_talk(text) or read_question(text, clock)
    tail = read_tail_request(text, clock, read_command)
    if tail is not None:
        return tail
    if not sentence_type.ends_as_question(text):
        command = sentence_type.strip_request(text)
        return read_command(command, clock, is_request=sentence_type.asks_assistant(text))
    intent = read_command(text.rstrip(" ?\u061f\uff1f"), clock)
    if isinstance(intent, READ_ONLY_INTENTS):
        return intent
    is_offer = isinstance(intent, OfferIntent)
    return read_question(text, clock) if is_offer else TalkIntent(Topic.QUESTION_CHANGES_NOTHING)


def read_command(text: str, clock: Clock, *, is_request: bool = False) -> Intent:
    """Return the intent of a command, by the first table of the grammar that matches it.

    Args:
        is_request: the sentence is a request ("can you ..."), so a bare imperative isn't a task.
    """
    text = sentence_type.strip_fillers(text).rstrip(" ?!.\u061f\uff1f") or text
    text = move_front_to_end(text, clock)
    talk = read_small_talk(text)
    if talk is not None:
        return talk
    if sentence_type.is_negated(text):
        return TalkIntent(Topic.LEFT_ALONE)
    if sentence_type.is_question(text):
        return read_question(text, clock)
    if is_playing(text):
        return TalkIntent(Topic.OUT_OF_SCOPE)
    return (
        apply_rules(NEW_LIST_RULES, text, clock)
        or read_find_and_change(text, clock, read_command)
        or read_request_to_see(text, clock)
        or apply_rules(_COMMANDS, text, clock)
        or (None if is_request else apply_rules(IMPERATIVE_RULES, text, clock))
        or read_noun_phrase(text, clock)
        or apply_rules(FRAGMENT_RULES, text, clock)
        or TalkIntent(Topic.OUT_OF_SCOPE if is_out_of_scope(show_quotes(text)) else Topic.UNKNOWN)
    )
