"""Public keys of auth-session, cached in memory and in Redis.

`auth:jwks`: string, the last JWKS document fetched; TTL 7 days; written and read by every verifier,
so that a service can start while auth-session is down.
"""

from typing import Final

import aiohttp
import jwt
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from redis.exceptions import RedisError
from typing_extensions import override

from todochat.bus.redis_client import RedisClient
from todochat.errors import UnavailableError
from todochat.identity.key_cache import KeyCache

REDIS_KEY: Final = "auth:jwks"
REDIS_TTL_S: Final = 7 * 24 * 3600

log = structlog.get_logger(__name__)


class _Jwk(msgspec.Struct):
    kid: str
    kty: str
    crv: str
    x: str


class _Jwks(msgspec.Struct):
    keys: list[_Jwk]


class JwksCache(KeyCache[Ed25519PublicKey]):
    """auth-session's keys by `kid`; fetched at most every 10 s, or every second while none is known."""

    min_first_fetch_interval_s = 1.0

    def __init__(self, url: str, session: aiohttp.ClientSession, redis: RedisClient) -> None:
        super().__init__(url, session)
        self._redis = redis

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key, or None if no such key is published.

        A known key is returned at once; old keys are renewed in the background.

        Raises:
            UnavailableError: no key has ever been fetched, and none can be.
        """
        if kid not in self.keys and self.may_fetch:
            await self.refresh(kid)
        else:
            self.refresh_in_background()
        if not self.keys:
            raise UnavailableError("Tokens can't be verified yet: no public keys are known.")
        return self.keys.get(kid)

    @override
    def parse_keys(self, document: bytes) -> dict[str, Ed25519PublicKey]:
        keys: dict[str, Ed25519PublicKey] = {}
        for jwk in msgspec.json.decode(document, type=_Jwks).keys:
            if jwk.kty == "OKP" and jwk.crv == "Ed25519":
                key = jwt.algorithms.OKPAlgorithm.from_jwk(msgspec.structs.asdict(jwk))
                if isinstance(key, Ed25519PublicKey):
                    keys[jwk.kid] = key
        return keys

    @override
    async def store_document(self, document: bytes) -> None:
        try:
            await self._redis.set(REDIS_KEY, document, ex=REDIS_TTL_S)
        except (RedisError, OSError) as error:
            log.warning("jwks.store_failed", error=error)

    @override
    async def load_stored_keys(self) -> dict[str, Ed25519PublicKey]:
        try:
            document = await self._redis.get(REDIS_KEY)
        except (RedisError, OSError) as error:
            log.warning("jwks.load_failed", error=error)
            return {}
        return self.parse_keys(document) if isinstance(document, bytes) else {}
