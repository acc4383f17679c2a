"""Changes of a task inside a transaction: its row, the change record and the feed event."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from tasks_service.domain.change import ChangeType
from tasks_service.domain.reminder import keep_ids
from tasks_service.domain.task import PRIORITIES, TaskDraft
from tasks_service.errors import OpenInstanceError
from tasks_service.service.series_changes import (
    add_next_instance,
    edit_series,
    publish_instance,
    withdraw_next_instance,
)
from tasks_service.service.subtasks import SubtaskChanges, find_subtasks_to_complete
from tasks_service.service.task_placement import find_restored_place, move_task, resolve_place
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
        ListNotFoundError, SectionNotFoundError, TaskNotFoundError: the user has no such list,
            section or parent.
        InvalidInputError, TooManySubtasksError: see `resolve_place`.
        TooManyTasksError: the user has 10,000 open tasks.
    """
    await work.check_open_task_limit()
    place = await resolve_place(
        work,
        list_id=UNSET if draft.list_id is None else draft.list_id,
        section_id=UNSET if draft.section_id is None else draft.section_id,
        parent_ref=UNSET if draft.parent_id is None else draft.parent_id,
    )
    record = TaskRecord(
        id=new_id("tsk"),
        user_id=work.user_id,
        number=work.take_next_number(),
        list_id=place.list_id,
        section_id=place.section_id,
        parent_id=place.parent_id,
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

    Subtasks follow a task into another list or section, and are completed with it on request.

    Raises:
        ListNotFoundError, SectionNotFoundError, TaskNotFoundError, InvalidInputError,
        TooManySubtasksError: see `resolve_place` and `edit_series`.
        OpenSubtasksError: it has open subtasks, and the user wants to be asked about them.
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
    subtasks = SubtaskChanges()
    await move_task(work, record, changes, subtasks)
    edit_series(record, state, changes)
    instances = await set_completed(work, record, changes, subtasks)
    if task_state(record) == state:
        return to_task(record)
    await work.check_change_limit(record.id, *subtasks.states)
    await write_subtask_changes(work, record, subtasks)
    task = write_task_change(work, record, state)
    for instance in instances:
        publish_instance(work, instance)
    return task


def write_task_change(work: UserWork, record: TaskRecord, before: Mapping[str, Any]) -> Task:
    """Log and publish a change of an existing task.

    Args:
        before: its `task_state` before the change.
    """
    record.updated_at = work.now
    task = to_task(record)
    change_type = task_change_type(before, record)
    work.log_change(change_type, record.id, before, task_state(record))
    work.publish(change_type, task=task)
    return task


async def write_subtask_changes(
    work: UserWork, parent: TaskRecord, subtasks: SubtaskChanges
) -> None:
    """Log and publish the changes of subtasks, before the change of their parent.

    So the parent is published with their new count, and an undo restores it before them.
    """
    for subtask, before in subtasks.changed():
        write_task_change(work, subtask, before)
    if subtasks.states:
        await work.tasks.find_by_ids([parent.id])  # loads its counts again


async def delete_task(work: UserWork, record: TaskRecord) -> None:
    """Delete a task and its subtasks; they can be restored until they are purged.

    Raises:
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    if record.deleted_at is not None:  # deleted along with its parent in the same request
        return
    subtasks = await work.tasks.find_subtasks(record.id)
    await work.check_change_limit(record.id, *(subtask.id for subtask in subtasks))
    for task in (*subtasks, record):
        state = task_state(task)
        task.deleted_at = work.now
        write_task_change(work, task, state)


async def restore_task(work: UserWork, record: TaskRecord) -> Task:
    """Restore a deleted task, and the subtasks that were deleted with it.

    It goes to the default list if its own list is deleted. A subtask whose parent is deleted
    becomes a task of its own.

    Raises:
        OpenInstanceError: it repeats, and another instance of its series is open.
        TooManyTasksError: the user would have more than 10,000 open tasks.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    if record.deleted_at is None:
        return to_task(record)
    if record.completed_at is None and await work.tasks.has_open_instance(record.series_id):
        raise OpenInstanceError
    subtasks = await work.tasks.find_subtasks(record.id, deleted_at=record.deleted_at)
    restored = [record, *subtasks]
    await work.check_change_limit(*(task.id for task in restored))
    open_tasks = [task for task in restored if task.completed_at is None]
    if open_tasks:
        await work.check_open_task_limit(len(open_tasks))
    place = await find_restored_place(work, record)
    for task in restored:
        state = task_state(task)
        task.list_id, task.section_id = place.list_id, place.section_id
        if task is record:
            task.parent_id = place.parent_id
        task.deleted_at = None
        write_task_change(work, task, state)
    if subtasks:
        await work.tasks.find_by_ids([record.id])  # loads its counts again
    return to_task(record)


async def set_completed(
    work: UserWork, record: TaskRecord, changes: TaskChanges, subtasks: SubtaskChanges
) -> list[TaskRecord]:
    """Complete or reopen a task; return the instance, with subtasks, that this adds or withdraws.

    Args:
        subtasks: gets those that are completed with it.

    Raises:
        TooManyTasksError: it would be reopened, and the user has 10,000 open tasks; or the next
            instance would have too many open subtasks.
        OpenSubtasksError: it has open subtasks, and the user wants to be asked about them.
    """
    if changes.is_completed is True and record.completed_at is None:
        for subtask in await find_subtasks_to_complete(work, record, changes.subtasks):
            subtasks.add(subtask)
            subtask.completed_at = work.now
        record.completed_at = work.now
        return await add_next_instance(work, record)
    if changes.is_completed is False and record.completed_at is not None:
        await work.check_open_task_limit()
        record.completed_at = None
        return await withdraw_next_instance(work, record)
    return []


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
