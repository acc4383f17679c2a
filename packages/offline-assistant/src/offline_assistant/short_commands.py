"""Recognizes messages that are only a yes or an undo, without a model.

Tools use it to check the user's own words, so that no model can confirm on the user's behalf.
"""

import re
from typing import Final

MAX_CHARS: Final = 60
_WORDS: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_YES: Final = frozenset(
    {
        *("yes", "yep", "yeah", "yup", "y", "ok", "okay", "sure", "sure thing", "do it", "go ahead"),
        *("confirm", "confirmed", "please", "please do", "absolutely", "definitely", "of course"),
        *("correct", "that's right", "right", "thanks", "thank you", "all of them", "and"),
    }
)  # fmt: skip
_POLITE: Final = frozenset({"please", "thanks", "thank you", "and"})
_UNDO_VERBS: Final = ("undo", "revert", "take back", "roll back", "reverse")
_UNDO_OBJECTS: Final = (
    *("", "it", "that", "this", "them", "all", "it all", "everything", "all of it", "all of that"),
    *("the last change", "the last changes", "the last one", "last change", "my last change"),
    *(
        "what you did",
        "what you just did",
        "the last thing",
        "that last change",
        "your last change",
    ),
)
_UNDO: Final = frozenset(f"{verb} {noun}".strip() for verb in _UNDO_VERBS for noun in _UNDO_OBJECTS)


def is_yes(text: str) -> bool:
    """Return whether a message is only a yes; "yes, but not the milk" isn't."""
    if text.rstrip().endswith(("?", "\u061f", "\uff1f")):
        return False
    words = _read_words(text)
    agreements = 0
    while words:
        length = next((n for n in (3, 2, 1) if " ".join(words[:n]) in _YES), 0)
        if length == 0:
            return False
        agreements += " ".join(words[:length]) not in _POLITE
        words = words[length:]
    return agreements > 0 or _read_words(text)[:1] == ["please"]


def is_undo(text: str) -> bool:
    """Return whether a message is only a request to undo; "undo?" is a question about it."""
    is_question = text.rstrip().endswith(("?", "\u061f", "\uff1f"))
    if is_question and _read_words(text)[:1] not in (["can"], ["could"], ["please"]):
        return False
    words = [word for word in _read_words(text) if word not in {"please", "can", "could", "you"}]
    return " ".join(words) in _UNDO


def _read_words(text: str) -> list[str]:
    if len(text) > MAX_CHARS:
        return []
    return [word.casefold().replace("\u2019", "'") for word in _WORDS.findall(text)]
