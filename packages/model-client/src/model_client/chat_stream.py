"""Converts the chunks of a streamed chat completion into the events of the Responses API.

The Agents SDK knows only the latter. The text of an answer is one message, which ends early only if
reasoning follows. Tool calls come last, when it is certain which fragment belongs to which call.
Nothing here reads from a network.
"""

import re
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final, Literal

import structlog
from agents.items import TResponseStreamEvent
from agents.models.chatcmpl_helpers import ChatCmplHelpers
from agents.models.fake_id import FAKE_RESPONSES_ID
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseCreatedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
)
from openai.types.responses.response import IncompleteDetails
from openai.types.responses.response_output_text import Annotation, Logprob
from pydantic import TypeAdapter, ValidationError

from model_client.answer_text import AnswerTextSplitter
from model_client.chat_calls import ChatCalls
from model_client.chat_delta import ChatReasoning, PartKind, read_content
from model_client.chat_messages import CALL_FIELDS, MESSAGE_FIELDS, SERVER
from model_client.errors import ModelBrokenOffError, find_error, reported_error
from model_client.output_items import OpenMessage, OpenReasoning, call_events
from model_client.surrogates import SurrogateJoiner
from model_client.tool_arguments import Schema
from model_client.usage import clean_usage

_DONE: Final = "[done]"
_ERROR_TEXT: Final = re.compile(r"\W*error\b", re.IGNORECASE)
_LENGTH: Final = frozenset(
    ("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded")
)
_FILTERED: Final = frozenset(
    ("content_filter", "blocklist", "prohibited_content", "recitation", "safety", "sensitive")
)
_FAILED: Final = frozenset(
    (
        "abort",
        "aborted",
        "cancelled",
        "error",
        "failed",
        "insufficient_system_resource",
        "malformed_function_call",
        "network_error",
        "timeout",
    )
)
_FIRST_CHOICE: Final = "0"
_MAX_WAITING: Final = 64  # chunks of other choices before the first of choice 0
_LOGPROBS: Final = TypeAdapter[list[ChatCompletionTokenLogprob]](list[ChatCompletionTokenLogprob])

_Events = Iterator[TResponseStreamEvent]

log = structlog.get_logger(__name__)


class ChatStream:
    """One streamed chat completion.

    Args:
        model: the name of the model.
        tools: the schemas of the request's tools by name.
        server: identifies the server; what it wants back is sent to no other.

    Attributes:
        is_done: whether the server has marked the end; what follows is ignored.
        raw_usage: what the server reported as usage.
    """

    def __init__(self, model: str, tools: Mapping[str, Schema], server: str = "") -> None:
        self.is_done = False
        self.raw_usage: Any = None
        self._model = model
        self._server = server
        self._numbers = count()
        self._created_at = time.time()
        self._has_started = False
        self._finish_reason = ""
        self._choice_number = ""
        self._waiting: list[Mapping[str, Any]] = []  # chunks before it is known
        self._usage: Any = None
        self._output: list[ResponseOutputItem] = []
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
    def has_finished(self) -> bool:
        """True if the answer is complete, although its usage may follow."""
        return self.is_done or bool(self._finish_reason)

    def feed(self, data: Any, name: str = "") -> _Events:
        """Yield the events of a server-sent event.

        Args:
            data: its decoded JSON; a string is data that is no JSON.
            name: the name of the event.

        Raises:
            ModelServerError: the server reported an error.
        """
        yield from self._start()
        if self.is_done:
            return
        error = find_error(name, data) or _find_other_error(data)
        if isinstance(data, str):
            text = data.strip()
            self.is_done = text.lower() == _DONE
            if error is None and _ERROR_TEXT.match(text):
                error = text
        elif isinstance(data, list):
            for each in data:
                yield from self.feed(each, name)
        elif isinstance(data, Mapping) and name != "error":
            yield from self._read_chunk(data)
            if error is None and self._finish_reason in _FAILED:
                error = {"finish_reason": self._finish_reason}
        if error is not None:
            yield from self._flush()
            raise reported_error(error, model=self._model)

    def end(self) -> _Events:
        """Yield the events after the last chunk.

        Raises:
            ModelBrokenOffError: the answer began, and has no `finish_reason`.
        """
        yield from self._start()
        yield from self._read_waiting()
        yield from self._flush()
        has_begun = self._output or self._open or self._calls
        if has_begun and not self._finish_reason:
            msg = "the answer ended without a finish_reason"
            raise ModelBrokenOffError(msg, status=200, model=self._model)
        yield from self._close()
        is_cut = self._finish_reason in _LENGTH | _FILTERED
        for call in self._finish_calls(is_cut=is_cut):
            yield from call_events(call, len(self._output), self._numbers)
            self._output.append(call)
        reason: Any = "max_output_tokens" if self._finish_reason in _LENGTH else "content_filter"
        response = self._response("incomplete" if is_cut else "completed")
        response.output = self._output
        response.usage = self._usage
        response.incomplete_details = IncompleteDetails(reason=reason) if is_cut else None
        yield ResponseCompletedEvent(
            type="response.completed", response=response, sequence_number=next(self._numbers)
        )

    def _start(self) -> _Events:
        if self._has_started:
            return
        self._has_started = True
        yield ResponseCreatedEvent(
            type="response.created",
            response=self._response("in_progress"),
            sequence_number=next(self._numbers),
        )

    def _response(self, status: Literal["in_progress", "completed", "incomplete"]) -> Response:
        return Response(
            id=FAKE_RESPONSES_ID,
            object="response",
            created_at=self._created_at,
            model=self._model,
            output=[],
            parallel_tool_calls=True,
            tool_choice="auto",
            tools=[],
            status=status,
        )

    def _read_chunk(self, chunk: Mapping[str, Any]) -> _Events:
        choices = _find_choices(chunk)
        numbers = [str(each.get("index") or 0) for each in choices]
        if choices and not self._choice_number:
            if _FIRST_CHOICE not in numbers:
                self._waiting.append(chunk)
                if len(self._waiting) == _MAX_WAITING:
                    yield from self._read_waiting()
                return
            self._choice_number = _FIRST_CHOICE
            self._waiting.clear()
        is_ours = self._choice_number in numbers
        choice = choices[numbers.index(self._choice_number)] if is_ours else None
        for source in (choice, chunk):  # Moonshot's is in the choice
            usage = clean_usage(source.get("usage")) if source is not None else None
            if source is not None and usage is not None:
                self.raw_usage, self._usage = source["usage"], usage
        if choice is not None:
            yield from self._read_choice(choice)

    def _read_choice(self, choice: Mapping[str, Any]) -> _Events:
        delta = choice.get("delta")
        if not delta and not (self._output or self._open or self._calls):
            delta = choice.get("message")  # a whole completion
        if isinstance(delta, Mapping):
            yield from self._read_delta(delta)
            self._citations += ChatCmplHelpers.convert_url_citations(delta.get("annotations"))
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, Mapping) and logprobs.get("content"):
            self._add_logprobs(logprobs["content"])
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._finish_reason = reason.lower()

    def _read_waiting(self) -> _Events:
        """Yield the events of an answer whose choice has another number than 0."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._choice_number = str(_find_choices(waiting[0])[0]["index"])
        for chunk in waiting:
            yield from self._read_chunk(chunk)

    def _read_delta(self, delta: Mapping[str, Any]) -> _Events:
        if reasoning := self._reasoning.read(delta):
            yield from self._say(PartKind.REASONING, self._clean(PartKind.REASONING, reasoning))
        for kind, raw in read_content(delta):
            text = self._clean(kind, raw)
            if kind is PartKind.TEXT:
                yield from self._split(text)
            else:
                yield from self._say(kind, text)
        calls = delta.get("tool_calls")
        for fragment in calls if isinstance(calls, list) else [calls]:
            self._calls.add(fragment)
        if delta.get("function_call"):  # the form before `tool_calls`
            self._calls.add({"index": "function_call", "function": delta["function_call"]})

    def _clean(self, kind: PartKind, text: str) -> str:
        return self._texts[kind].feed(text)

    def _split(self, text: str, *, is_end: bool = False) -> _Events:
        for span in self._splitter.end() if is_end else self._splitter.feed(text):
            if span.tool:
                self._calls.add_text(span.tool, span.text)
            else:
                kind = PartKind.REASONING if span.is_reasoning else PartKind.TEXT
                yield from self._say(kind, span.text)

    def _say(self, kind: PartKind, text: str) -> _Events:
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
            index = len(self._output)
            if kind is PartKind.REASONING:
                self._open = OpenReasoning(index, self._numbers)
            else:
                is_refusal = kind is PartKind.REFUSAL
                self._open = OpenMessage(index, self._numbers, is_refusal=is_refusal)
            self._open_kind = kind
            yield from self._open.open()
        yield self._open.add(text)

    def _flush(self) -> _Events:
        """Yield the text that was held back."""
        yield from self._say(PartKind.REASONING, self._texts[PartKind.REASONING].end())
        yield from self._split(self._texts[PartKind.TEXT].end())
        yield from self._split("", is_end=True)

    def _close(self) -> _Events:
        item, self._open = self._open, None
        if isinstance(item, OpenReasoning):
            yield from item.close(self._output, {SERVER: self._server})
        elif item is not None:
            yield from item.close(self._output, self._citations, self._logprobs)
            self._citations, self._logprobs = [], []

    def _finish_calls(self, *, is_cut: bool) -> Iterator[ResponseFunctionToolCall]:
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
            yield item

    def _add_logprobs(self, raw: Any) -> None:
        try:
            tokens = _LOGPROBS.validate_python(raw)
        except ValidationError as error:
            log.debug("model_client.logprobs_dropped", errors=error.error_count())
            return
        self._logprobs += ChatCmplHelpers.convert_logprobs_for_output_text(tokens) or []


def _find_other_error(data: Any) -> Any:
    """Return the error in a choice, as OpenRouter sends it, or an object whose fields are those of one."""
    if not isinstance(data, Mapping):
        return None
    if "choices" in data:
        return next((each["error"] for each in _find_choices(data) if each.get("error")), None)
    is_error = "detail" in data or "errors" in data
    has_code = any(data.get(name) for name in ("code", "status", "status_code"))
    is_error |= isinstance(data.get("message"), str) and has_code
    return data if is_error else None


def _find_choices(chunk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = chunk.get("choices")
    given = choices if isinstance(choices, list) else [choices]
    return [each for each in given if isinstance(each, Mapping)]
