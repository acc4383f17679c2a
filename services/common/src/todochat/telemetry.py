"""OpenTelemetry: off unless an endpoint is set, and free of cost while it is off."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import context, propagate, trace

_state: Final = {"enabled": False}


def setup_tracing(endpoint: str, service: str) -> None:
    """Send spans to an OTLP collector; an empty `endpoint` leaves tracing off."""
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional extra
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - optional extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - optional extra
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - optional extra

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    _state["enabled"] = True


def is_tracing() -> bool:
    """Tell whether spans are recorded."""
    return _state["enabled"]


@contextmanager
def span(name: str, headers: Mapping[str, str] | None = None, **attributes: str) -> Iterator[None]:
    """Record a span, as a child of the trace named in `headers` if there is one."""
    if not is_tracing():
        yield
        return
    parent = propagate.extract(headers) if headers is not None else context.get_current()
    tracer = trace.get_tracer("todochat")
    with tracer.start_as_current_span(name, context=parent, attributes=attributes):
        yield


def trace_headers() -> dict[str, str]:
    """Return the W3C trace context headers of the present span, for a call to another service."""
    headers: dict[str, str] = {}
    if is_tracing():
        propagate.inject(headers)
    return headers
