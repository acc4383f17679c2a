"""Erases accounts: here in one transaction, in other services through an outbox with retries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from redis.exceptions import RedisError

from auth_session.clients.user_eraser import UserEraser
from auth_session.domain.erasure import Erasure
from auth_session.domain.limits import ACCESS_TOKEN_REVOCATION_LIFETIME, ERASURE_LEASE
from auth_session.errors import WrongPasswordError
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.service.revocation_service import RevocationService
from auth_session.storage.account_erasure_repository import AccountErasureRepository
from auth_session.storage.password_repository import PasswordRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.errors import NotFoundError

MAX_ERASURES_PER_RUN: Final = 100

log = structlog.get_logger(__name__)


class AccountErasureService:
    """Erases accounts in all services.

    Args:
        erasers: called in this order; a service that writes to another one comes first.
    """

    def __init__(
        self,
        database: Database,
        publisher: RevocationPublisher,
        revocations: RevocationService,
        erasers: Sequence[UserEraser],
        clock: Clock,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._revocations = revocations
        self._erasers = erasers
        self._clock = clock

    async def erase_account(self, user_id: str, confirmed_hash: str | None = None) -> None:
        """Delete an account, revoke its tokens, and queue its erasure in the other services.

        Args:
            confirmed_hash: hash of the password that confirmed the erasure; it must be current.

        Raises:
            NotFoundError: there is no such account.
            WrongPasswordError: the password was changed since it confirmed the erasure.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            erasures = AccountErasureRepository(transaction)
            await erasures.delete_address_data(user_id)
            password_hash = await PasswordRepository(transaction).lock_hash(user_id)
            if confirmed_hash is not None and password_hash not in (confirmed_hash, None):
                raise WrongPasswordError
            sids = await erasures.delete_account(
                user_id, now=now, keep_until=now + ACCESS_TOKEN_REVOCATION_LIFETIME
            )
        if sids is None:
            raise NotFoundError("This account doesn't exist.")
        log.info("erasure.started", user_id=user_id, sids=len(sids))
        # If Redis is unavailable, the first attempt publishes them.
        if await self._publisher.publish_best_effort(sids):
            await self._mark_published(user_id)

    async def measure_backlog(self) -> tuple[int, float]:
        """Return the number of unfinished erasures, and the age of the oldest in seconds."""
        async with self._database.transaction() as transaction:
            count, requested_at = await AccountErasureRepository(transaction).measure_backlog()
        if requested_at is None:
            return 0, 0.0
        return count, max(0.0, (self._clock() - requested_at).total_seconds())

    async def run_due_erasures(self) -> int:
        """Attempt the due erasures, at most 100; return their number."""
        for count in range(MAX_ERASURES_PER_RUN):
            now = self._clock()
            async with self._database.transaction() as transaction:
                erasure = await AccountErasureRepository(transaction).claim_due_erasure(
                    now, now + ERASURE_LEASE
                )
            if erasure is None:
                return count
            await self._attempt(erasure, now)
        return MAX_ERASURES_PER_RUN

    async def _attempt(self, erasure: Erasure, began_at: datetime) -> None:
        if erasure.published_at is None:
            try:
                await self._revocations.republish()
            except (RedisError, OSError) as error:
                log.warning("revocations.publish_failed", error=error)
            else:
                await self._mark_published(erasure.user_id)
        is_erased = True
        for eraser in self._erasers:
            is_erased = await eraser.erase_user(erasure.user_id) and is_erased
        now = self._clock()
        async with self._database.transaction() as transaction:
            erasures = AccountErasureRepository(transaction)
            if is_erased and erasure.is_final_from(began_at):
                await erasures.finish_erasure(erasure.user_id)
                log.info("erasure.finished", user_id=erasure.user_id, attempts=erasure.attempts)
            else:
                until = erasure.next_attempt_at(now, is_erased=is_erased)
                await erasures.reschedule(erasure.user_id, until)

    async def _mark_published(self, user_id: str) -> None:
        async with self._database.transaction() as transaction:
            await AccountErasureRepository(transaction).mark_published(user_id, self._clock())
