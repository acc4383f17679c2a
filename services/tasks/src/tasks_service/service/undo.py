"""Undoes changes: all of them, or none if one was changed again since."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec

from tasks_service.domain.grouping import ChangeTarget
from tasks_service.domain.limits import MAX_LISTS, MAX_OPEN_TASKS
from tasks_service.errors import (
    NothingToUndoError,
    TooManyListsError,
    TooManyTasksError,
    UndoConflictError,
)
from tasks_service.service.entity_kinds import KINDS, EntityKind, kind_of
from tasks_service.service.task_changes import write_task_change
from tasks_service.service.undo_scope import UndoScope
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import ChangeRecord, ListRecord, TaskRecord
from tasks_service.storage.task_repository import task_state
from tasks_service.storage.transaction import limit_transaction
from todochat.contracts.task_changes import (
    ChangedEntity,
    ChangedList,
    ChangedTask,
    ChangeOutcome,
    UndoConflict,
)

BATCH: Final = 500  # changes that are written together, so that other requests get their turn
T = TypeVar("T")
LONG_UNDO_S: Final = 60.0  # limit of a transaction with more changes, as of an import


class UndoneEntity(msgspec.Struct):
    """An entity that an undo restores, and its state before."""

    kind: EntityKind
    record: Any
    before: dict[str, Any]


async def undo(
    work: UserWork, target: ChangeTarget, task_ids: Collection[str] | None = None
) -> ChangeOutcome:
    """Restore the state before the target's changes, the newest change first.

    A field is restored only if it still has the value that the change wrote; a field that has its
    earlier value again is skipped. A change that was undone is skipped, one that was redone is
    undone again. Undoing an undo redoes the change. The completion of a repeating task is undone
    with the instance that it added.

    Args:
        task_ids: undo only changes of these tasks; None undoes all.

    Raises:
        NothingToUndoError: no change of the target is in effect.
        UndoConflictError: something was changed again since, or has been purged.
        TooManyTasksError, TooManyListsError: more than 10,000 tasks would be open, or 200 lists.
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    changes = await work.changes.find_in_effect(target)
    if task_ids is not None:
        changes = [change for change in changes if change.entity_id in task_ids]
    if not changes:
        raise NothingToUndoError
    if len(changes) > BATCH:
        await limit_transaction(work.transaction, LONG_UNDO_S)
        await work.tags.forget_counts()
    instances = {instance for change in changes for instance in next_instances(change)}
    if instances:
        instances |= set(await work.tasks.find_subtask_ids(instances))
        changes = await with_changes_of(work, changes, instances)
    entities = await find_entities(work, changes)
    await work.check_change_limit(
        *(
            each.record.id
            for each in entities.values()
            if isinstance(each.record, TaskRecord) and each.record.id not in instances
        ),
        deletes_list=any(map(_deletes_list, changes)),
    )
    await undo_changes(work, changes, entities)
    if await work.tasks.count_open(at_most=MAX_OPEN_TASKS + 1) > MAX_OPEN_TASKS:
        raise TooManyTasksError(MAX_OPEN_TASKS)
    if await work.lists.count() > MAX_LISTS:
        raise TooManyListsError(MAX_LISTS)
    restored = [each for each in entities.values() if each.kind.state(each.record) != each.before]
    await align_subtasks(work, [each.record for each in restored])
    # A client must know a list before its tasks, and as long as it has them.
    for position, each in enumerate(sorted(restored, key=_publishing_order), start=1):
        await each.kind.publish(work, each.record, each.kind.change_type(each.before, each.record))
        if position % BATCH == 0:
            await work.write_buffered()
    return _outcome(work, target, restored)


def next_instances(change: ChangeRecord) -> set[str]:
    """Return the IDs of the instances that a change of a repeating task added or withdrew."""
    states = (change.before or {}, change.after)
    return {state["next_id"] for state in states if state.get("next_id") is not None}


async def with_changes_of(
    work: UserWork, changes: list[ChangeRecord], instances: Collection[str]
) -> list[ChangeRecord]:
    """Add the changes of instances that completions and reopenings made, too; newest first."""
    found = {change.id: change for change in changes}
    for request_id in {change.request_id for change in changes if next_instances(change)}:
        related = await work.changes.find_in_effect(ChangeTarget(request_id=request_id))
        found.update({each.id: each for each in related if each.entity_id in instances})
    return [found[change_id] for change_id in sorted(found, reverse=True)]


async def find_entities(work: UserWork, changes: Iterable[ChangeRecord]) -> dict[str, UndoneEntity]:
    """Return the entities of changes, by ID; purged ones are missing."""
    ids: dict[str, dict[str, None]] = {prefix: {} for prefix in KINDS}
    for change in changes:
        ids[kind_of(change.type).prefix][change.entity_id] = None
    return {
        entity_id: UndoneEntity(KINDS[prefix], record, KINDS[prefix].state(record))
        for prefix, wanted in ids.items()
        for some in batched(list(wanted))
        for entity_id, record in (
            await KINDS[prefix].find(work.session, work.user_id, some)
        ).items()
    }


async def undo_changes(
    work: UserWork, changes: list[ChangeRecord], entities: Mapping[str, UndoneEntity]
) -> None:
    """Undo changes in the given order.

    Raises:
        UndoConflictError: some can't be undone; the transaction must be rolled back.
    """
    records = {entity_id: each.record for entity_id, each in entities.items()}
    tasks = {key: record for key, record in records.items() if isinstance(record, TaskRecord)}
    scope = UndoScope(work, tasks)
    await scope.load()
    conflicts = []
    for some in batched(changes):
        for change in some:
            conflict = await undo_change(scope, change, entities.get(change.entity_id))
            if conflict is not None:
                conflicts.append(conflict)
        await work.session.flush()
        await work.write_buffered()
    if conflicts:
        raise UndoConflictError(conflicts)


def batched(items: list[T]) -> Iterator[list[T]]:
    """Yield the items in batches."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


async def undo_change(
    scope: UndoScope, change: ChangeRecord, entity: UndoneEntity | None
) -> UndoConflict | None:
    """Undo one change of an entity; on a conflict return it instead."""
    if entity is None:
        unnamed = f"a purged {kind_of(change.type).prefix}"
        name = change.after.get("title") or change.after.get("name") or unnamed
        return UndoConflict(id=change.entity_id, name=str(name), reason="purged")
    kind, record = entity.kind, entity.record
    state = kind.state(record)
    work = scope.work
    restored, changed_again = restored_fields(state, change, deleted_at=work.now)
    if changed_again:
        return UndoConflict(
            id=change.entity_id, name=kind.name(record), reason="changed", fields=changed_again
        )
    reason = await kind.prepare(scope, record, restored) if kind.prepare is not None else None
    if reason is not None:
        return UndoConflict(id=change.entity_id, name=kind.name(record), reason=reason)
    kind.set_state(record, restored)
    if isinstance(record, TaskRecord):
        scope.update(record, state)
    record.updated_at = work.now
    change_type = kind.change_type(state, record)
    work.log_change(change_type, record.id, state, kind.state(record), undoes=change.id)
    return None


def restored_fields(
    state: Mapping[str, Any], change: ChangeRecord, *, deleted_at: object
) -> tuple[dict[str, Any], list[str]]:
    """Return the values that undo a change, and the names of fields that were changed again.

    Fields that the state doesn't have, such as those of a later version, are left alone.
    """
    if change.before is None:
        if state["deleted_at"] is not None:
            return {}, []
        written = [name for name in change.after if name in state]
        changed_again = [name for name in written if state[name] != change.after[name]]
        return {"deleted_at": deleted_at}, changed_again
    restored, changed_again = {}, []
    for name, value in change.before.items():
        if name not in state or state[name] == value:
            continue
        if state[name] != change.after[name]:
            changed_again.append(name)
        # A deletion that is redone starts a new stay in the trash.
        is_deletion = name == "deleted_at" and value is not None
        restored[name] = deleted_at if is_deletion else value
    return restored, changed_again


async def align_subtasks(work: UserWork, records: Iterable[Any]) -> None:
    """Move subtasks that were added since to the restored lists and sections of their parents."""
    parents = {record.id: record for record in records if isinstance(record, TaskRecord)}
    if not parents:
        return
    await work.session.flush()
    for subtask in await work.tasks.find_all_subtasks(parents):
        parent = parents[subtask.parent_id or ""]
        place = parent.list_id, parent.section_id
        if (subtask.list_id, subtask.section_id) != place:
            before = task_state(subtask)
            subtask.list_id, subtask.section_id = place
            write_task_change(work, subtask, before)


def changed_task(record: TaskRecord) -> ChangedTask:
    """Return the summary of a changed task."""
    return ChangedTask(
        id=record.id,
        number=record.number,
        title=record.title,
        deleted=record.deleted_at is not None,
    )


def _deletes_list(change: ChangeRecord) -> bool:
    """Return whether undoing a change deletes a list."""
    return kind_of(change.type) is KINDS["list"] and (
        change.before is None or change.before.get("deleted_at") is not None
    )


def _publishing_order(entity: UndoneEntity) -> int:
    if not entity.kind.contains_tasks:
        return 1
    return 0 if entity.kind.state(entity.record).get("deleted_at") is None else 2


def _outcome(
    work: UserWork, target: ChangeTarget, restored: Iterable[UndoneEntity]
) -> ChangeOutcome:
    tasks, lists, others = [], [], []
    for each in restored:
        record, is_deleted = each.record, each.kind.state(each.record).get("deleted_at") is not None
        if isinstance(record, TaskRecord):
            tasks.append(changed_task(record))
        elif isinstance(record, ListRecord):
            lists.append(ChangedList(id=record.id, name=record.name, deleted=is_deleted))
        else:
            name = each.kind.name(record)
            others.append(
                ChangedEntity(type=each.kind.prefix, id=record.id, name=name, deleted=is_deleted)
            )
    return ChangeOutcome(
        group_id=target.group_id,
        request_id=work.request_id,
        tasks=tasks,
        lists=lists,
        others=others,
    )
