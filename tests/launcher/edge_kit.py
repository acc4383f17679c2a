"""A real Caddy with the deployments' Caddyfile, in front of upstreams that identify themselves."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from todochat.testing import free_port, wait_until
from todochat_local.service_units import caddy_binary, caddy_dir

START_TIMEOUT_S = 15.0


@dataclass
class Answer:
    """A response as received on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def served_by(self) -> str:
        """The responder: an upstream's name, the site, or the edge itself."""
        if "x-served-by" in self.headers:
            return self.headers["x-served-by"]
        return "site" if self.status == 200 else "edge"

    @property
    def seen(self) -> dict[str, str]:
        """The upstream's view of the request: its line as `line`, and headers in lower case."""
        seen: dict[str, str] = json.loads(self.body)
        return seen


@dataclass
class Upstream:
    """A fake service; `/stream` in a path returns an endless stream of events.

    `freeze` makes it accept connections and read nothing, like a stopped process.
    """

    name: str
    port: int = field(default_factory=free_port)
    open_streams: int = 0
    first_frame_taken: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    running: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    def __post_init__(self) -> None:
        self.running.set()

    def freeze(self) -> None:
        self.running.clear()

    def thaw(self) -> None:
        self.running.set()

    async def start(self) -> None:
        if self._server is not None:  # two edges may share it
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.running.wait()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            if "/stream" in head[0]:
                await self._stream(reader, writer)
            else:
                await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the edge closed an idle connection
        finally:
            writer.close()

    async def _answer(
        self, head: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        pairs = (line.partition(": ") for line in head[1:] if line)
        seen = {"line": head[0], **{name.lower(): value for name, _, value in pairs}}
        if seen.get("transfer-encoding") == "chunked":
            await reader.readuntil(b"0\r\n\r\n")
        await reader.readexactly(int(seen.get("content-length", "0")))
        body = json.dumps(seen).encode()
        writer.write(
            f"HTTP/1.1 200 OK\r\nX-Served-By: {self.name}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send one frame, and the second one only after the client has received the first."""
        self.open_streams += 1
        try:
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
                b"data: 1\n\n"
            )
            await writer.drain()
            await self.first_frame_taken.wait()
            writer.write(b"data: 2\n\n")
            await writer.drain()
            await reader.read()
        finally:
            self.open_streams -= 1


class Edge:
    """The running Caddy."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def get(self, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> Answer:
        """Send `path` unchanged: an HTTP library would normalise it first."""
        length = [f"Content-Length: {len(body)}"] if body else []
        reader, writer = await self.open(path, *headers, *length, method=method)
        writer.write(body)
        return await self.read(reader, writer)

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        """Read a response to its end and close the connection."""
        raw = await asyncio.wait_for(reader.read(), 15)
        writer.close()
        head, _, content = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        return Answer(int(status.split()[1]), {n.lower(): v for n, _, v in pairs}, content)

    async def open(
        self, path: str, *headers: str, method: str = "GET"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = (f"{method} {path} HTTP/1.1", "Host: edge", "Connection: close", *headers)
        writer.write("\r\n".join((*lines, "", "")).encode())
        return reader, writer

    async def is_up(self) -> bool:
        try:
            return (await self.get("/")).status == 200
        except OSError:
            return False


@asynccontextmanager
async def running_edge(
    folder: Path,
    *,
    auth: Upstream | None = None,
    gateways: Sequence[Upstream] = (),
    tasks: Upstream | None = None,
    site: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Edge]:
    """Run Caddy and the upstreams, by default one of each; without a site it serves the plain page."""
    auth, tasks = auth or Upstream("auth"), tasks or Upstream("tasks")
    gateways = gateways or [Upstream("gateway")]
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "EDGE_ADDRESS": f"http://:{port}",
        "EDGE_BIND": "127.0.0.1",
        "EDGE_SITE_ROOT": str(site or caddy_dir() / "site"),
        "AUTH_SESSION_UPSTREAMS": f"127.0.0.1:{auth.port}",
        "CHAT_GATEWAY_UPSTREAMS": " ".join(f"127.0.0.1:{each.port}" for each in gateways),
        "TASKS_UPSTREAMS": f"127.0.0.1:{tasks.port}",
        **(settings or {}),
    }
    async with AsyncExitStack() as stack:
        for upstream in (auth, *gateways, tasks):
            await upstream.start()
            stack.push_async_callback(upstream.stop)
        command = [str(caddy_binary()), "run", "--config", str(caddy_dir() / "Caddyfile")]
        with (folder / "caddy.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, cwd=folder, stdout=log, stderr=log
            )
        try:
            edge = Edge(port)
            await _wait_until_up(edge, process, folder / "caddy.log")
            yield edge
        finally:
            for upstream in (auth, *gateways, tasks):
                upstream.thaw()
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _wait_until_up(edge: Edge, process: asyncio.subprocess.Process, log: Path) -> None:
    async def is_up() -> bool:
        assert process.returncode is None, f"Caddy ended, see {log}"
        return await edge.is_up()

    await wait_until(is_up, START_TIMEOUT_S, interval_s=0.02)
