"""Erasing accounts: here in one transaction, elsewhere through an outbox that is retried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog
from redis.exceptions import RedisError

from auth_session.domain.clock import Clock
from auth_session.domain.erasure import Erasure
from auth_session.domain.limits import ACCESS_TOKEN_REVOCATION_TOLD, ERASURE_LEASE
from auth_session.domain.session import RevokedSid
from auth_session.errors import WrongPasswordError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.revocation_service import RevocationService
from auth_session.storage.erasure_repository import ErasureRepository
from auth_session.storage.password_repository import PasswordRepository
from todochat.database import Database
from todochat.errors import NotFoundError

MAX_ERASURES_A_ROUND: Final = 100

log = structlog.get_logger(__name__)


class Target(Protocol):
    """A service that has something of people."""

    async def erase(self, user_id: str) -> bool:
        """Have everything of a person deleted; False means: ask again later."""


class ErasureService:
    """Erases accounts over all services.

    Args:
        targets: asked in this order; who writes into another comes before it.
    """

    def __init__(
        self,
        database: Database,
        publisher: RevocationPublisher,
        revocations: RevocationService,
        targets: Sequence[Target],
        clock: Clock,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._revocations = revocations
        self._targets = targets
        self._clock = clock

    async def begin(self, user_id: str, confirmed_hash: str | None = None) -> None:
        """Delete an account here; from now on its tokens are void, and others erase it, too.

        Args:
            confirmed_hash: of the password that confirmed it, which must still be the account's.

        Raises:
            NotFoundError: there is no such account.
            WrongPasswordError: the password was changed since it confirmed the erasure.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            erasures = ErasureRepository(transaction)
            await erasures.forget_address(user_id)
            password_hash = await PasswordRepository(transaction).lock(user_id)
            if confirmed_hash is not None and password_hash not in (confirmed_hash, None):
                raise WrongPasswordError
            sids = await erasures.erase_account(
                user_id, now=now, known_until=now + ACCESS_TOKEN_REVOCATION_TOLD
            )
        if sids is None:
            raise NotFoundError("There is no such account.")
        log.info("erasure.begun", user_id=user_id, sids=len(sids))
        await self._announce(user_id, sids)

    async def backlog(self) -> tuple[int, float]:
        """Return how many accounts others still have something of, and the oldest one's age, s."""
        async with self._database.transaction() as transaction:
            count, requested_at = await ErasureRepository(transaction).backlog()
        if requested_at is None:
            return 0, 0.0
        return count, max(0.0, (self._clock() - requested_at).total_seconds())

    async def work(self) -> int:
        """Go on with the erasures whose time has come, at most 100; return how many it were."""
        for count in range(MAX_ERASURES_A_ROUND):
            now = self._clock()
            async with self._database.transaction() as transaction:
                erasure = await ErasureRepository(transaction).claim(now, now + ERASURE_LEASE)
            if erasure is None:
                return count
            await self._attempt(erasure, now)
        return MAX_ERASURES_A_ROUND

    async def _attempt(self, erasure: Erasure, began_at: datetime) -> None:
        if erasure.published_at is None:
            await self._publish_again(erasure.user_id)
        is_erased = True
        for target in self._targets:
            is_erased = await target.erase(erasure.user_id) and is_erased
        now = self._clock()
        async with self._database.transaction() as transaction:
            erasures = ErasureRepository(transaction)
            if is_erased and erasure.is_last_word(began_at):
                await erasures.finish(erasure.user_id)
                log.info("erasure.finished", user_id=erasure.user_id, attempts=erasure.attempts)
            else:
                until = erasure.next_attempt_at(now, is_erased=is_erased)
                await erasures.put_off(erasure.user_id, until)

    async def _announce(self, user_id: str, sids: Sequence[RevokedSid]) -> None:
        try:
            await self._publisher.publish(sids)
        except (RedisError, OSError) as error:
            # The database knows; the first attempt tells the others when Redis is back.
            log.warning("erasure.announce_failed", error=error)
        else:
            await self._note_published(user_id)

    async def _publish_again(self, user_id: str) -> None:
        try:
            await self._revocations.republish()
        except (RedisError, OSError) as error:
            log.warning("erasure.announce_failed", error=error)
        else:
            await self._note_published(user_id)

    async def _note_published(self, user_id: str) -> None:
        async with self._database.transaction() as transaction:
            await ErasureRepository(transaction).note_published(user_id, self._clock())
