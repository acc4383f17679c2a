"""Functions of the Agents SDK that its own models use and that aren't public.

The SDK's version is pinned; an update has to check them.
"""

from agents._tool_identity import get_explicit_function_tool_namespace
from agents.exceptions import (
    _mark_error_to_drain_stream_events as mark_error_after_events,
)
from agents.models._retry_runtime import should_disable_provider_managed_retries
from agents.usage import (
    _attach_raw_usage_snapshot as attach_raw_usage,
)
from agents.usage import (
    _extract_raw_usage_snapshot as extract_raw_usage,
)
from agents.usage import (
    _mark_request_completed_without_usage as mark_request_without_usage,
)
from agents.util._json import _to_dump_compatible as to_dump_compatible

__all__ = [
    "attach_raw_usage",
    "extract_raw_usage",
    "get_explicit_function_tool_namespace",
    "mark_error_after_events",
    "mark_request_without_usage",
    "should_disable_provider_managed_retries",
    "to_dump_compatible",
]
