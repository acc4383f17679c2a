"""The hash under which random secrets are stored."""

import hashlib


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 of a token, code or link, stored instead of it.

    That is enough for random secrets of 128 bits and more; passwords need argon2.
    """
    return hashlib.sha256(secret.encode()).digest()
