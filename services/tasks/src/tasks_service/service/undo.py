"""Undoes a group of changes: all of them, or none if one was changed again since."""

from collections.abc import Collection, Mapping
from typing import Any

from tasks_service.domain.change import ChangeType
from tasks_service.domain.limits import MAX_OPEN_TASKS
from tasks_service.errors import NothingToUndoError, TooManyTasksError, UndoConflictError
from tasks_service.service.task_changes import task_change_type
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import list_state, set_list_state, to_list
from tasks_service.storage.records import ChangeRecord, ListRecord, TaskRecord
from tasks_service.storage.task_repository import set_task_state, task_state, to_task
from todochat.contracts.task_changes import ChangedList, ChangedTask, ChangeOutcome, ListedTasks


async def undo_group(
    work: UserWork, group_id: str, task_ids: Collection[str] | None = None
) -> ChangeOutcome:
    """Restore the state before a group of changes, the newest change first.

    A field is restored only if it still has the value that the group wrote; a field that has its
    earlier value again is skipped. Each change is undone at most once.

    Args:
        task_ids: undo only changes of these tasks; None undoes all.

    Raises:
        NothingToUndoError: the group has no changes left to undo.
        UndoConflictError: a task or list was changed again since, or has been purged.
        TooManyTasksError: more than 10,000 tasks would be open.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    changes = await work.changes.find_undoable(group_id)
    if task_ids is not None:
        changes = [change for change in changes if change.entity_id in task_ids]
    if not changes:
        raise NothingToUndoError
    changed_ids = [change.entity_id for change in changes if change.type.startswith("task.")]
    tasks = await work.tasks.find_by_ids(dict.fromkeys(changed_ids))
    await work.check_change_limit(
        *tasks, deletes_list=any(change.type == "list.created.v1" for change in changes)
    )
    before = {task_id: task_state(record) for task_id, record in tasks.items()}
    lists: dict[str, ListRecord] = {}
    live_list_ids = {record.id for record in await work.lists.find_all()}
    conflicts = []
    for change in changes:
        if change.type.startswith("list."):
            conflicts.append(await _undo_list(work, change, lists))
            live_list_ids = {record.id for record in await work.lists.find_all()}
        else:
            conflicts.append(await _undo_task(work, change, tasks, live_list_ids))
    if titles := list(dict.fromkeys(filter(None, conflicts))):
        raise UndoConflictError(titles)
    if await work.tasks.count_open(at_most=MAX_OPEN_TASKS + 1) > MAX_OPEN_TASKS:
        raise TooManyTasksError(MAX_OPEN_TASKS)
    # Lists first: a client must know a list before its tasks.
    for record in lists.values():
        open_tasks = await work.tasks.count_open_in_list(record.id)
        listed: ListedTasks | None = None if record.deleted_at is None else "delete"
        task_list = to_list(record, open_tasks=open_tasks)
        work.publish(_list_change_type(record), task_list=task_list, tasks=listed)
    changed = [task for task_id, task in tasks.items() if task_state(task) != before[task_id]]
    for task in changed:
        work.publish(task_change_type(before[task.id], task), task=to_task(task))
    return ChangeOutcome(
        group_id=group_id,
        tasks=[changed_task(task) for task in changed],
        lists=[
            ChangedList(id=record.id, name=record.name, deleted=record.deleted_at is not None)
            for record in lists.values()
        ],
    )


def changed_task(record: TaskRecord) -> ChangedTask:
    """Return the summary of a changed task."""
    return ChangedTask(
        id=record.id,
        number=record.number,
        title=record.title,
        deleted=record.deleted_at is not None,
    )


async def _undo_task(
    work: UserWork,
    change: ChangeRecord,
    tasks: Mapping[str, TaskRecord],
    live_list_ids: Collection[str],
) -> str | None:
    """Undo one change of a task; on a conflict return the task's title instead."""
    record = tasks.get(change.entity_id)
    if record is None:
        return "a purged task"
    state = task_state(record)
    restored = _restored_fields(state, change, deleted_at=work.now)
    if restored is None:
        return record.title
    is_live = restored.get("deleted_at", state["deleted_at"]) is None
    if is_live and restored.get("list_id", record.list_id) not in live_list_ids:
        if "list_id" in restored:
            return record.title  # its earlier list was deleted
        restored["list_id"] = await work.resolve_list_id(None)
    set_task_state(record, restored)
    record.updated_at = work.now
    after = task_state(record)
    work.log_change(task_change_type(state, record), record.id, state, after, undoes=change.id)
    return None


async def _undo_list(
    work: UserWork, change: ChangeRecord, lists: dict[str, ListRecord]
) -> str | None:
    """Undo one change and add the list to `lists`; on a conflict return the list's name instead.

    Conflicts: the list was changed again, a new list has tasks by now, or its name is taken.
    """
    record = await work.lists.find_by_id(change.entity_id, include_deleted=True)
    if record is None:
        return str(change.after.get("name", "a purged list"))
    state = list_state(record)
    restored = _restored_fields(state, change, deleted_at=work.now)
    if restored is None:
        return record.name
    if restored.get("deleted_at") is not None:
        if record.is_default or await work.tasks.list_has_tasks(record.id):
            return record.name
    elif restored:
        existing = await work.lists.find_by_name(restored.get("name", record.name))
        if existing is not None and existing is not record:
            return record.name
    set_list_state(record, restored)
    record.updated_at = work.now
    await work.lists.flush()
    change_type = _list_change_type(record)
    work.log_change(change_type, record.id, state, list_state(record), undoes=change.id)
    lists[record.id] = record
    return None


def _restored_fields(
    state: Mapping[str, Any], change: ChangeRecord, *, deleted_at: object
) -> dict[str, Any] | None:
    """Return the values that undo a change; None if its fields were changed again."""
    if change.before is None:
        if state["deleted_at"] is not None:
            return {}
        return {"deleted_at": deleted_at} if state == change.after else None
    restored = {}
    for name, value in change.before.items():
        if state[name] == change.after[name]:
            restored[name] = value
        elif state[name] != value:
            return None
    return restored


def _list_change_type(record: ListRecord) -> ChangeType:
    return "list.updated.v1" if record.deleted_at is None else "list.deleted.v1"
