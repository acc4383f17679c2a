"""Everything that is revoked while tokens of it may still live."""

from datetime import datetime

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.session import RevokedSid
from auth_session.storage.access_token_record import AccessTokenRecord
from auth_session.storage.erasure_record import ErasedSidRecord
from auth_session.storage.session_record import SessionRecord


class RevokedRepository:
    """Revoked sessions and access tokens, and those of erased accounts, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, tokens_after: datetime, *, after: str, limit: int) -> list[RevokedSid]:
        """Return revoked sids with tokens that live past `tokens_after`, in the order of sids."""
        revoked = union_all(
            select(SessionRecord.id.label("sid"), SessionRecord.tokens_until).where(
                SessionRecord.revoked_at.is_not(None), SessionRecord.tokens_until > tokens_after
            ),
            select(AccessTokenRecord.id, AccessTokenRecord.tokens_until).where(
                AccessTokenRecord.revoked_at.is_not(None),
                AccessTokenRecord.tokens_until > tokens_after,
            ),
            select(ErasedSidRecord.sid, ErasedSidRecord.tokens_until).where(
                ErasedSidRecord.tokens_until > tokens_after
            ),
        ).subquery()
        rows = await self._session.execute(
            select(revoked.c.sid, revoked.c.tokens_until)
            .where(revoked.c.sid > after)
            .order_by(revoked.c.sid)
            .limit(limit)
        )
        return [RevokedSid(sid=sid, tokens_until=until) for sid, until in rows]
