"""Describes pending operations, and applies them once they are confirmed."""

from collections.abc import Sequence

import msgspec

from tasks_service.domain.grouping import ChangeTarget
from tasks_service.errors import NothingToUndoError
from tasks_service.service.list_changes import delete_list
from tasks_service.service.task_changes import delete_task, restore_task, update_task
from tasks_service.service.undo import changed_task, undo
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import ListRecord, TaskRecord
from todochat.contracts.task_changes import (
    ChangedList,
    ChangedTask,
    ChangeOutcome,
    DeleteListOperation,
    DeleteOperation,
    Operation,
    PendingOperation,
    RestoreOperation,
    SkippedOperation,
    SkipReason,
    TaskOperation,
    UndoOperation,
    UpdateOperation,
)


async def describe_operation(work: UserWork, operation: Operation) -> PendingOperation:
    """Return an operation with the current title, number and version of its target.

    Raises:
        TaskNotFoundError, ListNotFoundError, NothingToUndoError: the target doesn't exist.
    """
    match operation:
        case UndoOperation():
            changes = await work.changes.find_in_effect(ChangeTarget(group_id=operation.group_id))
            if not changes:
                raise NothingToUndoError
            return PendingOperation(operation=operation, title="", count=len(changes))
        case DeleteListOperation():
            entry = await work.get_list(operation.list_id)
            return PendingOperation(
                operation=operation,
                title=entry.name,
                count=await work.tasks.count_open_in_list(entry.id),
                seen=await _list_version(work, entry),
            )
        case UpdateOperation() | DeleteOperation() | RestoreOperation():
            is_deleted = isinstance(operation, RestoreOperation)
            task = await work.get_task(operation.task_id, include_deleted=is_deleted)
            by_id = msgspec.structs.replace(operation, task_id=task.id)
            return PendingOperation(
                operation=by_id, title=task.title, number=task.number, seen=_task_version(task)
            )


async def apply_operations(
    work: UserWork, group_id: str, operations: Sequence[PendingOperation]
) -> ChangeOutcome:
    """Apply confirmed operations; skip those whose target changed since the user saw it.

    Raises:
        UndoConflictError, TooManyTasksError, ListNotFoundError, DefaultListError: an operation
            can't be applied.
    """
    # Read before the first operation, since several can have the same list or task as target.
    versions = [await _target_version(work, pending.operation) for pending in operations]
    task_ids: list[str] = []
    changed: list[ChangedTask] = []
    lists: list[ChangedList] = []
    left: list[SkippedOperation] = []
    for pending, version in zip(operations, versions, strict=True):
        operation = pending.operation
        if version != pending.seen:
            reason: SkipReason = "gone" if version is None else "changed"
            left.append(SkippedOperation(title=pending.title, number=pending.number, reason=reason))
        elif isinstance(operation, UndoOperation):
            undone = await undo(work, ChangeTarget(group_id=operation.group_id))
            changed += undone.tasks
            lists += undone.lists
        elif isinstance(operation, DeleteListOperation):
            entry = await work.get_list(operation.list_id)
            await delete_list(work, entry, operation.tasks)
            lists.append(ChangedList(id=entry.id, name=entry.name, deleted=True))
        else:
            is_deleted = isinstance(operation, RestoreOperation)
            task = await work.tasks.find_by_ref(operation.task_id, include_deleted=is_deleted)
            if task is not None:  # None if an earlier operation deleted it
                await _apply_to_task(work, task, operation)
            task_ids.append(operation.task_id)
    tasks = await work.tasks.find_by_ids(dict.fromkeys(task_ids))
    changed += [changed_task(tasks[task_id]) for task_id in dict.fromkeys(task_ids)]
    return ChangeOutcome(
        group_id=group_id, request_id=work.request_id, tasks=changed, lists=lists, left=left
    )


async def _target_version(work: UserWork, operation: Operation) -> str | None:
    """Return the current value of `PendingOperation.seen`; None if the target was deleted."""
    match operation:
        case UndoOperation():
            return ""  # an undo checks for conflicts itself
        case DeleteListOperation():
            entry = await work.lists.find_by_id(operation.list_id)
            return None if entry is None else await _list_version(work, entry)
        case UpdateOperation() | DeleteOperation() | RestoreOperation():
            is_deleted = isinstance(operation, RestoreOperation)
            task = await work.tasks.find_by_ref(operation.task_id, include_deleted=is_deleted)
            return None if task is None else _task_version(task)


async def _apply_to_task(work: UserWork, task: TaskRecord, operation: TaskOperation) -> None:
    match operation:
        case UpdateOperation():
            await update_task(work, task, operation.changes)
        case DeleteOperation():
            await delete_task(work, task)
        case RestoreOperation():
            await restore_task(work, task)


async def _list_version(work: UserWork, entry: ListRecord) -> str:
    return f"{entry.name}:{await work.tasks.list_digest(entry.id)}"


def _task_version(task: TaskRecord) -> str:
    return task.updated_at.isoformat()
