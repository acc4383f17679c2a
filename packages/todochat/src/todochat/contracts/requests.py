"""ChatKit request types that are answered with a stream.

`chatkit.types.StreamingReq` is a closed union. The gateway must know its members before it forwards
a request, but must not import the SDK. `tests/test_chatkit_compatibility.py` compares this set with
the installed package.
"""

from typing import Final

STREAMING_REQUEST_TYPES: Final = frozenset(
    {
        "threads.add_client_tool_output",
        "threads.add_structured_input",
        "threads.add_user_message",
        "threads.create",
        "threads.custom_action",
        "threads.retry_after_item",
    }
)
