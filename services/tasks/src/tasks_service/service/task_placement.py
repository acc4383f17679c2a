"""The place of a task: its list, its section, its parent, and its position among the others."""

import msgspec
from msgspec import UNSET, UnsetType

from tasks_service.domain.limits import MAX_SUBTASKS
from tasks_service.domain.position import MAX_POSITION_CHARS, spread_positions
from tasks_service.domain.text import invalid
from tasks_service.errors import TooManySubtasksError
from tasks_service.service.subtasks import SubtaskChanges
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import to_list
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import task_position
from todochat.contracts.task_changes import Move, TaskChanges


class Place(msgspec.Struct, frozen=True):
    """The group of a task, within which its position orders it."""

    list_id: str
    section_id: str | None = None
    parent_id: str | None = None


def place_of(record: TaskRecord) -> Place:
    """Return a task's place."""
    return Place(record.list_id, record.section_id, record.parent_id)


async def resolve_place(
    work: UserWork,
    *,
    list_id: str | UnsetType = UNSET,
    section_id: str | UnsetType | None = UNSET,
    parent_ref: str | UnsetType | None = UNSET,
    task: TaskRecord | None = None,
) -> Place:
    """Return the place that the given fields name; others follow from them.

    A parent determines list and section, and a section determines the list. A subtask that gets
    another list or section leaves its parent.

    Args:
        task: the task to move; None for a new one.

    Raises:
        ListNotFoundError, SectionNotFoundError, TaskNotFoundError: there is none.
        InvalidInputError: the fields contradict each other, or subtasks would have subtasks.
        TooManySubtasksError: the parent has 200 subtasks.
    """
    if parent_ref is not UNSET and parent_ref is not None:
        parent = await find_parent(work, parent_ref, task)
        for name, given, due in (
            ("list_id", list_id, parent.list_id),
            ("section_id", section_id, parent.section_id),
        ):
            if given is not UNSET and given != due:
                pointer = f"/{name}"
                raise invalid(pointer, f"must be the parent's {name}, or be left out")
        return Place(parent.list_id, parent.section_id, parent.id)
    current = None if task is None else place_of(task)
    if section_id is not UNSET and section_id is not None:
        section = await work.get_section(section_id)
        if list_id is not UNSET and list_id != section.list_id:
            raise invalid("/section_id", "is a section of another list")
        place = Place(section.list_id, section.id)
    elif list_id is not UNSET or current is None:
        wanted = await work.resolve_list_id(None if list_id is UNSET else list_id)
        stays = current is not None and current.list_id == wanted and section_id is UNSET
        place = Place(wanted, current.section_id if current is not None and stays else None)
    else:
        place = Place(current.list_id, None if section_id is None else current.section_id)
    if current is not None and parent_ref is UNSET:
        is_same = (place.list_id, place.section_id) == (current.list_id, current.section_id)
        return current if is_same else place
    return place


async def find_parent(work: UserWork, ref: str, task: TaskRecord | None) -> TaskRecord:
    """Return the task that can be the parent of another one.

    Raises:
        TaskNotFoundError: there is none.
        InvalidInputError: subtasks would have subtasks.
        TooManySubtasksError: it has 200 subtasks.
    """
    parent = await work.get_task(ref)
    if task is not None and parent.id == task.id:
        raise invalid("/parent_id", "must be another task")
    if parent.parent_id is not None:
        raise invalid("/parent_id", "is a subtask itself; subtasks have one level")
    if task is not None and await work.tasks.find_subtasks(task.id):
        raise invalid("/parent_id", "can't be set for a task that has subtasks")
    is_new = task is None or task.parent_id != parent.id
    if is_new and len(await work.tasks.find_subtasks(parent.id)) >= MAX_SUBTASKS:
        raise TooManySubtasksError(MAX_SUBTASKS)
    return parent


async def move_task(
    work: UserWork, record: TaskRecord, changes: TaskChanges, followers: SubtaskChanges
) -> None:
    """Set the place and position of a task; its subtasks follow it into another list or section.

    Raises:
        ListNotFoundError, SectionNotFoundError, TaskNotFoundError, InvalidInputError,
        TooManySubtasksError: see `resolve_place`.
    """
    move = None if changes.move is UNSET else changes.move
    place, target = await _resolve_target(work, record, changes, move)
    if place == place_of(record) and move is None:
        return
    is_elsewhere = (place.list_id, place.section_id) != (record.list_id, record.section_id)
    subtasks = await work.tasks.find_subtasks(record.id) if is_elsewhere else []
    moved = [record, *subtasks]
    current = task_position(record)
    positions = await find_positions(
        work,
        place.list_id,
        move or Move(to="end"),
        target,
        [task.id for task in moved],
        current=current if place.list_id == record.list_id and not subtasks else None,
    )
    for task, position in zip(moved, positions, strict=True):
        if task is not record:
            followers.add(task)
        task.list_id, task.section_id = place.list_id, place.section_id
        if position != task_position(task):
            task.manual_position = position
    record.parent_id = place.parent_id


async def find_restored_place(work: UserWork, record: TaskRecord) -> Place:
    """Return the place of a task that is restored: its earlier one, as far as it still exists."""
    if record.parent_id is not None:
        parent = await work.tasks.find_by_ref(record.parent_id)
        if parent is not None and parent.parent_id is None:
            return Place(parent.list_id, parent.section_id, parent.id)
    if await work.lists.find_by_id(record.list_id) is None:
        return Place(await work.resolve_list_id(None))
    section = await work.sections.find_by_id(record.section_id or "")
    return Place(record.list_id, None if section is None else section.id)


async def _resolve_target(
    work: UserWork, record: TaskRecord, changes: TaskChanges, move: Move | None
) -> tuple[Place, TaskRecord | None]:
    ref = None if move is None else move.before or move.after
    if ref is None:
        place = await resolve_place(
            work,
            list_id=changes.list_id,
            section_id=changes.section_id,
            parent_ref=changes.parent_id,
            task=record,
        )
        return place, None
    pointer = "/move/before" if move is not None and move.before else "/move/after"
    target = await work.get_task(ref)
    if record.id in {target.id, target.parent_id}:
        raise invalid(pointer, "must be another task, and not a subtask of this one")
    if changes.parent_id is changes.list_id is changes.section_id is UNSET:
        if target.parent_id is not None:
            await find_parent(work, target.parent_id, record)
        elif target.list_id != record.list_id:
            await work.resolve_list_id(target.list_id)
        return place_of(target), target
    raise invalid(pointer, "determines list_id, section_id and parent_id; leave them out")


async def find_positions(
    work: UserWork,
    list_id: str,
    move: Move,
    target: TaskRecord | None,
    ids: list[str],
    *,
    current: str | None,
) -> list[str]:
    """Return ascending positions for tasks that move to one place of a list.

    Args:
        target: the task of `move.before` or `move.after`.
        ids: the tasks, which aren't counted among the list's other tasks.
        current: the position of a single task that is in the list; it's kept if it fits.
    """
    for _ in range(2):
        low, high = await _find_gap(work, list_id, move, target, ids)
        if current is not None and low < current < high:
            return [current]
        if low < high:
            positions = spread_positions(low, high, len(ids))
            if max(map(len, positions)) <= MAX_POSITION_CHARS:
                return positions
        await rebalance_list(work, list_id)
        current = None
    msg = "A rebalanced list has no room."
    raise RuntimeError(msg)


async def _find_gap(
    work: UserWork, list_id: str, move: Move, target: TaskRecord | None, ids: list[str]
) -> tuple[str, str]:
    order, end = work.order, work.end_position
    if target is None:
        if move.to == "start":
            return "", await order.first(list_id, ids) or end
        return await order.last(list_id, ids) or "", end
    position = await order.position_of(target.id)
    if move.before is not None:
        return await order.previous(list_id, position, ids) or "", position
    return position, await order.next(list_id, position, ids) or end


async def rebalance_list(work: UserWork, list_id: str) -> None:
    """Give all tasks of a list short positions again, in the same order.

    There are no change records: the order, which is what a user sees, stays the same.
    """
    ids = await work.order.ordered_ids(list_id)
    positions = spread_positions("", work.end_position, len(ids))
    await work.order.set_positions(dict(zip(ids, positions, strict=True)))
    await work.tasks.find_by_ids(ids)  # loads what this transaction has loaded before again
    record = await work.get_list(list_id)
    open_tasks = await work.tasks.count_open_in_list(list_id)
    work.publish("list.reordered.v1", task_list=to_list(record, open_tasks=open_tasks))
