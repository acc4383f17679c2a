"""Arguments of the tools; the offline assistant uses the same names and meanings.

Every optional argument can be null, since models must send all arguments in strict mode.
"""

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from todochat.contracts.task_changes import AppliesTo, ListedTasks
from todochat.contracts.tasks import Color, Icon, Priority

MAX_TASKS_AT_ONCE: Final = 200
MAX_SUBTASKS: Final = 50
MAX_ENTRIES: Final = 30
MAX_YEAR: Final = 2999  # of the dates of tasks
NONE: Final = "none"
Names = list[str]  # a field below is called `list`, which hides the type inside its class

TaskRef = Annotated[
    str | int,
    Meta(description="The task: its number (3), its ID, or words of its title."),
]
TaskRefs = Annotated[list[TaskRef], Meta(min_length=1, max_length=MAX_TASKS_AT_ONCE)]
ListName = Annotated[str, Meta(description="Name of a list.")]
Day = Annotated[str, Meta(description="YYYY-MM-DD.")]
Instant = Annotated[str, Meta(description="ISO 8601; without an offset, the user's local time.")]
Start = Annotated[str, Meta(description="From when it can be done: a day or a time, as for due.")]
Minutes = Annotated[int, Meta(ge=1, le=525_600, description="How long it takes.")]
Repetition = Annotated[
    str,
    Meta(description='In English ("every second tuesday at 9"), or an RRULE (FREQ=WEEKLY).'),
]
Reminders = Annotated[
    list[int | str],
    Meta(
        max_length=20,
        description="All reminders: minutes before it is due (30), or times. [] removes them.",
    ),
]
Filter = Annotated[
    str,
    Meta(
        description="Conditions joined by & and |, such as: due <= today & list = Work. Others: overdue; "
        "no due; due = this week; priority >= medium; tag = home; title contains rent; pinned; "
        "has repeat; status = completed. Default: open tasks."
    ),
]
OtherFilter = Annotated[
    str, Meta(description="Instead of tasks: all tasks that match, as in find_tasks.")
]


class InvalidArgumentsError(Exception):
    """The model's arguments are invalid; the text is returned to the model."""


class AddTaskArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of add_task."""

    title: Annotated[str, Meta(description="What to do, without its date or list.")]
    list: Annotated[
        ListName | None, Meta(description="Created if missing; null: the default list.")
    ] = None
    section: Annotated[str | None, Meta(description="Section of the list; created if missing.")] = (
        None
    )
    priority: Priority | None = None
    due_date: Annotated[Day | None, Meta(description="Due on a day.")] = None
    due_at: Annotated[Instant | None, Meta(description="Due at a time.")] = None
    start: Start | None = None
    duration_minutes: Minutes | None = None
    repeat: Repetition | None = None
    reminders: Reminders | None = None
    tags: Names | None = None
    notes: str | None = None
    pinned: bool | None = None
    parent: Annotated[TaskRef | None, Meta(description="Make it a subtask of this task.")] = None
    subtasks: Annotated[
        Annotated[Names, Meta(max_length=MAX_SUBTASKS)] | None,
        Meta(description="Titles of subtasks, to break it down."),
    ] = None


class FindTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of find_tasks."""

    filter: Filter | None = None
    text: Annotated[str | None, Meta(description="Words of the title, notes or tags.")] = None
    sort: Literal["created", "due", "priority", "title", "position", "relevance"] | None = None
    limit: Annotated[int | None, Meta(description="Up to 200; null: 50.")] = None
    cursor: Annotated[
        str | None, Meta(description="next_cursor of the last result, with the same arguments.")
    ] = None


class ChangeTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of change_tasks; null leaves a field unchanged."""

    tasks: TaskRefs | None = None
    filter: OtherFilter | None = None
    title: Annotated[str | None, Meta(description="Of one task.")] = None
    notes: Annotated[str | None, Meta(description="Of one task.")] = None
    priority: Priority | None = None
    list: Annotated[ListName | None, Meta(description="Move them to this list.")] = None
    section: Annotated[
        str | None, Meta(description='Move them to this section; "none": out of it.')
    ] = None
    due_date: Annotated[
        Day | None, Meta(description="Move them to this day; each keeps its time of day.")
    ] = None
    due_at: Annotated[Instant | None, Meta(description="Move them to this time.")] = None
    clear_due: Annotated[
        bool | None,
        Meta(description="Remove their due dates; with due_date, only the times of day."),
    ] = None
    start: Annotated[Start | None, Meta(description='A day or a time; "none" removes it.')] = None
    duration_minutes: Minutes | None = None
    repeat: Repetition | None = None
    clear_repeat: Annotated[bool | None, Meta(description="They stop repeating.")] = None
    reminders: Reminders | None = None
    add_tags: Names | None = None
    drop_tags: Names | None = None
    pinned: bool | None = None
    completed: Annotated[bool | None, Meta(description="true: done; false reopens them.")] = None
    parent: Annotated[
        TaskRef | None, Meta(description='Make them subtasks of this task; "none": of no task.')
    ] = None
    applies_to: Annotated[
        AppliesTo | None,
        Meta(description="Of repeating tasks: only this one, or the following ones, too."),
    ] = None
    ask: Annotated[
        bool | None, Meta(description="true asks the user first, for any number of tasks.")
    ] = None


class DeleteTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of delete_tasks."""

    tasks: TaskRefs | None = None
    filter: OtherFilter | None = None
    ask: Annotated[
        bool | None, Meta(description="true asks the user first, for a single task, too.")
    ] = None


class ShowTaskArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of show_task."""

    task: Annotated[
        TaskRef | None, Meta(description="null: an empty form, if the user wants to add a task.")
    ] = None


class RestoreTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of restore_tasks."""

    tasks: Annotated[
        TaskRefs, Meta(description="Their numbers or IDs; words don't match deleted tasks.")
    ]


class NoArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of a tool without arguments."""


class AnswerPendingArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of answer_pending."""

    confirm: Annotated[bool, Meta(description="true: the user said yes; false: no.")]


class SaveListArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of save_list; null leaves a field unchanged."""

    list: Annotated[
        ListName | None, Meta(description="The list to change; null creates a list.")
    ] = None
    name: Annotated[str | None, Meta(description="Its new name.")] = None
    color: Color | None = None
    icon: Icon | None = None
    archived: Annotated[bool | None, Meta(description="true hides it; false shows it.")] = None


class DeleteListArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of delete_list."""

    list: ListName
    tasks: Annotated[
        ListedTasks | None,
        Meta(description="Move its tasks to the default list (null), or delete them."),
    ] = None


class PlanEntry(msgspec.Struct, forbid_unknown_fields=True):
    """A task in a plan."""

    task: TaskRef
    at: Annotated[
        str, Meta(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$", description="HH:MM, local time.")
    ]
    minutes: Annotated[int, Meta(ge=1, le=1440, description="How long.")]


class PlanDayArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of plan_day."""

    entries: Annotated[list[PlanEntry], Meta(min_length=1, max_length=MAX_ENTRIES)]
    day: Annotated[Day | None, Meta(description="null: today.")] = None


ArgumentsT = TypeVar("ArgumentsT", bound=msgspec.Struct)


def parse_arguments(text: str, kind: type[ArgumentsT]) -> ArgumentsT:
    """Parse a call's arguments.

    Raises:
        InvalidArgumentsError: they are not JSON, nested too deeply, or not what the tool accepts.
    """
    try:
        # Some models send "" for null, and an empty text for {}.
        given = msgspec.json.decode(text or "{}", type=dict[str, Any])
        present = {name: value for name, value in given.items() if value not in ("", None)}
        return msgspec.convert(present, kind, strict=False)
    except RecursionError as error:
        msg = "The arguments are nested too deeply."
        raise InvalidArgumentsError(msg) from error
    except UnicodeError as error:
        msg = "The arguments contain a character that is not valid Unicode."
        raise InvalidArgumentsError(msg) from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidArgumentsError(str(error)) from error


def parameters_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments, for strict mode.

    Every property is required, unknown ones are forbidden, and nothing is a reference.
    Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    (_,), components = msgspec.json.schema_components([kind])
    schema: dict[str, Any] = _strict(components[kind.__name__], components)
    return schema


def _strict(schema: Any, components: dict[str, Any]) -> Any:
    """Return a schema for strict mode, with the referenced ones in it."""
    if isinstance(schema, list):
        return [_strict(each, components) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _strict(components[schema["$ref"].rpartition("/")[2]], components)
    strict = {
        name: _strict(value, components)
        for name, value in schema.items()
        if name != "title" and (name, value) != ("default", None)
    }
    if schema.get("type") == "object":
        strict["properties"] = {
            name: _strict(each, components) for name, each in schema["properties"].items()
        }
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
        del strict["description"]  # of the struct, not of the argument
    return strict
