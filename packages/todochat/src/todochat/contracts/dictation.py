"""Limits of dictation, the only chat request with a large body.

`input.transcribe` has its audio inside the JSON. Two megabytes are two minutes at 128 kbit/s, the
most that browsers record, and 2.7 MB in base64, while every other request has a small limit. So a
body may exceed that limit only if its first bytes name this type, as ChatKit's clients write it; a
large body of another type is refused after it was read.
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
        limit_bytes: limit of every other request.

    Raises:
        PayloadTooLargeError: the body exceeds its limit.
    """
    body = bytearray()
    is_large = False
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes and not is_large:
            is_large = _NAMES_DICTATION.search(body[:limit_bytes]) is not None
            if not is_large:
                raise _too_long(limit_bytes)
    if is_large and not _is_dictation(body):
        raise _too_long(limit_bytes)
    return bytes(body)


def _is_dictation(body: bytearray) -> bool:
    try:
        return bool(msgspec.json.decode(body, type=_Typed).type == DICTATION_TYPE)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False


def _too_long(limit_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body may have at most {limit_bytes} bytes.")
