"""Signed-out sessions, as Redis tells them.

auth-session's database is the truth; it publishes the sids whose tokens have not expired yet.
`auth:revoked`: sorted set, member = sid, score = unix time at which its last token expires;
written by auth-session, read by chat-gateway and tasks. `auth:revocations`: channel, message = sid.
`{auth:revoked}:told`: string, says that all sids were written, and to which start of which server
(its run id): gone when Redis has lost its data, another's after a restart that may have lost the
last second. auth-session looks for both every second. Both keys are in one slot of a cluster, so
the server is the one that has them.

Redis can be full or away, so verifiers also read the revoked sids from auth-session itself
(`todochat.identity.revocation_feed`).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from todochat.bus.redis_client import RedisClient
from todochat.errors import UnauthorizedError

REVOKED_KEY: Final = "auth:revoked"
REVOCATIONS_TOLD_KEY: Final = "{auth:revoked}:told"
REVOCATIONS_CHANNEL: Final = "auth:revocations"
REFRESH_S: Final = 5.0
MAX_REVOKED: Final = 1_000_000
HEARD_S: Final = 24 * 3600 + 60  # a message doesn't name the expiry; no token lives longer

log = structlog.get_logger(__name__)


class RevocationSet:
    """The revoked sids that this process knows of, each until its last token expires.

    It holds at most 1,000,000. `run` adds those in Redis every 5 s. While Redis can't be reached
    nobody is let in who was known to be signed out, and nobody is shut out because Redis is down.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._until: dict[str, float] = {}
        self._callbacks: list[Callable[[str], object]] = []

    def __contains__(self, sid: object) -> bool:
        return isinstance(sid, str) and self._until.get(sid, 0.0) >= time.time()

    def on_revoked(self, callback: Callable[[str], object]) -> None:
        """Call `callback` with each sid that is added, once; it must not block."""
        self._callbacks.append(callback)

    def add(self, sid: str, until: float) -> None:
        """Note that a session is revoked; `until` is the unix time its last token expires at."""
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
        """Note a message of `auth:revocations`."""
        if sid not in self._until:
            self.add(sid, time.time() + HEARD_S)

    def check(self, sid: str) -> None:
        """Refuse a signed-out session.

        Raises:
            UnauthorizedError: the session was signed out.
        """
        if sid in self:
            raise UnauthorizedError("This session was signed out.")

    async def refresh(self) -> None:
        """Add the revoked sids of Redis, and drop those that have expired."""
        members: Any = await self._redis.zrangebyscore(
            REVOKED_KEY, int(time.time()), "+inf", start=0, num=MAX_REVOKED, withscores=True
        )
        self.drop_expired()
        for member, until in members:
            self.add(_text(member), float(until))

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            try:
                await self.refresh()
            except (RedisError, OSError) as error:
                log.warning("revocation.refresh_failed", error=error)
            await asyncio.sleep(REFRESH_S)

    def drop_expired(self) -> None:
        """Forget the sessions whose last token has expired."""
        now = time.time()
        self._until = {sid: until for sid, until in self._until.items() if until >= now}


def _text(member: object) -> str:
    return member.decode() if isinstance(member, bytes) else str(member)
