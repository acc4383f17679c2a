"""What each change of a task does inside its transaction: row, change record and feed."""

from msgspec import UNSET

from tasks_service.domain.change import ChangeType
from tasks_service.domain.task import PRIORITIES, TaskDraft
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import set_due, set_text, task_state, to_task
from todochat.contracts.task_changes import TaskChanges
from todochat.contracts.tasks import Task
from todochat.ids import new_id


async def create_task(work: UserWork, draft: TaskDraft) -> Task:
    """Store a new task.

    Raises:
        ListNotFoundError: the person has no such list.
        TooManyTasksError: the person has as many open tasks as they may.
    """
    await work.require_room()
    list_id = await work.resolve_list(draft.list_id)
    record = TaskRecord(
        id=new_id("tsk"),
        user_id=work.user_id,
        number=work.next_number(),
        list_id=list_id,
        priority=PRIORITIES.index(draft.priority),
        completed_at=None,
        deleted_at=None,
        created_at=work.now,
        updated_at=work.now,
    )
    set_text(record, title=draft.title, notes=draft.notes, tags=draft.tags)
    set_due(record, draft.due)
    await work.tasks.add(record)
    task = to_task(record)
    work.log("task.created.v1", record.id, None, task_state(record))
    work.record("task.created.v1", task=task)
    return task


async def update_task(work: UserWork, record: TaskRecord, changes: TaskChanges) -> Task:
    """Change fields of a task; fields that already are so change nothing.

    Raises:
        ListNotFoundError: the person has no such list.
        TooManyTasksError: it is to be open again, and as many are as may be.
        ConfirmationRequiredError: see `UserWork.require_consent`.
    """
    before, state = to_task(record), task_state(record)
    await _apply(work, record, changes)
    if to_task(record) == before:
        return before
    await work.require_consent(record.id)
    record.updated_at = work.now
    task = to_task(record)
    kind = _kind_of_update(before, task)
    work.log(kind, record.id, state, task_state(record))
    work.record(kind, task=task)
    return task


async def delete_task(work: UserWork, record: TaskRecord) -> None:
    """Delete a task so that it can be restored for some time.

    Raises:
        ConfirmationRequiredError: see `UserWork.require_consent`.
    """
    await work.require_consent(record.id)
    state = task_state(record)
    record.deleted_at = record.updated_at = work.now
    work.log("task.deleted.v1", record.id, state, task_state(record))
    work.record("task.deleted.v1", task=to_task(record))


async def restore_task(work: UserWork, record: TaskRecord) -> Task:
    """Bring a deleted task back, into the default list if its own list is gone.

    Raises:
        TooManyTasksError: it is open, and as many are as may be.
        ConfirmationRequiredError: see `UserWork.require_consent`.
    """
    if record.deleted_at is None:
        return to_task(record)
    await work.require_consent(record.id)
    if record.completed_at is None:
        await work.require_room()
    state = task_state(record)
    if await work.lists.find(record.list_id) is None:
        record.list_id = await work.resolve_list(None)
    record.deleted_at = None
    record.updated_at = work.now
    task = to_task(record)
    work.log("task.restored.v1", record.id, state, task_state(record))
    work.record("task.restored.v1", task=task)
    return task


async def _apply(work: UserWork, record: TaskRecord, changes: TaskChanges) -> None:
    set_text(
        record,
        title=record.title if changes.title is UNSET else changes.title,
        notes=record.notes if changes.notes is UNSET else changes.notes,
        tags=record.tags if changes.tags is UNSET else changes.tags,
    )
    if changes.due is not UNSET:
        set_due(record, changes.due)
    if changes.priority is not UNSET:
        record.priority = PRIORITIES.index(changes.priority)
    if changes.list_id is not UNSET:
        record.list_id = await work.resolve_list(changes.list_id)
    if changes.is_completed is not UNSET:
        await _set_completed(work, record, is_completed=changes.is_completed)


async def _set_completed(work: UserWork, record: TaskRecord, *, is_completed: bool) -> None:
    if is_completed and record.completed_at is None:
        record.completed_at = work.now
    elif not is_completed and record.completed_at is not None:
        await work.require_room()
        record.completed_at = None


def _kind_of_update(before: Task, after: Task) -> ChangeType:
    if (before.completed_at is None) == (after.completed_at is None):
        return "task.updated.v1"
    return "task.reopened.v1" if after.completed_at is None else "task.completed.v1"
