"""Everything that is revoked while tokens of it may still live."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.session import RevokedSid
from auth_session.storage.access_token_record import AccessTokenRecord
from auth_session.storage.erasure_record import ErasedSidRecord
from auth_session.storage.session_record import SessionRecord

_EVER: Final = datetime.fromtimestamp(0, UTC)


class RevokedRepository:
    """Revoked sessions and access tokens, and those of erased accounts, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self,
        tokens_after: datetime,
        *,
        after: str,
        limit: int,
        revoked_since: datetime = _EVER,
    ) -> list[RevokedSid]:
        """Return revoked sids with tokens that live past `tokens_after`, in the order of sids.

        Args:
            revoked_since: leaves out what was revoked before; those of erased accounts, of which
                that is not known, are always there.
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
        rows = await self._session.execute(
            select(revoked.c.sid, revoked.c.tokens_until)
            .where(revoked.c.sid > after)
            .order_by(revoked.c.sid)
            .limit(limit)
        )
        return [RevokedSid(sid=sid, tokens_until=until) for sid, until in rows]
