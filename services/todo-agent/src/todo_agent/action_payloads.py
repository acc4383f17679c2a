"""The actions of the todo agent's widgets: their types, and what they carry.

A payload comes from a browser and may say anything; which tasks exist for the person is the tasks
service's business. Fields of a form come in the same object, under the names of their controls.
"""

from typing import Annotated, Any, Final, TypeVar

import msgspec
from chatkit.errors import CustomStreamError
from msgspec import UNSET, Meta, UnsetType

TOGGLE: Final = "task.toggle"
OPEN: Final = "task.open"
SAVE: Final = "task.save"
DELETE: Final = "task.delete"
RESTORE: Final = "tasks.restore"
DELETE_MANY: Final = "tasks.delete"
KEEP_MANY: Final = "tasks.keep"
CONFIRM: Final = "changes.confirm"
DISCARD: Final = "changes.discard"
UNDO: Final = "changes.undo"

MAX_AT_ONCE: Final = 200
MAX_REVISION: Final = 2**31 - 1
PendingId = Annotated[str, Meta(pattern=r"^pch_[0-9a-z]{26}$")]
TaskId = Annotated[str, Meta(pattern=r"^tsk_[0-9a-z]{26}$")]


class Toggle(msgspec.Struct):
    """Complete a task, or open it again; what it is to be, so that twice is as good as once."""

    task_id: TaskId
    completed: bool


class OneTask(msgspec.Struct):
    """Show or delete a task."""

    task_id: TaskId


class ManyTasks(msgspec.Struct):
    """Delete or restore some tasks."""

    task_ids: Annotated[list[TaskId], Meta(min_length=1, max_length=MAX_AT_ONCE)]


class Confirm(msgspec.Struct):
    """Carry out what a card shows: that revision of a pending change."""

    pending_id: PendingId
    revision: Annotated[int, Meta(ge=1, le=MAX_REVISION)]


class Discard(msgspec.Struct):
    """Leave everything as it is."""

    pending_id: PendingId


class Undo(msgspec.Struct):
    """Undo a group of changes, or only what it did to some tasks."""

    group_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
    task_ids: Annotated[list[TaskId], Meta(min_length=1, max_length=MAX_AT_ONCE)] | None = None


class Save(msgspec.Struct):
    """The fields of the task's form; one that isn't there stays as it is.

    Args:
        due: a day or an instant; null or "" takes it away.
    """

    task_id: TaskId
    title: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    due: Annotated[str, Meta(max_length=40)] | UnsetType | None = UNSET
    priority: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    list_id: Annotated[str, Meta(max_length=60)] | UnsetType = UNSET


PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)


def read_payload(payload: Any, kind: type[PayloadT]) -> PayloadT:
    """Check a payload.

    Raises:
        CustomStreamError: it isn't what the action takes.
    """
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        msg = f"This can't be done: {error}."
        raise CustomStreamError(msg, allow_retry=False) from error


def click(kind: str, *, streaming: bool = True, **payload: Any) -> dict[str, Any]:
    """Return an action's configuration in a widget.

    Args:
        streaming: False answers with the widget alone (`threads.sync_custom_action`), which clients
            allow while an answer is being streamed.
    """
    return {
        "type": kind,
        "payload": payload,
        "handler": "server",
        "streaming": streaming,
        "loadingBehavior": "self",
    }
