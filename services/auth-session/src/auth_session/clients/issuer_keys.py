"""The public keys of an external issuer."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import jwt
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from auth_session.errors import IssuerUnavailableError
from todochat.http.client import read_bounded

MAX_AGE_S: Final = 300.0
# A key that was withdrawn is not believed for longer, whatever becomes of the issuer.
MAX_STALE_S: Final = 24 * 3600.0
MIN_FETCH_INTERVAL_S: Final = 10.0
FETCH_TIMEOUT_S: Final = 3.0
MAX_DOCUMENT_BYTES: Final = 256 * 1024
MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048
_PUBLIC_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

log = structlog.get_logger(__name__)


class IssuerKey(msgspec.Struct, frozen=True):
    """A public key, and the only algorithm it may be used with, if its issuer says one."""

    key: PublicKey
    algorithm: str | None


class _Jwks(msgspec.Struct):
    keys: list[dict[str, Any]]


class IssuerKeys:
    """Keys by `kid`, cached for five minutes; single flight, at most one fetch every 10 s.

    While the issuer is down the keys last seen serve on, for a day.
    """

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http
        self._keys: dict[str, IssuerKey] = {}
        self._loaded_at = float("-inf")
        self._fetched_at = float("-inf")
        self._failed = False
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def get(self, kid: str | None) -> IssuerKey | None:
        """Return a key, or None if the issuer publishes no such key.

        Args:
            kid: None for the only key of an issuer that has one.

        Raises:
            IssuerUnavailableError: the key isn't known and the issuer can't be asked.
        """
        if self._age_s() > MAX_STALE_S:
            self._keys = {}
        key = self._find(kid)
        if key is None:
            await self._refresh()
            key = self._find(kid)
            if key is None and self._failed:
                raise IssuerUnavailableError
        elif (
            self._age_s() > MAX_AGE_S
            and self._may_fetch()
            and (self._refreshing is None or self._refreshing.done())
        ):
            self._refreshing = asyncio.create_task(self._refresh(), name="issuer-keys")
        return key

    async def aclose(self) -> None:
        """End a fetch in the background."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing], timeout=FETCH_TIMEOUT_S)

    def _find(self, kid: str | None) -> IssuerKey | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid or "")

    def _age_s(self) -> float:
        return time.monotonic() - self._loaded_at

    def _may_fetch(self) -> bool:
        return time.monotonic() - self._fetched_at > MIN_FETCH_INTERVAL_S

    async def _refresh(self) -> None:
        async with self._lock:
            if not self._may_fetch():
                return  # somebody else has just asked
            try:
                self._keys = parse_keys(await self._fetch())
            except (aiohttp.ClientError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
                log.warning("issuer_keys.fetch_failed", url=self._url, error=error)
                self._failed = True
            else:
                self._failed = False
                self._loaded_at = time.monotonic()
            self._fetched_at = time.monotonic()

    async def _fetch(self) -> bytes:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        async with self._http.get(self._url, timeout=timeout, allow_redirects=False) as response:
            if response.status != 200:
                msg = f"the issuer answered {response.status}"
                raise ValueError(msg)
            return await read_bounded(response, MAX_DOCUMENT_BYTES)


def parse_keys(document: bytes) -> dict[str, IssuerKey]:
    """Return the usable public keys of a JSON Web Key set by `kid`.

    What is of no use here (keys that encrypt, shared secrets, unknown curves, weak RSA keys) is
    passed over: an issuer may publish it for others.

    Raises:
        ValueError: it is no JSON Web Key set, or has too many keys.
        msgspec.MsgspecError: the same.
    """
    entries = msgspec.json.decode(document, type=_Jwks).keys
    if len(entries) > MAX_KEYS:
        msg = f"more than {MAX_KEYS} keys"
        raise ValueError(msg)
    return {
        str(entry.get("kid", "")): key
        for entry in entries
        if (key := _parse_key(entry)) is not None
    }


def _parse_key(entry: Mapping[str, Any]) -> IssuerKey | None:
    if entry.get("kty") not in _PUBLIC_TYPES or entry.get("use", "sig") != "sig":
        return None
    try:
        # Without `alg`: it may name any algorithm, the key's type decides which ones fit.
        key = jwt.PyJWK({name: entry[name] for name in entry if name != "alg"}).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, PublicKey):
        return None  # somebody published a private key
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        return None
    algorithm = entry.get("alg")
    return IssuerKey(key, None if algorithm is None else str(algorithm))
