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
from auth_session.storage.records import (
    AccessTokenRecord,
    Base,
    ErasedSidRecord,
    InvitationRecord,
    RefreshTokenRecord,
    SessionRecord,
    SignInFailureRecord,
)


async def purge_expired(transaction: AsyncSession, now: datetime, limit: int) -> dict[str, int]:
    """Delete at most `limit` expired rows of each kind; return the number of each.

    A rotated refresh token is kept until it would have expired, so that its reuse is detected. A
    session is kept until no verifier accepts its last token.
    """
    token_cutoff = now - VERIFIER_LEEWAY
    failure_cutoff = now - SIGN_IN_WINDOW - MAX_SIGN_IN_DELAY
    return {
        "refresh_tokens": await _delete(
            transaction,
            RefreshTokenRecord,
            [RefreshTokenRecord.token_hash],
            [RefreshTokenRecord.expires_at < now],
            limit,
        ),
        "sessions": await _delete(
            transaction,
            SessionRecord,
            [SessionRecord.id],
            [SessionRecord.expires_at < now, SessionRecord.tokens_until < token_cutoff],
            limit,
        ),
        "sign_in_failures": await _delete(
            transaction,
            SignInFailureRecord,
            [SignInFailureRecord.account_key, SignInFailureRecord.address],
            [SignInFailureRecord.last_failed_at < failure_cutoff],
            limit,
        ),
        "invitations": await _delete(
            transaction,
            InvitationRecord,
            [InvitationRecord.code_hash],
            [InvitationRecord.expires_at < now],
            limit,
        ),
        "access_tokens": await _delete(
            transaction,
            AccessTokenRecord,
            [AccessTokenRecord.id],
            [
                or_(
                    and_(
                        AccessTokenRecord.revoked_at.is_not(None),
                        AccessTokenRecord.tokens_until < token_cutoff,
                    ),
                    AccessTokenRecord.expires_at < now - EXPIRED_ACCESS_TOKEN_LISTED,
                )
            ],
            limit,
        ),
        "erased_sids": await _delete(
            transaction,
            ErasedSidRecord,
            [ErasedSidRecord.sid],
            [ErasedSidRecord.tokens_until < token_cutoff],
            limit,
        ),
    }


async def _delete(
    transaction: AsyncSession,
    record: type[Base],
    key: list[InstrumentedAttribute[str] | InstrumentedAttribute[bytes]],
    where: list[ColumnElement[bool]],
    limit: int,
) -> int:
    # SKIP LOCKED: another process may be purging, or a request may hold the row.
    expired = select(*key).where(*where).limit(limit).with_for_update(skip_locked=True)
    deleted = await transaction.execute(
        delete(record).where(tuple_(*key).in_(expired)).returning(*key)
    )
    return len(deleted.all())
