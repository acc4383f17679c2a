"""Revoked sessions, as published in Redis.

auth-session's database is the source of truth; it publishes the sids whose tokens have not expired.
`auth:revoked`: sorted set, member = sid, score = unix time at which its last token expires;
written by auth-session, read by chat-gateway and tasks. `auth:revocations`: channel, message = sid.
`{auth:revoked}:told`: string, the run id of the Redis server to which all sids were written: missing
when Redis has lost its data, different after a restart that may have lost the last second.
auth-session checks both every second. Both keys are in one slot of a cluster, so it is the run id of
the node that has them.

Redis can be full or down, so verifiers also read the revoked sids from auth-session
(`todochat.identity.revocation_feed`).
"""

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from todochat.background import PeriodicJob
from todochat.bus.redis_client import RedisClient
from todochat.errors import UnauthorizedError

REVOKED_KEY: Final = "auth:revoked"
REVOCATIONS_COMPLETE_KEY: Final = "{auth:revoked}:told"
REVOCATIONS_CHANNEL: Final = "auth:revocations"
REFRESH_S: Final = 5.0
REFRESH_TIMEOUT_S: Final = 10.0
MAX_REVOKED: Final = 1_000_000
HEARD_S: Final = 24 * 3600 + 60  # a message has no expiry; no token lives longer

log = structlog.get_logger(__name__)


def is_revoked(until: float | None) -> bool:
    """Return whether a sid with this score in `auth:revoked` is revoked; None is a missing one."""
    return until is not None and until >= time.time()


class RevocationSet:
    """The revoked sids known to this process, each until its last token expires.

    It has at most 1,000,000. `refresh_job` adds those in Redis every 5 s. While Redis is
    unreachable, known revoked sessions stay rejected, and all others stay admitted.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._until: dict[str, float] = {}
        self._callbacks: list[Callable[[str], object]] = []

    def __contains__(self, sid: object) -> bool:
        return isinstance(sid, str) and is_revoked(self._until.get(sid))

    def on_revoked(self, callback: Callable[[str], object]) -> None:
        """Call `callback` with each sid that is added, once; it must not block."""
        self._callbacks.append(callback)

    def add(self, sid: str, until: float) -> None:
        """Add a revoked session; `until` is the unix time at which its last token expires."""
        is_new = sid not in self._until
        if is_new and len(self._until) >= MAX_REVOKED:
            self.drop_expired()
        if is_new and len(self._until) >= MAX_REVOKED:
            log.error("revocation.set_full", size=len(self._until))
        else:
            self._until[sid] = until
        if is_new:
            for callback in self._callbacks:
                callback(sid)

    def hear(self, sid: str) -> None:
        """Handle a message of `auth:revocations`."""
        if sid not in self._until:
            self.add(sid, time.time() + HEARD_S)

    def check(self, sid: str) -> None:
        """Reject a revoked session.

        Raises:
            UnauthorizedError: the session was signed out.
        """
        if sid in self:
            raise UnauthorizedError("This session was signed out.")

    def refresh_job(self) -> PeriodicJob:
        """Return the job that refreshes every 5 s."""
        return PeriodicJob(
            name="refresh-revocations",
            run=self.refresh,
            interval_s=REFRESH_S,
            timeout_s=REFRESH_TIMEOUT_S,
            expected=(RedisError, OSError),
        )

    async def refresh(self) -> None:
        """Add the revoked sids of Redis, and drop expired ones."""
        members: Any = await self._redis.zrangebyscore(
            REVOKED_KEY, int(time.time()), "+inf", start=0, num=MAX_REVOKED, withscores=True
        )
        self.drop_expired()
        for member, until in members:
            sid = member.decode() if isinstance(member, bytes) else str(member)
            self.add(sid, float(until))

    def drop_expired(self) -> None:
        """Drop the sessions whose last token has expired."""
        now = time.time()
        self._until = {sid: until for sid, until in self._until.items() if until >= now}
