"""A collector for tests: receives spans over real OTLP/HTTP, as services and the edge export them.

It runs in a separate thread: a test that waits for a process to end must not keep that process from
exporting its last spans.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status


class TracedSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span that arrived; ids are hex, `parent_id` is "" at the root, times are unix seconds."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    began_s: float
    ended_s: float
    has_failed: bool
    attributes: dict[str, Any]
    events: list[str]


class SpanCollector:
    """Listens on a free port and records exports.

    Attributes:
        spans: in the order of arrival.
        raw: the bytes of every export, to search for forbidden content.
    """

    def __init__(self) -> None:
        self.spans: list[TracedSpan] = []
        self.raw = b""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))

    @property
    def url(self) -> str:
        """The value for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def of(self, trace_id: str) -> list[TracedSpan]:
        """Return a trace's spans ordered by start."""
        found = [span for span in self.spans if span.trace_id == trace_id]
        return sorted(found, key=lambda span: span.began_s)

    def take(self, body: bytes) -> bytes:
        """Record the spans of an export; return the response."""
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _values(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_spans:
                self.spans += [_read(service, span) for span in scope.spans]
        answer: bytes = ExportTraceServiceResponse().SerializeToString()
        return answer

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler_of(collector: SpanCollector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Receive an export."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = collector.take(body) if self.path == "/v1/traces" else b""
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    return Handler


def _read(service: str, span: WireSpan) -> TracedSpan:
    return TracedSpan(
        service=service,
        name=span.name,
        kind=WireSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        began_s=span.start_time_unix_nano / 1e9,
        ended_s=span.end_time_unix_nano / 1e9,
        has_failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_values(span.attributes),
        events=[event.name for event in span.events],
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value")
        for each in attributes
    }
