"""Rotates the signing keys."""

from datetime import datetime
from typing import Final

import msgspec
import structlog

from auth_session.domain.limits import KEY_PROPAGATION_TIME
from auth_session.errors import NoSigningKeyError, RotationTooSoonError
from auth_session.service.key_cipher import KeyCipher
from auth_session.service.key_ring import CURRENT, NEXT, is_published, published_until
from auth_session.storage.signing_key_repository import SigningKeyRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.identity.tokens import SigningKey

RETIRED: Final = "retired"

log = structlog.get_logger(__name__)


class PublishedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A published key; `published_until` is None unless it is retired."""

    kid: str
    state: str
    created_at: datetime
    published_until: datetime | None


class KeyRotation:
    """Changes the states of keys in the database; every process loads them within 30 s."""

    def __init__(self, database: Database, cipher: KeyCipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def list_published_keys(self) -> list[PublishedKey]:
        """Return the published keys, oldest first."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            records = await SigningKeyRepository(transaction).list_keys()
        return [
            PublishedKey(
                kid=record.kid,
                state=record.state,
                created_at=record.created_at,
                published_until=published_until(record),
            )
            for record in records
            if is_published(record, now)
        ]

    async def rotate_keys(self, *, at_once: bool = False) -> str:
        """Retire the current key, make the next one current, and create another next key.

        Verifiers cache the published keys for some minutes. They know the next key before its
        first token if it has been published for longer than that.

        Args:
            at_once: rotate even if it hasn't, for example after a key was stolen; a verifier that
                doesn't know the key yet refuses its tokens for up to 10 s.

        Returns:
            The `kid` of the key that signs from now on.

        Raises:
            RotationTooSoonError: the next key was published too recently.
            SigningKeyError: the keys are encrypted under a secret that this process doesn't have.
            NoSigningKeyError: there are no keys yet, because no process has ever started.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            repository = SigningKeyRepository(transaction)
            await repository.lock_keys()
            records = {record.state: record for record in await repository.list_keys()}
            if CURRENT not in records or NEXT not in records:
                raise NoSigningKeyError
            current, successor = records[CURRENT], records[NEXT]
            known_at = successor.created_at + KEY_PROPAGATION_TIME
            if now < known_at and not at_once:
                raise RotationTooSoonError((known_at - now).total_seconds())
            # Check that this process has the services' secret: they couldn't read the new key otherwise.
            self._cipher.decrypt(successor.private_key)
            await repository.set_state(current.kid, RETIRED, retired_at=now)
            await repository.set_state(successor.kid, CURRENT)
            key = SigningKey.generate()
            private_key = self._cipher.encrypt(key.to_pem())
            await repository.add_key(
                key.kid, NEXT, private_key=private_key, public_jwk=key.public_jwk(), now=now
            )
        log.info("signing_key.rotated", kid=successor.kid, retired=current.kid)
        return successor.kid
