"""Definition of a tool, independent of the SDK."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from chatkit.widgets import DynamicWidgetRoot

from todo_agent.tool_tasks import ToolTasks

# Statuses of tasks that words can match, in order of preference.
OPEN_FIRST: Final = ("open", "completed")
CLOSED_FIRST: Final = ("completed", "open")


@dataclass(frozen=True)
class ToolOutcome:
    """A tool's result: the output for the model, and the widget for the user."""

    output: dict[str, Any]
    widget: DynamicWidgetRoot | None = None
    copy_text: str | None = None


@dataclass(frozen=True)
class ToolSpec:
    """A tool.

    Args:
        progress: text for the user while the tool runs.
        changes: whether it can change tasks or lists.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]
    run: Callable[[ToolTasks, Any], Awaitable[ToolOutcome]]
    progress: Callable[[Any], str]
    changes: bool = True
