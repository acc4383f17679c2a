"""Keeping Redis told of the revoked sessions whose tokens have not expired yet."""

from datetime import datetime
from typing import Final

import structlog

from auth_session.domain.clock import Clock
from auth_session.domain.limits import VERIFIER_LEEWAY
from auth_session.events.revocation_publisher import RevocationPublisher
from auth_session.storage.revoked_repository import RevokedRepository
from todochat.database import Database
from todochat.identity.revocation_feed import PAGE, RevocationPage, RevokedSession

_PAGE: Final = 500

log = structlog.get_logger(__name__)


class RevocationService:
    """Republishes what the database knows; Redis may have lost or missed any of it."""

    def __init__(self, database: Database, publisher: RevocationPublisher, clock: Clock) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock

    async def heal(self) -> None:
        """Republish at once if Redis has lost its data: until then the signed out are let in."""
        if not await self._publisher.is_told():
            await self.republish()

    async def read(self, since: datetime, after: str) -> RevocationPage:
        """Return a page of what was revoked since a moment, for a verifier."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            revoked = await RevokedRepository(transaction).page(
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
        """Write every revoked sid whose tokens live to Redis, and announce the missed ones.

        Returns:
            How many Redis didn't know.
        """
        now, server = self._clock(), await self._publisher.server()
        await self._publisher.forget_expired(now)
        after, missed = "", 0
        while True:
            async with self._database.transaction() as transaction:
                revoked = await RevokedRepository(transaction).page(
                    now - VERIFIER_LEEWAY, after=after, limit=_PAGE
                )
            if not revoked:
                break
            missed += await self._publisher.publish(revoked)
            after = revoked[-1].sid
        await self._publisher.mark_told(server)
        if missed:
            log.info("revocations.republished", count=missed)
        return missed
