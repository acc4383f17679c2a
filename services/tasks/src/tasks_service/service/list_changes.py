"""Deletion of a list inside a transaction."""

from tasks_service.errors import DefaultListError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import list_state, to_list
from tasks_service.storage.records import ListRecord
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
        await work.log_list_tasks(
            "task.updated.v1", record.id, {"list_id": record.id}, {"list_id": default_id}
        )
        await work.tasks.move_list_tasks(record.id, to=default_id, now=work.now)
    else:
        await work.log_list_tasks(
            "task.deleted.v1",
            record.id,
            {"deleted_at": None},
            {"deleted_at": after["deleted_at"]},
        )
        await work.tasks.delete_list_tasks(record.id, now=work.now)
    # Logged after its tasks: an undo runs backwards and must restore the list first.
    work.log_change("list.deleted.v1", record.id, state, after)
    deleted = to_list(record, open_tasks=0)
    work.publish("list.deleted.v1", task_list=deleted, tasks=tasks, moved_to=default_id)
