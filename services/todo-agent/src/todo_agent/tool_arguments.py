"""What the model may pass to each tool. Names and meanings are what the offline assistant emits too.

Every optional argument may be null: in strict mode a model has to send all of them.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from agents.strict_schema import ensure_strict_json_schema
from msgspec import Meta

from todochat.clock import to_wire

Priority = Literal["none", "low", "medium", "high"]
MAX_TASKS_AT_ONCE: Final = 200
Names = list[str]  # a field below is called `list`, which hides the type inside its class

TaskRef = Annotated[
    str | int,
    Meta(description="Which task: its number (3), its id, or words of its title."),
]
TaskRefs = list[TaskRef]
ListName = Annotated[str, Meta(description="Name of a list.")]
Day = Annotated[str, Meta(description="YYYY-MM-DD.")]
Instant = Annotated[
    str, Meta(description="ISO 8601; without an offset it is the user's local time.")
]


class InvalidArgumentsError(Exception):
    """The model's arguments can't be used; the text tells it why."""


class AddTask(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of add_task."""

    title: Annotated[str, Meta(description="What is to be done, without its date or list.")]
    list: Annotated[ListName | None, Meta(description="Made if missing; null: default list.")] = (
        None
    )
    priority: Priority | None = None
    due_date: Annotated[Day | None, Meta(description="Due on a day.")] = None
    due_at: Annotated[Instant | None, Meta(description="Due at a time.")] = None
    notes: str | None = None
    tags: Names | None = None


class ListTasks(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of list_tasks."""

    status: Annotated[
        Literal["open", "completed", "all"] | None, Meta(description="null: open.")
    ] = None
    list: ListName | None = None
    priority: Priority | None = None
    tag: str | None = None
    due_from: Day | None = None
    due_to: Annotated[Day | None, Meta(description="Inclusive.")] = None
    overdue: bool | None = None
    text: Annotated[str | None, Meta(description="Words of the title or the notes.")] = None
    limit: int | None = None


class UpdateTask(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of update_task; null leaves a field as it is."""

    task: TaskRef
    title: str | None = None
    notes: str | None = None
    priority: Priority | None = None
    list: Annotated[ListName | None, Meta(description="Move it there.")] = None
    due_date: Annotated[
        Day | None, Meta(description="Move it to this day; it keeps its time of day.")
    ] = None
    due_at: Instant | None = None
    clear_due: Annotated[
        bool | None,
        Meta(description="Take its due away; with due_date, its time of day."),
    ] = None
    tags: Annotated[Names | None, Meta(description="All tags it is to have.")] = None
    completed: Annotated[bool | None, Meta(description="false reopens it.")] = None


class OneTask(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of complete_task, delete_task and show_task."""

    task: TaskRef


class ChangeTasks(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of change_tasks; null leaves a field as it is."""

    tasks: Annotated[TaskRefs, Meta(min_length=1, max_length=MAX_TASKS_AT_ONCE)]
    due_date: Annotated[
        Day | None, Meta(description="Move them to this day; each keeps its time of day.")
    ] = None
    due_at: Annotated[Instant | None, Meta(description="Move all of them to this time.")] = None
    clear_due: Annotated[bool | None, Meta(description="Take their due away.")] = None
    list: Annotated[ListName | None, Meta(description="Move them there.")] = None
    priority: Priority | None = None
    completed: Annotated[bool | None, Meta(description="false reopens them.")] = None
    add_tags: Names | None = None
    drop_tags: Names | None = None
    ask: Annotated[
        bool | None, Meta(description="true asks the person first, however few they are.")
    ] = None


class ManyTasks(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of ask_to_delete."""

    tasks: Annotated[TaskRefs, Meta(min_length=1, max_length=MAX_TASKS_AT_ONCE)]


class DeletedTasks(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of restore_tasks."""

    tasks: Annotated[
        TaskRefs,
        Meta(
            min_length=1,
            max_length=MAX_TASKS_AT_ONCE,
            description="Their numbers or ids; words find no deleted task.",
        ),
    ]


class CreateList(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of create_list."""

    name: ListName


class NoArguments(msgspec.Struct, forbid_unknown_fields=True):
    """A tool that takes none."""


class DeleteList(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of delete_list."""

    list: ListName
    tasks: Annotated[
        Literal["move", "delete"] | None,
        Meta(description="What becomes of its tasks: to the default list (null), or deleted."),
    ] = None


ArgumentsT = TypeVar("ArgumentsT", bound=msgspec.Struct)


def parse_arguments(text: str, kind: type[ArgumentsT]) -> ArgumentsT:
    """Parse a call's arguments.

    Raises:
        InvalidArgumentsError: they are not JSON, nested too deeply, or not what the tool accepts.
    """
    try:
        # Some models write "" where they mean null, and nothing where they mean {}.
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
    """Return the JSON schema of a tool's arguments, in the form that strict mode takes."""
    (_,), components = msgspec.json.schema_components([kind])
    schema = dict(components[kind.__name__])
    schema.pop("title", None)
    schema.pop("description", None)
    return ensure_strict_json_schema(schema)


def due_of(due_date: str | None, due_at: str | None, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the wire form of a due, None if neither is given.

    Raises:
        InvalidArgumentsError: a text is no date or time.
    """
    try:
        if due_at is not None:
            moment = datetime.fromisoformat(due_at)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            return {"at": to_wire(moment.astimezone(UTC)), "timezone": zone.key}
        if due_date is not None:
            return {"date": date.fromisoformat(due_date).isoformat(), "timezone": zone.key}
    except (ValueError, OverflowError) as error:
        msg = f"not a date or time: {due_at or due_date}"
        raise InvalidArgumentsError(msg) from error
    return None
