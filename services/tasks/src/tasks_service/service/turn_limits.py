"""Limits on what a turn of the agent adds, and on lists that it changes.

`UserWork.check_change_limit` limits existing tasks. These limits leave nothing pending: beyond
them the agent needs another message of the user. Changes that the user confirmed don't count.
"""

from tasks_service.domain.change import RecordType
from tasks_service.domain.limits import MAX_TURN_LIST_CHANGES, MAX_TURN_LISTS, MAX_TURN_TASKS
from tasks_service.errors import TurnLimitError
from tasks_service.service.user_work import UserWork


async def check_added_tasks(work: UserWork) -> None:
    """Check that the turn may add a task.

    Raises:
        TurnLimitError: it has added 100.
    """
    added = await _changed_ids(work, "task.created.v1")
    if len(added) >= MAX_TURN_TASKS:
        raise TurnLimitError("add", MAX_TURN_TASKS, "tasks")


async def check_added_lists(work: UserWork) -> None:
    """Check that the turn may add a list or a section.

    Raises:
        TurnLimitError: it has added 10.
    """
    added = await _changed_ids(work, "list.created.v1", "section.created.v1")
    if len(added) >= MAX_TURN_LISTS:
        raise TurnLimitError("add", MAX_TURN_LISTS, "lists and sections")


async def check_changed_lists(work: UserWork, list_id: str) -> None:
    """Check that the turn may change a list; one that it added can always be changed.

    Raises:
        TurnLimitError: it has changed three others.
    """
    changed = await _changed_ids(work, "list.updated.v1") | {list_id}
    if len(changed - await _changed_ids(work, "list.created.v1")) > MAX_TURN_LIST_CHANGES:
        raise TurnLimitError("change", MAX_TURN_LIST_CHANGES, "lists")


async def _changed_ids(work: UserWork, *types: RecordType) -> set[str]:
    """Return the IDs of the turn's changes of these types; none if it has no limit."""
    if work.group is None or work.group.confirm_above is None:
        return set()
    return await work.changes.unconfirmed_ids(work.group.id, *types)
