"""Wire types of tasks and lists, as the tasks service returns them.

The response, the change feed and the stored response of an idempotency key must be the same
document, so the service's domain uses these structs, too.
"""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Priority = Literal["none", "low", "medium", "high"]
CompleteSubtasks = Literal["ask", "complete", "keep"]
RepeatFrom = Literal["due", "completion"]
Color = Literal[
    "gray",
    "red",
    "orange",
    "yellow",
    "green",
    "teal",
    "blue",
    "purple",
    "pink",
    "brown",
]
Icon = Literal[
    "bolt",
    "book",
    "briefcase",
    "calendar",
    "cart",
    "chart",
    "code",
    "flag",
    "gift",
    "globe",
    "graduation",
    "heart",
    "home",
    "leaf",
    "list",
    "music",
    "notebook",
    "phone",
    "plane",
    "star",
    "tools",
    "wallet",
]


class Due(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a task is due, or starts: either `date` or `at`, never both."""

    date: Annotated[
        dt.date | None, Meta(description="A day; the task is overdue when it has passed.")
    ] = None
    at: Annotated[
        dt.datetime | None,
        Meta(description="An instant, RFC 3339 with an offset; returned in UTC."),
    ] = None
    timezone: Annotated[
        str | None,
        Meta(description="IANA time zone of the day or instant; UTC by default."),
    ] = None


class Repeat(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The repetition of a task: completing it creates its next instance.

    It ends with `until`, with `count`, or never.
    """

    rule: Annotated[
        str,
        Meta(
            description="An RFC 5545 recurrence rule without UNTIL and COUNT: `FREQ=WEEKLY;BYDAY=MO`."
        ),
    ]
    base: Annotated[
        RepeatFrom,
        Meta(
            description="`due`: the rule starts from the due date; `completion`: from the day of the completion."
        ),
    ] = msgspec.field(name="from")
    until: Annotated[
        dt.date | None, Meta(description="The last day on which an instance can be due.")
    ] = None
    count: Annotated[
        int | None, Meta(description="How many instances are left, including this one.")
    ] = None


class Reminder(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A reminder of a task: either at an instant, or before the task is due, never both."""

    id: Annotated[str, Meta(description="`rem_` and 26 characters.")]
    at: Annotated[dt.datetime | None, Meta(description="An instant; returned in UTC.")] = None
    minutes_before: Annotated[
        int | None,
        Meta(description="Before the due time; a task that is due on a day is due at 09:00 of it."),
    ] = None


class SubtaskCounts(msgspec.Struct, frozen=True):
    """The number of subtasks of a task."""

    total: Annotated[int, Meta(description="Without deleted ones.")] = 0
    open: Annotated[int, Meta(description="Those that are not completed.")] = 0


class Task(msgspec.Struct, kw_only=True, frozen=True):
    """A task; fields with a default were added after the first version."""

    id: Annotated[str, Meta(description="`tsk_` and 26 characters.")]
    number: Annotated[int, Meta(description="Small, unique per user, never reused.")]
    title: str
    notes: str
    list_id: str
    priority: Priority
    due: Due | None
    tags: list[str]
    completed_at: Annotated[dt.datetime | None, Meta(description="null while it is open.")]
    created_at: dt.datetime
    updated_at: dt.datetime
    start: Annotated[
        Due | None, Meta(description="The day or instant from which it can be worked on.")
    ] = None
    duration_minutes: Annotated[int | None, Meta(description="How long it takes.")] = None
    pinned: bool = False
    repeat: Annotated[Repeat | None, Meta(description="null if it doesn't repeat.")] = None
    series_id: Annotated[
        str | None, Meta(description="The same for all instances of a repeating task.")
    ] = None
    reminders: list[Reminder] = []
    next_id: Annotated[
        str | None, Meta(description="The instance that was created when this one was completed.")
    ] = None
    parent_id: Annotated[
        str | None, Meta(description="The task that this is a subtask of; it's in the same list.")
    ] = None
    subtasks: SubtaskCounts = SubtaskCounts()
    section_id: str | None = None
    position: Annotated[
        str, Meta(description="Manual order within the list: compare as ASCII, then by number.")
    ] = ""


class TaskPage(msgspec.Struct, frozen=True):
    """A page of tasks."""

    items: list[Task]
    next_cursor: Annotated[str | None, Meta(description="null on the last page.")]


class Section(msgspec.Struct, kw_only=True, frozen=True):
    """A section of a list, which groups its tasks."""

    id: Annotated[str, Meta(description="`sec_` and 26 characters.")]
    list_id: str
    name: str
    position: Annotated[str, Meta(description="Order within the list: compare as ASCII.")]
    created_at: dt.datetime
    updated_at: dt.datetime


class Tag(msgspec.Struct, kw_only=True, frozen=True):
    """A tag of tasks; names are equal ignoring case."""

    id: Annotated[str, Meta(description="Follows from the name, so a renamed tag has another one.")]
    name: str
    color: Color | None
    open_tasks: Annotated[int, Meta(description="Number of its tasks that are not completed.")]
    tasks: Annotated[int, Meta(description="Number of its tasks, without deleted ones.")]


class TagPage(msgspec.Struct, frozen=True):
    """A page of tags, by name."""

    items: list[Tag]
    next_cursor: Annotated[str | None, Meta(description="null on the last page.")]


class SectionPage(msgspec.Struct, frozen=True):
    """Sections in the order of their positions."""

    items: list[Section]


class Preferences(msgspec.Struct, kw_only=True, frozen=True):
    """A user's settings for tasks."""

    complete_subtasks: Annotated[
        CompleteSubtasks,
        Meta(
            description="Completing a task with open subtasks is rejected with 409 `open-subtasks`"
            " (ask), completes them, too (complete), or keeps them open (keep)."
        ),
    ] = "ask"


class TaskList(msgspec.Struct, kw_only=True, frozen=True):
    """A list of tasks; names are unique per user, ignoring case."""

    id: Annotated[str, Meta(description="`lst_` and 26 characters.")]
    name: str
    is_default: Annotated[bool, Meta(description="Tasks without a list go here.")]
    open_tasks: Annotated[int, Meta(description="Number of tasks that are not completed.")]
    created_at: dt.datetime
    updated_at: dt.datetime
    color: Color | None = None
    icon: Icon | None = None
    position: Annotated[
        str | None,
        Meta(description="Manual order: compare as ASCII; null until the lists were reordered."),
    ] = None
    archived_at: Annotated[
        dt.datetime | None,
        Meta(description="null unless the list is archived, which hides it and its tasks."),
    ] = None


class ListPage(msgspec.Struct, frozen=True):
    """Lists: the default one first, then in their manual order, then by name."""

    items: list[TaskList]
