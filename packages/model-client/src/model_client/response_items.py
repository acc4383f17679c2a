"""The output items of a Responses stream in progress: what was streamed of each, and its result.

Events carry an id that is unique in the answer and stays the same. The result, which goes into the
conversation and back to the server, keeps the server's id.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseOutputItem,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningSummaryTextDeltaEvent,
    ResponseReasoningSummaryTextDoneEvent,
    ResponseReasoningTextDeltaEvent,
    ResponseReasoningTextDoneEvent,
    ResponseRefusalDeltaEvent,
    ResponseRefusalDoneEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)

from model_client.answer_text import AnswerTextSplitter, Span
from model_client.json_codec import encode_json
from model_client.response_types import build_item, build_model
from model_client.surrogates import SurrogateJoiner, join_surrogates
from todochat.surrogates import replace_surrogates

Events = Iterator[TResponseStreamEvent]
Fields = Mapping[str, Any]

_TEXT: Final = "output_text"
_REFUSAL: Final = "refusal"


class OpenItem:
    """An output item; this class streams nothing of it.

    Args:
        item_id: its id in events.
        server_id: the id that the server began it with.
        numbers: sequence numbers of the stream's events.

    Attributes:
        result: the complete item; None before its end, and if there is nothing in it.
        thoughts: reasoning that the server sent in the item's text.
    """

    def __init__(
        self,
        kind: str,
        *,
        item_id: str,
        server_id: str,
        server_index: Any,
        index: int,
        numbers: Iterator[int],
    ) -> None:
        self.kind = kind
        self.item_id = item_id
        self.server_id = server_id
        self.server_index = server_index
        self.position: Fields = {"item_id": item_id, "output_index": index}
        self.is_done = False
        self.result: ResponseOutputItem | None = None
        self.thoughts: list[OpenReasoning] = []
        self._index = index
        self._numbers = numbers
        self._fields: dict[str, Any] = {"type": kind}
        self._is_announced = False

    def start(self, fields: Fields) -> Events:
        """Yield the events for the item's beginning."""
        self._fields.update(fields)
        yield from self.announce()

    def announce(self, data: Fields | None = None) -> Events:  # noqa: ARG002 - of subclasses
        """Yield the events that come before any other of the item, or of a part of it."""
        if not self._is_announced:
            self._is_announced = True
            yield from self._added(self._fields)

    def close(self, fields: Fields) -> Events:
        """Yield the events that weren't streamed, and that the item is done.

        Args:
            fields: the complete item; empty if the server doesn't send it.
        """
        self.is_done = True
        self._fields.update(_filled(fields))
        yield from self.announce()
        yield from self._done()

    def update_result(self, fields: Fields) -> None:
        """Add what only the completed answer contains."""
        if self.result is not None:
            self._fields.update(_filled(fields))
            self.result = build_item(self._fields)

    def _added(self, fields: Fields) -> Events:
        item = build_item({**fields, "id": self.item_id})
        if item is not None:
            yield ResponseOutputItemAddedEvent(
                type="response.output_item.added",
                item=item,
                output_index=self._index,
                sequence_number=next(self._numbers),
            )

    def _done(self) -> Events:
        self.result = build_item(self._fields)
        item = build_item({**self._fields, "id": self.item_id})
        if item is not None:
            yield ResponseOutputItemDoneEvent(
                type="response.output_item.done",
                item=item,
                output_index=self._index,
                sequence_number=next(self._numbers),
            )

    def _event(self, event_class: type[Any], kind: str, **fields: Any) -> TResponseStreamEvent:
        event: TResponseStreamEvent = build_model(
            event_class,
            {
                "type": kind,
                **self.position,
                "sequence_number": next(self._numbers),
                **fields,
            },
        )
        return event


class _Part:
    def __init__(self, *, is_refusal: bool) -> None:
        self.is_refusal = is_refusal
        self.received = ""
        self.text = ""  # what is shown of it
        self.fields: Fields = {"type": _REFUSAL} if is_refusal else {}
        self.is_announced = False
        self.joiner = SurrogateJoiner()
        self.splitter = AnswerTextSplitter()

    def split(self, text: str, *, is_end: bool = False) -> list[Span]:
        """Return a piece of the part's text in spans of the answer and of reasoning."""
        text = self.joiner.end() if is_end else self.joiner.feed(text)
        self.received += text
        if self.is_refusal:
            return [Span(text)]
        spans = list(self.splitter.feed(text)) if text else []
        return [*spans, *self.splitter.end()] if is_end else spans


class OpenMessage(OpenItem):
    """A message; it is announced with its first visible character, so that none is ever empty."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(kind, **options)
        self._parts: dict[int, _Part] = {}

    def start(self, fields: Fields) -> Events:
        """Yield the events for text that the message begins with."""
        self._fields.update(fields)
        yield from self._complete_parts(fields)

    def announce(self, data: Fields | None = None) -> Events:
        """Yield the events that come before those of a part."""
        index = (data or {}).get("content_index")
        yield from self._announce_part(index if isinstance(index, int) else 0)

    def add(
        self, index: int, text: str, *, is_refusal: bool = False, logprobs: Any = None
    ) -> Events:
        """Yield the event of a delta."""
        part = self._part(index, is_refusal=is_refusal)
        yield from self._show(index, part, part.split(text), logprobs)

    def flush(self) -> Events:
        """Yield the events of text that was held back."""
        for index, part in sorted(self._parts.items()):
            yield from self._show(index, part, part.split("", is_end=True))

    def complete_part(self, index: int, fields: Fields) -> Events:
        """Yield the rest of a part's text that wasn't streamed.

        Args:
            fields: the part.
        """
        part = self._part(index, is_refusal=fields.get("type") == _REFUSAL)
        text = _part_text(fields)
        if not text:
            return
        part.fields = fields
        if text.startswith(part.received):
            yield from self.add(index, text[len(part.received) :], is_refusal=part.is_refusal)

    def close(self, fields: Fields) -> Events:
        """Yield the rest of the text and the events that the message is done."""
        self.is_done = True
        yield from self._complete_parts(fields)
        yield from self.flush()
        yield from self._close_thought()
        shown = [(index, part) for index, part in sorted(self._parts.items()) if part.is_announced]
        if not shown:
            return
        self._fields.update(_filled(fields))
        content = [_whole_part(part.fields, part.text) for _, part in shown]
        for (_, part), final in zip(shown, content, strict=True):
            if part.text != part.received and not part.is_refusal:
                final["text"] = part.text  # the server's has what isn't shown
        for (index, part), final in zip(shown, content, strict=True):
            yield from self._finish_part(index, part, final)
        self._fields |= {"content": content}
        if self._fields.get("status") == "in_progress":
            self._fields["status"] = "completed"
        yield from self._done()

    def update_result(self, fields: Fields) -> None:
        """Add what only the completed answer contains."""
        content = self._fields.get("content")
        if all(part.text == part.received for part in self._parts.values()):
            parts = _content_parts(fields)
            content = [
                _whole_part(part, _part_text(part)) for part in parts if _part_text(part).strip()
            ]
        super().update_result({**fields, "content": content})

    def _show(self, index: int, part: _Part, spans: list[Span], logprobs: Any = None) -> Events:
        for span in spans:
            if span.is_reasoning or span.tool:
                yield from self._think(span.text)
                continue
            text = span.text
            if not part.is_announced:
                # White space alone isn't shown.
                text, part.text = part.text + text, ""
                if not text.strip():
                    part.text = text
                    continue
                yield from self._close_thought()
                yield from self._announce_part(index)
            if text:
                part.text += text
                yield self._delta(index, part, text, logprobs or [])

    def _think(self, text: str) -> Events:
        if not self.thoughts or self.thoughts[-1].is_done:
            if not text.strip():
                return
            thought = OpenReasoning(
                "reasoning",
                item_id=f"{self.item_id}.thought{len(self.thoughts)}",
                server_id="",
                server_index=None,
                index=self._index,
                numbers=self._numbers,
            )
            self.thoughts.append(thought)
            # Not an item of the server's, which therefore doesn't get it back.
            yield from thought.start({"summary": [], "provider_data": {"is_text": True}})
        yield from self.thoughts[-1].add(0, text, is_summary=False)

    def _close_thought(self) -> Events:
        if self.thoughts and not self.thoughts[-1].is_done:
            self.thoughts[-1].is_done = True
            yield from self.thoughts[-1].close({})

    def _complete_parts(self, fields: Fields) -> Events:
        for index, part in enumerate(_content_parts(fields)):
            yield from self.complete_part(index, part)

    def _part(self, index: int, *, is_refusal: bool) -> _Part:
        if index not in self._parts:
            self._parts[index] = _Part(is_refusal=is_refusal)
        return self._parts[index]

    def _announce_part(self, index: int) -> Events:
        part = self._part(index, is_refusal=False)
        if part.is_announced:
            return
        if not self._is_announced:
            self._is_announced = True
            yield from self._added({**self._fields, "content": [], "status": "in_progress"})
        part.is_announced = True
        yield self._event(
            ResponseContentPartAddedEvent,
            "response.content_part.added",
            content_index=index,
            part=_part_model(part, ""),
        )

    def _delta(self, index: int, part: _Part, text: str, logprobs: Any) -> TResponseStreamEvent:
        if part.is_refusal:
            return self._event(
                ResponseRefusalDeltaEvent,
                "response.refusal.delta",
                content_index=index,
                delta=text,
            )
        return self._event(
            ResponseTextDeltaEvent,
            "response.output_text.delta",
            content_index=index,
            delta=text,
            logprobs=logprobs,
        )

    def _finish_part(self, index: int, part: _Part, final: Fields) -> Events:
        if part.is_refusal:
            yield self._event(
                ResponseRefusalDoneEvent,
                "response.refusal.done",
                content_index=index,
                refusal=final["refusal"],
            )
        else:
            yield self._event(
                ResponseTextDoneEvent,
                "response.output_text.done",
                content_index=index,
                text=final["text"],
                logprobs=[],
            )
        yield self._event(
            ResponseContentPartDoneEvent,
            "response.content_part.done",
            content_index=index,
            part=_part_model(part, _part_text(final), final.get("annotations") or []),
        )


class OpenReasoning(OpenItem):
    """Reasoning: summaries, its full text, or both."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(kind, **options)
        self._texts: dict[tuple[bool, int], str] = {}
        self._finished: set[tuple[bool, int]] = set()
        self._joiner = SurrogateJoiner()

    def add(self, index: int, text: str, *, is_summary: bool) -> Events:
        """Yield the event of a delta of a summary or of the full text."""
        yield from self.announce()
        text = self._joiner.feed(text)
        if not text:
            return
        key = (is_summary, index)
        self._texts[key] = self._texts.get(key, "") + text
        if is_summary:
            yield self._event(
                ResponseReasoningSummaryTextDeltaEvent,
                "response.reasoning_summary_text.delta",
                summary_index=index,
                delta=text,
            )
        else:
            yield self._event(
                ResponseReasoningTextDeltaEvent,
                "response.reasoning_text.delta",
                content_index=index,
                delta=text,
            )

    def complete(self, index: int, text: str, *, is_summary: bool) -> Events:
        """Yield the rest of a text, and that it is done."""
        key = (is_summary, index)
        if key in self._finished:
            return
        streamed = self._texts.get(key, "")
        text = join_surrogates(text) or streamed
        if not text:
            return
        if text.startswith(streamed):
            yield from self.add(index, text[len(streamed) :], is_summary=is_summary)
        self._finished.add(key)
        self._texts[key] = text
        if is_summary:
            yield self._event(
                ResponseReasoningSummaryTextDoneEvent,
                "response.reasoning_summary_text.done",
                summary_index=index,
                text=text,
            )
        else:
            yield self._event(
                ResponseReasoningTextDoneEvent,
                "response.reasoning_text.done",
                content_index=index,
                text=text,
            )

    def close(self, fields: Fields) -> Events:
        """Yield the rest of the texts, and that the item is done."""
        yield from self.announce()
        for name, is_summary in (("summary", True), ("content", False)):
            for index, part in enumerate(_parts(fields.get(name))):
                yield from self.complete(index, _part_text(part), is_summary=is_summary)
        for is_summary, index in sorted(self._texts):
            yield from self.complete(index, "", is_summary=is_summary)
        for name, part_type, is_summary in (
            ("summary", "summary_text", True),
            ("content", "reasoning_text", False),
        ):
            texts = [text for key, text in sorted(self._texts.items()) if key[0] == is_summary]
            if texts:
                self._fields[name] = [{"type": part_type, "text": text} for text in texts]
        yield from super().close(fields)


class OpenCall(OpenItem):
    """A call of a function, whose arguments come in deltas, at once, or both."""

    def __init__(self, kind: str, *, taken_call_ids: set[str], **options: Any) -> None:
        super().__init__(kind, **options)
        self._arguments = ""
        self._streamed_chars = 0
        self._taken_call_ids = taken_call_ids
        self._fields |= {"arguments": "", "call_id": "", "name": ""}

    @property
    def call_id(self) -> str:
        """The id of the call, "" if the server hasn't sent one so far."""
        return str(self._fields["call_id"])

    def start(self, fields: Fields) -> Events:
        """Yield that the call begins, unless its id is missing so far."""
        self._fields.update(_filled(fields))
        self._arguments = _arguments(fields)
        if self.call_id:
            yield from self.announce()

    def announce(self, data: Fields | None = None) -> Events:  # noqa: ARG002 - of messages
        """Yield that the call begins; its id is certain from now on."""
        if not self._is_announced:
            self._is_announced = True
            if not self.call_id or self.call_id in self._taken_call_ids:
                self._fields["call_id"] = f"call_{uuid4().hex}"
            self._taken_call_ids.add(self.call_id)
            yield from self._added({**self._fields, "arguments": "", "status": "in_progress"})

    def add(self, delta: str) -> Events:
        """Yield the event of a delta of the arguments."""
        self._arguments += delta
        if not self._is_announced:
            return
        rest = self._arguments[self._streamed_chars :]
        self._streamed_chars += len(rest)
        if rest:
            yield self._event(
                ResponseFunctionCallArgumentsDeltaEvent,
                "response.function_call_arguments.delta",
                delta=rest,
            )

    def complete(self, fields: Fields) -> Events:
        """Yield the rest of the arguments."""
        arguments = _arguments(fields)
        if arguments.startswith(self._arguments):
            yield from self.add(arguments[len(self._arguments) :])
        self._arguments = arguments or self._arguments

    def close(self, fields: Fields) -> Events:
        """Yield the rest of the arguments, and that the call is complete.

        A call without a name and arguments isn't one.
        """
        self.is_done = True
        given = _filled(fields)
        if self._is_announced:
            given.pop("call_id", None)
        self._fields.update(given)
        if not (self._fields["name"] or self._arguments or _arguments(fields)):
            return
        yield from self.announce()
        yield from self.complete(fields)
        yield from self.add("")  # what came before the call was announced
        self._fields["arguments"] = self._arguments
        if self._fields.get("status") == "in_progress":
            self._fields["status"] = "completed"
        yield self._event(
            ResponseFunctionCallArgumentsDoneEvent,
            "response.function_call_arguments.done",
            arguments=self._arguments,
            name=str(self._fields["name"]),
        )
        yield from self._done()

    def update_result(self, fields: Fields) -> None:
        """Add what only the completed answer contains; the call itself stays as it was streamed."""
        own = ("call_id", "name", "arguments")
        super().update_result({name: each for name, each in fields.items() if name not in own})


def _filled(fields: Fields) -> dict[str, Any]:
    """Return the fields that say something, with valid Unicode."""
    return {
        name: replace_surrogates(value)
        for name, value in fields.items()
        if value not in (None, "", [], {})
    }


def _arguments(fields: Fields) -> str:
    """Return the arguments of a call as JSON; some servers send an object."""
    arguments = fields.get("arguments")
    if isinstance(arguments, str):
        return join_surrogates(arguments)
    return encode_json(arguments).decode() if isinstance(arguments, Mapping) else ""


def _parts(parts: Any) -> list[Fields]:
    if isinstance(parts, str):
        parts = [{"type": _TEXT, "text": parts}]
    return [part for part in parts if isinstance(part, Mapping)] if parts else []


def _content_parts(fields: Fields) -> list[Fields]:
    return _parts(fields.get("content"))


def _part_text(part: Fields) -> str:
    text = part.get("text") or part.get("refusal")
    return join_surrogates(text) if isinstance(text, str) else ""


def _whole_part(fields: Fields, streamed: str) -> dict[str, Any]:
    """Return a part with all its fields; the server's text counts if it sent a complete one."""
    text = _part_text(fields) or streamed
    if fields.get("type") == _REFUSAL:
        return {"type": _REFUSAL, "refusal": text}
    lists = {name: fields.get(name) for name in ("annotations", "logprobs")}
    return {
        **fields,
        "type": _TEXT,
        "text": text,
        **{name: value if isinstance(value, list) else [] for name, value in lists.items()},
    }


def _part_model(
    part: _Part, text: str, annotations: Any = ()
) -> ResponseOutputText | ResponseOutputRefusal:
    if part.is_refusal:
        return ResponseOutputRefusal(type="refusal", refusal=text)
    model: ResponseOutputText = build_model(
        ResponseOutputText,
        {"type": _TEXT, "text": text, "annotations": list(annotations), "logprobs": []},
    )
    return model
