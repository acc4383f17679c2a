"""Splits the text of an answer into what is shown and its reasoning.

Without a reasoning parser, servers send reasoning in the text: in `<think>` tags, or as channels of
the harmony format of gpt-oss. Both are recognised only at the start of an answer; later they are
ordinary text. Citation marks of hosted file search (`【4:0†source】`) are removed, and stop tokens
that a server leaves at the end (`<|im_end|>`).
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

_MAX_HEADER_CHARS: Final = 500

_CLOSINGS: Final = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/THINK]",
}
_HARMONY_OPENINGS: Final = ("<|channel|>", "<|start|>")
_OPENINGS: Final = (*_CLOSINGS, *_HARMONY_OPENINGS)
_MESSAGE: Final = "<|message|>"
_BODY_ENDS: Final = ("<|end|>", "<|return|>", "<|call|>", *_HARMONY_OPENINGS)
_BODY_END: Final = re.compile("|".join(map(re.escape, _BODY_ENDS)))
_CHANNEL: Final = re.compile(r"<\|channel\|>\s*(\w+)")
_RECIPIENT: Final = re.compile(r"\bto=([\w.-]+)")
_LONE_CLOSING: Final = re.compile(
    r"\A(.*?)^[ \t]*</think>[ \t]*(?:\n\s*|\Z)", re.MULTILINE | re.DOTALL
)

_STOP: Final = r"(?:<\|(?:im_end|eot_id|endoftext|end_of_text)\|>|<end_of_turn>)"
_STOPS: Final = re.compile(rf"{_STOP}(?:\s|{_STOP}){{0,100}}\Z")
_STOPS_START: Final = re.compile(
    rf"(?:{_STOP}(?:\s|{_STOP}){{0,100}})?(?:<(?:\|?[a-z_]{{0,11}}\|?)?)?\Z"
)
_SPECIAL: Final = re.compile("[<\\[【\\ue200]")
_MARK: Final = re.compile(
    "[ \t]?(?:【[^【】\n]{0,200}†[^【】\n]{0,200}】"
    r"|\[\d{1,3}(?::\d{1,3})?†[^\]\n]{0,200}\]"
    "|\ue200[^\ue200\ue201]{0,400}\ue201)"
)
_MARK_START: Final = re.compile(
    "[ \t]?(?:【[^【】\n]{0,401}"
    r"|\[(?:\d{1,3}(?::(?:\d{1,3})?)?(?:†[^\]\n]{0,200})?)?"
    "|\ue200[^\ue200\ue201]{0,400})\\Z"
)
_CUT_MARK: Final = re.compile("[ \t]?(?:[【\\[][^\n]*†|\ue200)")


class Span(NamedTuple):
    """A part of an answer's text.

    Attributes:
        tool: the function that a harmony message calls with this text as arguments, "" otherwise.
    """

    text: str
    is_reasoning: bool = False
    tool: str = ""


class _State(Enum):
    START = auto()  # of the answer, or behind a thought
    THOUGHT = auto()
    HEADER = auto()  # of a harmony message
    BODY = auto()
    TEXT = auto()


class AnswerTextSplitter:
    """Splits the text of one answer; a beginning of a tag or mark is held back until the next read."""

    def __init__(self) -> None:
        self._held = ""
        self._state = _State.START
        self._closing = ""  # of the last thought
        self._body = Span("")  # of the harmony message in progress
        self._marks = CitationMarkFilter()

    def feed(self, text: str) -> Iterator[Span]:
        """Yield the parts whose meaning is certain."""
        if not self._held and self._state is _State.TEXT:  # most deltas; the rest is the same
            yield from self._spans(Span(text))
            return
        self._held += text
        before = None
        while before is not self._state:  # a state that can't go on stays
            before = self._state
            match self._state:
                case _State.START:
                    self._find_opening()
                case _State.THOUGHT:
                    thought, closing, rest = self._held.partition(self._closing)
                    if closing:
                        self._held = rest
                        self._state = _State.START  # another thought may follow
                    else:
                        thought = self._take_before_partial((self._closing,))
                    yield from self._spans(Span(thought, is_reasoning=True))
                case _State.HEADER:
                    self._read_header()
                case _State.BODY:
                    end = _BODY_END.search(self._held)
                    if end is None:
                        body = self._take_before_partial(_BODY_ENDS)
                    else:
                        body = self._held[: end.start()]
                        is_start = end[0] in _HARMONY_OPENINGS
                        self._held = self._held[end.start() if is_start else end.end() :]
                        self._state = _State.HEADER
                    yield from self._spans(self._body._replace(text=body))
                case _State.TEXT:
                    text, self._held = self._held, ""
                    yield from self._spans(Span(text))

    def end(self) -> Iterator[Span]:
        """Yield the rest."""
        rest, self._held = self._held, ""
        match self._state:
            case _State.THOUGHT:
                yield from self._spans(Span(rest, is_reasoning=True))
            case _State.BODY:
                yield from self._spans(self._body._replace(text=rest))
            case _State.START | _State.TEXT:
                yield from self._spans(Span(rest))
        if rest := self._marks.end():
            yield Span(rest)

    def _find_opening(self) -> None:
        """Change the state to that of the text's beginning, once that is certain."""
        if self._closing:
            self._held = self._held.lstrip()  # between a thought and the answer
        start = self._held.lstrip().lower()
        if start.startswith(_HARMONY_OPENINGS):
            self._state = _State.HEADER
        elif start.startswith(tuple(_CLOSINGS)):
            opening = next(each for each in _CLOSINGS if start.startswith(each))
            self._closing = _CLOSINGS[opening]
            self._held = self._held.lstrip()[len(opening) :]
            self._state = _State.THOUGHT
        elif not any(opening.startswith(start) for opening in _OPENINGS):
            self._state = _State.TEXT

    def _read_header(self) -> None:
        """Read the recipient of a harmony message; anything but a header is text."""
        header, message, rest = self._held.partition(_MESSAGE)
        if message:
            channel, recipient = _CHANNEL.search(header), _RECIPIENT.search(header)
            is_final = channel is None or channel[1] == "final"
            tool = recipient[1].removeprefix("functions.") if recipient is not None else ""
            self._body = Span("", is_reasoning=not (is_final or tool), tool=tool)
            self._held = rest
            self._state = _State.BODY
            return
        start = header.lstrip()
        is_possible = start.startswith("<|") or "<|".startswith(start)
        if not is_possible or len(header) > _MAX_HEADER_CHARS:
            self._state = _State.TEXT

    def _take_before_partial(self, tokens: Iterable[str]) -> str:
        """Return the held text, except an end that may be the beginning of a token."""
        longest = max(map(len, tokens)) - 1
        for start in range(max(0, len(self._held) - longest), len(self._held)):
            if any(token.startswith(self._held[start:]) for token in tokens):
                text, self._held = self._held[:start], self._held[start:]
                return text
        text, self._held = self._held, ""
        return text

    def _spans(self, span: Span) -> Iterator[Span]:
        """Yield a span without citation marks, if anything is left of it."""
        if not (span.is_reasoning or span.tool):
            span = span._replace(text=self._marks.feed(span.text))
        if span.text:
            yield span


class CitationMarkFilter:
    """Removes citation marks, also those split over chunks, and stop tokens at the end of a text."""

    def __init__(self) -> None:
        self._held = ""
        self._last = ""  # the last character that was returned

    def feed(self, text: str) -> str:
        """Return the text without marks; the beginning of a mark is held back."""
        text = self._held + text
        if not _SPECIAL.search(text):  # most deltas
            self._held, self._last = "", text[-1:] or self._last
            return text
        text, marks = _MARK.subn("", text)
        if marks and self._last == " ":
            text = text.removeprefix(" ")
        starts = (_MARK_START.search(text), _STOPS_START.search(text))
        position = min(start.start() for start in starts if start is not None)
        text, self._held = text[:position], text[position:]
        self._last = text[-1:] or self._last
        return text

    def end(self) -> str:
        """Return the text that was held back, without a mark that was cut off and stop tokens."""
        rest, self._held = _STOPS.sub("", self._held), ""
        return "" if _CUT_MARK.match(rest) else rest


def drop_unopened_thought(text: str) -> str:
    """Return an answer without the reasoning before a `</think>` that nothing has opened.

    Some servers put the opening tag into the prompt. Only a tag on a line of its own counts, and
    none in a code block, because an answer may be about such tags.
    """
    match = _LONE_CLOSING.match(text) if "</think>" in text else None
    if match is None or "```" in match[1] or "<think>" in match[1]:
        return text
    return text[match.end() :] or text
