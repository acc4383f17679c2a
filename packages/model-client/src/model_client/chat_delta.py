"""Reads a delta of a chat completion: text, refusal and reasoning, in every known spelling."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from todochat.surrogates import replace_surrogates

# A server may send several of them with the same text.
_REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
_DETAILS: Final = "reasoning_details"  # OpenRouter's, with signatures
_DETAIL_TEXTS: Final = ("text", "summary", "data")


class PartKind(Enum):
    """The kind of a part of a delta."""

    TEXT = "text"
    REFUSAL = "refusal"
    REASONING = "reasoning"


# Of the parts of a content; other types are text.
_KINDS: Final = {
    "thinking": PartKind.REASONING,
    "reasoning": PartKind.REASONING,
    "reasoning_text": PartKind.REASONING,
    "refusal": PartKind.REFUSAL,
}


def read_content(delta: Mapping[str, Any]) -> Iterator[tuple[PartKind, str]]:
    """Yield the parts of a delta's content: a string, a part or a list of parts."""
    content = delta.get("content")
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            yield PartKind.TEXT, part
        elif isinstance(part, Mapping):
            yield _KINDS.get(str(part.get("type")), PartKind.TEXT), _text_of(part)
    refusal = delta.get("refusal")
    if isinstance(refusal, str):
        yield PartKind.REFUSAL, refusal


class ChatReasoning:
    """The reasoning that a server sends beside the text, and how it wants it back."""

    def __init__(self) -> None:
        self._field = ""
        self._texts: list[str] = []
        self._details: list[dict[str, Any]] = []

    def read(self, delta: Mapping[str, Any]) -> str:
        """Return the reasoning of a delta."""
        details = delta.get(_DETAILS)
        entries = details if isinstance(details, list) else []
        for entry in entries:
            if not isinstance(entry, Mapping):
                continue
            last = self._details[-1] if self._details else None
            known = [key for key in ("type", "index", "id") if entry.get(key) is not None]
            if last is None or any(last.get(key) != entry[key] for key in known):
                self._details.append(dict(entry))
                continue
            for key, value in entry.items():  # the next piece of the entry before
                is_piece = key in _DETAIL_TEXTS and isinstance(value, str)
                if is_piece and isinstance(last.get(key), str):
                    last[key] += value
                elif value is not None:
                    last[key] = value
        for name in _REASONING_FIELDS:
            text = _text_of(delta.get(name))
            if text:
                self._field = self._field or name
                self._texts.append(text)
                return text
        shown = (entry for entry in entries if isinstance(entry, Mapping) and "data" not in entry)
        return "".join(map(_text_of, shown))

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that the message has in the next request, if the answer has tool calls."""
        if self._details:
            return {_DETAILS: replace_surrogates(self._details)}
        return {self._field: "".join(self._texts)} if self._field else {}


def _text_of(value: Any, depth: int = 3) -> str:
    """Return the text of a part, in whose fields it may be nested."""
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list):
        return "".join(_text_of(each, depth - 1) for each in value)
    if depth and isinstance(value, Mapping):
        for key in ("text", "content", "thinking", "reasoning", "refusal", "summary"):
            if value.get(key):
                return _text_of(value[key], depth - 1)
    return ""
