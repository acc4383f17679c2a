"""Adds an id, security headers, metrics and a log line to every request.

A plain ASGI wrapper around the whole application, because Litestar's own middleware doesn't see
requests that match no route.
"""

import re
import time
from http import HTTPStatus
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span

from todochat.ids import new_id
from todochat.telemetry.logging import begin_subject
from todochat.telemetry.metrics import HTTP_REQUESTS, HTTP_SECONDS
from todochat.telemetry.tracing import TRACEPARENT, TRACESTATE, is_tracing, span

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TRACE_HEADERS: Final = frozenset({TRACEPARENT, TRACESTATE})
_QUIET_ROUTES: Final = frozenset({"/health/live", "/health/ready", "/metrics"})

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
)

log = structlog.get_logger(__name__)


class RequestEnvelope:
    """Gives each HTTP request an id (the caller's, if it is well formed), counts and logs it."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = new_id("req")
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                request_id = value.decode()
                break
        scope["state"]["request_id"] = request_id
        begin_subject(request_id=request_id)
        began = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *SECURITY_HEADERS,
                    (b"x-request-id", request_id.encode()),
                ]
                self._account(scope, message["status"], time.perf_counter() - began)
            await send(message)

        if not is_tracing() or scope["path"] in _QUIET_ROUTES:
            await self._app(scope, receive, send_with_headers)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        # Named by the route once it is known: paths contain user ids.
        with span(
            _method(scope),
            parent={name: headers[name] for name in _TRACE_HEADERS & headers.keys()},
            kind=SpanKind.SERVER,
            attributes={"todochat.request_id": request_id},
        ):
            await self._app(scope, receive, send_with_headers)

    def _account(self, scope: HTTPScope, status: int, seconds: float) -> None:
        route = str(scope.get("path_template") or "unmatched")
        method = _method(scope)
        present = get_current_span()
        if present.is_recording():
            present.update_name(f"{method} {route}")
            present.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                }
            )
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                present.set_status(Status(StatusCode.ERROR))
        HTTP_REQUESTS.labels(self._service, method, route, str(status)).inc()
        HTTP_SECONDS.labels(self._service, method, route).observe(seconds)
        if route not in _QUIET_ROUTES:
            log.info(
                "request.answered",
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )


def _method(scope: HTTPScope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
