"""Gateways, each with an event loop of its own, and somebody who talks to them."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from chat_gateway.app import create_app
from chat_gateway.settings import ChatGatewaySettings
from todochat.bus import RunHub
from todochat.server import make_server
from todochat.testing import wait_until

READ_TIMEOUT_S = 10


class Gateway:
    """A real server in a thread: uvloop and httptools, as in production."""

    def __init__(self, environ: dict[str, str]) -> None:
        settings = ChatGatewaySettings.load(environ)
        self.app = create_app(settings)
        self.server = make_server(self.app, settings, host="127.0.0.1", port=0)
        self._thread = threading.Thread(target=self.server.run, daemon=True)

    async def start(self) -> None:
        self._thread.start()
        await wait_until(lambda: self.server.started or not self._thread.is_alive())
        assert self.server.started

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(READ_TIMEOUT_S)
        assert not self._thread.is_alive()

    @property
    def url(self) -> str:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @property
    def hub(self) -> RunHub:
        return self.app.state.hub


class Stream:
    """The body of a streamed answer."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.headers = response.headers
        self._buffer = b""

    async def next_event(self) -> bytes:
        """Return the bytes of the next event or comment, with its blank line."""
        async with asyncio.timeout(READ_TIMEOUT_S):
            while b"\n\n" not in self._buffer:
                chunk = await self.response.content.readany()
                assert chunk, f"the stream ended after {self._buffer!r}"
                self._buffer += chunk
        event, _, self._buffer = self._buffer.partition(b"\n\n")
        return event + b"\n\n"

    async def rest(self) -> bytes:
        """Return everything up to the stream's end."""
        async with asyncio.timeout(READ_TIMEOUT_S):
            rest = self._buffer + await self.response.content.read()
        self._buffer = b""
        return rest

    def close(self) -> None:
        """Go away without a word."""
        self.response.close()


class Browser:
    """Somebody who holds a client secret."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user_id: str, secret: str) -> None:
        self._session = session
        self.url = url
        self.user_id = user_id
        self.headers = {"Authorization": f"Bearer {secret}"}

    @asynccontextmanager
    async def request(
        self, method: str, path: str, *, body: Any = None, **headers: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        async with self._session.request(
            method,
            f"{self.url}/api/{self.user_id}/chat{path}",
            data=data,
            headers={**self.headers, **named},
        ) as response:
            yield response

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, body: Any = None, **headers: str
    ) -> AsyncIterator[Stream]:
        async with self.request(method, path, body=body, **headers) as response:
            assert response.status == 200, await response.text()
            assert response.headers["Content-Type"].startswith("text/event-stream")
            yield Stream(response)

    async def ask(
        self, method: str, path: str, *, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Return the status and the JSON of an answer that is no stream."""
        async with self.request(method, path, body=body, **headers) as response:
            return response.status, json.loads(await response.read())


@pytest.fixture
def start_gateway(environ: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Starts gateways; keyword arguments go into their environment."""
    gateways: list[Gateway] = []

    async def start(**overrides: str) -> Gateway:
        gateway = Gateway({**environ, **overrides})
        gateways.append(gateway)
        await gateway.start()
        return gateway

    yield start
    for gateway in gateways:
        gateway.stop()


@pytest_asyncio.fixture
async def gateway(start_gateway: Callable[..., Any]) -> Gateway:
    return await start_gateway()


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


@pytest.fixture
def browser_at(session: aiohttp.ClientSession, make_secret: Callable[..., str]):
    """Makes browsers for one gateway."""

    def make(gateway: Gateway, user_id: str = "usr_ann", **secret: Any) -> Browser:
        return Browser(session, gateway.url, user_id, make_secret(user_id, **secret))

    return make


@pytest.fixture
def ann(gateway: Gateway, browser_at: Callable[..., Browser]) -> Browser:
    return browser_at(gateway)


@pytest.fixture
def bob(gateway: Gateway, browser_at: Callable[..., Browser]) -> Browser:
    return browser_at(gateway, "usr_bob", sid="ses_bob")
