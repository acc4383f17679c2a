"""Revokes the sessions and access tokens of a user."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.limits import ACCESS_TOKEN_REVOCATION_LIFETIME
from auth_session.domain.session import RevokedSid
from auth_session.storage.access_token_repository import AccessTokenRepository
from auth_session.storage.session_repository import SessionRepository
from auth_session.storage.user_repository import UserRepository


async def revoke_credentials(
    transaction: AsyncSession,
    user_id: str,
    reason: str,
    now: datetime,
    *,
    keep_sid: str | None = None,
    access_tokens: bool = True,
) -> list[RevokedSid]:
    """Revoke a user's sessions and access tokens; return the sids to publish after the commit.

    Locks the account first: a session or token that is being created at the same time is either
    committed and revoked here, or its transaction sees the change.

    Args:
        reason: stored with the sessions.
        keep_sid: a session to keep.
        access_tokens: whether to revoke personal access tokens as well.
    """
    await UserRepository(transaction).lock_account(user_id)
    sessions = await SessionRepository(transaction).revoke_sessions(
        user_id, reason, now, keep=keep_sid
    )
    revoked = [RevokedSid(sid=each.sid, tokens_until=each.tokens_until) for each in sessions]
    if access_tokens:
        tokens = await AccessTokenRepository(transaction).revoke_tokens(
            user_id, None, now=now, keep_until=now + ACCESS_TOKEN_REVOCATION_LIFETIME
        )
        revoked += [RevokedSid(sid=each.id, tokens_until=each.tokens_until) for each in tokens]
    return revoked
