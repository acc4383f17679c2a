"""Matches words with the titles of tasks: "bought the milk" finds "Buy milk"."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from offline_assistant.tool_calls import TaskResult
from task_phrases.patterns import word_list

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
    """Sure matches, or else candidates with typos or missing words."""

    sure: tuple[TaskResult, ...] = ()
    perhaps: tuple[TaskResult, ...] = ()


def stem(word: str) -> str:
    """Return the stem of a word: "buying" -> "buy", "groceries" -> "grocery"."""
    base = re.sub(r"['\u2019]s$", "", word)
    plural = next((p for p in _PLURALS if base.endswith(p[0]) and len(base) > len(p[0]) + 2), None)
    if plural is not None:
        base = base.removesuffix(plural[0]) + plural[1]
    elif base.endswith("s") and not base.endswith("ss") and len(base) > 3:
        base = base[:-1]
    ending = next((end for end in _ENDINGS if base.endswith(end) and len(base) > len(end) + 2), "")
    return base.removesuffix(ending)


def read_words(text: str) -> list[str]:
    """Return the stems of a text's words; small words are dropped if there are others."""
    words = re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", _fold(text))
    return [stem(word) for word in words if word not in _SMALL] or [stem(word) for word in words]


def search_term(text: str) -> str:
    """Return the beginning of the longest word, which every matching title contains."""
    words = read_words(text)
    longest = max(words, key=len, default="")
    # A stem's last letter may differ between forms ("grocery", "groceries").
    return longest[:-1] if longest.endswith("y") and len(longest) > 3 else longest


class Titles:
    """The titles of tasks, split into words once for many matches."""

    def __init__(self, tasks: Iterable[TaskResult]) -> None:
        self._titles = [
            (task, _fold(task.title), frozenset(read_words(task.title))) for task in tasks
        ]

    def sure(self, words: str, hint: str = "") -> tuple[TaskResult, ...]:
        """Return the tasks whose titles have all the words.

        Args:
            hint: a word that breaks ties between several matches.
        """
        folded, wanted = _fold(words), set(read_words(words))
        exact = tuple(task for task, title, _ in self._titles if title == folded)
        if exact:
            return exact
        full = [
            (task, title_words)
            for task, _, title_words in self._titles
            if title_words and wanted <= title_words
        ]
        if hint and len(full) > 1:
            base = stem(hint.casefold())
            full = [
                (task, title_words) for task, title_words in full if base in title_words
            ] or full
        return tuple(task for task, _ in full)

    def perhaps(self, words: str) -> tuple[TaskResult, ...]:
        """Return the tasks whose titles have at least half of the words, allowing for typos."""
        wanted = set(read_words(words))
        typos = TypoMatcher()
        found = []
        for task, _, title_words in self._titles:
            if len(wanted) > 2 * len(title_words):
                continue
            count = sum(
                word in title_words or typos.matches_any(word, title_words) for word in wanted
            )
            if count and count * 2 >= len(wanted):
                found.append(task)
        return tuple(found)


class TypoMatcher:
    """Compares words letter by letter; only the first `MAX_COMPARED` pairs, since each takes a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bool] = {}

    def matches_any(self, word: str, others: Iterable[str]) -> bool:
        """Return whether a word of more than 3 letters resembles one of the others."""
        if len(self._known) >= MAX_COMPARED:
            return False
        for other in others:
            shorter, total = min(len(word), len(other)), len(word) + len(other)
            if shorter <= 3 or 2 * shorter < _TYPO_RATIO * total:
                continue
            pair = (word, other)
            if pair not in self._known:
                self._known[pair] = SequenceMatcher(None, *pair).ratio() >= _TYPO_RATIO
            if self._known[pair]:
                return True
        return False


def match_titles(words: str, tasks: Iterable[TaskResult], hint: str = "") -> Matches:
    """Match words with titles.

    Args:
        hint: a word that breaks ties between several matches.
    """
    titles = Titles(tasks)
    sure = titles.sure(words, hint)
    return Matches(sure) if sure else Matches(perhaps=titles.perhaps(words))


def _fold(text: str) -> str:
    """Fold case, white space and accents, as the search of the tasks service does."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())
