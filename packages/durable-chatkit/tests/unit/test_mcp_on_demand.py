"""The MCP SDK is imported on first use."""

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


def test_mcp_sdk_is_imported_on_first_use() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [False, True, "ClientSession", "stdio: true"]


def test_already_imported_package_is_unchanged() -> None:
    program = (
        "import mcp; from durable_chatkit.mcp_on_demand import postpone_mcp; postpone_mcp();"
        "import sys; assert sys.modules['mcp'] is mcp; assert type(mcp).__name__ == 'module'"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
