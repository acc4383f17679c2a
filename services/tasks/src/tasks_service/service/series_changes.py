"""Changes of a repeating task's series inside a transaction: the next instance, and skipping one."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from tasks_service.domain.due import deadline
from tasks_service.domain.series import (
    NOT_INHERITED,
    PLANNED,
    Instance,
    Plan,
    changed_series_values,
    fit_repeat,
    following_instance,
    instance_after_missed,
    moved_rule,
    moved_start,
    plan_of,
)
from tasks_service.errors import NotRepeatingError, SeriesEndedError
from tasks_service.service.task_placement import find_positions, find_restored_place
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import (
    set_due,
    set_reminders,
    set_repeat,
    set_start,
    set_task_state,
    task_state,
    to_due,
    to_reminders,
    to_repeat,
    to_start,
    to_task,
)
from todochat.contracts.task_changes import Move, TaskChanges
from todochat.contracts.tasks import Due, Task
from todochat.ids import new_id


def edit_series(record: TaskRecord, before: Mapping[str, Any], changes: TaskChanges) -> None:
    """Complete an edit of a task, whose other fields are set, by its effect on the series.

    Args:
        before: the task's state before the edit.

    Raises:
        InvalidInputError: a task that repeats would have no suitable due date.
    """
    if changes.repeat is not UNSET:
        set_repeat(record, changes.repeat)
    repeat, due = to_repeat(record), to_due(record)
    if repeat is None:
        record.series_values = None
        return
    record.series_id = record.series_id or new_id("ser")
    after = task_state(record)
    given = {name for name in after if getattr(changes, name, UNSET) is not UNSET}
    values = changed_series_values(before, after, given, changes.applies_to) or {}
    if changes.repeat is not UNSET:
        values.pop(PLANNED, None)
    record.series_values = values or None
    is_moved = after["due"] != before["due"]
    if due is None or not (is_moved or changes.repeat is not UNSET):
        if due is None:
            fit_repeat(repeat, due)
        return
    plan = plan_of(due, values)
    if is_moved and before["due"] and changes.repeat is UNSET and PLANNED not in values:
        former = plan_of(msgspec.convert(before["due"], Due), before["series_values"])
        repeat = moved_rule(repeat, former.local.date(), plan.local.date())
    set_repeat(record, fit_repeat(repeat, plan.due()))


def publish_instance(work: UserWork, record: TaskRecord) -> None:
    """Record and publish that an instance was added or withdrawn."""
    after = task_state(record)
    if record.deleted_at is None:
        work.log_change("task.created.v1", record.id, None, after)
        work.publish("task.created.v1", task=to_task(record))
    else:
        work.log_change("task.deleted.v1", record.id, {**after, "deleted_at": None}, after)
        work.publish("task.deleted.v1", task=to_task(record))


async def add_next_instance(work: UserWork, record: TaskRecord) -> list[TaskRecord]:
    """Store the instance after a completed one with its subtasks, and refer to it, if there is one.

    It has its own row, so that the series keeps its history. A completed instance is followed by
    one instance at most, also if it is reopened and completed again.

    Raises:
        TooManyTasksError: see `copy_subtasks`.
    """
    repeat, due = to_repeat(record), to_due(record)
    if repeat is None or due is None or record.next_id is not None:
        return []
    instance = following_instance(
        repeat, due, to_start(record), record.series_values, completed_at=record.completed_at
    )
    if instance is None:
        return []
    following = TaskRecord(
        id=new_id("tsk"),
        user_id=work.user_id,
        number=work.take_next_number(),
        list_id=record.list_id,
        series_id=record.series_id,
        created_at=work.now,
        updated_at=work.now,
    )
    await set_instance(work, following, record, instance)
    if following.list_id == record.list_id:
        move = Move(after=record.id)
        positions = await find_positions(
            work, record.list_id, move, record, [following.id], current=None
        )
        following.manual_position = positions[0]
    await work.tasks.add(following)
    record.next_id = following.id
    return [following, *await copy_subtasks(work, record, following, instance)]


async def set_instance(
    work: UserWork, record: TaskRecord, former: TaskRecord, instance: Instance
) -> None:
    """Set the fields of an instance from the one before it, which may be the same record."""
    series_values = dict(former.series_values or {})
    series_values.pop(PLANNED, None)
    values = {**task_state(former), **series_values}
    inherited = {name: value for name, value in values.items() if name not in NOT_INHERITED}
    set_task_state(record, inherited)
    if not await work.lists.is_live(record.list_id):
        record.list_id = former.list_id
    place = await find_restored_place(work, record)
    record.list_id, record.section_id = place.list_id, place.section_id
    record.parent_id = place.parent_id
    set_due(record, instance.due)
    set_start(record, instance.start)
    set_repeat(record, instance.repeat)
    # An instant belongs to one instance; times before the due date belong to each.
    repeated = [each for each in to_reminders(record) if each.at is None]
    if record is not former:
        repeated = [msgspec.structs.replace(each, id=new_id("rem")) for each in repeated]
    set_reminders(record, repeated)
    is_as_planned = Plan.of(instance.due) == instance.plan
    plan = None if is_as_planned else {PLANNED: msgspec.to_builtins(instance.plan)}
    record.series_values = plan


async def copy_subtasks(
    work: UserWork, former: TaskRecord, following: TaskRecord, instance: Instance
) -> list[TaskRecord]:
    """Add open copies of a task's subtasks to its next instance, as long before its due date.

    Of a subtask that repeats itself, only the last instance is copied, as a new series.

    Raises:
        TooManyTasksError: the user would have more than 10,000 open tasks.
    """
    copies = []
    planned = plan_of(msgspec.convert(to_due(former), Due), former.series_values).local
    for subtask in await work.tasks.find_subtasks(former.id):
        if subtask.next_id is not None:
            continue
        copied = TaskRecord(
            id=new_id("tsk"),
            user_id=work.user_id,
            number=work.take_next_number(),
            series_id=new_id("ser") if subtask.repeat_rule else None,
            created_at=work.now,
            updated_at=work.now,
        )
        values = task_state(subtask).items()
        kept = {name: value for name, value in values if name not in NOT_INHERITED}
        set_task_state(copied, kept)
        copied.list_id, copied.section_id = following.list_id, following.section_id
        copied.parent_id = following.id
        set_repeat(copied, to_repeat(subtask))
        for set_moment, moment in ((set_due, to_due(subtask)), (set_start, to_start(subtask))):
            set_moment(copied, moment and moved_start(moment, planned, instance.plan.local))
        reminders = [each for each in to_reminders(subtask) if each.at is None]
        set_reminders(
            copied, [msgspec.structs.replace(each, id=new_id("rem")) for each in reminders]
        )
        await work.tasks.add(copied)
        copies.append(copied)
    if copies:
        await work.check_open_task_limit(0)
        await work.tasks.find_by_ids([following.id])  # loads its counts again
    return copies


async def withdraw_next_instance(work: UserWork, record: TaskRecord) -> list[TaskRecord]:
    """Delete the instance after a reopened one with its subtasks, unless one was changed since."""
    if record.next_id is None:
        return []
    following = await work.tasks.find_by_ref(record.next_id)
    if following is None:
        return []
    added = [*await work.tasks.find_subtasks(following.id), following]
    if any({each.created_at, each.updated_at} != {following.created_at} for each in added):
        return []
    record.next_id = None
    for each in added:
        each.deleted_at = each.updated_at = work.now
    return added


async def skip_instance(work: UserWork, record: TaskRecord, *, missed: bool) -> Task:
    """Move an instance to the next date of its series, with the series' values.

    Args:
        missed: also skip all dates that have passed.

    Raises:
        NotRepeatingError: the task doesn't repeat, or is completed.
        SeriesEndedError: this is the last instance.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    repeat, due = to_repeat(record), to_due(record)
    if repeat is None or due is None or record.completed_at is not None:
        raise NotRepeatingError
    await work.check_change_limit(record.id)
    start, values = to_start(record), record.series_values
    if repeat.base == "completion":
        is_late = deadline(due) <= work.now
        instance = following_instance(
            repeat, due, start, values, completed_at=work.now if is_late else None
        )
    elif missed:
        instance = instance_after_missed(repeat, due, start, values, now=work.now)
    else:
        instance = following_instance(repeat, due, start, values, completed_at=None)
    if instance is None:
        raise SeriesEndedError
    state = task_state(record)
    await set_instance(work, record, record, instance)
    record.updated_at = work.now
    task = to_task(record)
    work.log_change("task.updated.v1", record.id, state, task_state(record))
    work.publish("task.updated.v1", task=task)
    return task
