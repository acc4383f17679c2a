"""The keys that sign tokens, loaded from the database at start and every 30 s.

`next` is published but doesn't sign yet, so that verifiers know it before its first token;
`current` signs; `retired` is published until the longest token it may have signed has expired.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auth_session.domain.limits import (
    KEY_RELOAD_MARGIN,
    LONGEST_TOKEN_LIFETIME,
    VERIFIER_LEEWAY,
)
from auth_session.errors import NoSigningKeyError
from auth_session.service.key_cipher import KeyCipher
from auth_session.storage.records import SigningKeyRecord
from auth_session.storage.signing_key_repository import SigningKeyRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.identity.tokens import SigningKey

CURRENT: Final = "current"
NEXT: Final = "next"

log = structlog.get_logger(__name__)


class KeyRing:
    """The signing keys in memory; `refresh` reloads them from the database."""

    def __init__(self, database: Database, cipher: KeyCipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._signing: SigningKey | None = None
        self._published: dict[str, dict[str, Any]] = {}

    @property
    def is_loaded(self) -> bool:
        """True once the keys have been loaded."""
        return self._signing is not None

    @property
    def current(self) -> SigningKey:
        """The key that signs.

        Raises:
            NoSigningKeyError: the keys haven't been loaded since the process started.
        """
        if self._signing is None:
            raise NoSigningKeyError
        return self._signing

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        """Return a published public key; None if the key is not published.

        Raises:
            NoSigningKeyError: the keys haven't been loaded since the process started.
        """
        if self._signing is None:
            raise NoSigningKeyError
        jwk = self._published.get(kid)
        key = None if jwk is None else jwt.algorithms.OKPAlgorithm.from_jwk(jwk)
        return key if isinstance(key, Ed25519PublicKey) else None

    def published(self) -> list[dict[str, Any]]:
        """Return the public keys as JSON Web Keys (RFC 7517, RFC 8037).

        Raises:
            NoSigningKeyError: the keys haven't been loaded since the process started.
        """
        if self._signing is None:
            raise NoSigningKeyError
        return list(self._published.values())

    async def refresh(self) -> None:
        """Load the keys; create missing ones and re-encrypt those under an old secret.

        Processes that start at the same time take turns, so the second one finds the keys that the
        first one created.

        Raises:
            SigningKeyError: a key can't be decrypted.
        """
        now = self._clock()
        async with self._database.transaction(None) as transaction:
            repository = SigningKeyRepository(transaction)
            records = await repository.list_keys()
            if _missing_states(records) or not all(
                self._cipher.uses_first_secret(record.private_key) for record in records
            ):
                await repository.lock_keys()
                records = await self._repair_keys(repository, now)
        (current,) = (record for record in records if record.state == CURRENT)
        if self._signing is None or self._signing.kid != current.kid:
            pem = self._cipher.decrypt(current.private_key)
            self._signing = SigningKey.from_pem(current.kid, pem)
        self._published = {
            record.kid: record.public_jwk for record in records if is_published(record, now)
        }

    async def _repair_keys(
        self, repository: SigningKeyRepository, now: datetime
    ) -> Sequence[SigningKeyRecord]:
        records = await repository.list_keys()
        for state in _missing_states(records):
            key = SigningKey.generate()
            private_key = self._cipher.encrypt(key.to_pem())
            await repository.add_key(
                key.kid, state, private_key=private_key, public_jwk=key.public_jwk(), now=now
            )
            log.info("signing_key.created", kid=key.kid, state=state)
        for record in records:
            if not self._cipher.uses_first_secret(record.private_key):
                plain = self._cipher.decrypt(record.private_key)
                await repository.replace_private_key(record.kid, self._cipher.encrypt(plain))
                log.info("signing_key.reencrypted", kid=record.kid)
        return await repository.list_keys()


def _missing_states(records: Sequence[SigningKeyRecord]) -> list[str]:
    present = {record.state for record in records}
    return [state for state in (CURRENT, NEXT) if state not in present]


def published_until(record: SigningKeyRecord) -> datetime | None:
    """Return when the last token of a retired key expires; None for a key that isn't retired."""
    if record.retired_at is None:
        return None
    return record.retired_at + KEY_RELOAD_MARGIN + LONGEST_TOKEN_LIFETIME + VERIFIER_LEEWAY


def is_published(record: SigningKeyRecord, now: datetime) -> bool:
    """Return whether a key is still published to verifiers."""
    until = published_until(record)
    return until is None or now < until
