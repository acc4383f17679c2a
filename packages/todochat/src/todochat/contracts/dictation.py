"""What the services agree on about dictation, the one chat request that is long.

`input.transcribe` carries its audio inside the JSON. Two megabytes are two minutes at the 128 kbit/s
that browsers record with at most, in base64 2.7 MB, while every other request has a small bound. So
a body may only grow beyond that bound if what came first names this type, as ChatKit's clients
write it; a body that then turns out to be something else is refused after all.
"""

import re
from typing import Any, Final

import msgspec
from litestar import Request

from todochat.errors import PayloadTooLargeError

DICTATION_TYPE: Final = "input.transcribe"
MAX_AUDIO_BYTES: Final = 2 * 1024 * 1024
MAX_DICTATION_BODY_BYTES: Final = MAX_AUDIO_BYTES // 3 * 4 + 4096
TRANSCRIPTION_TIMEOUT_S: Final = 30.0

_NAMES_DICTATION: Final = re.compile(rb'"type"\s*:\s*"input\.transcribe"')


class _Typed(msgspec.Struct):
    type: Any = None


async def read_chat_body(request: Request[Any, Any, Any], limit_bytes: int) -> bytes:
    """Read a chat request's body; the route's own limit is MAX_DICTATION_BODY_BYTES.

    Args:
        limit_bytes: of every request but dictation.

    Raises:
        PayloadTooLargeError: it is longer.
    """
    body = bytearray()
    may_be_long = False
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes and not may_be_long:
            may_be_long = _NAMES_DICTATION.search(body[:limit_bytes]) is not None
            if not may_be_long:
                raise _too_long(limit_bytes)
    if may_be_long and not _is_dictation(body):
        raise _too_long(limit_bytes)
    return bytes(body)


def _is_dictation(body: bytearray) -> bool:
    try:
        return bool(msgspec.json.decode(body, type=_Typed).type == DICTATION_TYPE)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False


def _too_long(limit_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body may have {limit_bytes} bytes at most.")
