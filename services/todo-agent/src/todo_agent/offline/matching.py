"""Finds tasks by words of their titles, as people remember them: "bought the milk" -> "Buy milk"."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from todo_agent.offline.grammar.patterns import word_list
from todo_agent.offline.tool_calls import TaskView

_SMALL: Final = frozenset(
    word_list(
        "a an the my our your his her their to of for on in at with and or from by some this that is "
        "be it i"
    )
)
_TYPO_RATIO: Final = 0.75
_PLURALS: Final = (
    ("ies", "y"),
    ("sses", "ss"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("xes", "x"),
    ("oes", "o"),
)
_ENDINGS: Final = ("ing", "ed", "e")


@dataclass(frozen=True, slots=True)
class Matches:
    """Tasks that surely are meant, and those that perhaps are."""

    sure: tuple[TaskView, ...] = ()
    perhaps: tuple[TaskView, ...] = ()


def stem(word: str) -> str:
    """Return the part of a word that its forms share: "buying" -> "buy", "groceries" -> "grocery"."""
    base = _singular(re.sub(r"['\u2019]s$", "", word))
    ending = next((end for end in _ENDINGS if base.endswith(end) and len(base) > len(end) + 2), "")
    return base.removesuffix(ending)


def _singular(word: str) -> str:
    for plural, ending in _PLURALS:
        if word.endswith(plural) and len(word) > len(plural) + 2:
            return word.removesuffix(plural) + ending
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def words_of(text: str) -> list[str]:
    """Return the stems of a text's words, without small words unless there are no others."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", folded)
    return [stem(word) for word in words if word not in _SMALL] or [stem(word) for word in words]


def search_term(text: str) -> str:
    """Return one word's beginning that every matching title has to contain."""
    words = words_of(text)
    longest = max(words, key=len, default="")
    # A stem's last letter may change with its form ("grocery", "groceries").
    return longest[:-1] if longest.endswith("y") and len(longest) > 3 else longest


def match_titles(words: str, tasks: Sequence[TaskView], hint: str = "") -> Matches:
    """Match words against titles.

    Args:
        hint: a word that decides between titles which match alike.
    """
    exact = tuple(task for task in tasks if _fold(task.title) == _fold(words))
    if exact:
        return Matches(exact)
    wanted = words_of(words)
    full = tuple(task for task in tasks if _has_all(wanted, words_of(task.title)))
    if hint and len(full) > 1:
        hinted = tuple(task for task in full if stem(hint.casefold()) in words_of(task.title))
        full = hinted or full
    if full:
        return Matches(full)
    return Matches(
        perhaps=tuple(task for task in tasks if _is_similar(wanted, words_of(task.title)))
    )


def _has_all(wanted: Iterable[str], having: Sequence[str]) -> bool:
    return all(word in having for word in wanted) and bool(having)


def _is_similar(wanted: Sequence[str], having: Sequence[str]) -> bool:
    """Whether at least half of the words are there, allowing for typos."""
    found = sum(1 for word in wanted if any(_is_alike(word, other) for other in having))
    return found * 2 >= max(len(wanted), 1) and found > 0


def _is_alike(word: str, other: str) -> bool:
    if word == other:
        return True
    return (
        min(len(word), len(other)) > 3 and SequenceMatcher(None, word, other).ratio() >= _TYPO_RATIO
    )


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
