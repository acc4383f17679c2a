"""Closes a session's streams within a second of its sign-out."""

import asyncio
from typing import Final

from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.redis_guard import TIMEOUT_S
from todochat.bus import RunHub
from todochat.bus.redis_client import RedisClient
from todochat.identity.revocation import (
    REVOCATIONS_CHANNEL,
    REVOKED_KEY,
    RevocationSet,
    is_revoked,
)

RECHECK_S: Final = 0.8  # bounds the delay if a message is lost with its connection
RECHECK_BATCH: Final = 500


class SignOutWatcher:
    """Closes the streams of revoked sessions.

    Sign-outs arrive as messages on the hub's Pub/Sub connection, and are looked up in Redis every
    0.8 s for the sessions that have a stream. `revocations` also gets them from auth-session.
    """

    def __init__(
        self,
        redis: RedisClient,
        hub: RunHub,
        open_streams: OpenStreams,
        revocations: RevocationSet,
    ) -> None:
        self._redis = redis
        self._open_streams = open_streams
        revocations.on_revoked(open_streams.close_session)
        hub.listen(REVOCATIONS_CHANNEL, lambda sid: revocations.hear(sid.decode()))

    async def recheck(self) -> None:
        """Close the streams of every session that is revoked by now.

        Raises:
            RedisError, TimeoutError: Redis is unreachable.
        """
        sids = self._open_streams.sids
        for start in range(0, len(sids), RECHECK_BATCH):
            batch = sids[start : start + RECHECK_BATCH]
            async with asyncio.timeout(TIMEOUT_S):
                scores = await self._redis.zmscore(REVOKED_KEY, batch)
            for sid, revoked_until in zip(batch, scores, strict=True):
                if is_revoked(revoked_until):
                    self._open_streams.close_session(sid)
