"""Keeps the revoked sessions in Redis complete, and lists them for verifiers."""

from datetime import datetime
from typing import Final

import structlog

from auth_session.domain.limits import VERIFIER_LEEWAY
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.storage.revoked_sid_repository import RevokedSidRepository
from todochat.clock import Clock
from todochat.database import Database
from todochat.identity.revocation_feed import PAGE, RevocationPage, RevokedSession

_BATCH_SIZE: Final = 500

log = structlog.get_logger(__name__)


class RevocationService:
    """Republishes revocations from the database; Redis may have lost or missed any of them."""

    def __init__(self, database: Database, publisher: RevocationPublisher, clock: Clock) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock

    async def republish_if_lost(self) -> None:
        """Republish if Redis has lost its data: until then revoked sessions are accepted."""
        if not await self._publisher.is_complete():
            await self.republish()

    async def read_page(self, since: datetime, after: str) -> RevocationPage:
        """Return a page of the revocations since a time, for verifiers."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            revoked = await RevokedSidRepository(transaction).list_page(
                now - VERIFIER_LEEWAY, after=after, limit=PAGE, revoked_since=since
            )
        return RevocationPage(
            items=[
                RevokedSession(item.sid, (item.tokens_until + VERIFIER_LEEWAY).timestamp())
                for item in revoked
            ],
            next=revoked[-1].sid if len(revoked) == PAGE else None,
            as_of=int(now.timestamp()),
        )

    async def republish(self) -> int:
        """Write every revoked sid with unexpired tokens to Redis, and send messages for missing ones.

        Returns:
            The number of sids that Redis didn't have.
        """
        now, run_id = self._clock(), await self._publisher.get_run_id()
        await self._publisher.remove_expired(now)
        after, missing = "", 0
        while True:
            async with self._database.transaction() as transaction:
                revoked = await RevokedSidRepository(transaction).list_page(
                    now - VERIFIER_LEEWAY, after=after, limit=_BATCH_SIZE
                )
            if not revoked:
                break
            missing += await self._publisher.publish(revoked)
            after = revoked[-1].sid
        await self._publisher.mark_complete(run_id)
        if missing:
            log.info("revocations.republished", count=missing)
        return missing
