"""Encrypts signing keys at rest, so that a copy of the database alone can't sign tokens."""

import base64
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from auth_session.errors import SigningKeyError

_PURPOSE: Final = b"auth-session signing keys"


class KeyCipher:
    """Encrypts under the first secret; decrypts data encrypted under any of them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        ciphers = [Fernet(_derive(secret)) for secret in secrets]
        self._first = ciphers[0]
        self._any = MultiFernet(ciphers)

    def encrypt(self, plain: bytes) -> bytes:
        """Encrypt under the first secret."""
        return self._first.encrypt(plain)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Decrypt data encrypted under any of the secrets.

        Raises:
            SigningKeyError: the data was encrypted under another secret.
        """
        try:
            return self._any.decrypt(encrypted)
        except InvalidToken:
            msg = (
                "the signing keys in the database were encrypted under another secret: append the "
                "previous value of TODOCHAT_SERVICE_SECRET (or AUTH_SESSION_KEY_SECRET) to the "
                "current one, separated by a comma"
            )
            raise SigningKeyError(msg) from None

    def uses_first_secret(self, encrypted: bytes) -> bool:
        """Return whether data is encrypted under the first secret, so that no other is needed."""
        try:
            self._first.decrypt(encrypted)
        except InvalidToken:
            return False
        return True


def _derive(secret: str) -> bytes:
    key = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(key)
