"""Connects the local MCP servers of an agent, and reconnects those that die.

The worker connects them once and shares them between its runs. A dead server is noticed by the next
request: listing tools is repeated on a new connection; a tool call isn't, since it may have had its
effect. The model gets the error and may call again, on the new connection.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

import structlog
from agents import Agent

from durable_chatkit.agent.failures import ToolServerError

if TYPE_CHECKING:
    from agents.mcp import MCPServer

CONNECT_TIMEOUT_S: Final = 30.0  # a server that a package runner has to download first
CLOSE_TIMEOUT_S: Final = 5.0
PING_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)


def agents_of(agent: Agent[Any]) -> Iterator[Agent[Any]]:
    """Yield an agent and the agents that it can reach by handoffs and as tools."""
    pending, seen = [agent], set[int]()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        for handoff in current.handoffs:
            # A Handoff refers weakly to its agent; one with a function of its own has none.
            reference = getattr(handoff, "_agent_ref", None)
            target = handoff if isinstance(handoff, Agent) else reference and reference()
            pending += [target] if isinstance(target, Agent) else []
        for tool in current.tools:
            below = getattr(tool, "_agent_instance", None)
            pending += [below] if isinstance(below, Agent) else []


def mcp_servers_of(agent: Agent[Any]) -> list["MCPServer"]:
    """Return the local MCP servers of an agent and of the agents below it, each once."""
    servers = {id(server): server for each in agents_of(agent) for server in each.mcp_servers}
    return list(servers.values())


class McpConnection:
    """The connection to one server, for all runs of the worker.

    It wraps `list_tools` and `call_tool` of the server object until it is closed.
    """

    def __init__(self, server: "MCPServer") -> None:
        # Imported here because the MCP SDK is slow to load; a server's author has loaded it.
        from agents.mcp import MCPServerManager  # noqa: PLC0415

        self._server = server
        self._manager = MCPServerManager(
            [server],
            connect_timeout_seconds=CONNECT_TIMEOUT_S,
            cleanup_timeout_seconds=CLOSE_TIMEOUT_S,
            connect_in_parallel=True,  # a task of its own, which connects and closes
        )
        self._list_tools = server.list_tools
        self._call_tool = server.call_tool
        server.list_tools = self._list  # type: ignore[method-assign]
        server.call_tool = self._call  # type: ignore[method-assign]
        self._generation = 0
        self._lock = asyncio.Lock()
        # In a context of its own: the server's tasks outlive the turn that starts them.
        self._connecting = asyncio.create_task(self._manager.connect_all(), context=Context())

    async def aclose(self) -> None:
        """Close the connection and the server's process."""
        del self._server.list_tools, self._server.call_tool
        self._connecting.cancel()
        await asyncio.wait([self._connecting])
        await self._manager.cleanup_all()

    async def _list(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.shield(self._connecting)
        generation = self._generation
        try:
            return await self._list_tools(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises
            await self._reconnect(generation, error)
        try:
            return await self._list_tools(*args, **kwargs)
        except Exception as error:
            raise ToolServerError(self._server.name) from error

    async def _call(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.shield(self._connecting)
        generation = self._generation
        try:
            return await self._call_tool(*args, **kwargs)
        except Exception as error:
            if not await self._is_alive():
                await self._reconnect(generation, error)
            raise

    async def _is_alive(self) -> bool:
        session = getattr(self._server, "session", None)
        if session is None:
            return False
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                await session.send_ping()
        except Exception:  # noqa: BLE001 - whatever the transport raises
            return False
        return True

    async def _reconnect(self, generation: int, cause: Exception) -> None:
        """Connect again, unless another run has done so since `generation`.

        Raises:
            ToolServerError: the server can't be reached.
        """
        async with self._lock:
            if generation == self._generation:
                log.warning("mcp.reconnecting", server=self._server.name, error=cause)
                reconnecting = self._manager.reconnect(failed_only=False)
                # A cancelled run must not leave half a connection to the others.
                await asyncio.shield(asyncio.create_task(reconnecting, context=Context()))
                self._generation += 1
        if self._manager.errors:
            raise ToolServerError(self._server.name) from cause


class McpConnections:
    """The connections of one worker."""

    def __init__(self) -> None:
        self._connections: dict[int, McpConnection] = {}

    def open(self, agent: Agent[Any]) -> None:
        """Start connecting the servers of an agent; runs wait for the connection."""
        for server in mcp_servers_of(agent):
            if id(server) not in self._connections:
                self._connections[id(server)] = McpConnection(server)

    @asynccontextmanager
    async def opened(self, agent: Agent[Any]) -> AsyncIterator[None]:
        """Connect servers that exist for this turn only; servers opened before stay open."""
        known = self._connections.keys()
        own = [McpConnection(server) for server in mcp_servers_of(agent) if id(server) not in known]
        try:
            yield
        finally:
            for connection in own:
                await connection.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        closing = [connection.aclose() for connection in self._connections.values()]
        self._connections.clear()
        await asyncio.gather(*closing, return_exceptions=True)
