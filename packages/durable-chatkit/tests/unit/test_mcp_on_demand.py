"""The MCP SDK is imported by those who use it, and works for them."""

import json
import subprocess
import sys

_PROGRAM = """
import json, sys
from durable_chatkit.mcp_on_demand import postpone_mcp
postpone_mcp()
import agents
before = "mcp.client" in sys.modules
from agents.mcp import MCPServerStdio
import mcp
server = MCPServerStdio({"command": "true"})
print(json.dumps([before, "mcp.client" in sys.modules, mcp.ClientSession.__name__, server.name]))
"""


def test_agents_import_without_the_mcp_sdk_and_an_mcp_server_brings_it() -> None:
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )

    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == [False, True, "ClientSession", "stdio: true"]


def test_a_package_that_is_imported_already_stays() -> None:
    program = (
        "import mcp; from durable_chatkit.mcp_on_demand import postpone_mcp; postpone_mcp();"
        "import sys; assert sys.modules['mcp'] is mcp; assert type(mcp).__name__ == 'module'"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert said.returncode == 0, said.stderr
