"""Caches the public keys of a token issuer: one fetch at a time, and not too often."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import aiohttp
import msgspec
import structlog

from todochat.http.client import read_bounded

KeyT = TypeVar("KeyT")

log = structlog.get_logger(__name__)


class KeyCache(ABC, Generic[KeyT]):
    """Keys of one JSON Web Key set by `kid`.

    Attributes:
        max_age_s: older keys are still used while a fetch in the background renews them.
        min_fetch_interval_s: fetches are at least this far apart.
        min_first_fetch_interval_s: the same while no key is known.
    """

    max_age_s: ClassVar[float] = 300.0
    min_fetch_interval_s: ClassVar[float] = 10.0
    min_first_fetch_interval_s: ClassVar[float] = 10.0
    fetch_timeout_s: ClassVar[float] = 3.0
    max_document_bytes: ClassVar[int] = 64 * 1024
    follows_redirects: ClassVar[bool] = True

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self._loaded_at = float("-inf")
        self._fetched_at = float("-inf")
        self.keys: dict[str, KeyT] = {}
        self.last_fetch_failed = False

    @abstractmethod
    def parse_keys(self, document: bytes) -> dict[str, KeyT]:
        """Return the usable keys of a JSON Web Key set.

        Raises:
            ValueError, msgspec.MsgspecError: the document is no JSON Web Key set.
        """

    async def load_stored_keys(self) -> dict[str, KeyT]:
        """Return keys that another process stored; read before the first fetch."""
        return {}

    async def store_document(self, document: bytes) -> None:
        """Store a fetched document for other processes."""

    @property
    def age_s(self) -> float:
        """Seconds since the keys were fetched."""
        return time.monotonic() - self._loaded_at

    @property
    def may_fetch(self) -> bool:
        """True if the last fetch is long enough ago."""
        pause_s = self.min_fetch_interval_s if self.keys else self.min_first_fetch_interval_s
        return time.monotonic() - self._fetched_at > pause_s

    def refresh_in_background(self) -> None:
        """Fetch the keys if they are old, without waiting for them."""
        is_refreshing = self._refreshing is not None and not self._refreshing.done()
        if self.age_s > self.max_age_s and self.may_fetch and not is_refreshing:
            self._refreshing = asyncio.create_task(self.refresh(), name="jwks-refresh")

    async def refresh(self, kid: str | None = None) -> None:
        """Fetch the keys, unless another caller just did.

        Args:
            kid: wanted key; once it is known, the fetch continues in the background.
        """
        async with self._lock:
            if not self.may_fetch:
                return
            if not self.keys:
                self.keys = await self.load_stored_keys()
            if kid is not None and kid in self.keys:
                self.refresh_in_background()
                return
            try:
                document = await self._fetch()
                keys = self.parse_keys(document)
            except (aiohttp.ClientError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
                log.warning("jwks.fetch_failed", url=self._url, error=error)
                self.last_fetch_failed = True
            else:
                await self.store_document(document)
                self.keys = keys
                self.last_fetch_failed = False
                self._loaded_at = time.monotonic()
            self._fetched_at = time.monotonic()

    async def aclose(self) -> None:
        """Cancel a fetch in the background."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing], timeout=self.fetch_timeout_s)

    async def _fetch(self) -> bytes:
        async with self._session.get(
            self._url,
            timeout=aiohttp.ClientTimeout(total=self.fetch_timeout_s),
            allow_redirects=self.follows_redirects,
        ) as response:
            if response.status != 200:
                msg = f"the issuer answered {response.status}"
                raise ValueError(msg)
            return await read_bounded(response, self.max_document_bytes)
