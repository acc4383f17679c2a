"""Definition of a tool, independent of what executes it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from task_tools.tool_tasks import ToolTasks
from todochat.contracts.task_changes import PendingChange
from todochat.contracts.tasks import Task, TaskList

# Statuses of tasks that words can match, in order of preference.
OPEN_FIRST: Final = ("open", "completed")
CLOSED_FIRST: Final = ("completed", "open")


@dataclass(frozen=True)
class FoundTasks:
    """A page of tasks that a search found.

    Args:
        query: the parameters of `GET /tasks` for this page.
        next_cursor: None on the last page.
    """

    tasks: Sequence[Task]
    query: Mapping[str, str]
    total: int
    next_cursor: str | None


@dataclass(frozen=True)
class ShownTask:
    """A task to show as a form."""

    task: Task
    lists: Sequence[TaskList]


@dataclass(frozen=True)
class NewTask:
    """An empty form for a new task."""

    lists: Sequence[TaskList]


@dataclass(frozen=True)
class AnsweredPending:
    """A pending change that was confirmed, or discarded (`confirmed` is None)."""

    pending_id: str
    confirmed: PendingChange | None


View = FoundTasks | ShownTask | NewTask | AnsweredPending


@dataclass(frozen=True)
class ToolOutcome:
    """A tool's result: the output for the model, and what the user should see of it."""

    output: dict[str, Any] = field(default_factory=dict)
    view: View | None = None

    @property
    def is_ok(self) -> bool:
        """True if the call succeeded."""
        return self.output.get("ok") is True


@dataclass(frozen=True)
class ToolSpec:
    """A tool.

    Args:
        changes: whether it can change tasks or lists.
        is_destructive: whether it can delete something, or overwrite what it doesn't show.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]
    run: Callable[[ToolTasks, Any], Awaitable[ToolOutcome]]
    changes: bool = True
    is_destructive: bool = False
