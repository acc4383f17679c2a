"""The `Idempotency-Key` header: one effect for any number of attempts.

Source: draft-ietf-httpapi-idempotency-key-header. Each service stores its own keys.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from todochat.errors import BadRequestError, ConflictError, InvalidInputError

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
MAX_WAIT_S: Final = 5.0  # a concurrent retry waits this long for the first response
KEEP_DAYS: Final = 7

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


class IdempotencyKeyReusedError(InvalidInputError):
    """The key was used before with another body."""

    code, title = "idempotency-key-reused", "Idempotency key belongs to another request"


class IdempotencyInProgressError(ConflictError):
    """The first request with this key is still in progress."""

    code, title = "idempotency-in-progress", "Request in progress"


def parse_idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the request's key, or None if it has none.

    Raises:
        BadRequestError: the key isn't 1 to 128 visible ASCII characters.
    """
    key = headers.get(HEADER.lower())
    if key is None:
        return None
    if _KEY.fullmatch(key) is None:
        raise BadRequestError("Idempotency-Key must be 1 to 128 visible ASCII characters.")
    return key


def request_fingerprint(body: bytes) -> str:
    """Return a hash of a body, to distinguish a retry from another request with the same key."""
    return hashlib.sha256(body).hexdigest()
