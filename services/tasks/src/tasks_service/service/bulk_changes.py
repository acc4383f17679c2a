"""Changes of many tasks inside a transaction."""

from tasks_service.domain.bulk import BulkAction, BulkTarget
from tasks_service.domain.limits import MAX_BULK_ROWS, MAX_BULK_TASKS, MAX_TAGS
from tasks_service.domain.text import match_key
from tasks_service.errors import TooManyTargetsError
from tasks_service.service.task_changes import delete_task, restore_task, update_task
from tasks_service.service.user_work import UserWork
from tasks_service.storage.bulk_repository import find_matching
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import to_task
from todochat.contracts.task_bulk import BulkOutcome, BulkSkipReason, SkippedTask
from todochat.contracts.task_changes import TaskChanges


async def change_tasks(
    work: UserWork, target: BulkTarget, action: BulkAction, *, is_dry_run: bool
) -> BulkOutcome:
    """Change all selected tasks; skip those that don't exist or that the action doesn't change.

    Raises:
        TooManyTargetsError: more than 1,000 tasks match.
        InvalidFilterError: the user has no list with a name in the filter.
        ListNotFoundError, TooManyTasksError, ConfirmationRequiredError: see `update_task`; nothing
            was changed.
    """
    skipped: list[SkippedTask] = []
    changed: list[TaskRecord] = []
    for task_id, record in (await _find_targets(work, target)).items():
        reason = "not-found" if record is None else await _change_task(work, record, action)
        if record is not None and reason is None:
            changed.append(record)
        elif reason is not None:
            skipped.append(
                SkippedTask(
                    id=task_id,
                    number=record.number if record else None,
                    title=record.title if record else None,
                    reason=reason,
                )
            )
    await work.session.flush()
    return BulkOutcome(
        dry_run=is_dry_run,
        request_id=work.request_id if changed and not is_dry_run else None,
        count=len(changed),
        tasks=[to_task(record) for record in changed[:MAX_BULK_ROWS]],
        skipped=skipped,
    )


async def _find_targets(work: UserWork, target: BulkTarget) -> dict[str, TaskRecord | None]:
    if target.expression is None:
        ids = dict.fromkeys(target.task_ids or ())
        found = await work.tasks.find_by_ids(ids)
        return {task_id: found.get(task_id) for task_id in ids}
    records = await find_matching(
        work.session,
        work.user_id,
        target.expression,
        timezone=target.timezone,
        include_archived=target.include_archived,
        now=work.now,
        limit=MAX_BULK_TASKS + 1,
    )
    if len(records) > MAX_BULK_TASKS:
        raise TooManyTargetsError(MAX_BULK_TASKS)
    return {record.id: record for record in records}


async def _change_task(
    work: UserWork, record: TaskRecord, action: BulkAction
) -> BulkSkipReason | None:
    """Change one task, or return why it is skipped."""
    if action.type == "restore":
        if record.deleted_at is None:
            return "not-deleted"
        await restore_task(work, record)
        return None
    if record.deleted_at is not None:
        # A deletion of this request may have included it, such as that of its parent.
        return None if action.type == "delete" and record.deleted_at == work.now else "deleted"
    if action.type == "delete":
        await delete_task(work, record)
        return None
    changes = action.changes
    if action.type == "tag":
        tags = edited_tags(record.tags, action.add_tags, action.remove_tags)
        if len(tags) > MAX_TAGS:
            return "too-many-tags"
        changes = TaskChanges(tags=tags)
    task = await update_task(work, record, changes)
    return None if task.updated_at == work.now else "unchanged"


def edited_tags(
    tags: list[str], add_tags: tuple[str, ...], remove_tags: tuple[str, ...]
) -> list[str]:
    """Return tags without the removed ones and with the added ones at the end, ignoring case."""
    removed = {match_key(tag) for tag in remove_tags}
    kept = {match_key(tag): tag for tag in tags if match_key(tag) not in removed}
    return [*kept.values(), *(tag for tag in add_tags if match_key(tag) not in kept)]
