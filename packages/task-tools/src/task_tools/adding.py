"""The tool that adds a task, with its subtasks."""

from typing import Any

import msgspec

from task_tools.arguments import AddTaskArguments
from task_tools.tool_spec import OPEN_FIRST, ToolOutcome
from task_tools.tool_tasks import ToolTasks
from task_tools.wire_times import read_repetition, to_wire_due, to_wire_reminders, to_wire_start
from todochat.contracts.tasks import Task


async def add_task(tasks: ToolTasks, arguments: AddTaskArguments) -> ToolOutcome:
    """Create a task, its list and section if they are missing, and its subtasks."""
    body = {"title": arguments.title, **await _placement(tasks, arguments)}
    due = to_wire_due(arguments.due_date, arguments.due_at, tasks.zone)
    optional: dict[str, Any] = {
        "priority": arguments.priority,
        "due": due,
        "notes": arguments.notes,
        "tags": arguments.tags,
        "duration_minutes": arguments.duration_minutes,
        "pinned": arguments.pinned,
    }
    if arguments.start is not None:
        optional["start"] = to_wire_start(arguments.start, tasks.zone)
    if arguments.reminders is not None:
        optional["reminders"] = to_wire_reminders(arguments.reminders, tasks.zone)
    if arguments.repeat is not None:
        repetition = await read_repetition(tasks, arguments.repeat)
        optional["repeat"] = msgspec.to_builtins(repetition.repeat)
        optional["due"] = due or msgspec.to_builtins(repetition.due)
    body |= {name: value for name, value in optional.items() if value is not None}
    response = await tasks.client.change(tasks.caller, "POST", "/tasks", body)
    task = msgspec.json.decode(response, type=Task)
    output: dict[str, Any] = {"ok": True, "task": await tasks.describe_task(task)}
    if arguments.subtasks:
        added = [
            await tasks.client.change(
                tasks.caller,
                "POST",
                "/tasks",
                {"title": title, "parent_id": task.id},
                part=f"subtask:{index}",
            )
            for index, title in enumerate(arguments.subtasks)
        ]
        subtasks = [msgspec.json.decode(each, type=Task) for each in added]
        output["subtasks"] = [{"number": each.number, "title": each.title} for each in subtasks]
    return ToolOutcome(output)


async def _placement(tasks: ToolTasks, arguments: AddTaskArguments) -> dict[str, str]:
    """Return where the task goes: below a parent, into a section, or into a list."""
    if arguments.parent is not None:
        parent = await tasks.resolve_task(arguments.parent, OPEN_FIRST, name="parent")
        return {"parent_id": parent.id}
    list_id = None
    if arguments.list is not None:
        list_id = await tasks.get_or_create_list_id(arguments.list)
    if arguments.section is not None:
        if list_id is None:
            list_id = next(each.id for each in (await tasks.get_lists()).items if each.is_default)
        section_id = await tasks.get_or_create_section_id(list_id, arguments.section)
        return {"section_id": section_id}
    return {} if list_id is None else {"list_id": list_id}
