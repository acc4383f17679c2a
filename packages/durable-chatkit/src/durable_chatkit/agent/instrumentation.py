"""Metrics and spans of model calls and tool calls."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from agents.items import TResponseStreamEvent
from opentelemetry.trace import SpanKind, StatusCode

from durable_chatkit.metrics import (
    FIRST_TOKEN_SECONDS,
    MODEL_SECONDS,
    MODEL_TOKENS,
    TOOL_CALLS,
    TOOL_SECONDS,
)
from durable_chatkit.storage.usage_repository import AnswerUsage
from todochat.telemetry.metrics import BoundedLabel
from todochat.telemetry.tracing import fail, span, start_leaf

_SILENT: Final = frozenset({"response.created", "response.in_progress", "response.queued"})
_REFUSED: Final = '{"ok": false'  # convention for the output of a tool that refuses a call

_model_label: Final = BoundedLabel()
_tool_label: Final = BoundedLabel()  # MCP servers may have any number of tools


class ModelCallTelemetry:
    """Metrics and span of one model call, from the request to the end of the answer.

    Args:
        model: the model's name; with "" nothing is recorded.
    """

    def __init__(self, model: str) -> None:
        self._model = _model_label(model) if model else ""
        self._started = time.perf_counter()
        self._has_first_token = False
        self._outcome = "stopped"
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
        self._span = start_leaf(f"model {self._model}", attributes=attributes)

    def record_event(self, event: TResponseStreamEvent) -> None:
        """Record an event of the answer."""
        if self._model and not self._has_first_token and event.type not in _SILENT:
            self._has_first_token = True
            FIRST_TOKEN_SECONDS.labels(self._model).observe(time.perf_counter() - self._started)
            self._span.add_event("first token")

    def record_answer(self, usage: AnswerUsage | None) -> None:
        """Record that the answer is complete and journaled."""
        self._outcome = "ok"
        if usage is None:
            return
        count_tokens(usage)
        self._span.set_attributes(
            {
                "gen_ai.response.model": usage.model,
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
            }
        )

    def record_error(self, error: Exception) -> None:
        """Record the error that ended the call."""
        self._outcome = "error"
        fail(self._span, error)

    def record_stream_end(self) -> None:
        """Record the end of the stream; an error if no answer was recorded."""
        if self._outcome != "ok":
            self._outcome = "error"
            self._span.set_status(StatusCode.ERROR)

    def close(self) -> None:
        """Observe the call; its outcome is `stopped` unless another one was recorded."""
        if not self._model:
            return
        seconds = time.perf_counter() - self._started
        MODEL_SECONDS.labels(self._model, self._outcome).observe(seconds)
        self._span.end()


class ToolCallTelemetry:
    """Outcome of one tool call.

    Attributes:
        outcome: `ok`, `refused` (according to its output), `error` (it raised) or `stopped`.
    """

    def __init__(self) -> None:
        self.outcome = "stopped"

    def record_output(self, output: Any) -> None:
        """Record the output of the tool."""
        is_refused = isinstance(output, str) and output.startswith(_REFUSED)
        self.outcome = "refused" if is_refused else "ok"


@contextmanager
def instrument_tool_call(name: str) -> Iterator[ToolCallTelemetry]:
    """Record metrics and a span of a tool call, which includes its calls to other services."""
    call = ToolCallTelemetry()
    started = time.perf_counter()
    try:
        with span(f"tool {name}", kind=SpanKind.INTERNAL, attributes={"gen_ai.tool.name": name}):
            yield call
    except Exception:
        call.outcome = "error"
        raise
    finally:
        label = _tool_label(name)
        TOOL_CALLS.labels(label, call.outcome).inc()
        TOOL_SECONDS.labels(label).observe(time.perf_counter() - started)


def count_tokens(usage: AnswerUsage) -> None:
    """Count the tokens of a journaled answer."""
    model = _model_label(usage.model)
    MODEL_TOKENS.labels(model, "input").inc(usage.input_tokens)
    MODEL_TOKENS.labels(model, "cached").inc(usage.cached_tokens)
    MODEL_TOKENS.labels(model, "output").inc(usage.output_tokens)
