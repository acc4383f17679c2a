"""Runs ChatKit conversations durably: threads, items, runs and the agents that answer them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from durable_chatkit.agent.assistant import Assistant, from_workflow
    from durable_chatkit.agent.turn_api import Turn, current_turn, idempotency_key, step

__all__ = ["Assistant", "Turn", "current_turn", "from_workflow", "idempotency_key", "step"]

# Imported on first use, because the SDKs take a second to load and most commands don't need them.
_MODULES: Final = {
    **dict.fromkeys(("Assistant", "from_workflow"), "durable_chatkit.agent.assistant"),
    **dict.fromkeys(
        ("Turn", "current_turn", "idempotency_key", "step"), "durable_chatkit.agent.turn_api"
    ),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_MODULES[name]), name)
