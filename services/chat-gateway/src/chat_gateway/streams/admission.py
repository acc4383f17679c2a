"""Admission: the revocation check, rate limits and stream slots, in one Redis round trip.

Why not the `limits` library: its `hit` takes one round trip per limit and another one for the time
of the reset, and neither the stream slots nor the revocation check can share them. This is one
script of twenty lines in one pipeline with one ZSCORE.

A limit counts in fixed minutes that begin with a user's first request, so "60 a minute" admits
exactly 60.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

import msgspec
import structlog

from chat_gateway.errors import (
    StoreUnavailableError,
    TooManyOpenStreamsError,
    TooManyTurnsError,
)
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams import keys
from chat_gateway.streams.redis_guard import Pipeline, redis_or_503
from todochat.bus.redis_client import RedisClient
from todochat.contracts.requests import STREAMING_REQUEST_TYPES
from todochat.errors import TooManyRequestsError, UnauthorizedError
from todochat.identity.revocation import REVOKED_KEY, RevocationSet, is_revoked
from todochat.identity.tokens import Identity
from todochat.ids import new_id

WINDOW_S: Final = 60
LEASE_S: Final = 60  # of a stream slot; renewed every LEASE_S / 3 while the stream is open
STREAM_RETRY_AFTER_S: Final = 5

Rate = Literal["turn", "request"]

# Redis checks its memory before a script with a shebang line runs. Without that line it checks only
# at the first write, and never after a command that frees memory.
_TURN_SHEBANG: Final = "#!lua\n"
# Other requests read and stop runs, which must work on a full Redis; they add one counter and a few
# slots per user, which expire soon.
_REQUEST_SHEBANG: Final = "#!lua flags=allow-oom\n"

# KEYS: counter, open streams. ARGV: limit, window, viewer id ("" = no stream), most streams, now,
# end of the lease. Returns the limit that is reached ("" = admitted) and the seconds until it
# resets.
_ADMIT: Final = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used >= tonumber(ARGV[1]) then
  return {'rate', redis.call('TTL', KEYS[1])}
end
if ARGV[3] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
  if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then
    return {'streams', 0}
  end
  redis.call('ZADD', KEYS[2], ARGV[6], ARGV[3])
  redis.call('EXPIREAT', KEYS[2], math.ceil(ARGV[6]))
end
if redis.call('INCR', KEYS[1]) == 1 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {'', 0}
"""
_ADMIT_SCRIPTS: Final[dict[Rate, str]] = {
    "turn": _TURN_SHEBANG + _ADMIT,
    "request": _REQUEST_SHEBANG + _ADMIT,
}

# KEYS: counter, open streams. ARGV: viewer id. Decrements only a counter that exists: a new one
# would never expire.
_REFUND: Final = f"""{_REQUEST_SHEBANG}
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then
  redis.call('DECR', KEYS[1])
end
redis.call('ZREM', KEYS[2], ARGV[1])
"""

log = structlog.get_logger(__name__)


class Cost(msgspec.Struct, frozen=True):
    """The charge of one request.

    Attributes:
        rate: the limit it counts against: `turns_per_minute` or `requests_per_minute`.
        takes_stream_slot: whether it also takes one of the user's stream slots.
    """

    rate: Rate
    takes_stream_slot: bool = False


PLAIN_COST: Final = Cost("request")
STREAM_COST: Final = Cost("request", takes_stream_slot=True)
TURN_COST: Final = Cost("turn", takes_stream_slot=True)
EXPORT_COST: Final = Cost("turn")  # an export reads everything, so it costs as much as a message


def cost_of_request_type(request_type: str | None) -> Cost:
    """Return the cost of a chat request; None is the simple form, which always streams."""
    streams = request_type is None or request_type in STREAMING_REQUEST_TYPES
    return TURN_COST if streams else PLAIN_COST


class Admission(msgspec.Struct, kw_only=True):
    """An admitted request.

    Attributes:
        viewer_id: names the stream slot, and the viewer if the request opens a stream.
        started_at: `time.perf_counter()` at the request's arrival.
        holds_stream_slot: whether the slot must be released when the request ends.
    """

    identity: Identity
    viewer_id: str
    started_at: float
    holds_stream_slot: bool

    @property
    def user_id(self) -> str:
        """The user whose limits were charged."""
        return self.identity.user_id

    def hand_over_stream_slot(self) -> None:
        """Leave the slot to the relayed stream, which renews and releases it as a viewer lease."""
        self.holds_stream_slot = False


class AdmissionControl:
    """Counts requests and open streams per user, over all gateways."""

    def __init__(
        self, redis: RedisClient, revocations: RevocationSet, settings: ChatGatewaySettings
    ) -> None:
        self._redis = redis
        self._revocations = revocations
        self._limits: dict[Rate, int] = {
            "turn": settings.turns_per_minute,
            "request": settings.requests_per_minute,
        }
        self._streams_per_user = settings.streams_per_user

    async def admit(self, identity: Identity, cost: Cost, started_at: float) -> Admission:
        """Charge a request to its user.

        Raises:
            UnauthorizedError: the session was signed out.
            TooManyTurnsError, TooManyRequestsError, TooManyOpenStreamsError: a limit is reached.
            StoreUnavailableError: Redis is unreachable, or has no memory for a turn.
        """
        self._revocations.check(identity.sid)
        viewer_id, now, user_id = new_id("vwr"), time.time(), identity.user_id
        counter = keys.turns(user_id) if cost.rate == "turn" else keys.requests(user_id)
        user_keys = (counter, keys.streams(user_id))
        arguments: list[str | float] = [
            self._limits[cost.rate],
            WINDOW_S,
            viewer_id if cost.takes_stream_slot else "",
            self._streams_per_user,
            now,
            now + LEASE_S,
        ]
        async with redis_or_503():
            pipeline: Pipeline = self._redis.pipeline(transaction=False)
            pipeline.zscore(REVOKED_KEY, identity.sid)
            pipeline.eval(_ADMIT_SCRIPTS[cost.rate], 2, *user_keys, *arguments)
            revoked_until, (reached, reset_s) = await pipeline.execute()
        if is_revoked(revoked_until):
            if not reached:  # the holder of a signed-out secret doesn't use up the user's limits
                async with redis_or_503():
                    await self._redis.eval(_REFUND, 2, *user_keys, viewer_id)
            raise UnauthorizedError("This session was signed out.")
        if reached:
            raise self._limit_error(reached, cost.rate, reset_s)
        return Admission(
            identity=identity,
            viewer_id=viewer_id,
            started_at=started_at,
            holds_stream_slot=cost.takes_stream_slot,
        )

    @asynccontextmanager
    async def releasing_stream_slot(self, admission: Admission) -> AsyncIterator[None]:
        """Release the request's stream slot at the end, unless it was handed over to a stream.

        Best effort: without Redis the slot expires with its lease.
        """
        try:
            yield
        finally:
            if admission.holds_stream_slot:
                try:
                    async with redis_or_503():
                        await self._redis.zrem(keys.streams(admission.user_id), admission.viewer_id)
                except StoreUnavailableError:
                    log.warning("admission.release_failed", viewer_id=admission.viewer_id)

    def _limit_error(self, reached: bytes, rate: Rate, reset_s: int) -> TooManyRequestsError:
        if reached == b"streams":
            detail = f"You can have at most {self._streams_per_user} streams open."
            return TooManyOpenStreamsError(detail, retry_after_s=STREAM_RETRY_AFTER_S)
        if rate == "turn":
            detail = f"You can send at most {self._limits[rate]} messages per minute."
            return TooManyTurnsError(detail, retry_after_s=reset_s)
        detail = f"You can send at most {self._limits[rate]} requests per minute."
        return TooManyRequestsError(detail, retry_after_s=reset_s)
