"""The output items of a Responses stream in progress: what was streamed of each, and its result.

Events carry an id that is unique in the answer and stays the same. The result, which goes into the
conversation and back to the server, keeps the server's id.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    ResponseOutputItem,
    ResponseOutputRefusal,
    ResponseOutputText,
)

from model_client.answer_text import AnswerTextSplitter, Span
from model_client.response_fields import (
    Fields,
    complete_part_fields,
    filled_fields,
    read_arguments,
    read_index,
    read_part_text,
    read_parts,
    read_text,
)
from model_client.response_types import EVENTS, build_item, build_model
from model_client.surrogates import SurrogateJoiner, join_surrogates

Events = Iterator[TResponseStreamEvent]

_ADDED: Final = "response.output_item.added"
_TEXT: Final = "output_text"
_REFUSAL: Final = "refusal"
# Of reasoning: the field, the type of its parts, the name of its events, and that of their index.
_SUMMARY: Final = ("summary", "summary_text", "response.reasoning_summary_text", "summary_index")
_FULL_TEXT: Final = ("content", "reasoning_text", "response.reasoning_text", "content_index")


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
            yield from self.item_event(_ADDED, self._fields)

    def close(self, fields: Fields) -> Events:
        """Yield the events that weren't streamed, and the one that the item is done.

        Args:
            fields: the complete item; empty if the server doesn't send it.
        """
        self.is_done = True
        self._fields.update(filled_fields(fields))
        yield from self.announce()
        yield from self.done()

    def update_result(self, fields: Fields) -> None:
        """Add what only the completed answer contains."""
        if self.result is not None:
            self._fields.update(filled_fields(fields))
            self.result = build_item(self._fields)

    def read(self, kind: str, data: Fields) -> Events:  # noqa: ARG002 - of subclasses
        """Yield the events for a server's event about a part of the item."""
        return iter(())

    def item_event(self, kind: str, fields: Fields) -> Events:
        """Yield the event that the item begins, or that it is complete."""
        item = build_item({**fields, "id": self.item_id})
        if item is not None:
            yield EVENTS[kind](
                type=kind,
                item=item,
                output_index=self._index,
                sequence_number=next(self._numbers),
            )

    def done(self) -> Events:
        """Yield the event that the item is complete, and keep it as the result."""
        self.result = build_item(self._fields)
        yield from self.item_event("response.output_item.done", self._fields)

    def event(self, kind: str, **fields: Any) -> TResponseStreamEvent:
        """Return an event about a part of the item."""
        given = {"type": kind, **self.position, "sequence_number": next(self._numbers), **fields}
        event: TResponseStreamEvent = build_model(EVENTS[kind], given)
        return event


class _Part:
    """A part of a message: a text or a refusal."""

    def __init__(self, index: int, *, is_refusal: bool) -> None:
        self.index = index
        self.is_refusal = is_refusal
        self.name = _REFUSAL if is_refusal else _TEXT  # in events
        self.received = ""
        self.text = ""  # what is shown of it
        self.fields: Fields = {"type": _REFUSAL} if is_refusal else {}
        self.is_announced = False
        self._joiner = SurrogateJoiner()
        self._splitter = AnswerTextSplitter()

    @property
    def is_changed(self) -> bool:
        """True if the server's text has what isn't shown: reasoning or marks."""
        return self.text != self.received

    def split(self, text: str, *, is_end: bool = False) -> list[Span]:
        """Return a piece of the part's text in spans of the answer and of reasoning."""
        text = self._joiner.end() if is_end else self._joiner.feed(text)
        self.received += text
        if self.is_refusal:
            return [Span(text)]
        spans = list(self._splitter.feed(text)) if text else []
        return [*spans, *self._splitter.end()] if is_end else spans

    def complete(self) -> dict[str, Any]:
        """Return the complete part with all its fields."""
        part = complete_part_fields(self.fields, self.text)
        if self.is_changed and not self.is_refusal:
            part["text"] = self.text
        return part

    def model(self, text: str, annotations: Any = ()) -> ResponseOutputText | ResponseOutputRefusal:
        """Return the part for an event."""
        if self.is_refusal:
            return ResponseOutputRefusal(type="refusal", refusal=text)
        model: ResponseOutputText = build_model(
            ResponseOutputText,
            {"type": _TEXT, "text": text, "annotations": list(annotations), "logprobs": []},
        )
        return model


class OpenMessage(OpenItem):
    """A message; it is announced with its first visible character, so that none is ever empty."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(kind, **options)
        self._parts: dict[int, _Part] = {}

    def start(self, fields: Fields) -> Events:
        """Yield the events for text that the message begins with."""
        self._fields.update(fields)
        for index, part in enumerate(read_parts(fields, "content")):
            yield from self.complete_part(index, part)

    def announce(self, data: Fields | None = None) -> Events:
        """Yield the events that come before those of a part."""
        part = self._part(read_index(data or {}, "content_index"), is_refusal=False)
        if part.is_announced:
            return
        if not self._is_announced:
            self._is_announced = True
            yield from self.item_event(
                _ADDED, {**self._fields, "content": [], "status": "in_progress"}
            )
        part.is_announced = True
        yield self.event(
            "response.content_part.added", content_index=part.index, part=part.model("")
        )

    def read(self, kind: str, data: Fields) -> Events:
        """Yield the events for text that the server streams or repeats."""
        index = read_index(data, "content_index")
        match kind:
            case "response.output_text.delta":
                yield from self.add(index, read_text(data, "delta"), logprobs=data.get("logprobs"))
            case "response.refusal.delta":
                yield from self.add(index, read_text(data, "delta"), is_refusal=True)
            case "response.output_text.done":
                part: Fields = {"type": _TEXT, "text": read_text(data, "text")}
                yield from self.complete_part(index, part)
            case "response.refusal.done":
                part = {"type": _REFUSAL, "refusal": read_text(data, "refusal")}
                yield from self.complete_part(index, part)
            case _:
                yield from self.complete_part(index, data["part"])

    def add(
        self,
        index: int,
        text: str,
        *,
        is_refusal: bool = False,
        logprobs: Any = None,
        is_end: bool = False,
    ) -> Events:
        """Yield the events of a delta.

        Args:
            is_end: also yield text that was held back.
        """
        part = self._part(index, is_refusal=is_refusal)
        for span in part.split(text, is_end=is_end):
            if span.is_reasoning or span.tool:
                yield from self._think(span.text)
                continue
            shown = span.text
            if not part.is_announced:
                # White space alone isn't shown.
                shown, part.text = part.text + shown, ""
                if not shown.strip():
                    part.text = shown
                    continue
                yield from self._close_thought()
                yield from self.announce({"content_index": index})
            if shown:
                part.text += shown
                extra = {} if part.is_refusal else {"logprobs": logprobs or []}
                yield self.event(
                    f"response.{part.name}.delta", content_index=index, delta=shown, **extra
                )

    def flush(self) -> Events:
        """Yield the events of text that was held back."""
        for index, part in sorted(self._parts.items()):
            yield from self.add(index, "", is_refusal=part.is_refusal, is_end=True)

    def complete_part(self, index: int, fields: Fields) -> Events:
        """Yield the rest of a part's text that wasn't streamed.

        Args:
            fields: the part.
        """
        part = self._part(index, is_refusal=fields.get("type") == _REFUSAL)
        text = read_part_text(fields)
        if not text:
            return
        part.fields = fields
        if text.startswith(part.received):
            yield from self.add(index, text[len(part.received) :], is_refusal=part.is_refusal)

    def close(self, fields: Fields) -> Events:
        """Yield the rest of the text and the events that the message is done."""
        self.is_done = True
        for index, part in enumerate(read_parts(fields, "content")):
            yield from self.complete_part(index, part)
        yield from self.flush()
        yield from self._close_thought()
        shown = [part for _, part in sorted(self._parts.items()) if part.is_announced]
        if not shown:
            return
        self._fields.update(filled_fields(fields))
        content = [part.complete() for part in shown]
        for each, final in zip(shown, content, strict=True):
            done = (
                {_REFUSAL: final[_REFUSAL]}
                if each.is_refusal
                else {"text": final["text"], "logprobs": []}
            )
            yield self.event(f"response.{each.name}.done", content_index=each.index, **done)
            model = each.model(read_part_text(final), final.get("annotations") or [])
            yield self.event("response.content_part.done", content_index=each.index, part=model)
        self._fields |= {"content": content}
        if self._fields.get("status") == "in_progress":
            self._fields["status"] = "completed"
        yield from self.done()

    def update_result(self, fields: Fields) -> None:
        """Add what only the completed answer contains."""
        content = self._fields.get("content")
        if not any(part.is_changed for part in self._parts.values()):
            content = [
                complete_part_fields(part, text)
                for part in read_parts(fields, "content")
                if (text := read_part_text(part)).strip()
            ]
        super().update_result({**fields, "content": content})

    def _part(self, index: int, *, is_refusal: bool) -> _Part:
        if index not in self._parts:
            self._parts[index] = _Part(index, is_refusal=is_refusal)
        return self._parts[index]

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


class OpenReasoning(OpenItem):
    """Reasoning: summaries, its full text, or both."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(kind, **options)
        self._texts: dict[tuple[bool, int], str] = {}
        self._finished: set[tuple[bool, int]] = set()
        self._joiner = SurrogateJoiner()

    def read(self, kind: str, data: Fields) -> Events:
        """Yield the events for a text that the server streams or repeats."""
        is_summary = kind.startswith("response.reasoning_summary")
        index = read_index(data, "summary_index" if is_summary else "content_index")
        if "delta" in data:
            yield from self.add(index, read_text(data, "delta"), is_summary=is_summary)
        else:
            part = data.get("part")
            text = read_text(part if isinstance(part, Mapping) else data, "text")
            yield from self.complete(index, text, is_summary=is_summary)

    def add(self, index: int, text: str, *, is_summary: bool) -> Events:
        """Yield the event of a delta of a summary or of the full text."""
        yield from self.announce()
        text = self._joiner.feed(text)
        if not text:
            return
        key = (is_summary, index)
        self._texts[key] = self._texts.get(key, "") + text
        _, _, name, index_name = _SUMMARY if is_summary else _FULL_TEXT
        yield self.event(f"{name}.delta", **{index_name: index}, delta=text)

    def complete(self, index: int, text: str, *, is_summary: bool) -> Events:
        """Yield the rest of a text, and the event that it is done."""
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
        _, _, name, index_name = _SUMMARY if is_summary else _FULL_TEXT
        yield self.event(f"{name}.done", **{index_name: index}, text=text)

    def close(self, fields: Fields) -> Events:
        """Yield the rest of the texts, and the event that the item is done."""
        yield from self.announce()
        for name, is_summary in (("summary", True), ("content", False)):
            for index, part in enumerate(read_parts(fields, name)):
                yield from self.complete(index, read_part_text(part), is_summary=is_summary)
        for is_summary, index in sorted(self._texts):
            yield from self.complete(index, "", is_summary=is_summary)
        for name, part_type, *_ in (_SUMMARY, _FULL_TEXT):
            is_summary = name == "summary"
            texts = [text for key, text in sorted(self._texts.items()) if key[0] == is_summary]
            if texts:
                self._fields[name] = [{"type": part_type, "text": text} for text in texts]
        yield from super().close(fields)


class OpenCall(OpenItem):
    """A call of a function, whose arguments come in deltas, at once, or both."""

    def __init__(self, kind: str, *, taken_call_ids: set[str], **options: Any) -> None:
        super().__init__(kind, **options)
        self._arguments = ""
        self._joiner = SurrogateJoiner()
        self._streamed_chars = 0
        self._taken_call_ids = taken_call_ids
        self._fields |= {"arguments": "", "call_id": "", "name": ""}

    @property
    def call_id(self) -> str:
        """The id of the call, "" if the server hasn't sent one so far."""
        return str(self._fields["call_id"])

    def start(self, fields: Fields) -> Events:
        """Yield the event that the call begins, unless its id is missing so far."""
        self._fields.update(filled_fields(fields))
        self._arguments = read_arguments(fields)
        if self.call_id:
            yield from self.announce()

    def announce(self, data: Fields | None = None) -> Events:  # noqa: ARG002 - of messages
        """Yield the event that the call begins; its id is certain from now on."""
        if not self._is_announced:
            self._is_announced = True
            if not self.call_id or self.call_id in self._taken_call_ids:
                self._fields["call_id"] = f"call_{uuid4().hex}"
            self._taken_call_ids.add(self.call_id)
            yield from self.item_event(
                _ADDED, {**self._fields, "arguments": "", "status": "in_progress"}
            )

    def read(self, kind: str, data: Fields) -> Events:  # noqa: ARG002 - of others
        """Yield the events for arguments that the server streams or repeats."""
        if "delta" in data:
            yield from self.add(read_text(data, "delta"))
        else:
            yield from self.complete(data)

    def add(self, delta: str) -> Events:
        """Yield the event of a delta of the arguments."""
        self._arguments += self._joiner.feed(delta)
        if not self._is_announced:
            return
        rest = self._arguments[self._streamed_chars :]
        self._streamed_chars += len(rest)
        if rest:
            yield self.event("response.function_call_arguments.delta", delta=rest)

    def complete(self, fields: Fields) -> Events:
        """Yield the rest of the arguments."""
        arguments = read_arguments(fields)
        if not arguments:
            return
        self._joiner = SurrogateJoiner()  # the arguments contain the half that it holds
        if arguments.startswith(self._arguments):
            yield from self.add(arguments[len(self._arguments) :])
        self._arguments = arguments

    def close(self, fields: Fields) -> Events:
        """Yield the rest of the arguments, and the events that the call is complete.

        A call without a name and arguments isn't one.
        """
        self.is_done = True
        given = filled_fields(fields)
        if self._is_announced:
            given.pop("call_id", None)
        self._fields.update(given)
        if not (self._fields["name"] or self._arguments or read_arguments(fields)):
            return
        yield from self.announce()
        yield from self.complete(fields)
        yield from self.add(self._joiner.end())  # with what came before the call was announced
        self._fields["arguments"] = self._arguments
        if self._fields.get("status") == "in_progress":
            self._fields["status"] = "completed"
        yield self.event(
            "response.function_call_arguments.done",
            arguments=self._arguments,
            name=str(self._fields["name"]),
        )
        yield from self.done()

    def update_result(self, fields: Fields) -> None:
        """Add what only the completed answer contains; the call itself stays as it was streamed."""
        own = ("call_id", "name", "arguments")
        super().update_result({name: each for name, each in fields.items() if name not in own})
