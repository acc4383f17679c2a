"""Delays importing the MCP SDK, which `import agents` triggers: 0.7 s and 14 MiB per process.

openai-agents imports one exception class, `mcp.shared.exceptions.MCPError`, even for agents without
MCP servers. That runs `mcp/__init__.py`, which imports client, server and the types of every
protocol version. Here `mcp/__init__.py` runs on the first access to a name of the package.
"""

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType


class _OnDemand(ModuleType):
    def __getattr__(self, name: str) -> object:
        # The import machinery probes for names such as __path__ and tolerates their absence.
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        object.__setattr__(self, "__class__", ModuleType)
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def postpone_mcp() -> None:
    """Install a lazy `mcp` package that is executed when one of its names is first used."""
    spec = find_spec("mcp")
    if spec is None or "mcp" in sys.modules:
        return
    package = module_from_spec(spec)
    package.__class__ = _OnDemand
    sys.modules["mcp"] = package
