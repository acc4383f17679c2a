"""Imports openai-chatkit's server without the Agents SDK and `openai`: 37 MB that the API never uses.

`chatkit.server` needs the SDK's version and two context variables only to set the User-Agent of model
requests inside a stream. The API calls no model.
"""

import sys
from contextvars import ContextVar
from importlib.metadata import version
from types import ModuleType
from typing import Any, Final

_OVERRIDES: Final = {
    "agents.models.chatcmpl_helpers": "HEADERS_OVERRIDE",
    "agents.models.openai_responses": "_HEADERS_OVERRIDE",
}


def import_server_without_agents() -> None:
    """Import `chatkit.server` with stand-ins for the SDK; no-op if it has been imported.

    A later `import agents` imports the SDK itself.
    """
    if "agents" in sys.modules or "chatkit.server" in sys.modules:
        return
    stand_ins = {
        "agents": _module("agents", __version__=version("openai-agents")),
        "agents.models": _module("agents.models"),
        **{name: _module(name, **{key: ContextVar(key)}) for name, key in _OVERRIDES.items()},
    }
    sys.modules.update(stand_ins)
    try:
        import chatkit.server  # noqa: F401, PLC0415 - see above
    finally:
        for name in stand_ins:
            del sys.modules[name]


def _module(name: str, **attributes: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(attributes)
    return module
