"""The unit of work that the steps of an undo share, and the tasks around those that it restores."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TaskRecord


class UndoScope:
    """The unit of work of an undo, with subtasks and parents that are read once for all changes.

    Args:
        tasks: the tasks that the undo restores, by ID.
    """

    def __init__(self, work: UserWork, tasks: Mapping[str, TaskRecord]) -> None:
        self.work = work
        self._tasks: dict[str, TaskRecord | None] = dict(tasks)
        self._subtasks: defaultdict[str, set[str]] = defaultdict(set)

    async def load(self) -> None:
        """Read which of the tasks have subtasks."""
        if self._tasks:
            for task_id, parent_id in await self.work.tasks.find_parent_ids(self._tasks):
                self._subtasks[parent_id].add(task_id)

    def has_subtasks(self, task_id: str) -> bool:
        """Return whether a task of the undo has subtasks at this step."""
        return bool(self._subtasks[task_id])

    async def find_parent(self, task_id: str) -> TaskRecord | None:
        """Return a task, unless it is deleted at this step."""
        if task_id not in self._tasks:
            self._tasks[task_id] = await self.work.tasks.find_by_ref(task_id)
        record = self._tasks[task_id]
        return record if record is not None and record.deleted_at is None else None

    def update(self, record: TaskRecord, before: Mapping[str, Any]) -> None:
        """Note that a task was restored.

        Args:
            before: its `task_state` before.
        """
        if before["parent_id"] is not None:
            self._subtasks[before["parent_id"]].discard(record.id)
        if record.parent_id is not None and record.deleted_at is None:
            self._subtasks[record.parent_id].add(record.id)
