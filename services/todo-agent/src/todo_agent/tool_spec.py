"""What a tool of the todo agent is, before it is bound to the SDK."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from chatkit.widgets import DynamicWidgetRoot

from todo_agent.tool_tasks import ToolTasks

# Which tasks words may mean, tried in this order.
OPEN_FIRST: Final = ("open", "completed")
CLOSED_FIRST: Final = ("completed", "open")


@dataclass(frozen=True)
class Outcome:
    """What a tool returns to the model, and what it shows to the person."""

    output: dict[str, Any]
    widget: DynamicWidgetRoot | None = None
    copy_text: str | None = None


@dataclass(frozen=True)
class ToolSpec:
    """A tool before it is bound to the SDK.

    Args:
        progress: what the person reads while it runs.
        changes: whether it may change tasks or lists.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]
    run: Callable[[ToolTasks, Any], Awaitable[Outcome]]
    progress: Callable[[Any], str]
    changes: bool = True
