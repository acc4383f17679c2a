"""Creates refresh tokens: random ones for new sessions, derived ones as successors."""

import base64
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

    So a token that is sent twice yields the same successor twice, although the database only has
    hashes. Deriving a successor requires the secret, and a successor reveals nothing about its
    predecessor.

    Args:
        key_secrets: the first one derives new successors; the others did before they were rotated.
    """

    def __init__(self, key_secrets: Sequence[str]) -> None:
        self._keys = [
            HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
            for secret in key_secrets
        ]

    def create_token(self) -> str:
        """Return a random token."""
        return secrets.token_urlsafe(_TOKEN_BYTES)

    def derive_successors(self, token: str) -> list[str]:
        """Return the successor under each secret; the first one is used for new successors."""
        digests = (hmac.digest(key, token.encode(), "sha256") for key in self._keys)
        return [base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests]
