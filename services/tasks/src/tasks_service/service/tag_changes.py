"""Changes of a tag inside a transaction: its stored row, and the tags of all its tasks."""

from typing import Any, Final

import msgspec

from tasks_service.domain.limits import MAX_STORED_TAGS
from tasks_service.domain.tag import tag_id, with_tag_replaced
from tasks_service.domain.text import match_key
from tasks_service.errors import TooManyTagsError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TagRecord
from tasks_service.storage.tag_repository import TaggedTask, set_tag_state, tag_state
from todochat.contracts.tasks import Color

BATCH: Final = 1_000  # tasks in memory


async def find_stored_tag(work: UserWork, key: str) -> TagRecord | None:
    """Return the row of the tag whose folded name is `key`."""
    record = (await work.tags.find_by_ids([tag_id(key)])).get(tag_id(key))
    return record if record is not None and record.deleted_at is None else None


async def store_tag(work: UserWork, name: str, color: Color | None) -> None:
    """Store the name and the colour of a tag.

    Raises:
        TooManyTagsError: the user has 500 stored tags.
    """
    key = match_key(name)
    is_new = await find_stored_tag(work, key) is None
    if is_new and await work.tags.count_stored() >= MAX_STORED_TAGS:
        raise TooManyTagsError(MAX_STORED_TAGS)
    record = (await work.tags.find_by_ids([tag_id(key)])).get(tag_id(key))  # may be deleted
    if record is None:
        record = TagRecord(
            user_id=work.user_id,
            id=tag_id(key),
            name=name,
            name_key=key,
            color=color,
            created_at=work.now,
            updated_at=work.now,
        )
        await work.tags.add(record)
        work.log_change("tag.created.v1", record.id, None, tag_state(record))
        return
    before = tag_state(record)
    set_tag_state(record, {"name": name, "color": color, "deleted_at": None})
    if tag_state(record) != before:
        record.updated_at = work.now
        work.log_change("tag.updated.v1", record.id, before, tag_state(record))


async def drop_stored_tag(work: UserWork, key: str) -> None:
    """Delete the row of a tag, if it has one; an undo restores it."""
    record = await find_stored_tag(work, key)
    if record is None:
        return
    before = tag_state(record)
    record.deleted_at = record.updated_at = work.now
    work.log_change("tag.deleted.v1", record.id, before, tag_state(record))


async def replace_tag(work: UserWork, key: str, name: str | None) -> None:
    """Give all tasks with the tag `key` the tag `name` in its place; None removes it.

    Each task gets a change record, so that an undo restores it; deleted tasks keep their tags.

    Raises:
        ConfirmationRequiredError: see `UserWork.check_change_limit`.
    """
    await work.check_change_limit(*await work.tags.find_task_ids(key))
    last = 0
    while tasks := await work.tags.find_tasks(key, after=last, limit=BATCH):
        changed = []
        for task in tasks:
            new = _with_tag_replaced(task, key, name)
            if new != task:
                changed.append(new)
                work.log_change("task.updated.v1", task.id, _state(task), _state(new))
        await work.tags.set_tags(changed, now=work.now)
        await work.flush()
        last = tasks[-1].number


def _with_tag_replaced(task: TaggedTask, key: str, name: str | None) -> TaggedTask:
    values = task.series_values
    if values is not None and "tags" in values:  # of the following instances
        values = {**values, "tags": with_tag_replaced(values["tags"], key, name)}
    tags = with_tag_replaced(task.tags, key, name)
    return msgspec.structs.replace(task, tags=tags, series_values=values)


def _state(task: TaggedTask) -> dict[str, Any]:
    return {"tags": task.tags, "series_values": task.series_values}
