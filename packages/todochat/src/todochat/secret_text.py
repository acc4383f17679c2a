"""Decodes secrets in settings: plain characters, or any bytes as `base64:...`."""

import base64
from typing import Final

BASE64_PREFIX: Final = "base64:"


def secret_bytes(text: str) -> bytes:
    """Return the bytes of a secret.

    Raises:
        ValueError: it begins with `base64:` and isn't URL-safe base64.
    """
    if not text.startswith(BASE64_PREFIX):
        return text.encode()
    encoded = text.removeprefix(BASE64_PREFIX)
    padded = encoded + "=" * (-len(encoded) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)
