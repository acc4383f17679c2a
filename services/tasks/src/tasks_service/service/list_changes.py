"""Deletion of a list inside a transaction."""

from tasks_service.domain.position import spread_positions
from tasks_service.errors import DefaultListError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import list_state, to_list
from tasks_service.storage.records import ListRecord
from tasks_service.storage.section_repository import section_state
from todochat.contracts.task_changes import ListedTasks


async def delete_list(work: UserWork, record: ListRecord, tasks: ListedTasks) -> None:
    """Delete a list; its tasks move to the default list, or are deleted and can be restored.

    Raises:
        DefaultListError: it is the default list.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    if record.is_default:
        raise DefaultListError
    await work.check_change_limit(deletes_list=True)
    state, default_id = list_state(record), None
    record.deleted_at = record.updated_at = work.now
    after = list_state(record)
    if tasks == "move":
        default_id = (await work.get_or_create_default_list()).id
        await _move_tasks(work, record.id, default_id)
    else:
        await work.log_list_tasks(
            "task.deleted.v1",
            record.id,
            {"deleted_at": None},
            {"deleted_at": after["deleted_at"]},
        )
        await work.tasks.delete_list_tasks(record.id, now=work.now)
    for section in await work.sections.find_all(record.id):
        before = section_state(section)
        section.deleted_at = section.updated_at = work.now
        work.log_change("section.deleted.v1", section.id, before, section_state(section))
    # Logged after its tasks and sections: an undo runs backwards and must restore the list first.
    work.log_change("list.deleted.v1", record.id, state, after)
    deleted = to_list(record, open_tasks=0)
    work.publish("list.deleted.v1", task_list=deleted, tasks=tasks, moved_to=default_id)


async def _move_tasks(work: UserWork, list_id: str, to: str) -> None:
    """Move the tasks of a list to the end of another one, in their order."""
    order = await work.tasks.find_list_order(list_id)
    low = await work.order.last(to) or ""
    positions = spread_positions(low, work.end_position, len(order))
    for (task_id, section_id, position), moved_to in zip(order, positions, strict=True):
        work.log_change(
            "task.updated.v1",
            task_id,
            {"list_id": list_id, "section_id": section_id, "position": position},
            {"list_id": to, "section_id": None, "position": moved_to},
        )
    await work.tasks.move_list_tasks(list_id, to=to, now=work.now)
    ids = [task_id for task_id, _, _ in order]
    await work.order.set_positions(dict(zip(ids, positions, strict=True)))
