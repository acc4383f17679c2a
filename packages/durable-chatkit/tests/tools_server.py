"""A local MCP server for tests: `python tools_server.py LOG`, which gets a line per call."""

import os
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

server = MCPServer("words")
log = Path(sys.argv[1])


@server.tool()
def look_up(word: str) -> str:
    """Look a word up."""
    with log.open("a") as file:
        file.write(f"look_up {word} {os.getpid()}\n")
    return f"{word} lasts"


@server.tool()
def die() -> str:
    """End the server's process in the middle of a call."""
    os._exit(1)


if __name__ == "__main__":
    with log.open("a") as file:
        file.write(f"started {os.getpid()}\n")
    server.run("stdio")
