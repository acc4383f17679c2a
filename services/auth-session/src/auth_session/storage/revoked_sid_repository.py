"""Queries of revoked sessions and access tokens whose tokens may not have expired."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.session import RevokedSid
from auth_session.storage.records import AccessTokenRecord, ErasedSidRecord, SessionRecord

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class RevokedSidRepository:
    """Revoked sids, including those of erased accounts, within one transaction."""

    def __init__(self, transaction: AsyncSession) -> None:
        self._transaction = transaction

    async def list_page(
        self,
        tokens_after: datetime,
        *,
        after: str,
        limit: int,
        revoked_since: datetime = _EPOCH,
    ) -> list[RevokedSid]:
        """Return revoked sids with tokens that expire after `tokens_after`, in the order of sids.

        Args:
            revoked_since: leaves out earlier revocations; sids of erased accounts, which have no
                time of revocation, are always included.
        """
        revoked = union_all(
            select(SessionRecord.id.label("sid"), SessionRecord.tokens_until).where(
                SessionRecord.revoked_at >= revoked_since,
                SessionRecord.tokens_until > tokens_after,
            ),
            select(AccessTokenRecord.id, AccessTokenRecord.tokens_until).where(
                AccessTokenRecord.revoked_at >= revoked_since,
                AccessTokenRecord.tokens_until > tokens_after,
            ),
            select(ErasedSidRecord.sid, ErasedSidRecord.tokens_until).where(
                ErasedSidRecord.tokens_until > tokens_after
            ),
        ).subquery()
        rows = await self._transaction.execute(
            select(revoked.c.sid, revoked.c.tokens_until)
            .where(revoked.c.sid > after)
            .order_by(revoked.c.sid)
            .limit(limit)
        )
        return [RevokedSid(sid=sid, tokens_until=until) for sid, until in rows]
