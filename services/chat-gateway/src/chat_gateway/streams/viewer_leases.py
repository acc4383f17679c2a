"""Who is watching which run, over all gateways.

A run is cancelled for absence only if no viewer ever sent `X-Resumable: 1` or attached, the last
viewer's client closed the stream (a gateway that drains, dies or refuses is not the client), and
nobody came back for ABANDON_GRACE_S. Viewers of one run may be on different gateways, so each has a lease
in Redis, renewed while its stream is open; `absence` does the cancelling.

Every doubt is decided for the run: until the leases of a killed gateway end, its runs count as
watched, and a run whose last viewer it had is left to finish.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import structlog

from chat_gateway.streams import keys
from chat_gateway.streams.admission import LEASE_S
from chat_gateway.streams.redis_guard import FAILURES, TIMEOUT_S, Pipe
from chat_gateway.streams.stream_format import UNAUTHORIZED
from chat_gateway.streams.viewer import Viewer
from todochat.bus.redis_client import RedisClient
from todochat.identity.revocation import REVOKED_KEY, RevocationSet

RENEW_S: Final = LEASE_S / 3
RENEW_BATCH: Final = 200
RESUMABLE_TTL_S: Final = 24 * 3600

# KEYS: viewers, resumable flag. ARGV: viewer id, now. Tells whether the run may be abandoned now.
_LEAVE: Final = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
return redis.call('ZCARD', KEYS[1]) == 0 and redis.call('EXISTS', KEYS[2]) == 0
"""

log = structlog.get_logger(__name__)


class ViewerLeases:
    """Keeps the leases of this process's viewers.

    Args:
        grace_s: how long after the last client's leaving a run counts as abandoned.
    """

    def __init__(self, redis: RedisClient, revocations: RevocationSet, grace_s: float) -> None:
        self._redis = redis
        self._revocations = revocations
        self._grace_s = grace_s

    async def arrive(self, viewer: Viewer) -> None:
        """Note that a viewer is there.

        Also closes it if its session was signed out between its admission and now: a sign-out
        from now on finds it among the open streams. Without Redis, or 3 s without an answer, the
        viewer just stays; the next renewal notes it.
        """
        if viewer.identity.sid in self._revocations:
            viewer.close(UNAUTHORIZED)
            return
        try:
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            pipeline.zscore(REVOKED_KEY, viewer.identity.sid)
            pipeline.zrem(keys.ABSENT, absent_member(viewer.run_id, viewer.identity.user_id))
            _renew(pipeline, viewer)
            async with asyncio.timeout(TIMEOUT_S):
                revoked_until = (await pipeline.execute())[0]
        except FAILURES as error:
            log.warning("presence.arrive_failed", run_id=viewer.run_id, error=error)
            return
        if revoked_until is not None and revoked_until >= time.time():
            viewer.close(UNAUTHORIZED)

    async def leave(self, viewer: Viewer, *, client_closed: bool) -> None:
        """Note that a viewer is gone; if its client closed and it was the last, start the clock.

        Without Redis, or 3 s without an answer, its lease ends by itself and no clock starts. Nor
        does one after a resumable viewer: a full Redis may have refused its flag.
        """
        user_id = viewer.identity.user_id
        viewer.has_left = True
        try:
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            run_keys = (keys.viewers(viewer.run_id), keys.resumable(viewer.run_id))
            pipeline.eval(_LEAVE, 2, *run_keys, viewer.viewer_id, time.time())
            pipeline.zrem(keys.streams(user_id), viewer.viewer_id)
            async with asyncio.timeout(TIMEOUT_S):
                is_unwatched = (await pipeline.execute())[0]
                if is_unwatched and client_closed and not viewer.is_resumable:
                    await self._start_clock(absent_member(viewer.run_id, user_id))
        except FAILURES as error:
            log.warning("presence.leave_failed", run_id=viewer.run_id, error=error)

    async def renew(self, viewers: Iterable[Viewer]) -> None:
        """Renew the leases of all open streams.

        Raises:
            RedisError: Redis doesn't answer; the leases last for two more tries.
        """
        present = list(viewers)
        for start in range(0, len(present), RENEW_BATCH):
            batch = present[start : start + RENEW_BATCH]
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            for viewer in batch:
                _renew(pipeline, viewer)
            await pipeline.execute()
            await self._take_back([viewer for viewer in batch if viewer.has_left])

    async def _take_back(self, left: list[Viewer]) -> None:
        """End leases that were renewed just after their viewers had left."""
        if left:
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            for viewer in left:
                pipeline.zrem(keys.viewers(viewer.run_id), viewer.viewer_id)
                pipeline.zrem(keys.streams(viewer.identity.user_id), viewer.viewer_id)
            await pipeline.execute()

    async def _start_clock(self, member: str) -> None:
        pipeline: Pipe = self._redis.pipeline(transaction=False)
        pipeline.zadd(keys.ABSENT, {member: time.time() + self._grace_s})
        pipeline.expire(keys.ABSENT, int(self._grace_s) + keys.ABSENT_TTL_S)
        await pipeline.execute()


def absent_member(run_id: str, user_id: str) -> str:
    """Return a run's name in the set of runs that nobody watches."""
    return f"{run_id} {user_id}"


def _renew(pipeline: Pipe, viewer: Viewer) -> None:
    until = time.time() + LEASE_S
    for key in (keys.viewers(viewer.run_id), keys.streams(viewer.identity.user_id)):
        pipeline.zadd(key, {viewer.viewer_id: until})
        pipeline.expire(key, LEASE_S)
    if viewer.is_resumable:
        pipeline.set(keys.resumable(viewer.run_id), b"1", ex=RESUMABLE_TTL_S)
