"""From a message to what it asks for: the order in which the grammar is tried.

A question never changes anything: a message that begins as one is only ever answered, and a
command with a question mark at its end is not carried out.
"""

import re
from collections.abc import Iterable
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.grammar import sentence_type
from offline_assistant.grammar.adding import ADDING_RULES, FRAGMENT_RULES, IMPERATIVE_RULES
from offline_assistant.grammar.completing import COMPLETING_RULES
from offline_assistant.grammar.deleting import DELETING_RULES
from offline_assistant.grammar.items import MAX_ITEMS
from offline_assistant.grammar.new_lists import NEW_LIST_RULES
from offline_assistant.grammar.questions import read_noun_phrase, read_question, read_request_to_see
from offline_assistant.grammar.quotes import hide_quotes, show_quotes
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

# Longer than any title with notes worth typing; it also bounds what the patterns have to read.
MAX_MESSAGE_CHARS: Final = 2000
# Each may take three calls of the model, and a run has a limit of those.
MAX_COMMANDS: Final = 5
# More than the items of one step, so that a pasted list with one on each line is read.
MAX_SENTENCES: Final = 30
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COMMANDS: Final = (
    *UPDATING_RULES,
    *COMPLETING_RULES,
    *DELETING_RULES,
    *ADDING_RULES,
)


def interpret(message: str, clock: Clock) -> tuple[Intent, ...]:
    """Return what a message asks for, in its order; at least one intent."""
    if len(message) > MAX_MESSAGE_CHARS:
        return (TalkIntent(Topic.TOO_LONG),)
    sentences = sentence_type.split_sentences(hide_quotes(normalise(message)))
    if not sentences:
        return (TalkIntent(Topic.EMPTY),)
    if sentence_type.is_question(sentences[0]):
        return _answer_only(sentences[:MAX_COMMANDS], clock)
    read = (read_sentence(sentence, clock) for sentence in sentences[:MAX_SENTENCES])
    intents = _merge_adds(read)
    if len(intents) > MAX_COMMANDS or len(sentences) > MAX_SENTENCES:
        intents = [*intents[:MAX_COMMANDS], TalkIntent(Topic.TOO_MANY)]
    return _without_asides(tuple(intents))


def normalise(message: str) -> str:
    """Blank out control characters; shorten runs of white space, and of separators that mean one."""
    text = re.sub(r"[^\S\n]+", " ", _CONTROL.sub(" ", message))
    text = re.sub(r"\s*\n\s*", "\n", text)
    return re.sub(r"([,;:!?.\-])(?: ?\1){3,}", r"\1", text)


def _merge_adds(intents: Iterable[Intent]) -> list[Intent]:
    """Join commands to add that follow each other: their calls make one step."""
    merged: list[Intent] = []
    for intent in intents:
        last = merged[-1] if merged else None
        if isinstance(last, AddIntent) and isinstance(intent, AddIntent):
            tasks = (*last.tasks, *intent.tasks)[:MAX_ITEMS]
            repeats = last.wants_repeat or intent.wants_repeat
            merged[-1] = AddIntent(tasks, repeats, last.wants_reminder or intent.wants_reminder)
        else:
            merged.append(intent)
    return merged


def read_sentence(sentence: str, clock: Clock) -> Intent:
    """Return what one sentence (quotes hidden) asks for."""
    talk = read_small_talk(sentence)
    if talk is not None:
        return talk
    text = sentence_type.strip_fillers(sentence)
    if sentence_type.is_question(text):
        return read_small_talk(text) or read_question(text, clock)
    tail = read_tail_request(text, clock, _read_command)
    if tail is not None:
        return tail
    if sentence_type.ends_as_question(text):
        return _without_change(_read_command(text.rstrip(" ?\u061f\uff1f"), clock), text, clock)
    command = sentence_type.strip_request(text)
    return _read_command(command, clock, is_request=sentence_type.asks_assistant(text))


def _read_command(text: str, clock: Clock, *, is_request: bool = False) -> Intent:
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
        or read_find_and_change(text, clock, _read_command)
        or read_request_to_see(text, clock)
        or apply_rules(_COMMANDS, text, clock)
        or (None if is_request else apply_rules(IMPERATIVE_RULES, text, clock))
        or read_noun_phrase(text, clock)
        or apply_rules(FRAGMENT_RULES, text, clock)
        or TalkIntent(Topic.OUT_OF_SCOPE if is_out_of_scope(show_quotes(text)) else Topic.UNKNOWN)
    )


def _answer_only(sentences: list[str], clock: Clock) -> tuple[Intent, ...]:
    """Answer a message that begins with a question; commands after it are named, not done."""
    answers: list[Intent] = []
    for sentence in sentences:
        intent = read_sentence(sentence, clock)
        answers.append(
            intent if _is_harmless(intent) else TalkIntent(Topic.QUESTION_CHANGES_NOTHING)
        )
    return _without_asides(tuple(dict.fromkeys(answers)))


def _without_change(intent: Intent, text: str, clock: Clock) -> Intent:
    if _is_harmless(intent):
        return intent
    if isinstance(intent, OfferIntent):
        return read_question(text, clock)
    return TalkIntent(Topic.QUESTION_CHANGES_NOTHING)


def _is_harmless(intent: Intent) -> bool:
    return isinstance(intent, ShowTasksIntent | ShowListsIntent | TalkIntent)


def _without_asides(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Drop small talk and what was not understood beside something that was."""
    asides = {
        Topic.GREETING,
        Topic.THANKS,
        Topic.GOODBYE,
        Topic.ACKNOWLEDGED,
        Topic.UNKNOWN,
        Topic.FEELING,
    }
    kept = tuple(i for i in intents if not (isinstance(i, TalkIntent) and i.topic in asides))
    return kept or intents[:1]
