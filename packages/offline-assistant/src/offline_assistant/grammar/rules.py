"""A grammar is a table of rules, tried in order; a reader that returns None passes to the next rule."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from offline_assistant.intents import Intent
from task_phrases.clock import Clock
from task_phrases.patterns import Match, Pattern, rx

Reader = Callable[[Match, Clock], Intent | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for a whole sentence, and the reader that turns its match into an intent."""

    pattern: Pattern
    read: Reader


def rule(pattern: str, read: Reader) -> Rule:
    """Create a rule from a pattern in the notation of `patterns.rx`."""
    return Rule(rx(pattern), read)


def apply_rules(rules: Iterable[Rule], sentence: str, clock: Clock) -> Intent | None:
    """Return the intent of the first rule that reads a sentence; None if none does."""
    for candidate in rules:
        match = candidate.pattern.fullmatch(sentence)
        intent = candidate.read(match, clock) if match else None
        if intent is not None:
            return intent
    return None
