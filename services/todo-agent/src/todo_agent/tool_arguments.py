"""Arguments of the tools; the offline assistant uses the same names and meanings.

Every optional argument can be null, since models must send all arguments in strict mode.
"""

import re
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
    Meta(description="The task: its number (3), its ID, or words of its title."),
]
TaskRefs = list[TaskRef]
ListName = Annotated[str, Meta(description="Name of a list.")]
Day = Annotated[str, Meta(description="YYYY-MM-DD.")]
Instant = Annotated[str, Meta(description="ISO 8601; without an offset, the user's local time.")]


_TWELVE_HOURS: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ]+(?P<hour>\d{1,2})(:(?P<minute>\d\d))? ?(?P<half>[ap])\.?m\.?",
    re.IGNORECASE,
)


class InvalidArgumentsError(Exception):
    """The model's arguments are invalid; the text is returned to the model."""


class AddTaskArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of add_task."""

    title: Annotated[str, Meta(description="What to do, without its date or list.")]
    list: Annotated[
        ListName | None, Meta(description="Created if missing; null: the default list.")
    ] = None
    priority: Priority | None = None
    due_date: Annotated[Day | None, Meta(description="Due on a day.")] = None
    due_at: Annotated[Instant | None, Meta(description="Due at a time.")] = None
    notes: str | None = None
    tags: Names | None = None


class ListTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
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


class UpdateTaskArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of update_task; null leaves a field unchanged."""

    task: TaskRef
    title: str | None = None
    notes: str | None = None
    priority: Priority | None = None
    list: Annotated[ListName | None, Meta(description="Move the task to this list.")] = None
    due_date: Annotated[
        Day | None, Meta(description="Move it to this day; keeps its time of day.")
    ] = None
    due_at: Instant | None = None
    clear_due: Annotated[
        bool | None,
        Meta(description="Remove its due date; with due_date, only its time of day."),
    ] = None
    tags: Annotated[Names | None, Meta(description="The complete new list of tags.")] = None
    completed: Annotated[bool | None, Meta(description="false reopens it.")] = None


class OneTaskArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of complete_task, delete_task and show_task."""

    task: TaskRef


class ChangeTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of change_tasks; null leaves a field unchanged."""

    tasks: Annotated[TaskRefs, Meta(min_length=1, max_length=MAX_TASKS_AT_ONCE)]
    due_date: Annotated[
        Day | None, Meta(description="Move them to this day; each keeps its time of day.")
    ] = None
    due_at: Annotated[Instant | None, Meta(description="Move all of them to this time.")] = None
    clear_due: Annotated[bool | None, Meta(description="Remove their due dates.")] = None
    list: Annotated[ListName | None, Meta(description="Move the tasks to this list.")] = None
    priority: Priority | None = None
    completed: Annotated[bool | None, Meta(description="false reopens them.")] = None
    add_tags: Names | None = None
    drop_tags: Names | None = None
    ask: Annotated[
        bool | None, Meta(description="true asks the user first, for any number of tasks.")
    ] = None


class DeleteTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of ask_to_delete."""

    tasks: Annotated[TaskRefs, Meta(min_length=1, max_length=MAX_TASKS_AT_ONCE)]


class RestoreTasksArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of restore_tasks."""

    tasks: Annotated[
        TaskRefs,
        Meta(
            min_length=1,
            max_length=MAX_TASKS_AT_ONCE,
            description="Their numbers or IDs; words don't match deleted tasks.",
        ),
    ]


class CreateListArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of create_list."""

    name: ListName


class NoArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of a tool without arguments."""


class DeleteListArguments(msgspec.Struct, forbid_unknown_fields=True):
    """Arguments of delete_list."""

    list: ListName
    tasks: Annotated[
        Literal["move", "delete"] | None,
        Meta(description="Move its tasks to the default list (null), or delete them."),
    ] = None


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
    """Return the JSON schema of a tool's arguments, for strict mode."""
    (_,), components = msgspec.json.schema_components([kind])
    schema = dict(components[kind.__name__])
    schema.pop("title", None)
    schema.pop("description", None)
    return ensure_strict_json_schema(schema)


def to_wire_due(due_date: str | None, due_at: str | None, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the JSON form of a due date; None if neither argument is given.

    Raises:
        InvalidArgumentsError: the text is not a date or time.
    """
    try:
        if due_at is not None:
            moment = _parse_moment(due_at)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            return {"at": to_wire(moment.astimezone(UTC)), "timezone": zone.key}
        if due_date is not None:
            return {"date": date.fromisoformat(due_date).isoformat(), "timezone": zone.key}
    except (ValueError, OverflowError) as error:
        msg = f"not a date or time: {due_at or due_date}"
        raise InvalidArgumentsError(msg) from error
    return None


def _parse_moment(text: str) -> datetime:
    """Parse ISO 8601, or a day with the time as models copy it from a user: "2026-11-24 5pm".

    Raises:
        ValueError: the text is neither.
    """
    match = _TWELVE_HOURS.fullmatch(text.strip())
    if match is None:
        return datetime.fromisoformat(text)
    hour = int(match["hour"])
    if not 1 <= hour <= 12:
        msg = f"no hour of a clock with 12 hours: {hour}"
        raise ValueError(msg)
    afternoon = 12 if match["half"].lower() == "p" else 0
    return datetime.fromisoformat(
        f"{match['day']}T{hour % 12 + afternoon:02}:{match['minute'] or '00'}"
    )
