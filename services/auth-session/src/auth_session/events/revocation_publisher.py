"""Publishes revoked sessions to the other services through Redis.

Key and channel are those of `todochat.identity.revocation`; this service is their only writer.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from redis.exceptions import RedisError

from auth_session.domain.limits import VERIFIER_LEEWAY
from auth_session.domain.session import RevokedSid, UserSession
from todochat.bus.redis_client import RedisClient
from todochat.identity.revocation import REVOCATIONS_CHANNEL, REVOCATIONS_COMPLETE_KEY, REVOKED_KEY

# KEYS: the revoked sids, which select the server of a cluster.
_RUN_ID: Final = "return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')"


log = structlog.get_logger(__name__)


class RevocationPublisher:
    """Writes revoked sids to Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def publish(self, sessions: Sequence[UserSession | RevokedSid]) -> int:
        """Add sessions to the set of revoked ones, and send a message for each new one.

        A Redis that is out of memory stores no more members, but still delivers messages, so the
        messages are sent before the error is raised.

        Returns:
            The number of messages.

        Raises:
            RedisError: Redis can't be reached, or didn't store all of them.
        """
        if not sessions:
            return 0
        async with self._redis.pipeline(transaction=False) as pipe:
            for session in sessions:
                score = math.ceil((session.tokens_until + VERIFIER_LEEWAY).timestamp())
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

    async def publish_best_effort(self, sessions: Sequence[UserSession | RevokedSid]) -> bool:
        """Publish sessions after the commit that revoked them; log a failure.

        The database has the revocation: the republish job publishes it once Redis is back.

        Returns:
            Whether Redis has all of them.
        """
        try:
            await self.publish(sessions)
        except (RedisError, OSError) as error:
            log.warning("revocations.publish_failed", count=len(sessions), error=error)
            return False
        return True

    async def get_run_id(self) -> str:
        """Return the id of the server's run: another run may have lost the last second of data."""
        run_id: bytes = await self._redis.eval(_RUN_ID, 1, REVOKED_KEY)
        return run_id.decode()

    async def mark_complete(self, run_id: str) -> None:
        """Store in Redis itself that this run of the server received every revocation."""
        await self._redis.set(REVOCATIONS_COMPLETE_KEY, run_id)

    async def is_complete(self) -> bool:
        """Return whether Redis still has every revocation that was published.

        False after it has lost its data, and after a restart or a failover: then the newest data
        may be missing although the mark is there.
        """
        run_id = await self.get_run_id()
        return await self._redis.get(REVOCATIONS_COMPLETE_KEY) == run_id.encode()

    async def remove_expired(self, now: datetime) -> None:
        """Remove the sessions whose last token has expired."""
        await self._redis.zremrangebyscore(REVOKED_KEY, "-inf", f"({math.floor(now.timestamp())}")
