"""Deletes expired rows in bounded batches."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from auth_session.domain.limits import (
    EXPIRED_ACCESS_TOKEN_LISTED,
    MAX_SIGN_IN_DELAY,
    SIGN_IN_WINDOW,
    VERIFIER_LEEWAY,
)
from auth_session.storage.access_token_record import AccessTokenRecord
from auth_session.storage.base import Base
from auth_session.storage.erasure_record import ErasedSidRecord
from auth_session.storage.session_record import (
    RefreshTokenRecord,
    SessionRecord,
    SignInFailureRecord,
)
from auth_session.storage.user_record import InvitationRecord


async def purge_expired(session: AsyncSession, now: datetime, limit: int) -> dict[str, int]:
    """Delete at most `limit` rows of each kind that expired, and say how many of each it was.

    A rotated refresh token stays until it would have expired anyway, so that showing it again is
    noticed. A session stays until its last token can no longer be accepted anywhere.
    """
    tokens_over = now - VERIFIER_LEEWAY
    failures_over = now - SIGN_IN_WINDOW - MAX_SIGN_IN_DELAY
    return {
        "refresh_tokens": await _delete(
            session,
            RefreshTokenRecord,
            [RefreshTokenRecord.token_hash],
            [RefreshTokenRecord.expires_at < now],
            limit,
        ),
        "sessions": await _delete(
            session,
            SessionRecord,
            [SessionRecord.id],
            [SessionRecord.expires_at < now, SessionRecord.tokens_until < tokens_over],
            limit,
        ),
        "sign_in_failures": await _delete(
            session,
            SignInFailureRecord,
            [SignInFailureRecord.account_key, SignInFailureRecord.address],
            [SignInFailureRecord.last_failed_at < failures_over],
            limit,
        ),
        "invitations": await _delete(
            session,
            InvitationRecord,
            [InvitationRecord.code_hash],
            [InvitationRecord.expires_at < now],
            limit,
        ),
        "access_tokens": await _delete(
            session, AccessTokenRecord, [AccessTokenRecord.id], [_is_over(now)], limit
        ),
        "erased_sids": await _delete(
            session,
            ErasedSidRecord,
            [ErasedSidRecord.sid],
            [ErasedSidRecord.tokens_until < tokens_over],
            limit,
        ),
    }


def _is_over(now: datetime) -> ColumnElement[bool]:
    """Tell which access tokens nobody has to hear of any more."""
    return or_(
        and_(
            AccessTokenRecord.revoked_at.is_not(None),
            AccessTokenRecord.tokens_until < now - VERIFIER_LEEWAY,
        ),
        AccessTokenRecord.expires_at < now - EXPIRED_ACCESS_TOKEN_LISTED,
    )


async def _delete(
    session: AsyncSession,
    record: type[Base],
    key: list[InstrumentedAttribute[str] | InstrumentedAttribute[bytes]],
    where: list[ColumnElement[bool]],
    limit: int,
) -> int:
    # SKIP LOCKED: another process purges at the same time, or a request holds the row.
    expired = select(*key).where(*where).limit(limit).with_for_update(skip_locked=True)
    deleted = await session.execute(delete(record).where(tuple_(*key).in_(expired)).returning(*key))
    return len(deleted.all())
