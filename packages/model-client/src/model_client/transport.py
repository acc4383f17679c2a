"""Streams from a model server over HTTP: pooled connections, timeouts, retries.

A request is retried only before the first byte of its response: afterwards a viewer may have seen
a part of the answer.
"""

import asyncio
import datetime as dt
import random
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, Self
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
import structlog
from yarl import URL

from model_client.errors import (
    ModelServerError,
    ModelUnreachableError,
    describe_connection_error,
    error_for_status,
)
from model_client.model_stream import ModelStream
from model_client.response_body import ReadTicks, ResponseBody
from todochat.surrogates import replace_surrogates

MAX_CONNECTIONS: Final = 1000  # more than the runs of a worker; limits what a fault may open
MAX_RETRY_AFTER_S: Final = 60.0
MAX_BACKOFF_S: Final = 8.0

_KEEP_ALIVE_S: Final = 30.0
_BACKOFF_S: Final = 0.5
_JITTER: Final = 0.25

log = structlog.get_logger(__name__)


class Timeouts(msgspec.Struct, frozen=True):
    """Limits on the waits for a model server, in seconds.

    Args:
        first_byte_s: from the request to the first byte of the response's body.
        idle_s: without data after that.
    """

    connect_s: float = 10.0
    first_byte_s: float = 600.0
    idle_s: float = 600.0


class ModelRequest(msgspec.Struct, frozen=True):
    """A POST request for a streamed answer.

    Args:
        path: follows the base URL, for example `/responses`.
        body: encoded JSON.
        headers: replace those of the server.
        query: added to that of the base URL.
    """

    path: str
    body: bytes
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}


class StreamServer(Protocol):
    """Streams answers; a `ModelServer`, or one without a network."""

    @property
    def base_url(self) -> str:
        """The URL that identifies the server."""
        ...

    def stream(
        self, request: ModelRequest, *, model: str, max_retries: int | None = None
    ) -> AbstractAsyncContextManager[ModelStream]:
        """Open the response to a request; see `ModelServer.stream`."""
        ...


class ModelServer:
    """An OpenAI-compatible server; opened in an event loop with `async with`.

    Proxies and their exceptions come from the environment (`HTTPS_PROXY`, `NO_PROXY`).

    Args:
        base_url: URL before `/responses`; its query is a part of every request.
        max_retries: of a request that failed without a byte of an answer.
        headers: for every request.
        tls: None for the system's certificates.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        *,
        timeouts: Timeouts | None = None,
        max_retries: int = 2,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.timeouts = timeouts or Timeouts()
        self.max_retries = max_retries
        self._base_url = URL(base_url)
        self._headers = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # proxies that compress a stream also delay it
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {api_key}"} if api_key else {}),
            **(headers or {}),
        }
        self._tls: ssl.SSLContext | bool = tls or True
        self._session: aiohttp.ClientSession | None = None
        self._ticks = ReadTicks()

    @property
    def base_url(self) -> str:
        """The URL that identifies the server."""
        return str(self._base_url)

    async def __aenter__(self) -> Self:
        # Found once: with `trust_env`, aiohttp starts two threads for each request.
        is_direct = proxy_bypass(self._base_url.host or "")
        proxy = None if is_direct else getproxies().get(self._base_url.scheme)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S, ssl=self._tls
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.timeouts.connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=proxy,
        )
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections, also those of streams in progress."""
        if self._session is not None:
            await self._session.close()

    async def get_json(self, path: str) -> Any:
        """Return the JSON at a path, without retries.

        Raises:
            ModelServerError: the request failed, or the response is no JSON.
        """
        response, stream = await self._send("GET", ModelRequest(path, b""), "")
        try:
            (value, *_) = await stream.read_json()
        finally:
            response.close()
        return replace_surrogates(value)

    @asynccontextmanager
    async def stream(
        self, request: ModelRequest, *, model: str, max_retries: int | None = None
    ) -> AsyncIterator[ModelStream]:
        """Open the response to a request; leaving the context closes it at once.

        Args:
            model: its name, for errors.
            max_retries: instead of the server's limit.

        Raises:
            ModelServerError: no try was successful.
        """
        retries = self.max_retries if max_retries is None else max_retries
        for tried in range(retries + 1):
            try:
                response, stream = await self._send("POST", request, model)
                break
            except ModelServerError as error:
                if tried == retries or not error.is_passing:
                    raise
                wait_s = error.retry_after_s
                if wait_s is None:
                    jitter = 1 - _JITTER * random.random()  # noqa: S311 - no secret
                    wait_s = min(_BACKOFF_S * 2.0**tried, MAX_BACKOFF_S) * jitter
                log.info("model.retried", model=model, tried=tried + 1, wait_s=wait_s, error=error)
                await asyncio.sleep(wait_s)
        else:
            msg = "max_retries must not be negative"
            raise ValueError(msg)
        try:
            yield stream
        finally:
            response.close()  # no-op after its end

    async def _send(
        self, method: str, request: ModelRequest, model: str
    ) -> tuple[aiohttp.ClientResponse, ModelStream]:
        """Return the response to a request, once its first bytes have arrived."""
        if self._session is None:
            msg = "the model server isn't open"
            raise RuntimeError(msg)
        path = self._base_url.path.rstrip("/") + request.path
        url = self._base_url.with_path(path, keep_query=True)
        response: aiohttp.ClientResponse | None = None
        is_accepted = False
        try:
            async with asyncio.timeout(self.timeouts.first_byte_s):
                response = await self._session.request(
                    method,
                    url.update_query(request.query) if request.query else url,
                    data=request.body or None,
                    headers={**self._headers, **request.headers},
                )
                first = await response.content.readany()
            content = ResponseBody(response, self._ticks)
            stream = ModelStream(content, first, model, self.timeouts.idle_s)
            is_accepted = response.status < 300
            if is_accepted:
                return response, stream
            start = await stream.read_start()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ModelUnreachableError(describe_connection_error(error), model=model) from error
        finally:
            if response is not None and not is_accepted:
                response.close()
        raise error_for_status(
            response.status,
            start.decode(errors="replace"),
            model=model,
            retry_after_s=_retry_after_s(response.headers),
        )


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the wait that the headers ask for, None if it is longer than a user would wait."""
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            wait_s = float(headers.get(name, "")) * factor
        except ValueError:
            continue
        break
    else:
        try:
            date = parsedate_to_datetime(headers.get("retry-after", ""))
            wait_s = (date - dt.datetime.now(dt.UTC)).total_seconds()
        except (ValueError, TypeError):  # no date, or one without an offset
            return None
    return wait_s if 0 < wait_s <= MAX_RETRY_AFTER_S else None
