"""Headers of the client that chat-gateway forwards to todo-agent, as one header of its own.

The installation's operator names them; an adopter's server reads them from its context. They are
sent as JSON, so that a client's header can never replace one of chat-gateway's own.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from todochat.settings import SettingsError, split_list

CLIENT_HEADERS: Final = "X-Client-Headers"
MAX_CLIENT_HEADER_BYTES: Final = 4096  # of all forwarded names and values, as JSON

_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # no header has them, except a tab
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "set-cookie"})
# Set by HTTP clients and by this project's services, with a meaning of their own.
_OURS: Final = frozenset(
    {
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "last-event-id",
        "traceparent",
        "tracestate",
        "x-client-headers",
        "x-request-id",
        "x-resumable",
        "x-run-attempt",
        "x-run-id",
    }
)


def parse_forwarded_names(setting: str, value: str) -> tuple[str, ...]:
    """Return the names in a comma-separated setting in lower case, without repetitions.

    Raises:
        SettingsError: a name is malformed, or belongs to a header that must not be forwarded.
    """
    names = dict.fromkeys(name.lower() for name in split_list(value))
    for name in names:
        if _NAME.fullmatch(name) is None:
            reason = "is not the name of a header"
        elif name in _CREDENTIALS:
            reason = "carries credentials, which are not forwarded"
        elif name in _HOP_BY_HOP:
            reason = "applies to a single connection"
        elif name in _OURS:
            reason = "is reserved"
        else:
            continue
        msg = f"setting {setting}: {name} {reason}"
        raise SettingsError(msg)
    return tuple(names)


def encode_client_headers(headers: Mapping[str, str]) -> str:
    """Return the value of CLIENT_HEADERS, in ASCII."""
    return json.dumps(headers, separators=(",", ":"))


def decode_client_headers(value: str) -> dict[str, str]:
    """Return the headers in a value of CLIENT_HEADERS.

    Raises:
        ValueError: it is no JSON object of strings, is too long, or has control characters.
    """
    if len(value) > MAX_CLIENT_HEADER_BYTES:
        msg = f"{CLIENT_HEADERS} has more than {MAX_CLIENT_HEADER_BYTES} bytes."
        raise ValueError(msg)
    headers = msgspec.json.decode(value, type=dict[str, str])
    if any(_CONTROL.search(text) for pair in headers.items() for text in pair):
        msg = f"{CLIENT_HEADERS} has control characters."
        raise ValueError(msg)
    return headers
