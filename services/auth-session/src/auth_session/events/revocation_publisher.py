"""Telling the other services which sessions are revoked, through Redis.

Key and channel are those of `todochat.revocation`; this service is their only writer.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from redis.asyncio import Redis

from auth_session.domain.limits import VERIFIER_LEEWAY
from auth_session.domain.session import RevokedSid, Session
from todochat.revocation import REVOCATIONS_CHANNEL, REVOCATIONS_TOLD_KEY, REVOKED_KEY


class RevocationPublisher:
    """Writes revoked sids to Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, sessions: Sequence[Session | RevokedSid]) -> int:
        """Add sessions to the revoked ones and announce those that weren't among them.

        Returns:
            How many were announced.
        """
        if not sessions:
            return 0
        async with self._redis.pipeline(transaction=False) as pipe:
            for session in sessions:
                over = session.tokens_until + VERIFIER_LEEWAY
                score = math.ceil(over.timestamp())
                pipe.zadd(REVOKED_KEY, {session.sid: score})  # type: ignore[unused-awaitable]
            added = await pipe.execute()
            new = [session.sid for session, is_new in zip(sessions, added, strict=True) if is_new]
            for sid in new:
                pipe.publish(REVOCATIONS_CHANNEL, sid)  # type: ignore[unused-awaitable]
            await pipe.execute()
        return len(new)

    async def mark_told(self) -> None:
        """Note in Redis itself that it was told everything."""
        await self._redis.set(REVOCATIONS_TOLD_KEY, 1)

    async def is_told(self) -> bool:
        """Whether Redis still has what it was told; False once it has lost its data."""
        return bool(await self._redis.exists(REVOCATIONS_TOLD_KEY))

    async def forget_expired(self, now: datetime) -> None:
        """Remove the sessions whose last token has expired."""
        await self._redis.zremrangebyscore(REVOKED_KEY, "-inf", f"({math.floor(now.timestamp())}")
