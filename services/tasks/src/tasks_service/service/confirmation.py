"""What is shown of an operation that waits, and how it is carried out once it is confirmed."""

from collections.abc import Sequence

import msgspec

from tasks_service.errors import ListNotFoundError, NothingToUndoError, TaskNotFoundError
from tasks_service.service.list_changes import delete_list
from tasks_service.service.task_changes import delete_task, restore_task, update_task
from tasks_service.service.undo import changed_task, undo_group
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
    UndoOperation,
    UpdateOperation,
)


async def describe(work: UserWork, operation: Operation) -> PendingOperation:
    """Return an operation with what it is about, as that is now.

    Raises:
        TaskNotFoundError, ListNotFoundError, NothingToUndoError: there is no such thing.
    """
    match operation:
        case UndoOperation():
            changes = await work.changes.undoable(operation.group_id)
            if not changes:
                raise NothingToUndoError
            return PendingOperation(operation=operation, title="", count=len(changes))
        case DeleteListOperation():
            entry = await _list(work, operation.list_id)
            return PendingOperation(
                operation=operation,
                title=entry.name,
                count=await work.tasks.count_open_in(entry.id),
                seen=await _list_as_seen(work, entry),
            )
        case UpdateOperation() | DeleteOperation() | RestoreOperation():
            is_deleted = isinstance(operation, RestoreOperation)
            task = await work.tasks.find(operation.task_id, deleted_too=is_deleted)
            if task is None:
                raise TaskNotFoundError
            by_id = msgspec.structs.replace(operation, task_id=task.id)
            return PendingOperation(
                operation=by_id, title=task.title, number=task.number, seen=_as_seen(task)
            )


async def carry_out(
    work: UserWork, group_id: str, waiting: Sequence[PendingOperation]
) -> ChangeOutcome:
    """Do what was confirmed, but for what is not as the person saw it.

    Raises:
        UndoConflictError, TooManyTasksError, ListNotFoundError, DefaultListError: it can't be done.
    """
    # Looked at before the first operation: a later one may be about the same list or task.
    present = [await _present(work, each.operation) for each in waiting]
    task_ids: list[str] = []
    changed: list[ChangedTask] = []
    lists: list[ChangedList] = []
    left: list[SkippedOperation] = []
    for each, seen in zip(waiting, present, strict=True):
        operation = each.operation
        if seen != each.seen:
            reason: SkipReason = "gone" if seen is None else "changed"
            left.append(SkippedOperation(title=each.title, number=each.number, reason=reason))
        elif isinstance(operation, UndoOperation):
            undone = await undo_group(work, operation.group_id)
            changed += undone.tasks
            lists += undone.lists
        elif isinstance(operation, DeleteListOperation):
            entry = await _list(work, operation.list_id)
            await delete_list(work, entry, operation.tasks)
            lists.append(ChangedList(id=entry.id, name=entry.name, deleted=True))
        else:
            await _change_task(work, operation)
            task_ids.append(operation.task_id)
    tasks = await work.tasks.with_ids(dict.fromkeys(task_ids))
    changed += [changed_task(tasks[task_id]) for task_id in dict.fromkeys(task_ids)]
    return ChangeOutcome(group_id=group_id, tasks=changed, lists=lists, left=left)


async def _present(work: UserWork, operation: Operation) -> str | None:
    """Return what `PendingOperation.seen` would be now; None for what is gone."""
    match operation:
        case UndoOperation():
            return ""  # an undo compares everything itself
        case DeleteListOperation():
            entry = await work.lists.find(operation.list_id)
            return None if entry is None else await _list_as_seen(work, entry)
        case UpdateOperation() | DeleteOperation() | RestoreOperation():
            is_deleted = isinstance(operation, RestoreOperation)
            task = await work.tasks.find(operation.task_id, deleted_too=is_deleted)
            return None if task is None else _as_seen(task)


async def _list(work: UserWork, list_id: str) -> ListRecord:
    entry = await work.lists.find(list_id)
    if entry is None:
        raise ListNotFoundError
    return entry


async def _change_task(
    work: UserWork, operation: UpdateOperation | DeleteOperation | RestoreOperation
) -> None:
    is_deleted = isinstance(operation, RestoreOperation)
    task = await work.tasks.find(operation.task_id, deleted_too=is_deleted)
    if task is None:
        return  # an operation before this one has deleted it
    match operation:
        case UpdateOperation():
            await update_task(work, task, operation.changes)
        case DeleteOperation():
            await delete_task(work, task)
        case RestoreOperation():
            await restore_task(work, task)


async def _list_as_seen(work: UserWork, entry: ListRecord) -> str:
    return f"{entry.name}:{await work.tasks.digest_of(entry.id)}"


def _as_seen(task: TaskRecord) -> str:
    return task.updated_at.isoformat()
