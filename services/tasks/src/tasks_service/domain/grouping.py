"""Groups of changes, and the changes that an undo is about."""

from typing import Final

import msgspec

from tasks_service.domain.change import Actor

GROUP_PATTERN: Final = r"[A-Za-z0-9._:-]{1,128}"


class ChangeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The group of a change; changes of a group are counted and undone together.

    Args:
        scope_id: joins groups, to find the newest one. Both IDs are opaque.
        confirm_above: how many existing tasks the group may change without a confirmation; if it
            is set, deleting a list always requires a confirmation.
    """

    id: str
    scope_id: str | None = None
    confirm_above: int | None = None


class ChangeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Changes to undo: exactly one of the IDs is set."""

    change_id: int | None = None
    request_id: str | None = None
    group_id: str | None = None
    run_id: str | None = None


class ChangeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions on changes that must all hold; None means no condition.

    Args:
        list_id: changes of this list and of the tasks in it.
    """

    actor: Actor | None = None
    run_id: str | None = None
    group_id: str | None = None
    request_id: str | None = None
    entity_id: str | None = None
    list_id: str | None = None
