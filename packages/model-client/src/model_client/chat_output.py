"""The output of a streamed chat completion: the items in progress, and the events that stream them.

The text of an answer is one message, which ends early only if reasoning follows. Tool calls come
last, when it is certain which fragment belongs to which call.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import structlog
from agents.items import TResponseStreamEvent
from agents.models.chatcmpl_helpers import ChatCmplHelpers
from agents.models.fake_id import FAKE_RESPONSES_ID
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from openai.types.responses.response_output_text import Annotation, Logprob
from pydantic import TypeAdapter, ValidationError

from model_client.answer_text import AnswerTextSplitter, Span
from model_client.chat_calls import ChatCalls
from model_client.chat_delta import ChatReasoning, PartKind, read_content
from model_client.chat_messages import CALL_FIELDS, MESSAGE_FIELDS, SERVER
from model_client.output_items import OpenMessage, OpenReasoning, call_events
from model_client.surrogates import SurrogateJoiner
from model_client.tool_arguments import Schema

_LOGPROBS: Final = TypeAdapter[list[ChatCompletionTokenLogprob]](list[ChatCompletionTokenLogprob])

_Events = Iterator[TResponseStreamEvent]

log = structlog.get_logger(__name__)


class ChatOutput:
    """The output of one answer.

    Args:
        tools: the schemas of the request's tools by name.
        server: identifies the server; what it wants back is sent to no other.
        numbers: sequence numbers of the stream's events.

    Attributes:
        items: the complete items.
    """

    def __init__(self, tools: Mapping[str, Schema], server: str, numbers: Iterator[int]) -> None:
        self.items: list[ResponseOutputItem] = []
        self._server = server
        self._numbers = numbers
        self._open: OpenMessage | OpenReasoning | None = None
        self._open_kind = PartKind.TEXT
        self._blank: dict[PartKind, str] = {}
        self._texts = {kind: SurrogateJoiner() for kind in PartKind}
        self._splitter = AnswerTextSplitter()
        self._reasoning = ChatReasoning()
        self._calls = ChatCalls(tools)
        self._citations: list[Annotation] = []
        self._logprobs: list[Logprob] = []

    @property
    def has_begun(self) -> bool:
        """True if there is an item or a call, complete or not."""
        return bool(self.items or self._open or self._calls)

    def read(self, delta: Mapping[str, Any]) -> _Events:
        """Yield the events of a delta, or of a whole message; calls are kept until the end."""
        if reasoning := self._reasoning.read(delta):
            text = self._texts[PartKind.REASONING].feed(reasoning)
            yield from self._show(PartKind.REASONING, text)
        for kind, raw in read_content(delta):
            text = self._texts[kind].feed(raw)
            if kind is PartKind.TEXT:
                yield from self._show_spans(self._splitter.feed(text))
            else:
                yield from self._show(kind, text)
        calls = delta.get("tool_calls")
        for fragment in calls if isinstance(calls, list) else [calls]:
            self._calls.add(fragment)
        if delta.get("function_call"):  # the form before `tool_calls`
            self._calls.add({"index": "function_call", "function": delta["function_call"]})
        self._citations += ChatCmplHelpers.convert_url_citations(delta.get("annotations"))

    def read_logprobs(self, raw: Any) -> None:
        """Keep log probabilities for the message; malformed ones are dropped."""
        try:
            tokens = _LOGPROBS.validate_python(raw)
        except ValidationError as error:
            log.debug("model_client.logprobs_dropped", errors=error.error_count())
            return
        self._logprobs += ChatCmplHelpers.convert_logprobs_for_output_text(tokens) or []

    def flush(self) -> _Events:
        """Yield the text that was held back."""
        yield from self._show(PartKind.REASONING, self._texts[PartKind.REASONING].end())
        yield from self._show_spans(self._splitter.feed(self._texts[PartKind.TEXT].end()))
        yield from self._show_spans(self._splitter.end())

    def finish(self, *, is_cut: bool) -> _Events:
        """Yield the events after the last delta: the item's end, and the calls.

        Args:
            is_cut: whether the server cut the answer off.
        """
        yield from self._close()
        message_fields = self._reasoning.fields
        for call in self._calls.finish(is_cut=is_cut):
            item = ResponseFunctionToolCall(
                id=FAKE_RESPONSES_ID,
                type="function_call",
                call_id=call.id,
                name=call.name,
                arguments=call.arguments,
                status="completed",
            )
            if call.fields or message_fields:
                data = {SERVER: self._server, CALL_FIELDS: call.fields}
                if message_fields:
                    data[MESSAGE_FIELDS] = message_fields
                    message_fields = {}
                item.provider_data = data  # type: ignore[attr-defined]
            yield from call_events(item, len(self.items), self._numbers)
            self.items.append(item)

    def _show_spans(self, spans: Iterable[Span]) -> _Events:
        for span in spans:
            if span.tool:
                self._calls.add_text(span.tool, span.text)
            else:
                kind = PartKind.REASONING if span.is_reasoning else PartKind.TEXT
                yield from self._show(kind, span.text)

    def _show(self, kind: PartKind, text: str) -> _Events:
        """Yield the events of a piece of text; white space alone opens no item."""
        if not text:
            return
        if self._open is None or self._open_kind is not kind:
            text = self._blank.pop(kind, "") + text
            if not text.strip():
                self._blank[kind] = text
                return
            yield from self._close()
            text = text.lstrip("\r\n")
            index = len(self.items)
            if kind is PartKind.REASONING:
                self._open = OpenReasoning(index, self._numbers)
            else:
                is_refusal = kind is PartKind.REFUSAL
                self._open = OpenMessage(index, self._numbers, is_refusal=is_refusal)
            self._open_kind = kind
            yield from self._open.open()
        yield self._open.add(text)

    def _close(self) -> _Events:
        item, self._open = self._open, None
        if isinstance(item, OpenReasoning):
            yield from item.close(self.items, {SERVER: self._server})
        elif item is not None:
            yield from item.close(self.items, self._citations, self._logprobs)
            self._citations, self._logprobs = [], []
