"""Trace context of callers, and tracing that is off."""

import subprocess
import sys

import pytest
from opentelemetry.trace import INVALID_SPAN

from todochat.telemetry import tracing as telemetry

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"traceparent": TRACE}, {"traceparent": TRACE}),
        (
            {"traceparent": TRACE, "tracestate": "a=1,b=2"},
            {"traceparent": TRACE, "tracestate": "a=1,b=2"},
        ),
        ({"traceparent": TRACE, "tracestate": "x" * 513}, {"traceparent": TRACE}),
        ({"traceparent": TRACE, "tracestate": "a=\x00"}, {"traceparent": TRACE}),
        ({"tracestate": "a=1"}, {}),
        ({"traceparent": TRACE.upper()}, {}),
        ({"traceparent": TRACE.replace("00-", "ff-", 1)}, {}),
        ({"traceparent": TRACE + "-00"}, {}),
        ({"traceparent": "00-" + "0" * 32 + TRACE[35:]}, {}),
        ({"traceparent": TRACE[:36] + "0" * 16 + "-01"}, {}),
        ({"traceparent": TRACE + "\n"}, {}),
        ({}, {}),
    ],
)
def test_malformed_trace_context_is_ignored(headers: dict[str, str], taken: dict[str, str]) -> None:
    assert telemetry.valid_trace_headers(headers) == taken


def test_nothing_is_recorded_while_tracing_is_off() -> None:
    with telemetry.span("run", parent={"traceparent": TRACE}) as span:
        assert span is INVALID_SPAN
        assert telemetry.start_leaf("postgres") is INVALID_SPAN
        assert telemetry.trace_headers() == {}
        assert telemetry.trace_ids() == {}


def test_sdk_is_not_imported_without_an_endpoint() -> None:
    code = (
        "import sys, todochat.http.app, todochat.telemetry.tracing as t; t.setup_tracing('', 'x');"
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)

    assert done.returncode == 0
