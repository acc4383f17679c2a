"""Sign-out closes the session's streams within a second."""

import time
from typing import Final

from chat_gateway.streams.open_streams import OpenStreams
from todochat.bus import RunHub
from todochat.redis_client import RedisClient
from todochat.revocation import REVOCATIONS_CHANNEL, REVOKED_KEY

RECHECK_S: Final = 0.8  # bounds what a message costs that is lost with its connection
RECHECK_BATCH: Final = 500


class SignOuts:
    """Hears of sign-outs on the hub's Pub/Sub connection, and asks for them besides."""

    def __init__(self, redis: RedisClient, hub: RunHub, open_streams: OpenStreams) -> None:
        self._redis = redis
        self._open_streams = open_streams
        hub.listen(REVOCATIONS_CHANNEL, lambda sid: open_streams.close_session(sid.decode()))

    async def recheck(self) -> None:
        """Close the streams of every session that is revoked by now.

        Raises:
            RedisError: Redis doesn't answer.
        """
        sids = self._open_streams.sids
        for start in range(0, len(sids), RECHECK_BATCH):
            batch = sids[start : start + RECHECK_BATCH]
            scores = await self._redis.zmscore(REVOKED_KEY, batch)
            for sid, revoked_until in zip(batch, scores, strict=True):
                if revoked_until is not None and revoked_until >= time.time():
                    self._open_streams.close_session(sid)
