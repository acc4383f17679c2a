"""Calls of the todo tools, and their results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final

from offline_assistant.intents import ChangeListIntent, Changes, Filter, NewTask
from task_phrases.due_date import DueDate

MAX_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a tool."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The reference to the single task that it is about; empty for all other calls."""
        named = self.arguments.get("tasks") or [self.arguments.get("task") or ""]
        return str(named[0]) if len(named) == 1 else ""

    @property
    def arguments_json(self) -> str:
        """The arguments as JSON, as in a function call of the Responses API."""
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A task in a tool's result."""

    number: int
    title: str
    list_name: str | None
    priority: str
    due: DueDate | None
    tags: tuple[str, ...]
    is_completed: bool
    section: str | None = None
    repeat: str = ""
    reminders: tuple[int, ...] = ()
    reminder_times: tuple[datetime, ...] = ()
    duration_minutes: int | None = None
    is_pinned: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TaskResult":
        """Read a task; missing fields are empty."""
        due = data.get("due")
        due_date = None
        if isinstance(due, Mapping) and due.get("at"):
            due_date = DueDate(at=datetime.fromisoformat(str(due["at"])))
        elif isinstance(due, Mapping) and due.get("date"):
            due_date = DueDate(day=date.fromisoformat(str(due["date"])))
        return cls(
            number=int(data.get("number") or 0),
            title=str(data.get("title") or ""),
            list_name=str(data["list"]) if data.get("list") else None,
            priority=str(data.get("priority") or "none"),
            due=due_date,
            tags=tuple(str(tag) for tag in data.get("tags") or ()),
            is_completed=bool(data.get("completed")),
            section=str(data["section"]) if data.get("section") else None,
            repeat=str((data.get("repeat") or {}).get("rule") or ""),
            reminders=tuple(each for each in data.get("reminders") or () if type(each) is int),
            reminder_times=tuple(
                datetime.fromisoformat(each)
                for each in data.get("reminders") or ()
                if isinstance(each, str)
            ),
            duration_minutes=data.get("duration_minutes"),
            is_pinned=bool(data.get("pinned")),
        )


@dataclass(frozen=True, slots=True)
class ListResult:
    """A list in a tool's result."""

    name: str
    open_tasks: int
    is_default: bool
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """A call and its result."""

    call: FunctionCall
    data: Mapping[str, Any]

    @property
    def is_ok(self) -> bool:
        """True if the call succeeded."""
        return self.data.get("ok") is True

    @property
    def code(self) -> str:
        """The code of the failure; "tool-failed" if the result has none."""
        return str(self.data.get("code") or "tool-failed")

    @property
    def error(self) -> str:
        """The tool's message about the failure."""
        return str(self.data.get("error") or "")

    @property
    def task(self) -> TaskResult | None:
        """The changed task, if it is a single one."""
        data = self.data.get("task")
        if isinstance(data, Mapping):
            return TaskResult.from_json(data)
        return self.tasks[0] if len(self.tasks) == 1 else None

    @property
    def tasks(self) -> list[TaskResult]:
        """The listed tasks."""
        return [
            TaskResult.from_json(data)
            for data in self.data.get("tasks", ())
            if isinstance(data, Mapping)
        ]

    @property
    def total(self) -> int:
        """The number of matching tasks, listed or not."""
        total = self.data.get("total")
        return total if isinstance(total, int) else len(self.tasks)

    @property
    def has_more(self) -> bool:
        """True if more tasks match than are listed."""
        return self.data.get("more") is True or self.total > len(self.tasks)

    @property
    def needs_confirmation(self) -> bool:
        """True if the call waits for the user's confirmation."""
        return self.code == "waiting-for-confirmation"

    @property
    def changed(self) -> list[tuple[int, str, bool]]:
        """Number and title of each changed task, and whether it is deleted."""
        return [
            (int(data.get("number") or 0), str(data.get("title") or ""), bool(data.get("deleted")))
            for data in self.data.get("changed", ())
            if isinstance(data, Mapping)
        ]

    @property
    def changed_lists(self) -> list[tuple[str, bool]]:
        """Name of each changed list, and whether it is deleted."""
        return [
            (str(data.get("name") or ""), bool(data.get("deleted")))
            for data in self.data.get("lists", ())
            if isinstance(data, Mapping)
        ]

    @property
    def lists(self) -> list[ListResult]:
        """The lists."""
        return [
            ListResult(
                str(data.get("name")),
                int(data.get("open_tasks") or 0),
                bool(data.get("is_default")),
                tuple(str(name) for name in data.get("sections") or ()),
            )
            for data in self.data.get("lists", ())
            if isinstance(data, Mapping)
        ]


def read_output(call: FunctionCall, text: str) -> FunctionOutput:
    """Read a tool's result; anything but a JSON object is a failure without a message for the user."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    return FunctionOutput(
        call, data if isinstance(data, dict) else {"ok": False, "code": "tool-failed"}
    )


def add_task(task: NewTask) -> FunctionCall:
    """Add a task."""
    arguments = {
        "title": task.title,
        "list": task.list_name,
        "section": task.section,
        "priority": task.priority,
        **_due_arguments(task.due),
        "notes": task.notes,
        "tags": list(task.tags) or None,
        "repeat": task.repeat,
        "reminders": list(task.reminders) or None,
        "duration_minutes": task.duration_minutes,
        "subtasks": list(task.subtasks) or None,
        "parent": task.parent,
    }
    return FunctionCall("add_task", _without_none(arguments))


def find_tasks(task_filter: Filter, text: str | None = None) -> FunctionCall:
    """Find the tasks that pass a filter and have the text in their titles or notes."""
    arguments = {
        "filter": filter_text(task_filter) or None,
        "text": text or None,
        "limit": MAX_LISTED,
    }
    return FunctionCall("find_tasks", _without_none(arguments))


def filter_text(task_filter: Filter) -> str:
    """Return a filter in the language of the tools; empty for all open tasks."""
    states = {
        "open": None,
        "completed": "status = completed",
        "all": "(status = open | status = completed)",
    }
    first, last = task_filter.due_from, task_filter.due_to
    conditions = [
        states[task_filter.status],
        f"list = {_quoted(task_filter.list_name)}" if task_filter.list_name else None,
        f"section = {_quoted(task_filter.section)}" if task_filter.section else None,
        f"priority = {task_filter.priority}" if task_filter.priority else None,
        f"tag = {_quoted(task_filter.tag)}" if task_filter.tag else None,
        f"due = {first}" if first and first == last else None,
        f"due >= {first}" if first and first != last else None,
        f"due <= {last}" if last and first != last else None,
        "overdue" if task_filter.overdue else None,
    ]
    return " & ".join(filter(None, conditions))


def change_task(number: int, changes: Changes) -> FunctionCall:
    """Change a task."""
    arguments = {
        "tasks": [str(number)],
        "title": changes.title,
        "notes": changes.notes,
        **_shared_arguments(changes),
    }
    return FunctionCall("change_tasks", _without_none(arguments))


def snooze_task(number: int, reminders: Sequence[int | datetime]) -> FunctionCall:
    """Set the reminders of a task: minutes before it is due, or times."""
    wire = [_wire_time(each) if isinstance(each, datetime) else each for each in reminders]
    return FunctionCall("change_tasks", {"tasks": [str(number)], "reminders": wire})


def show_task(number: int | None = None) -> FunctionCall:
    """Show a task as a form, or an empty form for a new one."""
    return FunctionCall("show_task", _without_none({"task": number and str(number)}))


def restore_tasks(numbers: Sequence[int]) -> FunctionCall:
    """Restore deleted tasks."""
    return FunctionCall("restore_tasks", {"tasks": [str(number) for number in numbers]})


def reopen_task(number: int) -> FunctionCall:
    """Mark a task as not done."""
    return FunctionCall("change_tasks", {"tasks": [str(number)], "completed": False})


def complete_task(number: int) -> FunctionCall:
    """Mark a task as done."""
    return FunctionCall("change_tasks", {"tasks": [str(number)], "completed": True})


def delete_task(number: int) -> FunctionCall:
    """Delete a task."""
    return FunctionCall("delete_tasks", {"tasks": [str(number)]})


def ask_to_delete(numbers: Sequence[int]) -> FunctionCall:
    """Delete tasks after the user confirms it."""
    tasks = [str(number) for number in numbers]
    return FunctionCall("delete_tasks", {"tasks": tasks, "ask": True})


def ask_to_change(
    numbers: Sequence[int], changes: Changes, *, completed: bool | None
) -> FunctionCall:
    """Make the same change to several tasks after the user confirms it."""
    arguments = {
        "tasks": [str(number) for number in numbers],
        **_shared_arguments(changes),
        "completed": completed,
        "ask": True,
    }
    return FunctionCall("change_tasks", _without_none(arguments))


def plan_day(entries: Sequence[tuple[int, time, int]]) -> FunctionCall:
    """Propose a plan of today: numbers of tasks, when they start, and for how many minutes."""
    planned = [
        {"task": str(number), "at": f"{start:%H:%M}", "minutes": minutes}
        for number, start, minutes in entries
    ]
    return FunctionCall("plan_day", {"entries": planned})


def answer_pending(*, confirm: bool) -> FunctionCall:
    """Carry out or discard the changes that wait for confirmation."""
    return FunctionCall("answer_pending", {"confirm": confirm})


def undo() -> FunctionCall:
    """Undo the changes of the last turn."""
    return FunctionCall("undo")


def create_list(name: str) -> FunctionCall:
    """Create a list."""
    return FunctionCall("save_list", {"name": name})


def change_list(name: str, intent: ChangeListIntent) -> FunctionCall:
    """Rename a list, archive it or bring it back, or give it a color."""
    given = {"name": intent.new_name, "color": intent.color, "archived": intent.is_archived}
    changes = {key: value for key, value in given.items() if value is not None}
    return FunctionCall("save_list", {"list": name, **changes})


def find_lists() -> FunctionCall:
    """Return the lists."""
    return FunctionCall("find_lists")


def delete_list(name: str, *, with_tasks: bool) -> FunctionCall:
    """Delete a list; its tasks move to the default list unless `with_tasks`."""
    return FunctionCall("delete_list", {"list": name, "tasks": "delete" if with_tasks else "move"})


def _shared_arguments(changes: Changes) -> dict[str, Any]:
    """Return the changes that can be made to several tasks."""
    return {
        "priority": changes.priority,
        "list": changes.list_name,
        "section": changes.section,
        **_due_arguments(changes.due),
        "clear_due": True if changes.clear_due else None,
        "add_tags": list(changes.add_tags) or None,
        "drop_tags": list(changes.drop_tags) or None,
        "repeat": changes.repeat,
        "clear_repeat": True if changes.clear_repeat else None,
        "reminders": list(changes.reminders) if changes.reminders is not None else None,
        "pinned": changes.pinned,
    }


def _quoted(name: str) -> str:
    """Quote a name, in single quotes if it has double ones; the language can't escape them."""
    return f"'{name}'" if '"' in name else f'"{name}"'


def _due_arguments(due: DueDate | None) -> dict[str, str | None]:
    if due is None:
        return {}
    if due.at is None:
        return {"due_date": due.day.isoformat() if due.day else None}
    return {"due_at": _wire_time(due.at)}


def _wire_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _without_none(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}
