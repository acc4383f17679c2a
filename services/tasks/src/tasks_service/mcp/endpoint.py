"""`/mcp`: starts the MCP server with the first request, and ends it with the process."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import asgi
from litestar.types import Receive, Scope, Send

from tasks_service.domain.due import DEFAULT_TIMEZONE, check_timezone
from tasks_service.http.inbound_request import limit_rate, require_user

if TYPE_CHECKING:
    from tasks_service.mcp.server import McpServer

SERVER_MODULE: Final = "tasks_service.mcp.server"
STATE: Final = "mcp_endpoint"
ZONE: Final = "mcp_zone"


class McpEndpoint:
    """The MCP server of a process."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._server: McpServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def get_server(self) -> "McpServer":
        """Return the server, started by the first call."""
        async with self._lock:
            if self._server is None:
                module = await asyncio.to_thread(importlib.import_module, SERVER_MODULE)
                server: McpServer = module.McpServer(self._app)
                started = asyncio.Event()
                self._task = asyncio.create_task(self._run(server, started))
                await started.wait()
                self._server = server
        return self._server

    async def _run(self, server: "McpServer", started: asyncio.Event) -> None:
        """Run the server in one task, as its task group requires."""
        async with server.running():
            started.set()
            await self._stop.wait()

    async def aclose(self) -> None:
        """End the server and the requests that are under way."""
        self._stop.set()
        if self._task is not None:
            await self._task


@asynccontextmanager
async def open_mcp_endpoint(app: Litestar) -> AsyncIterator[None]:
    """Keep the endpoint of a process."""
    endpoint = McpEndpoint(app)
    app.state[STATE] = endpoint
    try:
        yield
    finally:
        await endpoint.aclose()


@asgi("/mcp", guards=[require_user, limit_rate], copy_scope=True)
async def handle_mcp(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle a message of an MCP client: POST only, since no request opens a stream.

    The query's `timezone` decides which day is today; UTC without it.

    Raises:
        MethodNotAllowedException: the request is not a POST.
        BadRequestError: the time zone is unknown.
    """
    connection = ASGIConnection[Any, Any, Any, Any](scope)
    if scope["method"] != "POST":  # type: ignore[typeddict-item]
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    timezone = connection.query_params.get("timezone", DEFAULT_TIMEZONE)
    check_timezone(timezone, pointer="timezone")
    scope["state"][ZONE] = ZoneInfo(timezone)
    server = await connection.app.state[STATE].get_server()
    await server.handle(scope, receive, send)
