"""Undoing a group of changes: all of it, or nothing if something was changed again since."""

from collections.abc import Collection, Mapping
from typing import Any

from tasks_service.domain.change import ChangeType
from tasks_service.domain.limits import MAX_OPEN_TASKS
from tasks_service.errors import NothingToUndoError, TooManyTasksError, UndoConflictError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import list_state, set_list_state, to_list
from tasks_service.storage.records import ChangeRecord, ListRecord, TaskRecord
from tasks_service.storage.task_repository import set_state, task_state, to_task
from todochat.contracts.task_changes import ChangedList, ChangedTask, ChangeOutcome, ListedTasks


async def undo_group(
    work: UserWork, group_id: str, task_ids: Collection[str] | None = None
) -> ChangeOutcome:
    """Bring back the state before a group of changes, the newest change first.

    A field is written back only if it still has the value that the group gave it; one that has
    its earlier value again is left alone. Each change is undone at most once.

    Args:
        task_ids: only what the group did to these tasks; None for everything.

    Raises:
        NothingToUndoError: nothing of the group is left to undo.
        UndoConflictError: something was changed again since, or is gone for good.
        TooManyTasksError: more tasks would be open than may be.
        ConfirmationRequiredError: see `UserWork.require_consent`.
    """
    changes = await work.changes.undoable(group_id)
    if task_ids is not None:
        changes = [change for change in changes if change.entity_id in task_ids]
    if not changes:
        raise NothingToUndoError
    of_tasks = [change.entity_id for change in changes if change.type.startswith("task.")]
    tasks = await work.tasks.with_ids(dict.fromkeys(of_tasks))
    await work.require_consent(
        *tasks, deletes_list=any(change.type == "list.created.v1" for change in changes)
    )
    before = {task_id: task_state(record) for task_id, record in tasks.items()}
    lists: dict[str, ListRecord] = {}
    live = {record.id for record in await work.lists.all()}
    conflicts = []
    for change in changes:
        if change.type.startswith("list."):
            conflicts.append(await _undo_list(work, change, lists))
            live = {record.id for record in await work.lists.all()}
        else:
            conflicts.append(await _undo_task(work, change, tasks, live))
    if titles := list(dict.fromkeys(filter(None, conflicts))):
        raise UndoConflictError(titles)
    if await work.tasks.count_open(at_most=MAX_OPEN_TASKS + 1) > MAX_OPEN_TASKS:
        raise TooManyTasksError(MAX_OPEN_TASKS)
    # Lists first: a reader that gets their tasks must know them.
    for record in lists.values():
        open_tasks = await work.tasks.count_open_in(record.id)
        fate: ListedTasks | None = None if record.deleted_at is None else "delete"
        work.record(
            _kind_of_list(record), task_list=to_list(record, open_tasks=open_tasks), tasks=fate
        )
    changed = [task for task_id, task in tasks.items() if task_state(task) != before[task_id]]
    for task in changed:
        work.record(_kind_of_task(before[task.id], task), task=to_task(task))
    return ChangeOutcome(
        group_id=group_id,
        tasks=[changed_task(task) for task in changed],
        lists=[
            ChangedList(id=record.id, name=record.name, deleted=record.deleted_at is not None)
            for record in lists.values()
        ],
    )


def changed_task(record: TaskRecord) -> ChangedTask:
    """Return what is told of a task that was changed."""
    return ChangedTask(
        id=record.id,
        number=record.number,
        title=record.title,
        deleted=record.deleted_at is not None,
    )


async def _undo_task(
    work: UserWork, change: ChangeRecord, tasks: Mapping[str, TaskRecord], live: Collection[str]
) -> str | None:
    """Undo one change; returns what to call the task if it was changed again.

    Args:
        live: the ids of the lists that there are.
    """
    record = tasks.get(change.entity_id)
    if record is None:
        return "a task that is deleted for good"
    state = task_state(record)
    wanted = _wanted(state, change, deleted_at=work.now)
    if wanted is None:
        return record.title
    is_alive = wanted.get("deleted_at", state["deleted_at"]) is None
    if is_alive and wanted.get("list_id", record.list_id) not in live:
        if "list_id" in wanted:
            return record.title  # the list it came from is gone
        wanted["list_id"] = await work.resolve_list(None)
    set_state(record, wanted)
    record.updated_at = work.now
    after = task_state(record)
    work.log(_kind_of_task(state, record), record.id, state, after, undoes=change.id)
    return None


async def _undo_list(
    work: UserWork, change: ChangeRecord, lists: dict[str, ListRecord]
) -> str | None:
    """Undo one change, and add the list to `lists`; returns what to call it if that can't be.

    It can't if the list was changed again, if a new one has tasks by now, or if its name is taken.
    """
    record = await work.lists.find(change.entity_id, deleted_too=True)
    if record is None:
        return str(change.after.get("name", "a list that is deleted for good"))
    state = list_state(record)
    wanted = _wanted(state, change, deleted_at=work.now)
    if wanted is None:
        return record.name
    if wanted.get("deleted_at") is not None:
        if record.is_default or await work.tasks.has_any_in(record.id):
            return record.name
    elif wanted:
        holder = await work.lists.find_named(wanted.get("name", record.name))
        if holder is not None and holder is not record:
            return record.name
    set_list_state(record, wanted)
    record.updated_at = work.now
    await work.lists.flush()
    work.log(_kind_of_list(record), record.id, state, list_state(record), undoes=change.id)
    lists[record.id] = record
    return None


def _wanted(
    state: Mapping[str, Any], change: ChangeRecord, *, deleted_at: object
) -> dict[str, Any] | None:
    """Return the fields to write so that a change is undone; None if they were changed again."""
    if change.before is None:
        if state["deleted_at"] is not None:
            return {}
        return {"deleted_at": deleted_at} if state == change.after else None
    wanted = {}
    for name, value in change.before.items():
        if state[name] == change.after[name]:
            wanted[name] = value
        elif state[name] != value:
            return None
    return wanted


def _kind_of_task(before: Mapping[str, Any], record: TaskRecord) -> ChangeType:
    if (before["deleted_at"] is None) != (record.deleted_at is None):
        return "task.restored.v1" if record.deleted_at is None else "task.deleted.v1"
    if (before["completed_at"] is None) != (record.completed_at is None):
        return "task.reopened.v1" if record.completed_at is None else "task.completed.v1"
    return "task.updated.v1"


def _kind_of_list(record: ListRecord) -> ChangeType:
    return "list.updated.v1" if record.deleted_at is None else "list.deleted.v1"
