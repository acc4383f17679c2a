"""Public keys of auth-session, cached in memory and in Redis.

`auth:jwks`: string, the last JWKS document seen; TTL 7 days; written and read by every verifier,
so that a service can start while auth-session is down.
"""

import asyncio
import time
from typing import Final

import aiohttp
import jwt
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from redis.exceptions import RedisError

from todochat.bus.redis_client import RedisClient
from todochat.errors import UnavailableError
from todochat.http.client import read_bounded

REDIS_KEY: Final = "auth:jwks"
REDIS_TTL_S: Final = 7 * 24 * 3600
MAX_AGE_S: Final = 300.0
MIN_FETCH_INTERVAL_S: Final = 10.0
MIN_FIRST_FETCH_INTERVAL_S: Final = 1.0  # while no key is known at all
FETCH_TIMEOUT_S: Final = 3.0
MAX_DOCUMENT_BYTES: Final = 64 * 1024

log = structlog.get_logger(__name__)


class _Jwk(msgspec.Struct):
    kid: str
    kty: str
    crv: str
    x: str


class _Jwks(msgspec.Struct):
    keys: list[_Jwk]


class JwksCache:
    """Finds a public key by `kid`; single flight, at most one fetch every 10 s."""

    def __init__(self, url: str, session: aiohttp.ClientSession, redis: RedisClient) -> None:
        self._url = url
        self._session = session
        self._redis = redis
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._loaded_at = float("-inf")
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key, or None if no such key is published.

        A known key is returned at once; if the keys are old, they are fetched meanwhile.

        Raises:
            UnavailableError: no key has ever been seen and none can be fetched.
        """
        if kid not in self._keys and self._may_fetch():
            await self._find_once(kid)
        elif time.monotonic() - self._loaded_at > MAX_AGE_S and self._may_fetch():
            self._refresh_in_background()
        if not self._keys:
            raise UnavailableError("Tokens can't be verified yet: no public keys are known.")
        return self._keys.get(kid)

    def _may_fetch(self) -> bool:
        pause_s = MIN_FETCH_INTERVAL_S if self._keys else MIN_FIRST_FETCH_INTERVAL_S
        return time.monotonic() - self._fetched_at > pause_s

    def _refresh_in_background(self) -> None:
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh_once(), name="jwks-refresh")

    async def _find_once(self, kid: str) -> None:
        """Look for a key in Redis while none is known, then at auth-session."""
        async with self._lock:
            if not self._may_fetch():
                return
            if not self._keys and (document := await self._recall()) is not None:
                self._keys = _parse(document)
            if kid in self._keys:
                self._refresh_in_background()
            else:
                await self._refresh()

    async def _refresh_once(self) -> None:
        async with self._lock:
            if self._may_fetch():
                await self._refresh()

    async def _refresh(self) -> None:
        document = await self._fetch()
        if document is not None:
            await self._remember(document)
            self._keys = _parse(document)
            self._loaded_at = time.monotonic()
        self._fetched_at = time.monotonic()

    async def _fetch(self) -> bytes | None:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        try:
            async with self._session.get(self._url, timeout=timeout) as response:
                response.raise_for_status()
                document = await read_bounded(response, MAX_DOCUMENT_BYTES)
                _parse(document)
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError, ValueError) as error:
            log.warning("jwks.fetch_failed", url=self._url, error=error)
            return None
        return document

    async def _remember(self, document: bytes) -> None:
        try:
            await self._redis.set(REDIS_KEY, document, ex=REDIS_TTL_S)
        except (RedisError, OSError) as error:
            log.warning("jwks.remember_failed", error=error)

    async def _recall(self) -> bytes | None:
        try:
            document = await self._redis.get(REDIS_KEY)
        except (RedisError, OSError) as error:
            log.warning("jwks.recall_failed", error=error)
            return None
        return document if isinstance(document, bytes) else None


def _parse(document: bytes) -> dict[str, Ed25519PublicKey]:
    keys: dict[str, Ed25519PublicKey] = {}
    for jwk in msgspec.json.decode(document, type=_Jwks).keys:
        if jwk.kty == "OKP" and jwk.crv == "Ed25519":
            key = jwt.algorithms.OKPAlgorithm.from_jwk(msgspec.structs.asdict(jwk))
            if isinstance(key, Ed25519PublicKey):
                keys[jwk.kid] = key
    return keys
