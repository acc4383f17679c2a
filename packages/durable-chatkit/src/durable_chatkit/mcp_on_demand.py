"""Delays importing the MCP SDK, which `import agents` triggers: 0.7 s and 14 MiB per process.

openai-agents imports one exception class, `mcp.shared.exceptions.MCPError`, even for agents without
MCP servers. That runs `mcp/__init__.py`, which imports client, server and the types of every
protocol version. Here `mcp/__init__.py` runs on the first access to a name of the package, and the
module of the exception imports the types when it creates one, 3.5 MiB.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Final

from todochat.lean_imports import LateName, replaced

_EXCEPTIONS: Final = "mcp.shared.exceptions"
_TYPES: Final = "mcp_types"


class _OnDemand(ModuleType):
    def __getattr__(self, name: str) -> object:
        # The import machinery probes for names such as __path__ and tolerates their absence.
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        object.__setattr__(self, "__class__", ModuleType)
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


# The names that `mcp.shared.exceptions` imports; the codes are JSON-RPC's and the protocol's.
STAND_INS: Final = {
    "INVALID_REQUEST": -32600,
    "URL_ELICITATION_REQUIRED": -32042,
    **{
        name: LateName(_TYPES, name)
        for name in ("ElicitRequestURLParams", "ErrorData", "JSONRPCError")
    },
}


def postpone_mcp() -> None:
    """Install a lazy `mcp` package that is executed when one of its names is first used."""
    spec = find_spec("mcp")
    if spec is None or "mcp" in sys.modules:
        return
    package = module_from_spec(spec)
    package.__class__ = _OnDemand
    sys.modules["mcp"] = package
    with replaced({_TYPES: STAND_INS}):
        import_module(_EXCEPTIONS)
