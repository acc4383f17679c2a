"""A local MCP server whose tool leaves a trace in a file; it knows no idempotency key."""

import os
from pathlib import Path

from mcp.server.mcpserver import MCPServer

server = MCPServer("till")


@server.tool()
def pay(what: str) -> str:
    """Pay."""
    with (Path(os.environ["KILL_EFFECTS"]) / "requests").open("a") as requests:
        requests.write(f"{what}\n")
    return f"paid {what}"


if __name__ == "__main__":
    server.run()
