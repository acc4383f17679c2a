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


_ERRORS = """
import sys
from durable_chatkit.mcp_on_demand import STAND_INS, postpone_mcp
postpone_mcp()
import agents
assert "mcp_types" not in sys.modules
from mcp.shared.exceptions import MCPError, UrlElicitationRequiredError

assert MCPError(-32600, "invalid").code == -32600
import mcp_types
data = mcp_types.ErrorData(code=-32042, message="open it", data={"elicitations": []})
assert UrlElicitationRequiredError.from_error(data).elicitations == []
for name in ("INVALID_REQUEST", "URL_ELICITATION_REQUIRED"):
    assert getattr(mcp_types, name) == STAND_INS[name]
"""


def test_errors_of_the_mcp_sdk_import_its_types_on_first_use() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _ERRORS], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr


def test_already_imported_package_is_unchanged() -> None:
    program = (
        "import mcp; from durable_chatkit.mcp_on_demand import postpone_mcp; postpone_mcp();"
        "import sys; assert sys.modules['mcp'] is mcp; assert type(mcp).__name__ == 'module'"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
