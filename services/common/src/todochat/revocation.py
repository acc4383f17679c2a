"""Signed-out sessions, as Redis tells them.

auth-session's database is the truth; it publishes the sids whose tokens have not expired yet.
`auth:revoked`: sorted set, member = sid, score = unix time at which its last token expires;
written by auth-session, read by chat-gateway and tasks. `auth:revocations`: channel, message = sid.
`{auth:revoked}:told`: string, says that all sids were written, and to which start of which server
(its run id): gone when Redis has lost its data, another's after a restart that may have lost the
last second. auth-session looks for both every second. Both keys are in one slot of a cluster, so
the server is the one that has them.
"""

import asyncio
import time
from typing import Final

import structlog
from redis.exceptions import RedisError

from todochat.errors import UnauthorizedError
from todochat.redis_client import RedisClient

REVOKED_KEY: Final = "auth:revoked"
REVOCATIONS_TOLD_KEY: Final = "{auth:revoked}:told"
REVOCATIONS_CHANNEL: Final = "auth:revocations"
REFRESH_S: Final = 5.0
MAX_REVOKED: Final = 1_000_000

log = structlog.get_logger(__name__)


class RevocationSet:
    """A local copy of the revoked sids, refreshed every 5 s while `run` is running.

    While Redis can't be reached the last copy stays in force: nobody is let in who was known
    to be signed out, and nobody is shut out because Redis is down.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._sids: frozenset[str] = frozenset()

    def __contains__(self, sid: object) -> bool:
        return sid in self._sids

    def check(self, sid: str) -> None:
        """Refuse a signed-out session.

        Raises:
            UnauthorizedError: the session was signed out.
        """
        if sid in self._sids:
            raise UnauthorizedError("This session was signed out.")

    async def refresh(self) -> None:
        """Read the revoked sids from Redis."""
        now = int(time.time())
        members = await self._redis.zrangebyscore(
            REVOKED_KEY, now, "+inf", start=0, num=MAX_REVOKED
        )
        self._sids = frozenset(_text(member) for member in members)

    async def run(self) -> None:
        """Refresh until cancelled."""
        while True:
            try:
                await self.refresh()
            except (RedisError, OSError) as error:
                log.warning("revocation.refresh_failed", error=error)
            await asyncio.sleep(REFRESH_S)


def _text(member: object) -> str:
    return member.decode() if isinstance(member, bytes) else str(member)
