"""Letting the next key sign."""

from datetime import datetime
from typing import Final

import msgspec
import structlog

from auth_session.domain.clock import Clock
from auth_session.domain.limits import KEY_KNOWN_AFTER
from auth_session.errors import NoSigningKeyError, RotationTooSoonError
from auth_session.service.key_cipher import KeyCipher
from auth_session.service.key_ring import CURRENT, NEXT, is_published, published_until
from auth_session.storage.signing_key_repository import SigningKeyRepository
from todochat.database import Database
from todochat.identity.tokens import SigningKey

RETIRED: Final = "retired"

log = structlog.get_logger(__name__)


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """A published key; `published_until` is None while it waits or signs."""

    kid: str
    state: str
    created_at: datetime
    published_until: datetime | None


class KeyRotation:
    """Changes the states of keys in the database; every process reads them within 30 s."""

    def __init__(self, database: Database, cipher: KeyCipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def states(self) -> list[KeyState]:
        """Return the published keys, oldest first."""
        now = self._clock()
        async with self._database.transaction() as session:
            records = await SigningKeyRepository(session).all()
        return [
            KeyState(
                kid=record.kid,
                state=record.state,
                created_at=record.created_at,
                published_until=published_until(record),
            )
            for record in records
            if is_published(record, now)
        ]

    async def rotate(self, *, at_once: bool = False) -> str:
        """Retire the current key, let the next one sign, publish another one as next.

        Verifiers keep the published keys for some minutes. They know the next key before its
        first token, if it was published for longer than that.

        Args:
            at_once: even if it wasn't, as after a key was stolen; a verifier that doesn't know the
                key yet refuses its tokens for up to 10 s.

        Returns:
            The `kid` of the key that signs from now on.

        Raises:
            RotationTooSoonError: the next key was published too recently.
            SigningKeyError: the keys were encrypted under another secret than this process has.
            NoSigningKeyError: there are no keys yet, for no process was ever started.
        """
        now = self._clock()
        async with self._database.transaction() as session:
            repository = SigningKeyRepository(session)
            await repository.lock()
            records = {record.state: record for record in await repository.all()}
            if CURRENT not in records or NEXT not in records:
                raise NoSigningKeyError
            current, successor = records[CURRENT], records[NEXT]
            known_at = successor.created_at + KEY_KNOWN_AFTER
            if now < known_at and not at_once:
                raise RotationTooSoonError((known_at - now).total_seconds())
            # With another secret than the services', the new key would be one they can't read.
            self._cipher.decrypt(successor.private_key)
            await repository.set_state(current.kid, RETIRED, retired_at=now)
            await repository.set_state(successor.kid, CURRENT)
            await self._publish_next(repository, now)
        log.info("signing_key.rotated", kid=successor.kid, retired=current.kid)
        return successor.kid

    async def _publish_next(self, repository: SigningKeyRepository, now: datetime) -> None:
        key = SigningKey.generate()
        private_key = self._cipher.encrypt(key.to_pem())
        await repository.add(
            key.kid, NEXT, private_key=private_key, public_jwk=key.public_jwk(), now=now
        )
