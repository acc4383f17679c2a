"""Who may go in: revocation, rate limits and open streams, asked in one Redis round trip.

Why not the `limits` library: its `hit` is one round trip per limit, another one tells when there
is room again, and neither a place among the open streams nor the revocation check can ride along.
This is one script of twenty lines in one pipeline with one ZSCORE.

A limit counts in fixed minutes that begin with a user's first request, so "60 a minute" lets
exactly 60 in. What counts as a turn is decided by todo-agent's answer (202, a stream); what to
expect before the answer is learned from earlier ones, because the gateway doesn't know which
request types stream:

* A type that was answered with plain JSON, and never with a stream, counts as a request.
* Everything else, the simple form included, counts as a turn, also when it is refused.
* The first JSON answer of a type gives its turn back and counts as a request instead.
"""

import time
from typing import Final, Literal

from chat_gateway.errors import TooManyStreamsError, TooManyTurnsError
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams import keys
from chat_gateway.streams.redis_guard import Pipe, redis_or_503
from todochat.bus.redis_client import RedisClient
from todochat.errors import TooManyRequestsError, UnauthorizedError
from todochat.identity.revocation import REVOKED_KEY, RevocationSet
from todochat.identity.tokens import Identity
from todochat.ids import new_id

WINDOW_S: Final = 60
LEASE_S: Final = 60  # of a stream's place; renewed every LEASE_S / 3 while the stream is open
STREAM_RETRY_AFTER_S: Final = 5

Kind = Literal["turn", "request"]

# Redis checks its memory before a script with a shebang line runs. Without that line it checks only
# at the first write, and never after a command that frees memory.
_TURN: Final = "#!lua\n"
# Other requests read and stop runs, which needs to work on a full Redis; what they add is one
# counter and a few places for each user, and soon expires.
_REQUEST: Final = "#!lua flags=allow-oom\n"

# KEYS: counter, open streams. ARGV: limit, window, viewer id ("" = no stream), most streams, now,
# end of the lease. Returns what is full ("" = admitted) and the seconds until it has room again.
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
_ADMIT_TURN: Final = _TURN + _ADMIT
_ADMIT_REQUEST: Final = _REQUEST + _ADMIT

# KEYS: counter to give back to, counter to charge ("" = none). ARGV: window. Only a counter that
# is still there can be given back to: a new one would never expire.
_RECOUNT: Final = f"""{_REQUEST}
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then
  redis.call('DECR', KEYS[1])
end
if KEYS[2] and redis.call('INCR', KEYS[2]) == 1 then
  redis.call('EXPIRE', KEYS[2], ARGV[1])
end
"""


class AnswerKinds:
    """Remembers how todo-agent answered each request type, for this process.

    It knows only types that todo-agent has answered, so it stays small.
    """

    def __init__(self) -> None:
        self._streamed: set[str | None] = set()
        self._plain: set[str | None] = set()

    def expected(self, request_type: str | None) -> Kind:
        """Return what a request of this type is counted as before its answer is known."""
        is_plain = request_type in self._plain and request_type not in self._streamed
        return "request" if is_plain else "turn"

    def learn(self, request_type: str | None, answered: Kind) -> None:
        """Remember an answer; a type that streamed once counts as a turn from then on."""
        (self._streamed if answered == "turn" else self._plain).add(request_type)


class Admission:
    """Counts requests and open streams per user, over all gateways."""

    def __init__(
        self, redis: RedisClient, revocations: RevocationSet, settings: ChatGatewaySettings
    ) -> None:
        self._redis = redis
        self._revocations = revocations
        self._limits: dict[Kind, int] = {
            "turn": settings.turns_per_minute,
            "request": settings.requests_per_minute,
        }
        self._streams_per_user = settings.streams_per_user

    async def admit(self, identity: Identity, kind: Kind, *, opens_stream: bool) -> str:
        """Count a request and return the id of the viewer it may become.

        Args:
            opens_stream: also take a place among the user's open streams; who admitted it
                releases it, or keeps it alive with a `ViewerLeases`.

        Raises:
            UnauthorizedError: the session was signed out.
            TooManyTurnsError, TooManyRequestsError, TooManyStreamsError: a limit is reached.
            StoreUnavailableError: Redis doesn't answer, or has no memory for a turn.
        """
        self._revocations.check(identity.sid)
        viewer_id = new_id("vwr")
        now = time.time()
        counter = _counter(kind, identity.user_id)
        place = [counter, keys.streams(identity.user_id)]
        arguments: list[str | float] = [
            self._limits[kind],
            WINDOW_S,
            viewer_id if opens_stream else "",
            self._streams_per_user,
            now,
            now + LEASE_S,
        ]
        async with redis_or_503():
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            pipeline.zscore(REVOKED_KEY, identity.sid)
            script = _ADMIT_TURN if kind == "turn" else _ADMIT_REQUEST
            pipeline.eval(script, 2, *place, *arguments)
            revoked_until, (full, wait_s) = await pipeline.execute()
        if revoked_until is not None and revoked_until >= now:
            if not full:
                await self._undo(identity.user_id, counter, viewer_id)
            raise UnauthorizedError("This session was signed out.")
        if full:
            raise self._refusal(full, kind, wait_s)
        return viewer_id

    async def release(self, user_id: str, viewer_id: str, *, was_request: bool) -> None:
        """Give back the place of a stream that was never opened.

        Args:
            was_request: what was admitted as a turn turned out to be a plain request; give the
                turn back and count it as that.
        """
        async with redis_or_503():
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            pipeline.zrem(keys.streams(user_id), viewer_id)
            if was_request:
                counters = (keys.turns(user_id), keys.requests(user_id))
                pipeline.eval(_RECOUNT, 2, *counters, WINDOW_S)
            await pipeline.execute()

    async def _undo(self, user_id: str, counter: str, viewer_id: str) -> None:
        """Leave the user's limits untouched by somebody who holds a signed-out secret."""
        async with redis_or_503():
            pipeline: Pipe = self._redis.pipeline(transaction=False)
            pipeline.eval(_RECOUNT, 1, counter)
            pipeline.zrem(keys.streams(user_id), viewer_id)
            await pipeline.execute()

    def _refusal(self, full: bytes, kind: Kind, wait_s: int) -> TooManyRequestsError:
        if full == b"streams":
            detail = f"At most {self._streams_per_user} streams may be open at a time."
            return TooManyStreamsError(detail, retry_after_s=STREAM_RETRY_AFTER_S)
        if kind == "turn":
            detail = f"At most {self._limits[kind]} messages a minute."
            return TooManyTurnsError(detail, retry_after_s=wait_s)
        detail = f"At most {self._limits[kind]} requests a minute."
        return TooManyRequestsError(detail, retry_after_s=wait_s)


def _counter(kind: Kind, user_id: str) -> str:
    return keys.turns(user_id) if kind == "turn" else keys.requests(user_id)
