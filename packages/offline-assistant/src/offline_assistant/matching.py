"""Finds tasks by words of their titles, as people remember them: "bought the milk" -> "Buy milk"."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from offline_assistant.patterns import word_list
from offline_assistant.tool_calls import TaskResult

_SMALL: Final = frozenset(
    word_list(
        "a an the my our your his her their to of for on in at with and or from by some this that is "
        "be it i"
    )
)
_TYPO_RATIO: Final = 0.75
MAX_COMPARED: Final = 2000
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

    sure: tuple[TaskResult, ...] = ()
    perhaps: tuple[TaskResult, ...] = ()


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


class Titles:
    """The titles of tasks, read once to match many words against them."""

    def __init__(self, tasks: Iterable[TaskResult]) -> None:
        self._titles = [
            (task, _fold(task.title), frozenset(words_of(task.title))) for task in tasks
        ]

    def sure(self, words: str, hint: str = "") -> tuple[TaskResult, ...]:
        """Return the tasks whose titles have all the words.

        Args:
            hint: a word that decides between titles which match alike.
        """
        folded, wanted = _fold(words), set(words_of(words))
        exact = tuple(task for task, title, _ in self._titles if title == folded)
        if exact:
            return exact
        full = [(task, having) for task, _, having in self._titles if having and wanted <= having]
        if hint and len(full) > 1:
            base = stem(hint.casefold())
            full = [(task, having) for task, having in full if base in having] or full
        return tuple(task for task, _ in full)

    def perhaps(self, words: str) -> tuple[TaskResult, ...]:
        """Return the tasks whose titles have at least half of the words, allowing for typos."""
        wanted = set(words_of(words))
        typos = _Typos()
        found = []
        for task, _, having in self._titles:
            if len(wanted) > 2 * len(having):
                continue
            count = sum(word in having or typos.has(word, having) for word in wanted)
            if count and count * 2 >= len(wanted):
                found.append(task)
        return tuple(found)


class _Typos:
    """Compares words letter by letter; of very many the first ones, since each takes a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bool] = {}

    def has(self, word: str, having: Iterable[str]) -> bool:
        return len(self._known) < MAX_COMPARED and any(
            self._is_alike(word, other) for other in having
        )

    def _is_alike(self, word: str, other: str) -> bool:
        lengths = len(word), len(other)
        if min(lengths) <= 3 or 2 * min(lengths) < _TYPO_RATIO * sum(lengths):
            return False
        pair = (word, other)
        if pair not in self._known:
            self._known[pair] = SequenceMatcher(None, word, other).ratio() >= _TYPO_RATIO
        return self._known[pair]


def match_titles(words: str, tasks: Iterable[TaskResult], hint: str = "") -> Matches:
    """Match words against titles.

    Args:
        hint: a word that decides between titles which match alike.
    """
    titles = Titles(tasks)
    sure = titles.sure(words, hint)
    return Matches(sure) if sure else Matches(perhaps=titles.perhaps(words))


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
