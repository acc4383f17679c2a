"""Converts the chunks of a streamed chat completion into the events of the Responses API.

The Agents SDK knows only the latter. Nothing here reads from a network.
"""

import re
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from agents.items import TResponseStreamEvent
from agents.models.fake_id import FAKE_RESPONSES_ID
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseCreatedEvent,
)

from model_client.chat_output import ChatOutput
from model_client.errors import ModelBrokenOffError, find_error, reported_error
from model_client.response_types import build_response
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

_Events = Iterator[TResponseStreamEvent]


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
        self._numbers = count()
        self._head = {"id": FAKE_RESPONSES_ID, "created_at": time.time()}
        self._has_started = False
        self._finish_reason = ""
        self._choice_number = ""
        self._waiting: list[Mapping[str, Any]] = []  # chunks before it is known
        self._output = ChatOutput(tools, server, self._numbers)

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
            yield from self._output.flush()
            raise reported_error(error, model=self._model)

    def end(self) -> _Events:
        """Yield the events after the last chunk.

        Raises:
            ModelBrokenOffError: the answer began, and has no `finish_reason`.
        """
        yield from self._start()
        yield from self._read_waiting()
        yield from self._output.flush()
        if self._output.has_begun and not self._finish_reason:
            msg = "the answer ended without a finish_reason"
            raise ModelBrokenOffError(msg, status=200, model=self._model)
        is_cut = self._finish_reason in _LENGTH | _FILTERED
        yield from self._output.finish(is_cut=is_cut)
        reason = "max_output_tokens" if self._finish_reason in _LENGTH else "content_filter"
        response = build_response(
            {**self._head, "usage": self.raw_usage, "incomplete_details": {"reason": reason}},
            self._output.items,
            model=self._model,
            status="incomplete" if is_cut else "completed",
        )
        yield ResponseCompletedEvent(
            type="response.completed", response=response, sequence_number=next(self._numbers)
        )

    def _start(self) -> _Events:
        if self._has_started:
            return
        self._has_started = True
        yield ResponseCreatedEvent(
            type="response.created",
            response=build_response(self._head, [], model=self._model, status="in_progress"),
            sequence_number=next(self._numbers),
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
        choice = choices[numbers.index(self._choice_number)] if is_ours else {}
        for source in (choice, chunk):  # Moonshot's is in the choice
            if clean_usage(source.get("usage")) is not None:
                self.raw_usage = source["usage"]
        delta = choice.get("delta")
        if not delta and not self._output.has_begun:
            delta = choice.get("message")  # a whole completion
        if isinstance(delta, Mapping):
            yield from self._output.read(delta)
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, Mapping) and logprobs.get("content"):
            self._output.read_logprobs(logprobs["content"])
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
