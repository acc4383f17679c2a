"""Streams from a model server over HTTP: pooled connections, timeouts, retries.

A request is retried only before the first byte of its response: afterwards a viewer may have seen
a part of the answer.
"""

import asyncio
import datetime as dt
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, Self
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
import structlog
from yarl import URL

from model_client.errors import (
    MAX_BODY_CHARS,
    ModelBrokenOffError,
    ModelServerError,
    ModelUnreachableError,
    error_for_status,
)
from model_client.json_codec import decode_json
from model_client.merging import Message, find_delta, merge_messages
from model_client.sse import EventTooLargeError, SseParser

MAX_CONNECTIONS: Final = 1000  # more than the runs of a worker; limits what a fault may open
MAX_JSON_BYTES: Final = 32 * 1024 * 1024
MAX_RETRY_AFTER_S: Final = 60.0
MAX_BACKOFF_S: Final = 8.0

_KEEP_ALIVE_S: Final = 30.0
_BACKOFF_S: Final = 0.5
_JITTER: Final = 0.25
_DRAIN_S: Final = 0.25
_RETRIED_STATUSES: Final = frozenset({408, 409, 429})
_END_MARK: Final = b"[done]"
_NO_RETRY: Final = "insufficient_quota"  # won't pass within seconds

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


class ByteSource(Protocol):
    """The body of a response."""

    async def readany(self) -> bytes:
        """Return all bytes that have arrived; wait for some if there are none, b"" at the end."""
        ...


class StreamServer(Protocol):
    """Streams answers; a `ModelServer`, or one without a network."""

    @property
    def base_url(self) -> str:
        """The URL that identifies the server."""
        ...

    def stream(
        self,
        path: str,
        body: bytes,
        *,
        model: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        max_retries: int | None = None,
    ) -> AbstractAsyncContextManager["ModelStream"]:
        """Open the response to a POST request; see `ModelServer.stream`."""
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
        response, stream = await self._send("GET", path, b"", "", {}, {})
        try:
            body = await stream.read()
        finally:
            response.close()
        try:
            return decode_json(body)
        except ValueError as error:
            raise _broken_off("the response is no JSON", "", body) from error

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        body: bytes,
        *,
        model: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        max_retries: int | None = None,
    ) -> AsyncIterator["ModelStream"]:
        """Open the response to a POST request; leaving the context closes it at once.

        Args:
            body: encoded JSON.
            model: its name, for errors.
            headers: replace those of the server.
            query: added to that of the base URL.
            max_retries: instead of the server's limit.

        Raises:
            ModelServerError: no try was successful.
        """
        retries = self.max_retries if max_retries is None else max_retries
        for tried in range(retries + 1):
            try:
                response, stream = await self._send(
                    "POST", path, body, model, headers or {}, query or {}
                )
                break
            except ModelServerError as error:
                if tried == retries or not _is_retried(error):
                    raise
                wait_s = _backoff_s(tried, error.retry_after_s)
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
        self,
        method: str,
        path: str,
        body: bytes,
        model: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
    ) -> tuple[aiohttp.ClientResponse, "ModelStream"]:
        """Return the response to a request, once its first bytes have arrived."""
        if self._session is None:
            msg = "the model server isn't open"
            raise RuntimeError(msg)
        url = self._base_url.with_path(self._base_url.path.rstrip("/") + path, keep_query=True)
        response: aiohttp.ClientResponse | None = None
        is_accepted = False
        try:
            async with asyncio.timeout(self.timeouts.first_byte_s):
                response = await self._session.request(
                    method,
                    url.update_query(query) if query else url,
                    data=body or None,
                    headers={**self._headers, **headers},
                )
                first = await response.content.readany()
            is_accepted = response.status < 300
            if is_accepted:
                stream = ModelStream(response.content, first, model, self.timeouts.idle_s)
                return response, stream
            refusal = await _refusal(response, first, model)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ModelUnreachableError(_describe(error), model=model) from error
        finally:
            if response is not None and not is_accepted:
                response.close()
        raise refusal


class ModelStream:
    """The body of a response, as messages.

    Iterating yields the messages of each read; deltas of the same text are merged. In place of an
    event stream, a body may be JSON: one value, or one in each line.

    Attributes:
        window_s: how long a delta waits for those that continue it, if the one before continues,
            too; may be changed between reads. Anything else that arrives ends the wait.
    """

    def __init__(self, content: ByteSource, first: bytes, model: str, idle_s: float) -> None:
        self.window_s = 0.0
        self._content = content
        self._first = first
        self._model = model
        self._idle_s = idle_s

    async def __aiter__(self) -> AsyncGenerator[list[Message], None]:
        """Yield the messages of each read.

        Raises:
            ModelBrokenOffError: the connection broke, the server stalled, or the body is neither an
                event stream nor JSON.
        """
        head = await self._read_head()
        if head.lstrip()[:1] in {b"{", b"[", b"<"}:
            yield await self._read_json(head)
            return
        parser = SseParser()
        received, start, is_empty = head, b"", True
        last: Message | None = None
        while not parser.is_closed:
            messages, error = self._decode(parser, received)
            is_empty = is_empty and not messages
            if is_empty and len(start) < MAX_BODY_CHARS:
                start += received
            if self.window_s and error is None and messages and _continue(last, messages):
                error = await self._hold(parser, messages)
            if messages:
                last = messages[-1]
                yield merge_messages(messages)
            if error is not None:
                raise error
            if received:
                received = await self._read()
        if is_empty:
            raise _broken_off("the response contains no events", self._model, start)

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            ModelBrokenOffError: it broke off, or is larger than `MAX_JSON_BYTES`.
        """
        return await self._read_all(self._first)

    async def drain(self) -> None:
        """Read what follows the end of an answer, so that the connection can be used again.

        A server that doesn't end its response within 0.25 s loses the connection.
        """
        try:
            async with asyncio.timeout(_DRAIN_S):
                while await self._content.readany():
                    pass
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # the answer is complete

    async def _hold(self, parser: SseParser, messages: list[Message]) -> ModelBrokenOffError | None:
        """Add the messages that arrive within the window, up to the first of another kind."""
        try:
            async with asyncio.timeout(self.window_s):
                while received := await self._content.readany():
                    following, error = self._decode(parser, received)
                    goes_on = error is None and _continue(messages[-1], following)
                    messages += following
                    if not goes_on:
                        return error
        except TimeoutError:
            return None
        except (aiohttp.ClientError, OSError) as error:
            return ModelBrokenOffError(_describe(error), status=200, model=self._model)
        return None

    async def _read(self) -> bytes:
        """Return all bytes that have arrived, b"" at the end of the body."""
        try:
            async with asyncio.timeout(self._idle_s):
                return await self._content.readany()
        except TimeoutError as error:
            reason = f"the model server sent nothing for {self._idle_s:g} s"
            raise ModelBrokenOffError(reason, status=200, model=self._model) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ModelBrokenOffError(_describe(error), status=200, model=self._model) from error

    async def _read_head(self) -> bytes:
        """Return the first bytes, which have other characters than space unless the body ends."""
        head = self._first
        while head.isspace():
            received = await self._read()
            if not received:
                break
            head = head[-MAX_BODY_CHARS:] + received
        return head

    async def _read_all(self, head: bytes) -> bytes:
        body = bytearray(head)
        while received := await self._read():
            body += received
            if len(body) > MAX_JSON_BYTES:
                raise _broken_off("the response is too large", self._model, bytes(body[:1000]))
        return bytes(body)

    async def _read_json(self, head: bytes) -> list[Message]:
        body = await self._read_all(head)
        try:
            return [Message("", value) for value in _decode_values(body)]
        except ValueError as error:
            reason = "the response is neither an event stream nor JSON"
            raise _broken_off(reason, self._model, body) from error

    def _decode(
        self, parser: SseParser, received: bytes
    ) -> tuple[list[Message], ModelBrokenOffError | None]:
        """Return the messages of a read before the first garbled one, and its error, if any.

        There is no message for an event without data, as some servers keep alive.

        Args:
            received: b"" at the end of the body.
        """
        messages: list[Message] = []
        try:
            events = parser.feed(received) if received else parser.close()
        except EventTooLargeError as error:
            return messages, _broken_off(str(error), self._model, received)
        for event in events:
            data = event.data.strip()
            if not data:
                continue
            try:
                messages += [Message(event.name, value) for value in _decode_values(data)]
            except ValueError:
                if data.startswith(b"{"):  # a part of the answer is lost
                    return messages, _broken_off("an event is garbled", self._model, data)
                messages.append(Message(event.name, data.decode(errors="replace")))
        return messages, None


def _decode_values(data: bytes) -> list[Any]:
    """Return a JSON value, or those of lines that a server separated by one newline instead of two.

    Raises:
        ValueError: it is anything else.
    """
    try:
        return [decode_json(data, keeps_surrogates=True)]
    except ValueError:
        lines = [line for line in data.split(b"\n") if line.strip()]
        if len(lines) == 1 or not data.startswith(b"{"):
            raise
    return [
        line.decode()
        if line.strip().lower() == _END_MARK
        else decode_json(line, keeps_surrogates=True)
        for line in lines
    ]


def _continue(last: Message | None, messages: list[Message]) -> bool:
    """Return whether messages are nothing but the next deltas of a text."""
    delta = find_delta(last.data) if last is not None else None
    if delta is None:
        return False
    following = (find_delta(message.data) for message in messages)
    return all(each is not None and each.position == delta.position for each in following)


async def _refusal(response: aiohttp.ClientResponse, first: bytes, model: str) -> ModelServerError:
    """Return the error of a response with another status than 2xx."""
    body = first
    try:
        async with asyncio.timeout(_DRAIN_S):
            while len(body) < MAX_BODY_CHARS and (received := await response.content.readany()):
                body += received
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass  # the start of the body is enough
    return error_for_status(
        response.status,
        body.decode(errors="replace"),
        model=model,
        retry_after_s=_retry_after_s(response.headers),
    )


def _broken_off(reason: str, model: str, body: bytes) -> ModelBrokenOffError:
    text = body[: 4 * MAX_BODY_CHARS].decode(errors="replace")
    return ModelBrokenOffError(reason, status=200, model=model, body=text)


def _describe(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the model server didn't answer in time"
    return f"the connection to the model server failed ({type(error).__name__}: {error})"


def _is_retried(error: ModelServerError) -> bool:
    if error.status is None:  # no response
        return True
    is_passing = error.status in _RETRIED_STATUSES or error.status >= 500
    return is_passing and _NO_RETRY not in error.body


def _backoff_s(tried: int, retry_after_s: float | None) -> float:
    if retry_after_s is not None:
        return retry_after_s
    backoff_s = min(_BACKOFF_S * 2.0**tried, MAX_BACKOFF_S)
    return backoff_s * (1 - _JITTER * random.random())  # noqa: S311 - no secret


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the wait that the headers ask for, None if it is longer than a user would wait."""
    wait_s = _parse_float(headers.get("retry-after-ms"), 0.001)
    if wait_s is None:
        wait_s = _parse_float(headers.get("retry-after"), 1.0)
    if wait_s is None:
        try:
            date = parsedate_to_datetime(headers.get("retry-after", ""))
            wait_s = (date - dt.datetime.now(dt.UTC)).total_seconds()
        except (ValueError, TypeError):  # no date, or one without an offset
            return None
    return wait_s if 0 < wait_s <= MAX_RETRY_AFTER_S else None


def _parse_float(text: str | None, factor: float) -> float | None:
    try:
        return float(text or "") * factor
    except ValueError:
        return None
