"""Types and payloads of the actions of the assistant's cards and lists.

Payloads come from a browser and are untrusted; the tasks service checks which tasks the user has.
The fields of a form are in the same object, under the names of their controls.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from chatkit.errors import CustomStreamError
from msgspec import UNSET, Meta, UnsetType

TOGGLE: Final = "task.toggle"
OPEN: Final = "task.open"
SAVE: Final = "task.save"
ADD: Final = "task.add"
CLOSE: Final = "task.close"
DELETE: Final = "task.delete"
RESTORE: Final = "tasks.restore"
DELETE_MANY: Final = "tasks.delete"
KEEP_MANY: Final = "tasks.keep"
CONFIRM: Final = "changes.confirm"
DISCARD: Final = "changes.discard"
UNDO: Final = "changes.undo"
PAGE: Final = "tasks.page"

MAX_AT_ONCE: Final = 200
MAX_REVISION: Final = 2**31 - 1
PendingId = Annotated[str, Meta(pattern=r"^pch_[0-9a-z]{26}$")]
SearchParameter = Literal["filter", "q", "sort", "order", "status", "timezone"]
TaskId = Annotated[str, Meta(pattern=r"^tsk_[0-9a-z]{26}$")]


class ToggleAction(msgspec.Struct):
    """Complete or reopen a task; contains the target state, so it is idempotent."""

    task_id: TaskId
    completed: bool


class TaskAction(msgspec.Struct):
    """Show or delete a task."""

    task_id: TaskId


class TasksAction(msgspec.Struct):
    """Delete or restore several tasks."""

    task_ids: Annotated[list[TaskId], Meta(min_length=1, max_length=MAX_AT_ONCE)]


class ConfirmAction(msgspec.Struct):
    """Confirm the revision of a pending change that a card shows."""

    pending_id: PendingId
    revision: Annotated[int, Meta(ge=1, le=MAX_REVISION)]


class DiscardAction(msgspec.Struct):
    """Discard a pending change."""

    pending_id: PendingId


ChangeId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


class UndoAction(msgspec.Struct):
    """Undo the changes of a group or a request, or only those of some tasks.

    Args:
        summary: what the changes did, for the card when they are in effect again.
        redo: the changes to undo are an undo themselves.
    """

    group_id: ChangeId | None = None
    request_id: ChangeId | None = None
    task_ids: Annotated[list[TaskId], Meta(min_length=1, max_length=MAX_AT_ONCE)] | None = None
    summary: Annotated[str, Meta(max_length=400)] = ""
    redo: bool = False


class TaskFields(msgspec.Struct, kw_only=True):
    """The fields of a task's form; missing ones stay unchanged, or are empty in a new task.

    Args:
        due: a day or an instant; null or "" means no due date.
        time: of the due day, HH:MM; "" means the whole day.
        repeat: a rule, `none`, or `keep`.
        reminder: minutes before the due time, `none`, or `keep`.
        tags: separated by commas.
    """

    title: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    due: Annotated[str, Meta(max_length=40)] | UnsetType | None = UNSET
    time: Annotated[str, Meta(max_length=10)] | UnsetType | None = UNSET
    repeat: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    reminder: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    priority: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    list_id: Annotated[str, Meta(max_length=60)] | UnsetType = UNSET
    tags: Annotated[str, Meta(max_length=3000)] | UnsetType | None = UNSET


class SaveAction(TaskFields, kw_only=True):
    """Save a task's form.

    Args:
        shown: what the form showed before it was edited; None in forms of earlier releases.
    """

    task_id: TaskId
    shown: TaskFields | None = None


class CloseAction(msgspec.Struct):
    """Close a form without a change; without a task, that of a new one."""

    task_id: TaskId | None = None


class PageAction(msgspec.Struct):
    """Show a page of a search's result.

    Args:
        query: parameters of `GET /tasks`.
        page: from 0.
    """

    query: Annotated[
        dict[SearchParameter, Annotated[str, Meta(max_length=1000)]], Meta(max_length=8)
    ]
    page: Annotated[int, Meta(ge=0, le=1000)]


PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)


def read_payload(payload: Any, kind: type[PayloadT]) -> PayloadT:
    """Validate a payload.

    Raises:
        CustomStreamError: it isn't valid for the action.
    """
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        msg = f"Invalid action: {error}."
        raise refused(msg) from error


def offers(root: Mapping[str, Any], kind: str, **payload: Any) -> bool:
    """Return whether a widget has an action of this type, with at least this payload."""
    waiting: list[Any] = [root]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, Mapping):
            continue
        if each.get("type") == kind and payload.items() <= dict(each.get("payload") or {}).items():
            return True
        for value in each.values():
            waiting.extend(value if isinstance(value, list) else [value])
    return False


def refused(message: str) -> CustomStreamError:
    """Return the error that ends a click with a message for the user, who can't retry it."""
    return CustomStreamError(message, allow_retry=False)


def click(kind: str, *, streaming: bool = True, **payload: Any) -> dict[str, Any]:
    """Return an action's configuration in a widget.

    Args:
        streaming: False returns only the widget (`threads.sync_custom_action`), which clients
            allow while a response is streaming.
    """
    return {
        "type": kind,
        "payload": payload,
        "handler": "server",
        "streaming": streaming,
        "loadingBehavior": "self",
    }
