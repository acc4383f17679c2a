"""The keys that sign tokens, read from the database into memory at start and every 30 s.

`next` is published and doesn't sign yet, so that verifiers know it before its first token;
`current` signs; `retired` is published until the longest token it may have signed has expired.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auth_session.domain.clock import Clock
from auth_session.domain.limits import (
    KEY_PICK_UP,
    LONGEST_TOKEN_LIFETIME,
    VERIFIER_LEEWAY,
)
from auth_session.errors import NoSigningKeyError
from auth_session.service.key_cipher import KeyCipher
from auth_session.storage.signing_key_record import SigningKeyRecord
from auth_session.storage.signing_key_repository import SigningKeyRepository
from todochat.database import Database
from todochat.identity.tokens import SigningKey

CURRENT: Final = "current"
NEXT: Final = "next"

log = structlog.get_logger(__name__)


class KeyRing:
    """The signing keys in memory; `refresh` makes them agree with the database."""

    def __init__(self, database: Database, cipher: KeyCipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._signing: SigningKey | None = None
        self._published: dict[str, dict[str, Any]] = {}

    @property
    def is_loaded(self) -> bool:
        """Whether the keys were read from the database since the process started."""
        return self._signing is not None

    @property
    def current(self) -> SigningKey:
        """The key that signs.

        Raises:
            NoSigningKeyError: the database could not be read since the process started.
        """
        if self._signing is None:
            raise NoSigningKeyError
        return self._signing

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        """Return a published public key; None for a key that is not published.

        Raises:
            NoSigningKeyError: the database could not be read since the process started.
        """
        if self._signing is None:
            raise NoSigningKeyError
        jwk = self._published.get(kid)
        key = None if jwk is None else jwt.algorithms.OKPAlgorithm.from_jwk(jwk)
        return key if isinstance(key, Ed25519PublicKey) else None

    def published(self) -> list[dict[str, Any]]:
        """Return the public keys as JSON Web Keys (RFC 7517, RFC 8037).

        Raises:
            NoSigningKeyError: the database could not be read since the process started.
        """
        if self._signing is None:
            raise NoSigningKeyError
        return list(self._published.values())

    async def refresh(self) -> None:
        """Read the keys; make those that are missing.

        Processes that start at the same moment take turns, so the second one finds the keys that
        the first one made.

        Raises:
            SigningKeyError: a key can't be decrypted.
        """
        now = self._clock()
        async with self._database.transaction(None) as session:
            repository = SigningKeyRepository(session)
            records = await repository.all()
            if _missing_states(records) or not self._are_under_first_secret(records):
                await repository.lock()
                records = await self._mend(repository, now)
        self._load(records, now)

    async def _mend(
        self, repository: SigningKeyRepository, now: datetime
    ) -> Sequence[SigningKeyRecord]:
        records = await repository.all()
        for state in _missing_states(records):
            key = SigningKey.generate()
            private_key = self._cipher.encrypt(key.to_pem())
            await repository.add(
                key.kid, state, private_key=private_key, public_jwk=key.public_jwk(), now=now
            )
            log.info("signing_key.made", kid=key.kid, state=state)
        for record in records:
            if not self._cipher.is_under_first(record.private_key):
                plain = self._cipher.decrypt(record.private_key)
                await repository.replace_private_key(record.kid, self._cipher.encrypt(plain))
                log.info("signing_key.encrypted_anew", kid=record.kid)
        return await repository.all()

    def _are_under_first_secret(self, records: Sequence[SigningKeyRecord]) -> bool:
        return all(self._cipher.is_under_first(record.private_key) for record in records)

    def _load(self, records: Sequence[SigningKeyRecord], now: datetime) -> None:
        published = [record for record in records if is_published(record, now)]
        (current,) = (record for record in records if record.state == CURRENT)
        signing = self._signing
        if signing is None or signing.kid != current.kid:
            pem = self._cipher.decrypt(current.private_key)
            self._signing = SigningKey.from_pem(current.kid, pem)
        self._published = {record.kid: record.public_jwk for record in published}


def _missing_states(records: Sequence[SigningKeyRecord]) -> list[str]:
    present = {record.state for record in records}
    return [state for state in (CURRENT, NEXT) if state not in present]


def published_until(record: SigningKeyRecord) -> datetime | None:
    """Return when the last token of a retired key is over; None for a key that isn't retired."""
    if record.retired_at is None:
        return None
    return record.retired_at + KEY_PICK_UP + LONGEST_TOKEN_LIFETIME + VERIFIER_LEEWAY


def is_published(record: SigningKeyRecord, now: datetime) -> bool:
    """Whether verifiers are still told of a key."""
    until = published_until(record)
    return until is None or now < until
