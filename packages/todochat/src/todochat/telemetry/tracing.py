"""OpenTelemetry: off unless an endpoint is set, without cost while it is off.

One trace follows a turn: the edge and each service add a span per request, the api one for the
acceptance, the worker one for the wait in the queue and one for the attempt at the run, with the
model's answers, the tools, and the database's transactions under them. Spans have names and ids,
never user content: attributes are chosen here, exceptions are recorded by type.

The SDK's own variables (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_SCHEDULE_DELAY`, ...) apply as well.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
MAX_TRACESTATE_CHARS: Final = 512
EXPORT_TIMEOUT_S: Final = 5.0  # also how long an ending process waits for its collector
NANOS: Final = 1_000_000_000

Attributes = Mapping[str, str | int | float | bool]

# Version 00 of https://www.w3.org/TR/trace-context/; ids of only zeros are invalid.
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE: Final = re.compile(r"[\x20-\x7e]*")
_PROPAGATOR: Final = TraceContextTextMapPropagator()

_state: Final = {"enabled": False}


def setup_tracing(endpoint: str, service: str) -> None:
    """Send spans to an OTLP collector; an empty `endpoint` leaves tracing off."""
    if not endpoint or _state["enabled"]:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional extra
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional extra
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional extra

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    # Without baggage: a browser's would be forwarded through every service.
    propagate.set_global_textmap(_PROPAGATOR)
    _state["enabled"] = True


def is_tracing() -> bool:
    """Return whether spans are recorded."""
    return _state["enabled"]


def valid_trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's trace context, or nothing if it is malformed.

    Args:
        headers: with names in lower case.
    """
    parent = headers.get(TRACEPARENT, "")
    if _TRACEPARENT.fullmatch(parent) is None:
        return {}
    state = headers.get(TRACESTATE, "")
    if not state or len(state) > MAX_TRACESTATE_CHARS or _TRACESTATE.fullmatch(state) is None:
        return {TRACEPARENT: parent}
    return {TRACEPARENT: parent, TRACESTATE: state}


@contextmanager
def span(
    name: str,
    *,
    parent: Mapping[str, str] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """Record a span around the block; spans begun in it are its children.

    Args:
        parent: trace context headers of a caller, checked here; None for the current span.
    """
    if not is_tracing():
        yield trace.INVALID_SPAN
        return
    begun = start_span(name, parent=parent, kind=kind, attributes=attributes)
    with trace.use_span(begun, record_exception=False, set_status_on_exception=False):
        try:
            yield begun
        except BaseException as error:
            fail(begun, error)
            raise
        finally:
            begun.end()


def start_leaf(name: str, *, attributes: Attributes | None = None) -> Span:
    """Start a span of a call to a store or a model within the current trace; the caller ends it.

    It never becomes a parent, so it may start and end in generators that other tasks resume.
    Outside of a trace it is a no-op: idle loops belong to no request.
    """
    if not is_tracing() or not trace.get_current_span().get_span_context().is_valid:
        return trace.INVALID_SPAN
    return start_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def start_span(
    name: str,
    *,
    parent: Mapping[str, str] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> Span:
    """Start a span; the caller ends it. See `span`."""
    if not is_tracing():
        return trace.INVALID_SPAN
    return _tracer().start_span(name, context=_context_of(parent), kind=kind, attributes=attributes)


def record_past(
    name: str,
    began_at: datetime,
    ended_at: datetime,
    *,
    parent: Mapping[str, str],
    attributes: Attributes | None = None,
) -> None:
    """Record a span that has already ended."""
    if not is_tracing():
        return
    past = _tracer().start_span(
        name,
        context=_context_of(parent),
        start_time=int(began_at.timestamp() * NANOS),
        attributes=attributes,
    )
    past.end(int(max(began_at, ended_at).timestamp() * NANOS))


def fail(begun: Span, error: BaseException) -> None:
    """Mark a span as failed with the error's type, without its message."""
    begun.set_attribute("error.type", type(error).__name__)
    begun.set_status(Status(StatusCode.ERROR))


def trace_headers() -> dict[str, str]:
    """Return the W3C trace context headers of the current span, for a call to another service."""
    headers: dict[str, str] = {}
    if is_tracing():
        _PROPAGATOR.inject(headers)
    return headers


def trace_ids() -> dict[str, str]:
    """Return the ids of the current trace and span for log lines; empty outside of a trace."""
    if not is_tracing():
        return {}
    present = trace.get_current_span().get_span_context()
    if not present.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(present.trace_id),
        "span_id": trace.format_span_id(present.span_id),
    }


def _tracer() -> trace.Tracer:
    return trace.get_tracer("todochat")


def _context_of(parent: Mapping[str, str] | None) -> Context | None:
    """Return the context of a caller's headers; a new trace without any."""
    if parent is None:
        return None
    return _PROPAGATOR.extract(valid_trace_headers(parent), context=Context())
