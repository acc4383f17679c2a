"""Resolves personal access tokens to users, by asking auth-session."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from http import HTTPStatus
from typing import Final

import msgspec

from todochat.errors import UnavailableError
from todochat.http.client import ServiceClient, UpstreamError
from todochat.identity.access_tokens import VerifiedAccessToken, VerifyAccessToken, is_well_formed

CACHE_S: Final = 5.0  # a revoked token stays valid for as long; equals the revocation list's age
UNREACHABLE_S: Final = 1.0  # pause after a failure, so that not every request waits for a timeout
MAX_CACHED: Final = 10_000
MAX_LOOKUPS: Final = 100  # concurrent lookups; guessing tokens must not saturate auth-session
_PATH: Final = "/internal/access-tokens/verify"
_NOBODY: Final = "-"  # the user isn't known before this call


class _CachedToken(msgspec.Struct, frozen=True):
    token: VerifiedAccessToken | None
    expires_at: float


class AccessTokenDirectory:
    """Verifies tokens with auth-session, and caches up to 10,000 responses for 5 s.

    Concurrent requests with the same token share one lookup.

    Args:
        client: for the arrow from tasks to auth-session.
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._cache: OrderedDict[bytes, _CachedToken] = OrderedDict()
        self._lookups: dict[bytes, asyncio.Task[VerifiedAccessToken | None]] = {}
        self._unreachable_until = float("-inf")

    async def find(self, token: str) -> VerifiedAccessToken | None:
        """Return the user and scopes of a token; None if it isn't valid.

        Raises:
            UnavailableError: auth-session is unreachable, or was within the last second, or 100
                lookups are in progress.
        """
        if not is_well_formed(token):
            return None
        key = hashlib.sha256(token.encode()).digest()
        cached = self._cache.get(key)
        if cached is not None and time.monotonic() < cached.expires_at:
            return cached.token
        lookup = self._lookups.get(key)
        if lookup is None:
            if len(self._lookups) >= MAX_LOOKUPS:
                raise UnavailableError("Too many access tokens are being verified.")
            if time.monotonic() < self._unreachable_until:
                raise UpstreamError("The access token can't be verified right now.")
            lookup = asyncio.create_task(self._look_up(key, token))
            self._lookups[key] = lookup
            lookup.add_done_callback(lambda done: self._end_lookup(key, done))
        # Shielded: other requests may wait for it when this one is cancelled.
        return await asyncio.shield(lookup)

    def _end_lookup(self, key: bytes, lookup: asyncio.Task[VerifiedAccessToken | None]) -> None:
        del self._lookups[key]
        if not lookup.cancelled():
            lookup.exception()  # retrieved, even if every caller was cancelled

    async def _look_up(self, key: bytes, token: str) -> VerifiedAccessToken | None:
        started_at = time.monotonic()
        body = msgspec.json.encode(VerifyAccessToken(token=token))
        try:
            response = await self._client.request("POST", _PATH, user_id=_NOBODY, json=body)
        except UpstreamError:
            self._unreachable_until = time.monotonic() + UNREACHABLE_S
            raise
        verified = None
        if response.status == HTTPStatus.OK:
            verified = msgspec.json.decode(response.body, type=VerifiedAccessToken)
        elif response.status != HTTPStatus.NOT_FOUND:
            raise UpstreamError("The access token can't be verified right now.")
        self._cache[key] = _CachedToken(verified, started_at + CACHE_S)
        self._cache.move_to_end(key)
        while len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
        return verified
