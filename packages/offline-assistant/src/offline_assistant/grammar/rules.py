"""A grammar is a table of rules, tried in order; a rule may pass a sentence on by reading nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from offline_assistant.clock import Clock
from offline_assistant.intents import Intent
from offline_assistant.patterns import Match, Pattern, rx

Reader = Callable[[Match, Clock], Intent | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a whole sentence looks like, and what it asks for then."""

    pattern: Pattern
    read: Reader


def rule(pattern: str, read: Reader) -> Rule:
    """Make a rule of a pattern in the notation of `patterns.rx`."""
    return Rule(rx(pattern), read)


def apply_rules(rules: Iterable[Rule], sentence: str, clock: Clock) -> Intent | None:
    """Return what the first rule that fits reads in a sentence."""
    for one in rules:
        match = one.pattern.fullmatch(sentence)
        intent = one.read(match, clock) if match else None
        if intent is not None:
            return intent
    return None
