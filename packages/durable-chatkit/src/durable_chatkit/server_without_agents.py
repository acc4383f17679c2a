"""Imports openai-chatkit's server without the Agents SDK and `openai`: 37 MB that the API never uses.

`chatkit.server` needs the SDK's version and two context variables only to set the User-Agent of model
requests inside a stream. The API calls no model.
"""

import sys
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any

from todochat.lean_imports import replaced


def import_server_without_agents() -> None:
    """Import `chatkit.server` with stand-ins for the SDK; no-op if either has been imported.

    A later `import agents` imports the SDK itself.
    """
    if "agents" in sys.modules or "chatkit.server" in sys.modules:
        return
    stand_ins: dict[str, dict[str, Any]] = {
        "agents": {"__version__": version("openai-agents")},
        "agents.models": {},
        "agents.models.chatcmpl_helpers": {"HEADERS_OVERRIDE": ContextVar("chat completions")},
        "agents.models.openai_responses": {"_HEADERS_OVERRIDE": ContextVar("responses")},
    }
    with replaced(stand_ins):
        import chatkit.server  # noqa: F401, PLC0415 - see above
