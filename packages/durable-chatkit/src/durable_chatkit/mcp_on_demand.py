"""Keeps `import agents` from importing the whole MCP SDK: 0.7 s and 14 MiB of each process.

openai-agents reads one exception class, `mcp.shared.exceptions.MCPError`, whether or not an agent
has MCP servers; importing it runs `mcp/__init__.py`, which imports client, server and the types of
every protocol version. Here that `__init__` waits until somebody asks the package for a name.
"""

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType


class _OnDemand(ModuleType):
    def __getattr__(self, name: str) -> object:
        # The import machinery looks for names such as __path__, and takes their absence well.
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        object.__setattr__(self, "__class__", ModuleType)
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def postpone_mcp() -> None:
    """Make the package `mcp` importable without running it; its first used name runs it."""
    spec = find_spec("mcp")
    if spec is None or "mcp" in sys.modules:
        return
    package = module_from_spec(spec)
    package.__class__ = _OnDemand
    sys.modules["mcp"] = package
