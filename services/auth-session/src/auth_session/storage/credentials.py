"""Ending what a user signs in with."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from auth_session.domain.limits import ACCESS_TOKEN_REVOCATION_TOLD
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
    """End a user's sessions and access tokens; return what verifiers have to hear after the commit.

    The account is locked first: a session or token that is being created at the same time is
    either committed and ended here, or its transaction finds the change.

    Args:
        reason: why the sessions ended, as stored with them.
        keep_sid: a session that stays.
        access_tokens: whether personal access tokens end, too.
    """
    await UserRepository(transaction).lock(user_id)
    sessions = await SessionRepository(transaction).revoke_all(user_id, reason, now, keep=keep_sid)
    ended = [RevokedSid(sid=each.sid, tokens_until=each.tokens_until) for each in sessions]
    if access_tokens:
        tokens = await AccessTokenRepository(transaction).revoke(
            user_id, None, now=now, known_until=now + ACCESS_TOKEN_REVOCATION_TOLD
        )
        ended += [RevokedSid(sid=each.id, tokens_until=each.tokens_until) for each in tokens]
    return ended
