"""If-Match: a change is made only if the client has seen the current state of its target."""

import msgspec

from tasks_service.domain.entity_tag import EntityTags, entity_tag
from tasks_service.errors import VersionChangedError
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import to_list
from tasks_service.storage.task_repository import to_task
from todochat.contracts.tasks import Task, TaskList
from todochat.errors import BadRequestError


class Precondition(msgspec.Struct, frozen=True, kw_only=True):
    """The states that a client accepts, and the task or list that the path names."""

    tags: EntityTags
    task_ref: str | None = None
    list_id: str | None = None


async def check_precondition(work: UserWork, precondition: Precondition) -> None:
    """Check that the target is in one of the states.

    Raises:
        BadRequestError: the path names no task or list.
        TaskNotFoundError, ListNotFoundError: the target doesn't exist, or is deleted.
        VersionChangedError: it is in another state.
    """
    target: Task | TaskList
    if precondition.task_ref is not None:
        target = to_task(await work.get_task(precondition.task_ref))
    elif precondition.list_id is not None:
        record = await work.get_list(precondition.list_id)
        target = to_list(record, open_tasks=await work.tasks.count_open_in_list(record.id))
    else:
        msg = "Only routes of one task or list take If-Match."
        raise BadRequestError(msg)
    tag = entity_tag(msgspec.json.encode(target))
    if not precondition.tags.match(tag):
        raise VersionChangedError(target, tag)
