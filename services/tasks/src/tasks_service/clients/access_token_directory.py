"""Whom a personal access token speaks for; auth-session knows."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec

from todochat.errors import UnavailableError
from todochat.http.client import ServiceClient, ServiceResponse, UpstreamError
from todochat.identity.access_tokens import is_well_formed

CACHE_S: Final = 5.0  # how long a revoked token may still be taken; as old as the revoked sids
UNREACHABLE_S: Final = 1.0  # after a failure: a frozen auth-session must not delay every request
MAX_CACHED: Final = 10_000
MAX_LOOKUPS: Final = 100  # at once: somebody who tries tokens must not use auth-session up
_PATH: Final = "/internal/access-tokens/verify"
_NOBODY: Final = "-"  # whom the token is for is what this call asks


class VerifiedToken(msgspec.Struct, frozen=True):
    """A good token, as auth-session says."""

    user_id: str
    scopes: list[str]
    token_id: str
    sid: str
    expires_at: datetime | None


class _Known(msgspec.Struct, frozen=True):
    token: VerifiedToken | None
    until: float


class AccessTokenDirectory:
    """Asks auth-session, and remembers what it said for 5 s, of at most 10,000 tokens.

    Requests with the same token that come while one is being asked for wait for that answer.

    Args:
        client: of the arrow from tasks to auth-session.
        clock: seconds that only grow.
    """

    def __init__(
        self, client: ServiceClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._lookups: dict[bytes, asyncio.Task[VerifiedToken | None]] = {}
        self._unreachable_until = float("-inf")

    async def find(self, token: str) -> VerifiedToken | None:
        """Return whom a token speaks for; None if it isn't good.

        Raises:
            UnavailableError: auth-session doesn't answer, or didn't within the last second.
        """
        if not is_well_formed(token):
            return None
        key = hashlib.sha256(token.encode()).digest()
        known = self._known.get(key)
        if known is not None and self._clock() < known.until:
            return known.token
        lookup = self._lookups.get(key) or self._begin(key, token)
        # Shielded: others may wait for it when this caller goes away.
        return await asyncio.shield(lookup)

    def _begin(self, key: bytes, token: str) -> asyncio.Task[VerifiedToken | None]:
        if len(self._lookups) >= MAX_LOOKUPS:
            raise UnavailableError("Too many access tokens are being checked at this moment.")
        if self._clock() < self._unreachable_until:
            raise UpstreamError("The access token can't be checked right now.")
        lookup = asyncio.create_task(self._look_up(key, token))
        self._lookups[key] = lookup
        lookup.add_done_callback(lambda done: self._end(key, done))
        return lookup

    def _end(self, key: bytes, lookup: asyncio.Task[VerifiedToken | None]) -> None:
        del self._lookups[key]
        if not lookup.cancelled():
            lookup.exception()  # seen, even if every caller has gone

    async def _look_up(self, key: bytes, token: str) -> VerifiedToken | None:
        asked_at = self._clock()
        body = msgspec.json.encode({"token": token})
        try:
            response = await self._client.request("POST", _PATH, user_id=_NOBODY, json=body)
        except UpstreamError:
            self._unreachable_until = self._clock() + UNREACHABLE_S
            raise
        found = _read(response)
        self._known[key] = _Known(found, asked_at + CACHE_S)
        self._known.move_to_end(key)
        while len(self._known) > MAX_CACHED:
            self._known.popitem(last=False)
        return found


def _read(response: ServiceResponse) -> VerifiedToken | None:
    if response.status == HTTPStatus.NOT_FOUND:
        return None
    if response.status != HTTPStatus.OK:
        raise UpstreamError("The access token can't be checked right now.")
    return msgspec.json.decode(response.body, type=VerifiedToken)
