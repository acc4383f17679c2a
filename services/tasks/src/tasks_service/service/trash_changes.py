"""Changes of deleted tasks and lists inside a transaction: restored, or deleted for good."""

from collections.abc import Collection

from tasks_service.domain.limits import MAX_LISTS, MAX_OPEN_TASKS
from tasks_service.errors import ListExistsError, TooManyListsError, TooManyTasksError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import list_state, to_list
from tasks_service.storage.records import ListRecord, SectionRecord, TaskRecord
from tasks_service.storage.section_repository import section_state, to_section
from tasks_service.storage.task_repository import task_state, to_task
from tasks_service.storage.trash_repository import TrashRepository
from todochat.contracts.tasks import TaskList


async def restore_list(work: UserWork, record: ListRecord) -> TaskList:
    """Restore a deleted list with the tasks that were deleted together with it.

    Raises:
        ListExistsError: its name is in use.
        TooManyListsError, TooManyTasksError: the user has 200 lists, or would have more than 10,000
            open tasks.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    existing = await work.lists.find_by_name(record.name)
    if existing is not None:
        raise ListExistsError(existing.name, existing.id)
    if await work.lists.count() >= MAX_LISTS:
        raise TooManyListsError(MAX_LISTS)
    deleted = await TrashRepository(work.session, work.user_id).find_tasks_of_list(record.id)
    tasks = [task for task in deleted if task.deleted_at == record.deleted_at]
    await work.check_change_limit(*(task.id for task in tasks))
    sections = await work.sections.find_deleted_with(record.id, record.deleted_at)
    state = list_state(record)
    record.deleted_at, record.updated_at = None, work.now
    work.log_change("list.updated.v1", record.id, state, list_state(record))
    for section in sections:
        before = section_state(section)
        section.deleted_at, section.updated_at = None, work.now
        work.log_change("section.updated.v1", section.id, before, section_state(section))
    for task in tasks:
        before = task_state(task)
        task.deleted_at, task.updated_at = None, work.now
        work.log_change("task.restored.v1", task.id, before, task_state(task))
    if await work.tasks.count_open(at_most=MAX_OPEN_TASKS + 1) > MAX_OPEN_TASKS:
        raise TooManyTasksError(MAX_OPEN_TASKS)
    restored = to_list(record, open_tasks=await work.tasks.count_open_in_list(record.id))
    work.publish("list.updated.v1", task_list=restored)
    for section in sections:
        work.publish("section.updated.v1", section=to_section(section))
    for task in tasks:
        work.publish("task.restored.v1", task=to_task(task))
    return restored


async def purge(
    work: UserWork, tasks: Collection[TaskRecord], lists: Collection[ListRecord]
) -> None:
    """Delete tasks and lists for good, with the deleted tasks of these lists.

    Their contents are removed at once, also from their change records. The rows remain for the next
    purge, since only the jobs role may delete.

    Raises:
        ConfirmationRequiredError: an agent always needs the user's confirmation for this.
    """
    await work.check_change_limit(deletes_list=True)
    trash = TrashRepository(work.session, work.user_id)
    task_ids = dict.fromkeys(task.id for task in tasks)
    for record in lists:
        task_ids |= dict.fromkeys(task.id for task in await trash.find_tasks_of_list(record.id))
    await work.flush()
    if task_ids:
        await trash.purge(TaskRecord, task_ids, work.now)
    if lists:
        list_ids = [record.id for record in lists]
        await trash.purge(ListRecord, list_ids, work.now)
        sections = await work.sections.find_in_deleted_lists(list_ids)
        await trash.purge(SectionRecord, sections, work.now)
    for task_id in task_ids:
        work.log_change("task.purged.v1", task_id, {}, {})
    for record in lists:
        work.log_change("list.purged.v1", record.id, {}, {})
