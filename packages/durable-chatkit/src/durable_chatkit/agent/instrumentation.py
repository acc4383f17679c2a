"""Model answers and tool calls as metrics and spans see them."""

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
_REFUSED: Final = '{"ok": false'  # how the tools here, and those made like them, say no

_model_label: Final = BoundedLabel()


class ModelCallTelemetry:
    """One call of a model, from the asking to the end of the answer.

    Args:
        model: its name; of one without nothing is counted.
    """

    def __init__(self, model: str) -> None:
        self._model = _model_label(model) if model else ""
        self._began = time.perf_counter()
        self._has_begun = False
        self._outcome = "stopped"
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
        self._span = start_leaf(f"model {self._model}", attributes=attributes)

    def saw(self, event: TResponseStreamEvent) -> None:
        """Note an event of the answer."""
        if self._model and not self._has_begun and event.type not in _SILENT:
            self._has_begun = True
            FIRST_TOKEN_SECONDS.labels(self._model).observe(time.perf_counter() - self._began)
            self._span.add_event("first token")

    def answered(self, usage: AnswerUsage | None) -> None:
        """Note that the answer is there, and saved."""
        self._outcome = "ok"
        if usage is None:
            return
        count(usage)
        self._span.set_attributes(
            {
                "gen_ai.response.model": usage.model,
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
            }
        )

    def failed(self, error: Exception) -> None:
        """Note why there is no answer."""
        self._outcome = "error"
        fail(self._span, error)

    def ran_out(self) -> None:
        """Note that the stream is over; without an answer it broke off."""
        if self._outcome != "ok":
            self._outcome = "error"
            self._span.set_status(StatusCode.ERROR)

    def close(self) -> None:
        """Count the call, which was stopped if nothing else was noted."""
        if not self._model:
            return
        seconds = time.perf_counter() - self._began
        MODEL_SECONDS.labels(self._model, self._outcome).observe(seconds)
        self._span.end()


class ToolCallTelemetry:
    """One call of a tool.

    Attributes:
        outcome: `ok`, `refused` (its output says no), `error` (it raised) or `stopped`.
    """

    def __init__(self) -> None:
        self.outcome = "stopped"

    def returned(self, output: Any) -> None:
        """Note what it returned."""
        is_no = isinstance(output, str) and output.startswith(_REFUSED)
        self.outcome = "refused" if is_no else "ok"


@contextmanager
def instrument_tool_call(name: str) -> Iterator[ToolCallTelemetry]:
    """Watch a tool at work; what it asks of other services is part of it."""
    call = ToolCallTelemetry()
    began = time.perf_counter()
    try:
        with span(f"tool {name}", kind=SpanKind.INTERNAL, attributes={"gen_ai.tool.name": name}):
            yield call
    except Exception:
        call.outcome = "error"
        raise
    finally:
        TOOL_CALLS.labels(name, call.outcome).inc()
        TOOL_SECONDS.labels(name).observe(time.perf_counter() - began)


def count(usage: AnswerUsage) -> None:
    """Count a saved answer's tokens."""
    model = _model_label(usage.model)
    MODEL_TOKENS.labels(model, "input").inc(usage.input_tokens)
    MODEL_TOKENS.labels(model, "cached").inc(usage.cached_tokens)
    MODEL_TOKENS.labels(model, "output").inc(usage.output_tokens)
