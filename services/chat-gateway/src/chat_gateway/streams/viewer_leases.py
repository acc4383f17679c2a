"""Leases of viewers: which clients watch which run, over all gateways.

A run counts as abandoned only if no viewer ever sent `X-Resumable: 1` or attached, the last
viewer's client closed the stream (a gateway that drains, dies or refuses is not the client), and no
client returned within ABANDON_GRACE_S. Viewers of one run may be on different gateways, so each has
a lease in Redis, renewed while its stream is open. `abandonment` cancels the runs.

When in doubt the run continues: until the leases of a killed gateway expire, its runs count as
watched, and a run whose last viewer was there is left to finish.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import structlog

from chat_gateway.streams import keys
from chat_gateway.streams.admission import LEASE_S
from chat_gateway.streams.redis_guard import REDIS_ERRORS, TIMEOUT_S, Pipeline
from chat_gateway.streams.stream_format import UNAUTHORIZED
from chat_gateway.streams.viewer import StreamViewer
from todochat.bus.redis_client import RedisClient
from todochat.identity.revocation import REVOKED_KEY, RevocationSet, is_revoked

RENEW_S: Final = LEASE_S / 3
RENEW_BATCH: Final = 200
RESUMABLE_TTL_S: Final = 24 * 3600

# KEYS: viewers, resumable flag. ARGV: viewer id, now. Returns whether the run is unwatched.
_RELEASE: Final = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
return redis.call('ZCARD', KEYS[1]) == 0 and redis.call('EXISTS', KEYS[2]) == 0
"""

log = structlog.get_logger(__name__)


class ViewerLeases:
    """Keeps the leases of this process's viewers.

    Args:
        grace_s: time from the last client's leaving until a run counts as abandoned.
    """

    def __init__(self, redis: RedisClient, revocations: RevocationSet, grace_s: float) -> None:
        self._redis = redis
        self._revocations = revocations
        self._grace_s = grace_s

    async def acquire(self, viewer: StreamViewer) -> None:
        """Acquire the leases of a viewer whose stream opens.

        Also closes the viewer if its session was signed out between its admission and now; later
        sign-outs find it among the open streams. Best effort: without Redis, or after a timeout of
        3 s, the viewer stays and the next renewal acquires the leases.
        """
        if viewer.identity.sid in self._revocations:
            viewer.close(UNAUTHORIZED)
            return
        try:
            pipeline: Pipeline = self._redis.pipeline(transaction=False)
            pipeline.zscore(REVOKED_KEY, viewer.identity.sid)
            run = keys.unwatched_run(viewer.run_id, viewer.identity.user_id)
            pipeline.zrem(keys.UNWATCHED_RUNS, run)
            _renew(pipeline, viewer)
            async with asyncio.timeout(TIMEOUT_S):
                revoked_until = (await pipeline.execute())[0]
        except REDIS_ERRORS as error:
            log.warning("viewer_leases.acquire_failed", run_id=viewer.run_id, error=error)
            return
        if is_revoked(revoked_until):
            viewer.close(UNAUTHORIZED)

    async def release(self, viewer: StreamViewer, *, client_closed: bool) -> None:
        """Release a viewer's leases; if its client closed and was the last, start the grace period.

        Best effort: without Redis, or after a timeout of 3 s, the leases expire and no grace period
        starts. None starts after a resumable viewer either: a full Redis may have refused its flag.
        """
        user_id = viewer.identity.user_id
        viewer.has_left = True
        try:
            pipeline: Pipeline = self._redis.pipeline(transaction=False)
            run_keys = (keys.viewers(viewer.run_id), keys.resumable(viewer.run_id))
            pipeline.eval(_RELEASE, 2, *run_keys, viewer.viewer_id, time.time())
            pipeline.zrem(keys.streams(user_id), viewer.viewer_id)
            async with asyncio.timeout(TIMEOUT_S):
                is_unwatched = (await pipeline.execute())[0]
                if is_unwatched and client_closed and not viewer.is_resumable:
                    due_at = time.time() + self._grace_s
                    run = keys.unwatched_run(viewer.run_id, user_id)
                    pipeline = self._redis.pipeline(transaction=False)
                    pipeline.zadd(keys.UNWATCHED_RUNS, {run: due_at})
                    ttl_s = int(self._grace_s) + keys.UNWATCHED_RUNS_TTL_S
                    pipeline.expire(keys.UNWATCHED_RUNS, ttl_s)
                    await pipeline.execute()
        except REDIS_ERRORS as error:
            log.warning("viewer_leases.release_failed", run_id=viewer.run_id, error=error)

    async def renew(self, viewers: Iterable[StreamViewer]) -> None:
        """Renew the leases of all open streams.

        Raises:
            RedisError: Redis is unreachable; the leases outlast two more attempts.
        """
        present = list(viewers)
        for start in range(0, len(present), RENEW_BATCH):
            batch = present[start : start + RENEW_BATCH]
            pipeline: Pipeline = self._redis.pipeline(transaction=False)
            for viewer in batch:
                _renew(pipeline, viewer)
            await pipeline.execute()
            # Some may have left since; their leases were renewed after the release.
            if left := [viewer for viewer in batch if viewer.has_left]:
                pipeline = self._redis.pipeline(transaction=False)
                for viewer in left:
                    pipeline.zrem(keys.viewers(viewer.run_id), viewer.viewer_id)
                    pipeline.zrem(keys.streams(viewer.identity.user_id), viewer.viewer_id)
                await pipeline.execute()


def _renew(pipeline: Pipeline, viewer: StreamViewer) -> None:
    until = time.time() + LEASE_S
    for key in (keys.viewers(viewer.run_id), keys.streams(viewer.identity.user_id)):
        pipeline.zadd(key, {viewer.viewer_id: until})
        pipeline.expire(key, LEASE_S)
    if viewer.is_resumable:
        pipeline.set(keys.resumable(viewer.run_id), b"1", ex=RESUMABLE_TTL_S)
