"""Gateways in threads, and HTTP clients for them."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from chat_gateway.app import create_app
from chat_gateway.settings import ChatGatewaySettings
from chat_gateway.streams.stream_format import PlainFormat
from chat_gateway.streams.viewer import StreamViewer
from todochat.bus import RunHub
from todochat.http.server import make_server
from todochat.identity.tokens import Identity
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
        hub: RunHub = self.app.state.services.relay._hub
        return hub


class Stream:
    """The body of a streamed response."""

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

    async def read_to_end(self) -> bytes:
        """Return the rest of the stream."""
        async with asyncio.timeout(READ_TIMEOUT_S):
            rest = self._buffer + await self.response.content.read()
        self._buffer = b""
        return rest

    def close(self) -> None:
        """Close the connection."""
        self.response.close()


class Browser:
    """An HTTP client with a client secret."""

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

    async def fetch_json(
        self, method: str, path: str, *, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Return the status and the JSON of a response that isn't streamed."""
        async with self.request(method, path, body=body, **headers) as response:
            return response.status, json.loads(await response.read())


def make_viewer(
    viewer_id: str = "vwr_1", *, run_id: str = "run_1", is_resumable: bool = False
) -> StreamViewer:
    """Create a viewer of a run of `usr_ann`, in session `ses_1`."""
    return StreamViewer(
        viewer_id=viewer_id,
        identity=Identity("usr_ann", "ses_1", int(time.time()) + 60, "client-secret"),
        run_id=run_id,
        thread_id="thr_1",
        after=0,
        active=True,
        stream_format=PlainFormat(),
        is_resumable=is_resumable,
        can_reattach=is_resumable,
        started_at=0.0,
    )


StartGateway = Callable[..., Awaitable[Gateway]]
BrowserAt = Callable[..., Browser]
