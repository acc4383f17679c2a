"""Telling the other services which sessions are revoked, through Redis.

Key and channel are those of `todochat.identity.revocation`; this service is their only writer.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from redis.exceptions import RedisError

from auth_session.domain.limits import VERIFIER_LEEWAY
from auth_session.domain.session import RevokedSid, Session
from todochat.bus.redis_client import RedisClient
from todochat.identity.revocation import REVOCATIONS_CHANNEL, REVOCATIONS_TOLD_KEY, REVOKED_KEY

# KEYS: the revoked sids, which say which server of a cluster is meant.
_SERVER: Final = "return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')"


class RevocationPublisher:
    """Writes revoked sids to Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def publish(self, sessions: Sequence[Session | RevokedSid]) -> int:
        """Add sessions to the revoked ones and announce those that weren't among them.

        A Redis that is out of memory takes no more members, but still passes messages on. So they
        are announced all the same before the error is raised.

        Returns:
            How many were announced.

        Raises:
            RedisError: Redis can't be reached, or didn't take all of them.
        """
        if not sessions:
            return 0
        async with self._redis.pipeline(transaction=False) as pipe:
            for session in sessions:
                over = session.tokens_until + VERIFIER_LEEWAY
                score = math.ceil(over.timestamp())
                pipe.zadd(REVOKED_KEY, {session.sid: score})  # type: ignore[unused-awaitable]
            added = await pipe.execute(raise_on_error=False)
            new = [session.sid for session, is_new in zip(sessions, added, strict=True) if is_new]
            for sid in new:
                pipe.publish(REVOCATIONS_CHANNEL, sid)  # type: ignore[unused-awaitable]
            await pipe.execute()
        for reply in added:
            if isinstance(reply, RedisError):
                raise reply
        return len(new)

    async def server(self) -> str:
        """Return which start of which server this is; another one may have lost its last second."""
        run_id: bytes = await self._redis.eval(_SERVER, 1, REVOKED_KEY)
        return run_id.decode()

    async def mark_told(self, server: str) -> None:
        """Note in Redis itself that it was told everything, and as which `server`."""
        await self._redis.set(REVOCATIONS_TOLD_KEY, server)

    async def is_told(self) -> bool:
        """Whether Redis still has what it was told.

        False once it has lost its data, and after a restart or a failover: then the newest part
        may be missing, though the mark is there.
        """
        server = await self.server()
        return await self._redis.get(REVOCATIONS_TOLD_KEY) == server.encode()

    async def forget_expired(self, now: datetime) -> None:
        """Remove the sessions whose last token has expired."""
        await self._redis.zremrangebyscore(REVOKED_KEY, "-inf", f"({math.floor(now.timestamp())}")
