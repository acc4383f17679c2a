"""Local MCP servers are connected once, reconnected after they died, and closed."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from agents import Agent, handoff
from agents.mcp import MCPServerStdio

from durable_chatkit.agent.failures import ToolServerError
from durable_chatkit.agent.mcp_servers import McpConnections, mcp_servers_of
from todochat.testing import wait_until

PROGRAM = Path(__file__).parents[2] / "tools_server.py"


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """The server's log."""
    return tmp_path / "calls"


@pytest.fixture
def server(calls: Path) -> MCPServerStdio:
    """A server, not connected."""
    return MCPServerStdio({"command": sys.executable, "args": [str(PROGRAM), str(calls)]})


@pytest_asyncio.fixture
async def connections() -> AsyncIterator[McpConnections]:
    """The connections of a worker."""
    connections = McpConnections()
    yield connections
    await connections.aclose()


def pids(calls: Path) -> list[int]:
    lines = calls.read_text().splitlines() if calls.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith("started")]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def names_of(server: MCPServerStdio) -> list[str]:
    return [tool.name for tool in await server.list_tools()]


async def test_server_serves_all_turns_until_the_worker_closes(
    connections: McpConnections, server: MCPServerStdio, calls: Path
) -> None:
    agent = Agent[Any](name="Dictionary", mcp_servers=[server])
    connections.open(agent)

    for _ in range(2):
        async with connections.opened(agent):
            assert await names_of(server) == ["look_up", "die"]
            result = await server.call_tool("look_up", {"word": "a"})
            assert "a lasts" in str(result.content)
    await connections.aclose()

    (pid,) = pids(calls)
    await wait_until(lambda: not is_alive(pid))
    with pytest.raises(Exception, match="not initialized"):
        await server.list_tools()


async def test_killed_server_is_reconnected(
    connections: McpConnections, server: MCPServerStdio, calls: Path
) -> None:
    connections.open(Agent[Any](name="Dictionary", mcp_servers=[server]))
    await server.list_tools()

    os.kill(pids(calls)[0], signal.SIGKILL)

    assert await names_of(server) == ["look_up", "die"]
    assert len(pids(calls)) == 2


async def test_call_during_which_the_server_dies_is_not_repeated(
    connections: McpConnections, server: MCPServerStdio, calls: Path
) -> None:
    connections.open(Agent[Any](name="Dictionary", mcp_servers=[server]))

    with pytest.raises(Exception, match="Connection closed"):
        await server.call_tool("die", {})

    assert len(pids(calls)) == 2
    assert "b lasts" in str((await server.call_tool("look_up", {"word": "b"})).content)


async def test_error_of_a_tool_keeps_the_connection(
    connections: McpConnections, server: MCPServerStdio, calls: Path
) -> None:
    connections.open(Agent[Any](name="Dictionary", mcp_servers=[server]))

    await server.call_tool("no_such_tool", {})
    await server.list_tools()

    assert len(pids(calls)) == 1


async def test_server_that_does_not_start_fails_the_turn_with_its_name(
    connections: McpConnections,
) -> None:
    broken = MCPServerStdio({"command": sys.executable, "args": ["-c", "exit(1)"]}, name="words")
    connections.open(Agent[Any](name="Dictionary", mcp_servers=[broken]))

    with pytest.raises(ToolServerError, match="words"):
        await broken.list_tools()


async def test_server_of_one_turn_is_closed_with_it(
    connections: McpConnections, server: MCPServerStdio, calls: Path
) -> None:
    async with connections.opened(Agent[Any](name="Dictionary", mcp_servers=[server])):
        await server.list_tools()

    (pid,) = pids(calls)
    await wait_until(lambda: not is_alive(pid))


def test_servers_of_agents_below_are_found(server: MCPServerStdio) -> None:
    below = Agent[Any](name="Below", mcp_servers=[server])
    tool = below.as_tool("ask", "Ask.")
    back = Agent[Any](name="Back", tools=[tool])
    front = Agent[Any](name="Front", handoffs=[handoff(back)])
    back.handoffs = [front]

    assert mcp_servers_of(front) == [server]
