"""Limits of attachments, and links to them that expire.

A link to a file's content has an expiry and a signature over owner and file, so that an `<img>` can
show it without a header. Everything else needs a client secret.
"""

import hashlib
import hmac
import math
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAX_FILE_BYTES: Final = 5 * 1024 * 1024
MULTIPART_OVERHEAD_BYTES: Final = 64 * 1024  # boundaries, the headers of parts, small other fields
MAX_UPLOAD_BYTES: Final = MAX_FILE_BYTES + MULTIPART_OVERHEAD_BYTES
FILE_FIELD: Final = "file"  # the multipart field that ChatKit's clients send

LINK_TTL_S: Final = 3600
# Links made within the same quarter of an hour are equal, so that browsers can cache.
LINK_STEP_S: Final = 900
_PURPOSE: Final = b"todochat attachment link"


class LinkSigner:
    """Signs and verifies links to attachments.

    Args:
        keys: accepted keys of the arrow from chat-gateway to todo-agent; the first one signs.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [
            HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key)
            for key in keys
        ]

    def query(self, user_id: str, attachment_id: str, now: float | None = None) -> str:
        """Return the query of a link that is valid for at least LINK_TTL_S."""
        moment = time.time() if now is None else now
        expires = math.ceil((moment + LINK_TTL_S) / LINK_STEP_S) * LINK_STEP_S
        signature = _sign(self._keys[0], user_id, attachment_id, expires)
        return urlencode({"expires": expires, "signature": signature})

    def is_valid(self, user_id: str, attachment_id: str, expires: int, signature: str) -> bool:
        """Return whether the signature is valid for this file and has not expired."""
        if expires < time.time():
            return False
        given = signature.encode("utf-8", "replace")
        return any(
            hmac.compare_digest(_sign(key, user_id, attachment_id, expires).encode(), given)
            for key in self._keys
        )


def _sign(key: bytes, user_id: str, attachment_id: str, expires: int) -> str:
    # A user id has no line break, so different triples give different texts.
    text = f"{user_id}\n{attachment_id}\n{expires}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()
