"""Making refresh tokens: random ones for sessions, derived ones for their successors."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_TOKEN_BYTES: Final = 32
_PURPOSE: Final = b"auth-session refresh tokens"


class RefreshTokens:
    """Derives the successor of a refresh token from the token and a secret of the service.

    So a token that is sent twice yields the same successor twice, while the database has nothing
    but hashes. Without the secret nobody can derive a successor, and a successor tells nothing
    about the token before it.

    Args:
        key_secrets: the first one derives; the others did before a change of secrets.
    """

    def __init__(self, key_secrets: Sequence[str]) -> None:
        self._keys = [
            HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
            for secret in key_secrets
        ]

    def create(self) -> str:
        """Return a random token."""
        return secrets.token_urlsafe(_TOKEN_BYTES)

    def successors(self, token: str) -> list[str]:
        """Return the successor under each secret; a new one is the first."""
        digests = (hmac.digest(key, token.encode(), "sha256") for key in self._keys)
        return [base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests]


def hash_refresh_token(token: str) -> bytes:
    """Return the form in which a token is stored."""
    return hashlib.sha256(token.encode()).digest()
