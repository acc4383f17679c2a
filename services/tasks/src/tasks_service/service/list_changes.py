"""Changes of a list inside a transaction."""

import msgspec
from msgspec import UNSET

from tasks_service.domain.position import moved_positions, reordered, spread_positions
from tasks_service.domain.task_list import ListChanges
from tasks_service.domain.text import invalid
from tasks_service.errors import DefaultListError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import list_state, set_list_state, to_list
from tasks_service.storage.records import ListRecord
from tasks_service.storage.section_repository import section_state
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import TaskList


async def update_list(work: UserWork, record: ListRecord, changes: ListChanges) -> TaskList:
    """Change fields of a list; its new name must be free. A move can give all lists new positions.

    Raises:
        DefaultListError: it is the default list, which can't be archived.
        InvalidInputError: it can't be moved there.
    """
    lists = await work.lists.find_all(include_archived=True)
    before = {each.id: list_state(each) for each in lists}
    given = msgspec.structs.asdict(changes).items()
    set_list_state(record, {name: value for name, value in given if value is not UNSET})
    if changes.is_archived is True and record.is_default:
        raise DefaultListError
    if changes.is_archived is not UNSET and changes.is_archived != bool(record.archived_at):
        record.archived_at = work.now if changes.is_archived else None
    if changes.move is not UNSET:
        if record.is_default:
            raise invalid("/move", "can't be set for the default list, which is always the first")
        others = [each for each in lists if each is not record and not each.is_default]
        order = reordered(record, others, changes.move, kind="another list, not the default one")
        for each, position in zip(order, moved_positions(record, order), strict=True):
            each.position = position
    counts = await work.tasks.count_open_by_list()
    for each in lists:
        state = list_state(each)
        if state != before[each.id]:
            each.updated_at = work.now
            work.log_change("list.updated.v1", each.id, before[each.id], state)
            updated = to_list(each, open_tasks=counts.get(each.id, 0))
            work.publish("list.updated.v1", task_list=updated)
    return to_list(record, open_tasks=counts.get(record.id, 0))


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
