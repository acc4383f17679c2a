"""Changes of a task inside a transaction: its row, the change record and the feed event."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from tasks_service.domain.change import ChangeType
from tasks_service.domain.reminder import keep_ids
from tasks_service.domain.task import PRIORITIES, TaskDraft
from tasks_service.service.series_changes import (
    add_next_instance,
    edit_series,
    publish_instance,
    withdraw_next_instance,
)
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import (
    set_due,
    set_reminders,
    set_repeat,
    set_start,
    set_text,
    task_state,
    to_reminders,
    to_task,
)
from todochat.contracts.task_changes import TaskChanges
from todochat.contracts.tasks import Task
from todochat.ids import new_id


async def create_task(work: UserWork, draft: TaskDraft) -> Task:
    """Create a task.

    Raises:
        ListNotFoundError: the user has no such list.
        TooManyTasksError: the user has 10,000 open tasks.
    """
    await work.check_open_task_limit()
    list_id = await work.resolve_list_id(draft.list_id)
    record = TaskRecord(
        id=new_id("tsk"),
        user_id=work.user_id,
        number=work.take_next_number(),
        list_id=list_id,
        priority=PRIORITIES.index(draft.priority),
        duration_minutes=draft.duration_minutes,
        is_pinned=draft.pinned,
        completed_at=None,
        deleted_at=None,
        created_at=work.now,
        updated_at=work.now,
    )
    set_text(record, title=draft.title, notes=draft.notes, tags=draft.tags)
    set_due(record, draft.due)
    set_start(record, draft.start)
    set_repeat(record, draft.repeat)
    record.series_id = new_id("ser") if draft.repeat else None
    set_reminders(record, draft.reminders)
    await work.tasks.add(record)
    task = to_task(record)
    work.log_change("task.created.v1", record.id, None, task_state(record))
    work.publish("task.created.v1", task=task)
    return task


async def update_task(work: UserWork, record: TaskRecord, changes: TaskChanges) -> Task:
    """Change fields of a task; a no-op for fields that have these values.

    Completing a repeating task adds its next instance; reopening it removes one that is unchanged.

    Raises:
        InvalidInputError: a task that repeats would have no suitable due date.
        ListNotFoundError: the user has no such list.
        TooManyTasksError: it would be reopened, and the user has 10,000 open tasks.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    state = task_state(record)
    set_text(
        record,
        title=record.title if changes.title is UNSET else changes.title,
        notes=record.notes if changes.notes is UNSET else changes.notes,
        tags=record.tags if changes.tags is UNSET else changes.tags,
    )
    if changes.due is not UNSET:
        set_due(record, changes.due)
    if changes.start is not UNSET:
        set_start(record, changes.start)
    if changes.duration_minutes is not UNSET:
        record.duration_minutes = changes.duration_minutes
    if changes.pinned is not UNSET:
        record.is_pinned = changes.pinned
    if changes.reminders is not UNSET:
        set_reminders(record, keep_ids(changes.reminders, to_reminders(record)))
    if changes.priority is not UNSET:
        record.priority = PRIORITIES.index(changes.priority)
    if changes.list_id is not UNSET:
        record.list_id = await work.resolve_list_id(changes.list_id)
    edit_series(record, state, changes)
    instance = await set_completed(work, record, is_completed=changes.is_completed)
    if task_state(record) == state:
        return to_task(record)
    await work.check_change_limit(record.id)
    record.updated_at = work.now
    task = to_task(record)
    change_type = task_change_type(state, record)
    work.log_change(change_type, record.id, state, task_state(record))
    work.publish(change_type, task=task)
    if instance is not None:
        publish_instance(work, instance)
    return task


async def delete_task(work: UserWork, record: TaskRecord) -> None:
    """Delete a task; it can be restored until it is purged.

    Raises:
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    await work.check_change_limit(record.id)
    state = task_state(record)
    record.deleted_at = record.updated_at = work.now
    work.log_change("task.deleted.v1", record.id, state, task_state(record))
    work.publish("task.deleted.v1", task=to_task(record))


async def restore_task(work: UserWork, record: TaskRecord) -> Task:
    """Restore a deleted task; into the default list if its own list is deleted.

    Raises:
        TooManyTasksError: it is open, and the user has 10,000 open tasks.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    if record.deleted_at is None:
        return to_task(record)
    await work.check_change_limit(record.id)
    if record.completed_at is None:
        await work.check_open_task_limit()
    state = task_state(record)
    if await work.lists.find_by_id(record.list_id) is None:
        record.list_id = await work.resolve_list_id(None)
    record.deleted_at = None
    record.updated_at = work.now
    task = to_task(record)
    work.log_change("task.restored.v1", record.id, state, task_state(record))
    work.publish("task.restored.v1", task=task)
    return task


async def set_completed(
    work: UserWork, record: TaskRecord, *, is_completed: bool | UnsetType
) -> TaskRecord | None:
    """Complete or reopen a task; return the instance that this adds or withdraws.

    Raises:
        TooManyTasksError: it would be reopened, and the user has 10,000 open tasks.
    """
    if is_completed is True and record.completed_at is None:
        record.completed_at = work.now
        return await add_next_instance(work, record)
    if is_completed is False and record.completed_at is not None:
        await work.check_open_task_limit()
        record.completed_at = None
        return await withdraw_next_instance(work, record)
    return None


def task_change_type(before: Mapping[str, Any], record: TaskRecord) -> ChangeType:
    """Return the type of a change of an existing task.

    Args:
        before: its `task_state` before the change.
    """
    if (before["deleted_at"] is None) != (record.deleted_at is None):
        return "task.restored.v1" if record.deleted_at is None else "task.deleted.v1"
    if (before["completed_at"] is None) != (record.completed_at is None):
        return "task.reopened.v1" if record.completed_at is None else "task.completed.v1"
    return "task.updated.v1"
