"""Calls from one service to another: pooled, timed out, retried only where that is safe."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec
import structlog
from opentelemetry.trace import SpanKind

from todochat.errors import ServiceError, UnavailableError
from todochat.http.idempotency import HEADER as IDEMPOTENCY_HEADER
from todochat.http.problems import PROBLEM_JSON, TYPE_PREFIX
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.telemetry.metrics import UPSTREAM_SECONDS
from todochat.telemetry.tracing import span, trace_headers

MAX_TRIES: Final = 3
BACKOFF_S: Final = 0.1
CONNECT_TIMEOUT_S: Final = 2.0
MAX_BODY_BYTES: Final = 8 * 1024 * 1024
RETRIABLE_STATUS: Final = frozenset({502, 503, 504})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})

log = structlog.get_logger(__name__)


class UpstreamError(UnavailableError):
    """Another service is unreachable or timed out."""

    code = "upstream-unavailable"


class UpstreamProblemError(ServiceError):
    """Another service rejected the call; has the members of its problem document."""

    def __init__(self, status: int, code: str, title: str, detail: str, **extensions: Any) -> None:
        super().__init__(detail, **extensions)
        self.status = status  # type: ignore[misc]
        self.code = code  # type: ignore[misc]
        self.title = title  # type: ignore[misc]


class ServiceResponse(msgspec.Struct, frozen=True):
    """A response of any status; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def raise_for_problem(self) -> None:
        """Raise unless the status is 2xx.

        Raises:
            UpstreamProblemError: the status is another one.
        """
        if 200 <= self.status < 300:
            return
        problem: dict[str, Any] = {}
        if self.headers.get("content-type", "").startswith(PROBLEM_JSON):
            problem = msgspec.json.decode(self.body, type=dict[str, Any])
        known = {"type", "title", "status", "detail", "instance", "request_id"}
        raise UpstreamProblemError(
            self.status,
            str(problem.get("type", f"{TYPE_PREFIX}upstream-error")).removeprefix(TYPE_PREFIX),
            str(problem.get("title", "A service rejected the call")),
            str(problem.get("detail", f"The service responded with {self.status}.")),
            **{name: value for name, value in problem.items() if name not in known},
        )


class ServiceClient:
    """A client for one arrow.

    Args:
        session: shared by the process, and closed by its owner.
        timeout_s: limit of a call with all its attempts, from connecting to the last byte.
        max_tries: attempts of calls that may be retried.
    """

    def __init__(
        self,
        base_url: str,
        session: aiohttp.ClientSession,
        tokens: ServiceTokens,
        arrow: Arrow,
        *,
        timeout_s: float = 10.0,
        max_tries: int = MAX_TRIES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = session
        self._tokens = tokens
        self._arrow = arrow
        self._timeout_s = timeout_s
        # `request` has the timeout: a second one that expires at the same moment would take the
        # other's cancellation for its own.
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S)
        self._max_tries = max_tries

    async def request(
        self,
        method: str,
        path: str,
        *,
        user_id: str,
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> ServiceResponse:
        """Call the target on behalf of `user_id`.

        GET, PUT, DELETE and requests with an Idempotency-Key are attempted up to `max_tries` times
        within the timeout, when the target is unreachable or responds with 502, 503 or 504; the
        last response is returned.

        Args:
            timeout_s: limit of this call with all its attempts; the client's by default.

        Raises:
            UpstreamError: no attempt got a response.
        """
        with span(f"{method} {self._arrow.target}", kind=SpanKind.CLIENT) as call:
            sent = {**(headers or {}), **trace_headers()}
            if json is not None:
                sent.setdefault("Content-Type", "application/json")
            safe = method in _SAFE_METHODS or IDEMPOTENCY_HEADER in sent
            tries = self._max_tries if safe else 1
            try:
                async with asyncio.timeout(timeout_s or self._timeout_s):
                    answer = await self._request(method, path, user_id, json, sent, params, tries)
            except TimeoutError as error:
                raise self._unreachable() from error
            call.set_attribute("http.response.status_code", answer.status)
            return answer

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        user_id: str,
        timeout_s: float,
        body: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Call the target once and yield the response for streaming; the body is streamed, too.

        Another task than the one that entered the context may leave it.

        Args:
            timeout_s: limit of the whole call, from connecting to leaving the context.

        Raises:
            UpstreamError: there is no response, or it breaks off, or the call times out.
        """
        sent = {**(headers or {}), **trace_headers()}
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_TIMEOUT_S)
        try:
            async with self._send(
                method, path, user_id, body, sent, params, timeout, is_streamed=True
            ) as response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("upstream.failed", target=self._arrow.target, error=error)
            raise self._unreachable() from error

    async def _request(
        self,
        method: str,
        path: str,
        user_id: str,
        body: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        tries: int,
    ) -> ServiceResponse:
        for attempt in range(1, tries + 1):
            try:
                async with self._send(
                    method, path, user_id, body, headers, params, self._timeout, is_streamed=False
                ) as received:
                    content = await read_bounded(received, MAX_BODY_BYTES)
                lowered = {name.lower(): value for name, value in received.headers.items()}
                response = ServiceResponse(received.status, lowered, content)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning(
                    "upstream.failed", target=self._arrow.target, attempt=attempt, error=error
                )
                if attempt == tries:
                    raise self._unreachable() from error
            else:
                if response.status not in RETRIABLE_STATUS or attempt == tries:
                    return response
            await asyncio.sleep(BACKOFF_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - jitter
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _unreachable(self) -> UpstreamError:
        return UpstreamError(f"The {self._arrow.target} service can't be reached right now.")

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        user_id: str,
        body: bytes | AsyncIterator[bytes] | None,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        limits: aiohttp.ClientTimeout,
        *,
        is_streamed: bool,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make one attempt, and measure it until the response was read."""
        token = self._tokens.mint(self._arrow, user_id)
        began = time.perf_counter()
        outcome = "error"
        try:
            async with self._session.request(
                method,
                self._base_url + path,
                data=body,
                headers={**headers, "Authorization": f"Bearer {token}"},
                params=params,
                timeout=limits,
                allow_redirects=False,
            ) as response:
                status_class = f"{response.status // 100}xx"
                if is_streamed:  # its reader may leave early, which is no error
                    outcome = status_class
                yield response
                outcome = status_class
        finally:
            seconds = time.perf_counter() - began
            UPSTREAM_SECONDS.labels(self._arrow.target, method, outcome).observe(seconds)


async def read_bounded(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """Read a whole body.

    Raises:
        aiohttp.ClientPayloadError: the body is longer than `limit_bytes`.
    """
    chunks = bytearray()
    async for chunk in response.content.iter_any():
        chunks += chunk
        if len(chunks) > limit_bytes:
            msg = f"the body is longer than {limit_bytes} bytes"
            raise aiohttp.ClientPayloadError(msg)
    return bytes(chunks)
