"""The tool that changes tasks: one, several, or all that a filter selects."""

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from task_tools.arguments import NONE, ChangeTasksArguments, InvalidArgumentsError
from task_tools.finding import select_tasks
from task_tools.tool_spec import CLOSED_FIRST, OPEN_FIRST, ToolOutcome
from task_tools.tool_tasks import (
    MAX_UNCONFIRMED,
    AwaitsConfirmationError,
    RecordedTask,
    ToolTasks,
)
from task_tools.wire_times import (
    moved_due,
    read_repetition,
    to_wire_due,
    to_wire_reminders,
    to_wire_start,
)
from todochat.contracts.tasks import Task

_TARGETS: Final = frozenset({"tasks", "filter", "ask", "applies_to"})


async def change_tasks(tasks: ToolTasks, arguments: ChangeTasksArguments) -> ToolOutcome:
    """Make the same change to tasks; more than three, or `ask`, need a confirmation."""
    given = {name for name, value in msgspec.structs.asdict(arguments).items() if value is not None}
    if not given - _TARGETS:
        msg = "no change was given"
        raise InvalidArgumentsError(msg)
    statuses = CLOSED_FIRST if arguments.completed is False else OPEN_FIRST
    targets = await select_tasks(tasks, arguments.tasks, arguments.filter, statuses)
    if len(targets) > 1 and given & {"title", "notes"}:
        msg = f"title and notes are those of one task, and these are {len(targets)}"
        raise InvalidArgumentsError(msg)
    changes = await _read_changes(tasks, arguments, targets)
    operations = [{"type": "update", "task_id": task.id, "changes": body} for task, body in changes]
    if arguments.ask or len(changes) > MAX_UNCONFIRMED:
        raise await tasks.hold_operations(operations)
    changed: list[Task] = []
    for task, body in changes:
        try:
            changed.append(await tasks.update_task(task.id, body, part=task.id))
        except AwaitsConfirmationError:  # the turn has changed other tasks before
            raise await tasks.hold_operations(operations[len(changed) :], part="rest") from None
    return ToolOutcome({"ok": True, "tasks": await tasks.describe_tasks(changed)})


async def _read_changes(
    tasks: ToolTasks, arguments: ChangeTasksArguments, targets: Sequence[RecordedTask]
) -> list[tuple[RecordedTask, dict[str, Any]]]:
    """Return the body of each task's change.

    The order of the fields stays as it is: a change that an attempt of an earlier release began is
    repeated with the same bytes, or its idempotency key is refused.

    Raises:
        InvalidArgumentsError: an argument has no meaning.
        UnresolvedReferenceError: the parent isn't found.
    """
    shared = await _read_shared_changes(tasks, arguments)
    list_id = None
    if arguments.list is not None:
        list_id = await tasks.get_or_create_list_id(arguments.list)
        if arguments.section is None:
            shared["list_id"] = list_id
    repetition = None
    if arguments.repeat is not None:
        repetition = await read_repetition(tasks, arguments.repeat)
        shared["repeat"] = msgspec.to_builtins(repetition.repeat)
    changes = []
    for task in targets:
        body = {**shared, **_own_changes(arguments, task, tasks.zone)}
        if arguments.section is not None and arguments.section.casefold() == NONE:
            body |= {"section_id": None, **({"list_id": list_id} if list_id else {})}
        elif arguments.section is not None:  # a section implies its list
            body["section_id"] = await tasks.get_or_create_section_id(
                list_id or task.list_id, arguments.section
            )
        if repetition is not None and task.due is None and "due" not in body:
            body["due"] = msgspec.to_builtins(repetition.due)
        changes.append((task, body))
    return changes


async def _read_shared_changes(tasks: ToolTasks, arguments: ChangeTasksArguments) -> dict[str, Any]:
    """Return the changes that are the same for all tasks, except list, section and repetition."""
    named = ("title", "notes", "priority", "duration_minutes", "pinned", "completed", "applies_to")
    body: dict[str, Any] = {
        name: value for name in named if (value := getattr(arguments, name)) is not None
    }
    if arguments.start is not None:
        body["start"] = to_wire_start(arguments.start, tasks.zone)
    if arguments.reminders is not None:
        body["reminders"] = to_wire_reminders(arguments.reminders, tasks.zone)
    if arguments.clear_repeat:
        body["repeat"] = None
    if arguments.parent is not None:
        body["parent_id"] = None
        if str(arguments.parent).casefold() != NONE:
            parent = await tasks.resolve_task(arguments.parent, OPEN_FIRST, name="parent")
            body["parent_id"] = parent.id
    return body


def _own_changes(
    arguments: ChangeTasksArguments, task: RecordedTask, zone: ZoneInfo
) -> dict[str, Any]:
    """Return the changes that depend on a task's own due date and tags."""
    body: dict[str, Any] = {}
    if arguments.due_at is not None or arguments.clear_due:
        body["due"] = to_wire_due(arguments.due_date, arguments.due_at, zone)
    elif arguments.due_date is not None:
        body["due"] = moved_due(task, arguments.due_date, zone)
    if arguments.add_tags or arguments.drop_tags:
        dropped = {tag.casefold() for tag in arguments.drop_tags or ()}
        kept = [tag for tag in task.tags if tag.casefold() not in dropped]
        body["tags"] = list(dict.fromkeys([*kept, *(arguments.add_tags or ())]))
    return body
