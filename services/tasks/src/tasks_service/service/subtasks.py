"""Subtasks, which change along with their parent."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, UnsetType

from tasks_service.errors import OpenSubtasksError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import task_state
from todochat.contracts.task_changes import ChangedTask, OpenSubtasks


class SubtaskChanges:
    """The subtasks that a change of their parent changes, too.

    Attributes:
        states: their states before, by ID.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self._records: list[TaskRecord] = []

    def add(self, record: TaskRecord) -> None:
        """Remember a subtask; call it before changing the subtask."""
        if record.id not in self.states:
            self.states[record.id] = task_state(record)
            self._records.append(record)

    def changed(self) -> Iterator[tuple[TaskRecord, dict[str, Any]]]:
        """Yield the subtasks, each with its state before."""
        return ((record, self.states[record.id]) for record in self._records)


async def find_subtasks_to_complete(
    work: UserWork, parent: TaskRecord, choice: OpenSubtasks | UnsetType
) -> list[TaskRecord]:
    """Return the open subtasks that are completed with their parent.

    Args:
        choice: of the request; UNSET means the user's preference.

    Raises:
        OpenSubtasksError: there are open subtasks, and the user wants to be asked about them.
    """
    found = await work.tasks.find_subtasks(parent.id)
    subtasks = [subtask for subtask in found if subtask.completed_at is None]
    if not subtasks:
        return []
    wanted = (await work.preferences.get()).complete_subtasks if choice is UNSET else choice
    if wanted == "ask":
        raise OpenSubtasksError(
            [
                ChangedTask(id=task.id, number=task.number, title=task.title, deleted=False)
                for task in subtasks
            ]
        )
    return subtasks if wanted == "complete" else []
